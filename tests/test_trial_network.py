"""Networks of one's own parts: they train, go on from a file, and return results that are drawn,
labelled and written as those of the standard assembly.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import NeuronGroup, Quantity, defaultclock, ms, prefs
from processes import Forked
from targets import LONG

from brian_rflo import (
    RFLO,
    Adam,
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
    Trials,
    sweep,
)
from brian_rflo.network import TrialNetwork
from brian_rflo.tasks import CursorMovements

TASK = CursorMovements(movement=20 * ms, seed=1)


def two_populations(learning_rate=0.003, networks=1):
    """Two populations, sparse connections, one readout: no assembly."""
    defaultclock.dt = TASK.dt
    rng, learn = np.random.default_rng(1), PerTrial(Adam())
    excitatory, inhibitory, readout = (
        RateNeurons(8 * networks, tau=10 * ms, name="excitatory"),
        RateNeurons(3 * networks, tau=5 * ms, name="inhibitory"),
        Readout(TASK, networks=networks, name="readout"),
    )
    inhibition = FixedSynapses(inhibitory, excitatory, onto="I_in", name="inhibition")
    within = PlasticSynapses(
        excitatory,
        excitatory,
        RFLO(learning_rate, tau=10 * ms),
        onto="I_rec",
        learn=learn,
        name="within",
    )
    driving = PlasticSynapses(
        excitatory,
        inhibitory,
        RFLO(learning_rate, tau=5 * ms),
        onto="I_rec",
        learn=learn,
        name="driving",
    )
    output = PlasticSynapses(
        excitatory, readout, Delta(0.003), onto="output", learn=learn, name="output"
    )
    back = [
        FeedbackSynapses(readout, group, name=f"back_{group.name}")
        for group in (excitatory, inhibitory)
    ]
    for part in (inhibition, within, driving, output, *back):
        matrix = rng.standard_normal((len(part.target) // networks, len(part.source) // networks))
        part.connect_matrix(
            np.kron(np.eye(networks), np.where(rng.uniform(size=matrix.shape) < 0.7, matrix, 0))
        )
    trials = Trials(
        TASK,
        excitatory,
        inhibitory,
        readout,
        within,
        driving,
        output,
        networks=networks,
        name="trials",
    )
    return TrialNetwork(
        excitatory,
        inhibitory,
        readout,
        inhibition,
        within,
        driving,
        output,
        *back,
        trials,
        name="mine",
    )


def test_it_trains_and_goes_on_from_a_file(tmp_path):
    net, again = two_populations(), two_populations()
    first = net.train(3)
    net.save(tmp_path / "net.npz")
    assert np.isfinite(first.losses).all() and str(net).startswith("mine: 1 network\n")
    assert {
        name
        for name, before in first.weights_before.items()
        if not np.array_equal(before, first.weights_after[name])
    } == {"within", "driving", "output"}
    assert np.array_equal(again.load(tmp_path / "net.npz").train(3).losses, net.train(3).losses)


@pytest.mark.parametrize("ending", ["npz", "nc"])
def test_its_result_is_labelled_written_and_drawn(ending, tmp_path):
    result = two_populations().train(3)
    read = TrainingResult.load(result.save(tmp_path / f"result.{ending}"))
    assert all(
        np.array_equal(read.weights_after[name], values)
        for name, values in result.weights_after.items()
    )
    assert result.to_xarray().weights_after_driving.dims == (
        "network",
        "driving_post",
        "driving_pre",
    )
    assert "alignment" not in str(read)
    assert [ax.has_data() for ax in result.plot()] == [True, True, False]


@dataclass(frozen=True)
class BCM(LearningRule):
    tau_theta: Quantity
    post_traces = "dthreshold/dt = (activity**2 - threshold)/tau_theta : 1"
    update = "activity_post*(activity_post - threshold_post)*activity_pre"


def test_without_a_readout(tmp_path):
    """A rule that asks for neither error nor readout: losses and outputs are no numbers, and all
    else is there.
    """
    defaultclock.dt = TASK.dt
    net = LearningNetwork(
        TASK,
        RateNeurons(6, tau=10 * ms),
        BCM(1.0, tau_theta=15 * ms),
        trained=("recurrent", "input"),
    )
    result = net.train(2)
    assert net.readout is None and net.feedback is None
    assert (
        np.isnan(result.losses).all()
        and np.isnan(result.output).all()
        and result.output.shape == (1, TASK.n_steps, 2)
    )
    read = TrainingResult.load(result.save(tmp_path / "result.npz"))
    assert set(read.weights_after) == set(result.weights_after) == {"recurrent", "input"}
    assert result.plot()


def go_on(folder, target):
    """What the new process does: build it anew, load, train, save."""
    prefs.codegen.target = target
    NeuronGroup(1, "v : 1", name="rateneurons")  # names that Brian2 gives are others than they were
    net = two_populations().load(f"{folder}/net.npz")
    net.train(3).save(f"{folder}/result.npz")
    net.save(f"{folder}/end.npz")


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=LONG)])
def test_a_new_process_goes_on_to_the_bit(target, tmp_path):
    prefs.codegen.target = target
    net = two_populations()
    net.train(3)
    net.save(tmp_path / "net.npz")
    expected = net.train(3)
    net.save(tmp_path / "expected.npz")
    code = f"from test_trial_network import go_on; go_on({str(tmp_path)!r}, {target!r})"
    process = Forked(code)
    said = process.communicate()
    assert process.returncode == 0, said
    found = TrainingResult.load(tmp_path / "result.npz")
    assert np.array_equal(found.losses, expected.losses) and found.settings["first_trial"] == 3
    with np.load(tmp_path / "end.npz") as end, np.load(tmp_path / "expected.npz") as wanted:
        assert set(end) == set(wanted) and len(end.files) > 20
        for name in set(wanted) - {"about"}:
            np.testing.assert_array_equal(end[name], wanted[name], err_msg=name)


def test_another_network_is_refused(tmp_path):
    two_populations().save(tmp_path / "net.npz")
    with pytest.raises(
        ValueError,
        match=(
            r"(?s)was saved from another network than 'mine':.*driving: .*learning_rate=0.003.* in"
            r" the file, .*learning_rate=0.1.* here"
        ),
    ):
        two_populations(0.1).load(tmp_path / "net.npz")


def train(learning_rate):
    return two_populations(learning_rate).train(2)


def test_it_is_swept(tmp_path):
    table = sweep(
        train, {"learning_rate": [0.001, 0.003]}, tmp_path / "sweep", workers=1, report=None
    )
    data, alone = table.to_xarray(), train(0.003)
    assert (
        data.weights_after_within.dims == ("learning_rate", "network", "within_post", "within_pre")
        and data.sizes["driving_post"] == 3
    )
    found = table.result(learning_rate=0.003)
    assert np.array_equal(found.losses, alone.losses)
    assert all(
        np.array_equal(found.weights_after[name], values)
        for name, values in alone.weights_after.items()
    )
    assert (data.losses.sel(learning_rate=0.001) != data.losses.sel(learning_rate=0.003)).any()


def test_independent_networks_side_by_side():
    """Two of them in one group each: the first is the one alone, and weights are those of each."""
    alone, both = two_populations(), two_populations(networks=2)
    first, result = alone.train(2), both.train(2)
    assert result.losses.shape == (2, 2) and str(both).startswith("mine: 2 networks\n")
    np.testing.assert_allclose(result.losses[1], first.losses[0], rtol=1e-12)
    for name, values in first.weights_after.items():
        np.testing.assert_allclose(
            result.weights_after[name][1], values[0], rtol=1e-10, atol=1e-14, err_msg=name
        )
    assert result.weights_after["within"].shape == (2, 8, 8) and result.first_output.shape == (
        2,
        TASK.n_steps,
        2,
    )
