"""e-prop as published, over more trials than the seeded case has."""

from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, defaultclock, ms
from brian_rflo.models.bellec2020.evidence_accumulation import FULL, differences

from brian_rflo import DiscreteLIFNeurons, EProp, FiringRate, LearningNetwork, PerTrial
from brian_rflo.brian.devices import chosen, device
from brian_rflo.network import AllToAll
from brian_rflo.neurons import PRESETS
from brian_rflo.readouts import Leaky
from brian_rflo.reference.eprop_network import EpropNetwork
from brian_rflo.tasks import ArrayTask, EvidenceAccumulation


@pytest.mark.model
@pytest.mark.published
def test_seeded_network_reaches_the_published_loss():
    """Mean of the last 20 of 200 losses: 66.9 in NEST and in the authors' code."""
    with np.load(Path(__file__).parent / "data" / "bellec2020_regression.npz") as data:
        task = ArrayTask(
            target=data["target"].T, inputs=data["input_raster"].astype(float), dt=1 * ms
        )
        weights = dict(
            input=data["w_in"],
            recurrent=data["w_rec"],
            output=data["w_out"],
            feedback=data["b_feedback"],
        )
    with device(chosen("auto")):
        defaultclock.dt = task.dt
        neurons = DiscreteLIFNeurons(100, tau=30 * ms, **PRESETS["pattern_generation"])
        rule, regularization = EProp(1e-4, tau=30 * ms), FiringRate(10 * Hz, 300)
        net = LearningNetwork(
            task,
            neurons,
            rule,
            readout=Leaky(30 * ms),
            learn=PerTrial(window=1),
            regularization=regularization,
            connectivity={"recurrent": AllToAll(self_connections=False)},
            initial=weights,
        )
        losses = net.train(200, namespace={}).losses[0] * task.n_steps
    assert abs(losses[0] - 101.96) < 0.01 and abs(losses[-20:].mean() - 66.9) < 2


def test_cues_are_counted_from_their_spikes():
    task = EvidenceAccumulation(seed=3)
    inputs, target = (
        np.stack([task.trial(number)[part] for number in range(20)], axis=1) for part in (0, 1)
    )
    counted = differences(task, inputs)
    assert (
        np.array_equal(counted > 0, target[-1, :, 1] == 1)
        and (np.abs(counted) % 2 == 1).all()
        and np.unique(counted).size > 2
    )


def test_traces_of_the_figure_are_those_of_the_gradient():
    """Learning signal times filtered trace, summed over a trial, is the baseline's gradient."""
    from brian_rflo.models.bellec2020.drawing import traces

    rng, network = (
        np.random.default_rng(0),
        EpropNetwork(
            tau_m=20,
            tau_out=20,
            tau_adapt=200,
            beta=np.array([0, 0, 0.2, 0.1]),
            v_th=0.6,
            t_ref=5,
            zeta_recurrent=1.0,
            loss="classification",
        ),
    )
    weights = {
        name: rng.standard_normal(shape)
        for name, shape in (("input", (4, 6)), ("output", (2, 4)), ("feedback", (4, 2)))
    } | {"recurrent": np.zeros((4, 4))}
    trial = network.trial(
        weights, rng.random((1, 200, 6)) < 0.1, np.tile([1.0, 0.0], (1, 200, 1)), np.ones((1, 200))
    )
    synapses = [(post, pre) for post in range(4) for pre in range(6)]
    _, slow, filtered = traces(network, trial, trial.inputs, synapses)
    signal = (trial.error[:, 0] @ weights["feedback"].T)[:, np.transpose(synapses)[0]]
    gradient = network.gradients(weights, trial)["input"]
    assert (
        np.allclose((signal * filtered).sum(axis=0).reshape(4, 6), gradient, rtol=1e-10)
        and np.abs(gradient).max() > 1e-3
        and slow.any()
    )
    assert FULL.task(0).n_steps == 2250
