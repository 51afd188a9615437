"""Networks with each credit path on disk: of parts, with delays, of subgroups."""

import numpy as np
import pytest
from brian2 import defaultclock, ms, seed

from brian_rflo import (
    RFLO,
    Adam,
    Delta,
    FixedSynapses,
    LearningNetwork,
    LIFNeurons,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
    credit,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import Credit, CreditPath
from brian_rflo.network import TrialNetwork
from brian_rflo.network.contents import variables
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.readouts import TaskInput
from brian_rflo.rules import (
    Instantaneous,
    ModProp,
    RecursiveLeastSquares,
    Relayed,
    UnfilteredEProp,
)
from brian_rflo.tasks import ArrayTask

N, OUTPUTS, TAU, STEPS = 7, 2, 5 * ms, 8
PLAIN, BETWEEN = RFLO(0.1, tau=TAU), [[0.2, -0.1], [0.1, 0.3]]
#: Each path, and the rule that it is for.
PATHS = {
    "AdaptiveFeedback": (credit.AdaptiveFeedback(0.01), PLAIN),
    "Diffusion": (credit.Diffusion((4, 3)), PLAIN),
    "ErrorModule": (credit.ErrorModule(TAU, "error"), PLAIN),
    "FORCE": (credit.FORCE(), PLAIN),
    "LeakDNI": (credit.LeakDNI(0.05, 0.8), Instantaneous(0.1, TAU)),
    "LocalDNI": (credit.LocalDNI(0.05, 0.05), Instantaneous(0.1, TAU)),
    "RandomFeedback": (credit.RandomFeedback(), PLAIN),
    "Relay": (credit.Relay((4, 3), BETWEEN), Relayed(0.1, PLAIN)),
    "Relay of all": (credit.Relay((4, 3), BETWEEN, "all"), PLAIN),
    "SymmetricFeedback": (credit.SymmetricFeedback(), PLAIN),
    "SyntheticSignal": (credit.SyntheticSignal(0.05, TAU), UnfilteredEProp(0.1)),
    "TypeSignals": (credit.TypeSignals((4, 3)), ModProp(0.1, TAU, (4, 3), BETWEEN)),
    "WeightMirror": (credit.WeightMirror(0.01), PLAIN),
}
#: Paths without cells beside the neurons, which subgroups can have.
WITHOUT_CELLS = {"AdaptiveFeedback", "RandomFeedback", "SymmetricFeedback"}


def task():
    inputs, target = np.random.default_rng(0).normal(size=(2, 2, STEPS, OUTPUTS))
    return ArrayTask(inputs=inputs, target=target, dt=1 * ms)


def neurons_for(name, kind, size):
    if name == "TypeSignals":
        return PotentialNeurons(size, tau=TAU, name="neurons")
    if kind == "spikes":
        bias = np.linspace(1.2, 3, size)
        return LIFNeurons(size, TAU, TAU, bias=bias, name="neurons")
    return RateNeurons(size, tau=TAU, name="neurons")


def assembled(name, kind):
    """The standard network, two side by side."""
    defaultclock.dt, (path, rule) = 1 * ms, PATHS[name]
    own = dict(readout_rule=RecursiveLeastSquares(), trained=("output",), learn=PerStep())
    more = own if name == "FORCE" else dict(learn=PerTrial(Adam(), batch=2))
    neurons = neurons_for(name, kind, 2 * N)
    net = LearningNetwork(task(), neurons, rule, credit=path, networks=2, **more)
    return net, lambda: net.train(2, namespace={})


def of_parts(name, kind, is_part=False):
    """A network of parts whose recurrent weights have delays; of a subgroup where `is_part`."""
    defaultclock.dt, its, (path, rule) = 1 * ms, task(), PATHS[name]
    neurons = neurons_for(name, kind, 2 * N if is_part else N)
    group = neurons[3 : 3 + N] if is_part else neurons
    inputs, readout = TaskInput(its, name="inputs"), Readout(its, name="readout")
    learn, delta = PerTrial(), Delta(0.05)
    if name == "FORCE":
        learn, delta = PerStep(), RecursiveLeastSquares()
    is_sum = not isinstance(neurons, LIFNeurons)
    late = dict(delay=2 * ms) if is_sum else {}
    recurrent = PlasticSynapses(
        group, group, rule, onto="I_rec", learn=learn, name="recurrent", **late
    )
    output = PlasticSynapses(group, readout, delta, onto="output", learn=learn, name="output")
    inward = FixedSynapses(inputs, group, onto="I_in", name="inward")
    for part in (recurrent, output, inward):
        part.connect()
        part.set_matrix(np.random.default_rng(1).normal(size=(len(part.target), len(part.source))))
    if not is_sum:
        recurrent.delay = 2 * ms
    back = Credit(path, readout, group, output, learn)
    trials = Trials(its, neurons, readout, recurrent, output, back, name="trials")
    net = TrialNetwork(neurons, readout, inputs, recurrent, output, inward, *back, trials)
    return net, lambda: net.run(2 * its.duration, namespace={})


def state_of(net):
    return {name: np.array(values.get_value()) for name, values in variables(net).items()}


def goes_on(make, path, rtol=0):
    """Assert that what is loaded goes on, to the bit if `rtol` is 0; return the weights that
    moved.
    """
    seed(1)
    net, run = make()
    run()
    net.save(path)
    before = state_of(net)
    run()
    expected = state_of(net)
    seed(2)
    other, run = make()  # while the first one is still there, so that names are others
    other.load(path)
    run()
    found = state_of(other)
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=rtol, atol=0, err_msg=name)
    return {name for name in found if name.endswith(".w") and (found[name] != before[name]).any()}


def test_all_paths_are_tried():
    kinds = {name: vars(credit)[name] for name in credit.__all__}
    paths = {name for name, kind in kinds.items() if issubclass(kind, CreditPath)}
    assert paths - {"CreditPath"} == {name for name in PATHS if " " not in name}


#: Those with weights or a state of their own, which are tried by default.
OFTEN = {"FORCE", "LocalDNI", "Relay of all", "WeightMirror"}
OFTEN = [name if name in OFTEN else pytest.param(name, marks=pytest.mark.model) for name in PATHS]


@pytest.mark.parametrize("name", OFTEN)
def test_a_network_of_parts_with_delays_goes_on(name, tmp_path):
    moved = goes_on(lambda: of_parts(name, "rates"), tmp_path / "net.npz")
    assert {"output.w"} < moved and ("feedback.w" in moved) == (
        name in ("AdaptiveFeedback", "WeightMirror")
    )


@pytest.mark.model
@pytest.mark.parametrize("kind", ["rates", "spikes"])
@pytest.mark.parametrize("make", [assembled, of_parts])
@pytest.mark.parametrize("name", PATHS)
def test_rates_and_spikes_go_on_assembled_and_of_parts(name, make, kind, tmp_path):
    assert "output.w" in goes_on(lambda: make(name, kind), tmp_path / "net.npz")


@pytest.mark.model
@pytest.mark.parametrize("name", [name for name in PATHS if name != "WeightMirror"])  # draws anew
def test_what_cython_has_saved_goes_on(name, tmp_path):
    with device("cython"):
        path = tmp_path / "net.npz"  # vectors begin elsewhere in memory, which changes last bits
        assert "output.w" in goes_on(lambda: of_parts(name, "spikes"), path, 1e-12)


@pytest.mark.parametrize("name", PATHS)
def test_a_part_of_a_group_goes_on_or_is_refused(name, tmp_path):
    if name in WITHOUT_CELLS:
        assert "output.w" in goes_on(lambda: of_parts(name, "rates", True), tmp_path / "net.npz")
    elif name != "ErrorModule":  # whose cells are beside the module
        with pytest.raises(ValueError, match="needs a whole group; got|the whole group of neur"):
            of_parts(name, "rates", True)


def test_a_part_of_a_module_is_refused():
    neurons, module = RateNeurons(N, TAU), RateNeurons(N, TAU)
    with pytest.raises(ValueError, match="ErrorModule has cells .* 3 of 7 units"):
        Credit(credit.ErrorModule(TAU), module[:3], neurons)
