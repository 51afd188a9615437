"""Networks of one's own parts: they train, go on from a file, and return results that are drawn, labelled and written as those of the standard assembly."""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import Quantity, defaultclock, ms

from brian_rflo import (
    RFLO,
    Adam,
    CursorMovements,
    Delta,
    FeedbackSynapses,
    FixedSynapses,
    LearningNetwork,
    LearningRule,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    TrainingResult,
    TrialNetwork,
    Trials,
)

TASK = CursorMovements(movement=20 * ms, seed=1)


def two_populations():
    """Two populations, sparse connections, one readout: no assembly."""
    defaultclock.dt = TASK.dt
    rng, learn = np.random.default_rng(1), PerTrial(Adam())
    excitatory, inhibitory, readout = RateNeurons(8, tau=10 * ms, name="excitatory"), RateNeurons(3, tau=5 * ms, name="inhibitory"), Readout(TASK, name="readout")
    inhibition = FixedSynapses(inhibitory, excitatory, onto="I_in", name="inhibition")
    within = PlasticSynapses(excitatory, excitatory, RFLO(0.003, tau=10 * ms), onto="I_rec", learn=learn, name="within")
    driving = PlasticSynapses(excitatory, inhibitory, RFLO(0.003, tau=5 * ms), onto="I_rec", learn=learn, name="driving")
    output = PlasticSynapses(excitatory, readout, Delta(0.003), onto="output", learn=learn, name="output")
    back = [FeedbackSynapses(readout, group, name=f"back_{group.name}") for group in (excitatory, inhibitory)]
    for part in (inhibition, within, driving, output, *back):
        matrix = rng.standard_normal((len(part.target), len(part.source)))
        part.connect_matrix(np.where(rng.uniform(size=matrix.shape) < 0.7, matrix, 0))
    trials = Trials(TASK, excitatory, inhibitory, readout, within, driving, output, name="trials")
    return TrialNetwork(excitatory, inhibitory, readout, inhibition, within, driving, output, *back, trials, name="mine")


def test_it_trains_and_goes_on_from_a_file(tmp_path):
    net, again = two_populations(), two_populations()
    first = net.train(3)
    net.save(tmp_path / "net.npz")
    assert np.isfinite(first.losses).all() and str(net).startswith("mine: 1 network\n")
    assert {name for name, before in first.weights_before.items() if not np.array_equal(before, first.weights_after[name])} == {"within", "driving", "output"}
    assert np.array_equal(again.load(tmp_path / "net.npz").train(3).losses, net.train(3).losses)


@pytest.mark.parametrize("ending", ["npz", "nc"])
def test_its_result_is_labelled_written_and_drawn(ending, tmp_path):
    result = two_populations().train(3)
    read = TrainingResult.load(result.save(tmp_path / f"result.{ending}"))
    assert all(np.array_equal(read.weights_after[name], values) for name, values in result.weights_after.items())
    assert result.to_xarray().weights_after_driving.dims == ("network", "driving_post", "driving_pre")
    assert "alignment" not in str(read)
    assert [ax.has_data() for ax in result.plot()] == [True, True, False]


@dataclass(frozen=True)
class BCM(LearningRule):
    tau_theta: Quantity
    post_traces = "dthreshold/dt = (activity**2 - threshold)/tau_theta : 1"
    update = "activity_post*(activity_post - threshold_post)*activity_pre"


def test_without_a_readout(tmp_path):
    """A rule that asks for neither error nor readout: losses and outputs are no numbers, and all else is there."""
    defaultclock.dt = TASK.dt
    net = LearningNetwork(TASK, RateNeurons(6, tau=10 * ms), BCM(1.0, tau_theta=15 * ms), trained=("recurrent", "input"))
    result = net.train(2)
    assert net.readout is None and net.feedback is None
    assert np.isnan(result.losses).all() and np.isnan(result.output).all() and result.output.shape == (1, TASK.n_steps, 2)
    read = TrainingResult.load(result.save(tmp_path / "result.npz"))
    assert set(read.weights_after) == set(result.weights_after) == {"recurrent", "input"}
    assert result.plot()
