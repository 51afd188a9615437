"""The exact gradient: against the NumPy references, finite differences, and rules in a limit.

What is long, or compares one more of a kind, is in the long set.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian2 import (
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    defaultclock,
    linked_var,
    ms,
    mV,
    network_operation,
    prefs,
)
from gradient_networks import (
    LEAK,
    adapting,
    adaptive_spikes,
    alif,
    conductance,
    discrete,
    hodgkin_huxley,
    jumping,
    lif,
    network,
    noisy,
    outside,
    rates,
    waves,
    weights,
)
from helpers import assemble
from targets import LONG

from brian_rflo import (
    RFLO,
    Adam,
    ALIFNeurons,
    Delta,
    DerivedNeurons,
    DiscreteLIFNeurons,
    EProp,
    FixedSynapses,
    LearningNetwork,
    LIFNeurons,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
    reference,
    schedule,
)
from brian_rflo.checks import check_gradient
from brian_rflo.checks.through_time import gradient_errors
from brian_rflo.credit import SymmetricFeedback
from brian_rflo.gradient import BPTT, GradientAlignment, RuleAlignment
from brian_rflo.network import AllToAll, Sparse, TrialNetwork
from brian_rflo.neurons import PRESETS, PotentialNeurons
from brian_rflo.readouts import Leaky, LeakyReadout, Position, Softmax, TaskInput
from brian_rflo.reference.arguments import copies
from brian_rflo.reference.baseline_rules import RULES
from brian_rflo.reference.eprop_network import EpropNetwork
from brian_rflo.reference.simulation import Simulation
from brian_rflo.reference.spiking import LIF
from brian_rflo.rules import AdaptiveEProp
from brian_rflo.tasks import ArrayTask, CursorMovements, EvidenceAccumulation, PeriodicOutput

MODEL = pytest.mark.model
TAU = 10 * ms


def relative(one, other):
    """Largest difference, in units of the largest value of the other."""
    return np.abs(np.asarray(one) - other).max() / np.abs(other).max()


def change_of_reference(weights, task, trials, rule="bptt"):
    """What a rule of the NumPy networks, by default BPTT, adds up over trials: a number of them
    from the first on, or those of a range.
    """
    weights = {name: values for name, values in weights.items() if name in RULES_READ}
    total = {}
    for number in range(trials) if isinstance(trials, int) else trials:
        simulation = Simulation(
            copies(weights), 10.0, 0.1, RULES[rule], 1.0, task.n_steps, online=False
        )
        _, changes = simulation.rule.run(simulation, *task.trial(number))
        total = {name: total.get(name, 0) + change for name, change in changes.items()}
    return total


RULES_READ = ("recurrent", "output", "feedback", "input")
INSIDE = "dh/dt = (-h + tanh(I_rec + I_in))/(10*ms) : 1"


def derived(N):
    """The rate neurons of the paper, from their equations."""
    return DerivedNeurons(
        N, INSIDE, input=("I_rec", "I_in"), activity="h", method="euler", initial={"h": 0.1}
    )


RATES = {
    "rate, periodic": (lambda N: RateNeurons(N, tau=TAU), None, 1, 1),
    "rate, 2 networks x 3": (lambda N: RateNeurons(N, tau=TAU), 30, 2, 3),
    "derived, 2 side by side": (derived, 30, 1, 2),
}


def first_only(names):
    """The names of cases as parameters, of which the first is in the default set."""
    first, *others = names
    return [first, *(pytest.param(name, marks=MODEL) for name in others)]


@pytest.mark.parametrize("case", first_only(["rate, 2 networks x 3", *sorted(RATES)[:2]]))
def test_rate_networks_are_those_of_the_reference(case):
    make, movement, networks, parallel = RATES[case]
    task = (
        PeriodicOutput(period=50 * ms)
        if movement is None
        else CursorMovements(n_movements=1, movement=movement * ms)
    )
    defaultclock.dt = task.dt
    neurons = make(10 * networks * parallel)
    rule = neurons.rule(0.03) if hasattr(neurons, "rule") else RFLO(0.03, tau=TAU)
    net = assemble(task, neurons, rule, update="trial", parallel=parallel, networks=networks)
    found = net.gradient(2 * parallel)
    expected = change_of_reference(net.weights(), task, 2 * parallel)
    for name, values in found.items():
        expected_here = -expected[name] / task.n_steps / (2 * parallel)
        assert relative(values, expected_here) < 1e-12, name
        assert np.abs(values).max() > 1e-5


@pytest.mark.parametrize("kind", first_only(["ALIF", "LIF"]))
def test_spiking_networks_are_those_of_the_reference(kind):
    """Which leaves out the adaptation, and has factors of its own."""
    task = CursorMovements(n_movements=1, movement=60 * ms)
    defaultclock.dt = task.dt
    rng = np.random.default_rng(1)
    given = dict(tau=20 * ms, tau_syn=50 * ms, refractory=3 * ms)
    given["bias"] = 1.2 + 0.1 * rng.standard_normal(20)
    neurons = (
        LIFNeurons(20, **given)
        if kind == "LIF"
        else ALIFNeurons(20, tau_adapt=200 * ms, beta=0.1, **given)
    )
    net = assemble(task, neurons, RFLO(0.03, tau=50 * ms), update="trial")
    found = net.gradient(1, resets={"a": "detach"} if kind == "ALIF" else None)
    lif = LIF.of(neurons)
    weights = net.weights()
    trial = lif.trial(weights, *task.trial(0))
    assert trial.spikes.sum() > 20
    assert np.array_equal(trial.spikes[:, 0], net.record(1, "spikes")[0])
    expected = lif.changes(RULES["bptt"], trial, weights)
    scale = -(1 - lif.decays[1]) / lif.spike_amplitude * task.n_steps
    for name, values in found.items():
        factor = -task.n_steps if name == "output" else scale
        assert relative(factor * values, expected[name]) < 1e-12, name


@pytest.mark.parametrize(
    ("beta", "through_reset"),
    [(1.7, True), *(pytest.param(*case, marks=MODEL) for case in ((1.7, False), (0, True)))],
)
def test_eprop_networks_are_those_of_the_reference(beta, through_reset):
    task = EvidenceAccumulation(n_cues=1, cue=25 * ms, delay=10 * ms, recall=15 * ms)
    defaultclock.dt = task.dt
    N, P = 15, 2
    rng = np.random.default_rng(4)
    betas = np.where(np.arange(N) % 2, beta, 0.0)
    neurons = DiscreteLIFNeurons(
        N * P,
        tau=20 * ms,
        tau_adapt=200 * ms,
        beta=np.tile(betas, P),
        refractory=5 * ms,
        **PRESETS["evidence_accumulation"],
    )
    recurrent = rng.standard_normal((N, N)) / np.sqrt(N)
    np.fill_diagonal(recurrent, 0)
    weights = dict(
        recurrent=recurrent,
        input=rng.standard_normal((N, 40)) / 2,
        output=rng.standard_normal((2, N)) / np.sqrt(N),
        feedback=rng.standard_normal((N, 2)),
    )
    net = assemble(
        task,
        neurons,
        AdaptiveEProp(1e-3, tau=20 * ms, tau_adapt=200 * ms),
        update="trial",
        tau_out=20 * ms,
        classify=True,
        self_connections=False,
        parallel=P,
        weights=weights,
    )
    found = net.gradient(P, cut=() if through_reset else [("v", "activity")])
    oracle = EpropNetwork(
        tau_m=20,
        tau_out=20,
        v_th=0.6,
        tau_adapt=200,
        beta=betas,
        t_ref=5,
        zeta_recurrent=1.0,
        height=0.5,
        width=0.6,
        loss="classification",
    )
    arrays = [np.stack(a) for a in zip(*(task.trial(k) for k in range(P)))]
    trial = oracle.trial(weights, *arrays)
    assert trial.spikes.sum() > 20
    symmetric = weights | {"feedback": weights["output"].T}
    expected = oracle.gradients(
        symmetric, trial, averaged=True, through_time=True, through_reset=through_reset
    )
    for name, values in found.items():
        assert relative(P * values[0], expected[name]) < 1e-12, name


# ---------------------------------------------------------------- networks of all kinds

BACK = {"current": np.random.default_rng(0).standard_normal((8, 2))}
IN_OUT = ("I_rec", "I_in", "I_out")
E_PROP = AdaptiveEProp(1e-3, tau=20 * ms, tau_adapt=200 * ms)
SHORT_EVIDENCE = EvidenceAccumulation(n_cues=1, delay=20 * ms, cue=40 * ms, recall=30 * ms)


def classes():
    """A task of two classes, with a mask of numbers between 0 and 1."""
    task = waves(graded=True)
    chosen = np.eye(2)[np.arange(task.n_steps) // 15 % 2]
    return ArrayTask(inputs=task.inputs, target=chosen, mask=task.mask, dt=task.dt)


SMOOTH = {
    "rate": network(rates, waves(), weights()),
    "masks between 0 and 1": network(rates, waves(graded=True), weights(), Leaky(15 * ms)),
    "noise, functions, biases": network(noisy, waves(), weights(), rule=RFLO(0.03, tau=None)),
    "output current": network(
        lambda: rates(inputs=IN_OUT),
        waves(),
        weights() | BACK,
        connectivity={"current": AllToAll()},
    ),
    "weights of biases": network(
        rates, waves(), weights(), connectivity={"bias": AllToAll(), "output_bias": AllToAll()}
    ),
    "side by side": network(lambda: rates(24), waves(), weights(), side=3),
    "networks": network(lambda: rates(24), waves(), {}, networks=3),
    "sparse": network(rates, waves(), {}, connectivity={"recurrent": Sparse(0.3)}),
    "sparse, networks side by side": network(
        lambda: rates(40), waves(), {}, side=2, networks=2, connectivity={"recurrent": Sparse(0.3)}
    ),
    "potential": network(lambda: PotentialNeurons(8, tau=LEAK), waves(), weights()),
    "two states": network(adapting, waves(), weights()),
    "expression": network(outside, waves(), weights(), Leaky(15 * ms)),
    "softmax": network(
        lambda: rates(16),
        SHORT_EVIDENCE,
        weights(n_in=40) | {"input": 0.1 * np.ones((8, 40))},
        Softmax(15 * ms),
        rule=RFLO(0.03, tau=LEAK),
        side=2,
    ),
    "integrating readout": network(rates, waves(), weights(), Position(30 * ms)),
    "classification, masks between 0 and 1": network(
        rates, classes(), weights(), Softmax(15 * ms), rule=RFLO(0.03, tau=LEAK)
    ),
}
#: With the steps that were chosen beforehand: pseudo-derivatives have corners, which a step must
#: not reach.
SPIKING = {
    "LIF": network(lif, waves(80), weights(gain=0.4)),
    "LIF in mV": network(
        lambda: lif(threshold=-50 * mV, rest=-70 * mV, reset=-68 * mV), waves(80), weights(gain=0.4)
    ),
    "LIF, noise, masks between 0 and 1": network(
        lambda: lif(noise=0.1), waves(80, graded=True), weights(gain=0.4)
    ),
    "ALIF": network(alif, waves(80), weights(gain=0.4)),
    "spikes sent": network(adaptive_spikes, waves(100), weights(gain=4), Leaky(20 * ms)),
    "jumps": network(jumping, waves(100), weights()),
    "conductances": network(conductance, waves(100), weights(gain=20, positive=True)),
    "conductances, rk4": network(
        lambda: conductance("rk4"), waves(100), weights(gain=20, positive=True)
    ),
    "discrete": network(
        lambda: discrete(tau_adapt=200 * ms, beta=0.1), waves(), weights(), Leaky(20 * ms), E_PROP
    ),
    "discrete, reset to 0": network(
        lambda: discrete(reset_by="zero"),
        waves(),
        weights(),
        Leaky(20 * ms),
        EProp(1e-3, tau=20 * ms),
    ),
    "Hodgkin and Huxley": network(
        hodgkin_huxley, waves(300, dt=0.05 * ms), weights(gain=6, positive=True)
    ),
}
MOVES = {
    "spikes sent": (1e-4, 1e-5),
    "discrete": (1e-4, 1e-5),
    "discrete, reset to 0": (1e-4, 1e-5),
}


@pytest.mark.parametrize("case", first_only(["sparse, networks side by side", *SMOOTH]))
def test_smooth_networks_agree_with_finite_differences(case):
    check_gradient(SMOOTH[case], directions=1 if case.startswith("sparse") else 2)


@MODEL
@pytest.mark.parametrize("case", SPIKING)
def test_spiking_networks_agree_with_finite_differences(case):
    check_gradient(SPIKING[case], moves=MOVES.get(case, (1e-6, 1e-7)), directions=2)


LOCAL = {
    "rate": (SMOOTH["rate"], ()),
    "potential": (SMOOTH["potential"], ()),
    "two states": (SMOOTH["two states"], ()),
    "expression": (SMOOTH["expression"], ()),
    "spikes sent": (SPIKING["spikes sent"], ()),
    "conductances": (SPIKING["conductances"], ()),
    "conductances, rk4": (SPIKING["conductances, rk4"], ()),
    "discrete": (SPIKING["discrete"], (("v", "activity"),)),
    "Hodgkin and Huxley": (SPIKING["Hodgkin and Huxley"], ()),
}


@pytest.mark.parametrize("case", first_only(LOCAL))
def test_without_recurrence_it_is_the_local_rule_with_symmetric_feedback(case):
    """Its changes over a trial are those of the rule; and by output weights in any case."""
    make, cut = LOCAL[case]
    net = make()
    expected = net.gradient(1, cut=("recurrent", *cut), first=0)
    whole = net.gradient(1, first=0)
    found = changes(net)
    for name, values in found.items():
        assert relative(-net.task.n_steps * expected[name], values) < 1e-12, name
        assert np.abs(values).max() > 1e-4
    assert relative(-net.task.n_steps * whole["output"], found["output"]) < 1e-12
    assert relative(whole["recurrent"], expected["recurrent"]) > 1e-2


def changes(net):
    """What the rules of a network add up in a trial."""
    return {name: net.task.n_steps * one for name, one in net.changes(1, first=0).items()}


def planted(make, given=None, **wrong):
    """The largest error where the gradient makes a mistake that the simulation does not."""
    real = TrialNetwork.gradient

    def gradient(self, *args, **given):
        return real(self, *args, **given | wrong)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LearningNetwork, "gradient", gradient)
        errors, _ = gradient_errors(make, moves=(1e-6,), directions=1, **(given or {}))
    return max(errors.values())


CUT = {
    "a sum": ("expression", "recurrent"),
    "a link": ("two states", (("x", "c"),)),
    "an output current": ("output current", "current"),
    "spikes": ("LIF", "recurrent"),
    "spikes onto conductances": ("conductances", "recurrent"),
    "sums of spikes": ("spikes sent", "recurrent"),
    "a reset, and spikes": ("discrete", ("recurrent", ("v", "activity"))),
    "a name that several groups have": ("rate", (("activity", "activity"),)),
    "of itself": ("noise, functions, biases", (("h", "h"),)),
}


@pytest.mark.parametrize("case", first_only(CUT))
def test_what_is_cut_agrees_with_finite_differences_in_which_it_is_kept(case):
    name, cut = CUT[case]
    moves = MOVES.get(name, (1e-5, 1e-6))
    check_gradient((SMOOTH | SPIKING)[name], cut=cut, moves=moves, directions=1)


@MODEL
@pytest.mark.parametrize("mode", ["ignore", "attach"])
@pytest.mark.parametrize("name", ["v", "neurons.v"])
def test_resets_of_the_check_are_those_of_the_gradient(name, mode):
    check_gradient(SPIKING["LIF"], resets={name: mode}, moves=(1e-5, 1e-6), directions=1)


@MODEL
@pytest.mark.parametrize("case", CUT)
def test_a_forgotten_cut_is_found(case):
    name, cut = CUT[case]
    assert planted((SMOOTH | SPIKING)[name], dict(cut=cut), cut=()) > 1e-2


MISTAKES = {
    "a link": ("rate", dict(cut=("recurrent",))),
    "a term": ("two states", dict(cut=(("x", "c"),))),
    "a jump": ("LIF", dict(resets={"activity": "detach"})),
    "a row of the reset": ("LIF", dict(resets={"v": "ignore"})),
    "a spike": ("spikes sent", dict(cut=("recurrent",))),
    "the cut": ("discrete", dict(cut=(("v", "activity"),))),
}


@pytest.mark.parametrize("mistake", first_only(MISTAKES))
def test_a_planted_mistake_is_found(mistake):
    case, wrong = MISTAKES[mistake]
    assert planted((SMOOTH | SPIKING)[case], **wrong) > 1e-2


def two_populations(task):
    """Excitatory and inhibitory neurons, with sparse and delayed projections."""
    rng = np.random.default_rng(3)
    E = DerivedNeurons(
        10,
        "dx/dt = (-x + I_EE - I_EI + I_in + bias)/leak : 1\nbias : 1",
        input=("I_EE", "I_EI", "I_in"),
        activity="tanh(x)",
        method="euler",
        initial={"x": 0.3 * rng.standard_normal(10)},
        name="E",
        namespace=dict(leak=LEAK),
    )
    E.bias = 0.2 * rng.standard_normal(10)
    inhibitory = DerivedNeurons(
        6,
        "dh/dt = (-h + log(1 + exp(I_IE - I_II)))/taus : 1\ntaus : second (constant)",
        input=("I_IE", "I_II"),
        activity="h",
        method="rk4",
        initial={"h": 0.1},
        name="inhibitory",
    )
    inhibitory.taus = np.linspace(5, 15, 6) * ms
    inputs, readout = TaskInput(task), LeakyReadout(task, tau=12 * ms)
    sparse = np.where(rng.random((10, 10)) < 0.4, rng.standard_normal((10, 10)), 0)
    parts = []
    for source, target, onto, matrix, delay in (
        (E, E, "I_EE", sparse, None),
        (inhibitory, E, "I_EI", 0.5 * rng.random((10, 6)), None),
        (E, inhibitory, "I_IE", rng.standard_normal((6, 10)) / 2, 3 * ms),
        (inhibitory, inhibitory, "I_II", rng.random((6, 6)) / 3, None),
        (inputs, E, "I_in", rng.standard_normal((10, 2)), None),
        (E, readout, "drive", rng.standard_normal((2, 10)) / 3, None),
    ):
        part = FixedSynapses(source, target, onto=onto, delay=delay, name=f"onto_{onto}")
        part.connect_matrix(matrix)
        parts.append(part)
    trials = Trials(task, E, inhibitory, inputs, readout)
    return TrialNetwork(E, inhibitory, inputs, readout, *parts, trials)


def test_two_populations_states_and_parameters():
    """By weights, by the initial state of neurons that send an expression of it, by parameters of
    single neurons, and by a constant.
    """
    task = waves(25)
    defaultclock.dt = task.dt
    net = two_populations(task)
    E, inhibitory = (part for part in net.sorted_objects if part.name in ("E", "inhibitory"))
    names = ["E.x", "inhibitory.h", "E.bias", "inhibitory.taus", "E.leak", "E.x_initial"]
    found = net.gradient(1, by=[*net.projections, *names])
    assert found["onto_I_EE"][0].nnz == len(net.projections["onto_I_EE"])
    assert np.array_equal(found["E.x"], found["E.x_initial"])

    def slope(group, name, way, size):
        start = np.array(group.variables[name].get_value())
        losses = []
        for factor in (1, -1):
            group.variables[name].get_value()[:] = start + factor * size * way
            losses.append(net.evaluate(1).losses.sum())
        group.variables[name].get_value()[:] = start
        return (losses[0] - losses[1]) / 2 / size

    rng = np.random.default_rng(0)
    for group, name, key, size in (
        (E, "x_initial", "E.x", 1e-5),
        (E, "bias", "E.bias", 1e-5),
        (inhibitory, "taus", "inhibitory.taus", 1e-8),
        (net.projections["onto_I_IE"], "w", "onto_I_IE", 1e-5),
        (net.projections["onto_I_EE"], "w", "onto_I_EE", 1e-5),
    ):
        way = rng.standard_normal(len(group.variables[name].get_value()))
        values = found[key][0]
        if name == "w":
            values = values.toarray() if hasattr(values, "toarray") else values
            values = values[np.asarray(group.j), np.asarray(group.i)]
        assert abs(slope(group, name, way, size) - values @ way) < 1e-7 * abs(values @ way), key
    leak, losses = E.namespace["leak"], []
    for factor in (1, -1):
        E.namespace["leak"] = leak * (1 + 1e-5 * factor)
        losses.append(net.evaluate(1).losses.sum())
    expected = (losses[0] - losses[1]) / 2e-5 / float(leak)
    assert abs(found["E.leak"] - expected) < 1e-7 * abs(expected)


@MODEL
def test_delays_of_spikes_and_of_sums():
    """Softened finite differences, with delays that differ; a spike in flight at the end of a trial
    is dropped. Steps are not smaller: rounding is 5e-9 at 1e-7.
    """

    def make():
        task = waves(80)
        defaultclock.dt = task.dt
        neurons, inputs, readout = lif(), TaskInput(task), Readout(task)
        parts = [
            PlasticSynapses(
                neurons, neurons, RFLO(0.1, tau=20 * ms), "I_rec", name="rec", learn=PerTrial()
            ),
            PlasticSynapses(
                inputs,
                neurons,
                RFLO(0.1, tau=20 * ms),
                "I_in",
                name="inward",
                learn=PerTrial(),
                delay=4 * ms,
            ),
            PlasticSynapses(neurons, readout, Delta(0.1), "output", name="out", learn=PerTrial()),
        ]
        for part, key in zip(parts, ("recurrent", "input", "output")):
            part.connect()
            part.set_matrix(weights(gain=0.4)[key])
        parts[0].pre.delay = np.arange(64) % 7 * ms
        return TrialNetwork(
            neurons, inputs, readout, *parts, Trials(task, neurons, readout, *parts)
        )

    check_gradient(make, moves=(1e-5, 1e-6), tolerance=1e-8, directions=2)


# ---------------------------------------------------------------- what has no gradient


def small(**more):
    """A network of five rate neurons."""
    task = waves(12)
    defaultclock.dt = task.dt
    return LearningNetwork(task, rates(5), RFLO(0.03, tau=LEAK), **more)


def with_statements_of_the_user(net):
    net.neurons.run_regularly("activity = clip(activity, -0.05, 0.05)")


def test_statements_of_the_user_are_differentiated():
    net = small()
    before = net.gradient(1)["recurrent"]
    with_statements_of_the_user(net)
    assert relative(net.gradient(1)["recurrent"], before) > 1e-2


@pytest.mark.parametrize(
    "code",
    [
        "passed = tanh(activity)\npassed = passed*exp(passed)\nactivity = passed",
        pytest.param("activity = tanh(1.5*activity)\nactivity += activity**2", marks=MODEL),
    ],
)
def test_a_name_may_be_written_twice(code):
    def make():
        net = small()
        net.neurons.run_regularly(code)
        return net

    check_gradient(make, by="recurrent", directions=1)


def with_python(net):
    @network_operation
    def mine():
        pass

    net.add(mine)


def with_statements_of_a_part(net):
    part = net.neurons[:3]
    part.run_regularly("activity = activity*(1 - 0.1*i)")
    net.add(part)


def with_decay(net):
    net.recurrent.run_regularly("w = 0.99*w")


REFUSED = {
    "Python code": (with_python, "runs Python code in each step"),
    "a part of a group": (with_statements_of_a_part, "i and N are its own.*whole group"),
    "weights": (with_decay, "w = 0.99.w"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_known_is_refused(case):
    change, message = REFUSED[case]
    net = small()
    change(net)
    with pytest.raises(ValueError, match=message):
        net.gradient(1)
    assert not [obj for obj in net.sorted_objects if "gradient" in obj.name]


def fed_back():
    """Neurons with a variable that nothing of the network sets."""
    equations = "dx/dt = (-x + tanh(I_rec) + I_in + fed)/(10*ms) : 1\nfed : 1"
    received = dict(input=("I_rec", "I_in"), activity="x", method="euler", initial={"x": 0.1})
    return DerivedNeurons(8, equations, **received)


def slowly(net):
    net.neurons.run_regularly("fed = 0.5*x", dt=5 * ms)


def by_synapses(net):
    own = Synapses(net.neurons, net.neurons)
    own.connect(j="i")
    own.run_regularly("fed_post = 0.5*x_pre")
    net.add(own)


def by_spikes(net):
    cells = SpikeGeneratorGroup(1, [0], [5] * ms, period=60 * ms)
    own = Synapses(cells, net.neurons, on_pre="fed_post = x_post")
    own.connect()
    net.add(cells, own)


def by_their_states(net):
    equations = "dy/dt = (x_pre - y)/(5*ms) : 1 (clock-driven)\nfed_post = y : 1 (summed)"
    own = Synapses(net.neurons, net.neurons, equations, method="euler")
    own.connect(j="i")
    net.add(own)


def at_events(net):
    """The event is new: neurons have to know it from their beginning."""
    cells = NeuronGroup(8, "y : 1 (linked)", events={"high": "y > 0.1"})
    cells.y = linked_var(net.neurons, "x")
    own = Synapses(cells, net.neurons, on_pre="fed_post = 1", on_event="high")
    own.connect(j="i")
    net.add(cells, own)


@pytest.mark.parametrize("change", [slowly, by_synapses, by_spikes, by_their_states, at_events])
def test_what_reaches_the_loss_through_what_is_not_known_is_refused(change):
    """A variable that is set to what depends on the activity, and that nothing else changes."""
    net = network(fed_back, waves(60), weights())()
    change(net)
    with pytest.raises(ValueError, match="on which the loss depends, and cannot be differentiated"):
        net.gradient(1)


DEPRESSING = {
    "in statements": ("w : 1", "g_post += w\nw *= 0.8", ""),
    "between spikes": ("dw/dt = (0.3 - w)/(20*ms) : 1 (event-driven)", "g_post += w", ""),
    "with the time": ("w : 1", "g_post += w*sin(t/ms)", ""),
    "at any time": ("dw/dt = (0.3 - w)/(20*ms) : 1 (clock-driven)", "g_post += w", ""),
    "after the other neuron": ("w : 1", "g_post += w", "w *= 0.7"),
    "counted": ("n : integer\nw : 1", "g_post += w*n\nn += 1", ""),
    "of three": ("u : 1\nw : 1\nsent : 1", "u += 1 - u\nsent = u*w\nw -= sent\ng_post += sent", ""),
}


@pytest.mark.parametrize("case", DEPRESSING)
def test_synapses_that_change_within_a_trial_are_refused(case):
    """Unless nothing that is differentiated is sent through them."""
    equations, on_pre, on_post = DEPRESSING[case]
    task = waves(12)
    defaultclock.dt = task.dt
    neurons = DerivedNeurons(
        5,
        "dv/dt = (-v + I_in + 1.4 + g)/(20*ms) : 1\ndg/dt = -g/(5*ms) : 1\ndr/dt = -r/(20*ms) : 1",
        on_pre="g += w",
        input=("I_in",),
        activity="r",
        threshold="v > 1",
        reset="v -= 1; r += 1",
        surrogate="0.3*clip(1 - abs(u), 0, 1)",
        method="euler",
    )
    own = Synapses(neurons, neurons, equations, on_pre=on_pre, on_post=on_post or None)
    inputs, readout = TaskInput(task), Readout(task)
    inward = FixedSynapses(inputs, neurons, onto="I_in", name="inward")
    outward = FixedSynapses(neurons, readout, onto="output", name="outward")
    for part in (inward, outward, own):
        part.connect()
        part.w = 0.3
    trials = Trials(task, neurons, readout)
    net = TrialNetwork(neurons, inputs, readout, inward, outward, own, trials)
    with pytest.raises(ValueError, match="on which the loss depends, and|differs from step to"):
        net.gradient(1, by="inward")
    assert net.gradient(1, by="outward")["outward"].shape == (1, 2, 5)


REFUSES = "on which the loss depends"
#: What a spike does, variables of the synapses, and the message of a refusal.
GENERATED = {
    "by what arrives": ("g_post += w*x\nx *= 0.8", "x : 1", None),
    "between spikes": ("g_post += w*x\nx *= 0.8", "dx/dt = (1 - x)/TAU : 1 (event-driven)", None),
    "with what nothing reads": ("g_post += w\nseen = v_post\nu = seen", "u : 1\nx : 1", None),
    "by their target": ("seen = v_post\ng_post += w*x\nx *= 0.8 + seen", "x : 1", REFUSES),
    "by two": ("x = u\ng_post += w*x\nu = v_post", "x : 1\nu : 1", REFUSES),
    "by a function": ("g_post += w*x\nx = 0.5*x_too_post", "x : 1", REFUSES),
}


@pytest.mark.parametrize("case", first_only(GENERATED))
def test_synapses_from_generators_may_change_within_a_trial(case):
    """Unless they do so with what is differentiated; followed statement by statement."""
    on_pre, own, message = GENERATED[case]
    task = waves(12)
    defaultclock.dt = task.dt

    def make():
        neurons = DerivedNeurons(
            5,
            """dv/dt = (-v + I_in + 1.4 + g)/(20*ms) : 1
            dg/dt = -g/(5*ms) : 1
            x_too = v : 1""",
            on_pre="g += w",
            input=("I_in",),
            activity="v",
            method="euler",
        )
        cells = SpikeGeneratorGroup(2, [0, 1, 0], [2, 4, 7] * ms, period=12 * ms)
        sent = Synapses(cells, neurons, f"w : 1\n{own}", on_pre=on_pre, method="exact")
        inputs, readout = TaskInput(task), Readout(task)
        inward = FixedSynapses(inputs, neurons, onto="I_in", name="inward")
        outward = FixedSynapses(neurons, readout, onto="output", name="outward")
        for part in (inward, outward, sent):
            part.connect()
            part.w = 0.3
        sent.x = 0.7
        trials = Trials(task, neurons, readout)
        return TrialNetwork(neurons, cells, inputs, readout, inward, outward, sent, trials)

    net = make()
    if message is not None:
        with pytest.raises(ValueError, match=message):
            net.gradient(1, by="inward")
        return
    found, losses = net.gradient(1, by="inward")["inward"], []
    for move in (1e-5, -1e-5):
        net.parts_by_name["inward"].w = 0.3 + move
        losses.append(net.evaluate(1).losses.item())
    slope = (losses[0] - losses[1]) / 2e-5
    assert abs(found.sum() - slope) < 1e-7 * abs(slope)
    if case != "with what nothing reads":
        with pytest.raises(ValueError, match="not the same in each trial.*at_start"):
            check_gradient(make, by="inward", directions=1)


@pytest.mark.parametrize("code", ["sin(t/ms)", "rand()"])
def test_what_synapses_send_must_not_depend_on_the_time(code):
    """It would be read at the end of a trial."""
    net = network(fed_back, waves(60), weights())()
    own = Synapses(net.neurons, net.neurons, f"fed_post = 0.1*x_pre*{code} : 1 (summed)")
    own.connect()
    net.add(own)
    with pytest.raises(ValueError, match="differs from step to step, or is not known"):
        net.gradient(1)


def own_neurons(on_pre, reset="v = 0; activity = 0"):
    """A network of the user's own neurons and synapses."""
    task = waves(12)
    defaultclock.dt = task.dt
    mine = NeuronGroup(
        5,
        "dv/dt = (I_in - v)/(10*ms) : 1\nactivity : 1\nI_in : 1",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
        name="mine",
    )
    mine.run_regularly("activity = v", **schedule.SENT)
    inputs, readout = TaskInput(task), Readout(task)
    inward = FixedSynapses(inputs, mine, onto="I_in", name="inward")
    outward = FixedSynapses(mine, readout, onto="output", name="outward")
    own = Synapses(mine, mine, "w : 1", on_pre=on_pre, name="own")
    for part in (inward, outward, own):
        part.connect()
        part.w = 0.3
    trials = Trials(task, readout)
    trials.at_start(mine, reset)
    return TrialNetwork(mine, inputs, readout, inward, outward, own, trials)


def test_own_synapses_and_spikes_are_refused_where_they_matter():
    net = own_neurons("v_post += w*(1 - v_post)")
    with pytest.raises(ValueError, match=r"v_post \+= w\*\(1 - v_post\).*let it add to it"):
        net.gradient(1, by="inward")
    assert np.abs(net.gradient(1, by="outward")["outward"]).max() > 0
    with pytest.raises(ValueError, match="spikes of 'mine', which have no derivative.*surrogate="):
        own_neurons("v_post += w").gradient(1, by="inward")


def test_a_state_that_is_not_reset_is_refused():
    net = own_neurons("", reset="activity = 0")
    net.remove(*(obj for obj in net.sorted_objects if obj.name == "own"))
    mine = next(obj for obj in net.sorted_objects if obj.name == "mine")
    mine.thresholder["spike"].active = mine.resetter["spike"].active = False
    with pytest.raises(ValueError, match=r"'v' of 'mine' is not reset.*at_start\(mine, 'v = ...'"):
        net.gradient(1, by="inward")


def test_wrong_arguments_are_refused():
    net = small()
    for given, message in (
        (dict(by="none"), "by must name projections"),
        (dict(by="neurons.none"), "it has I_in, I_rec, activity"),
        (dict(by="neurons.gain"), "changes in a trial"),
        (dict(resets={"activity": "ignore"}), "no spike resets 'activity'"),
        (dict(resets={"activity": "never"}), "must be one of ignore"),
        (dict(cut=("none",)), "cut must name projections"),
        (dict(cut=(("activity", "none"),)), "cut must name projections"),
        (dict(cut=(("phi", "activity"),)), "no statements of .* give 'phi' a value that depends"),
    ):
        with pytest.raises(ValueError, match=message):
            net.gradient(1, **given)
    for given, message in ((dict(resets="ignore"), "a dictionary"), (dict(cut=3), "a sequence")):
        with pytest.raises(TypeError, match=f"must be {message}"):
            net.gradient(1, **given)
    with pytest.raises(ValueError, match="a stream"):
        defaultclock.dt = 1 * ms
        stream = replace(waves(12), continuous=True)
        LearningNetwork(stream, rates(5), RFLO(0.03, tau=LEAK)).gradient(1)


def test_nothing_has_changed_afterwards():
    """Weights, time, random numbers, what comes next; of a network with noise."""

    def build():
        task = CursorMovements(n_movements=1, movement=20 * ms)
        defaultclock.dt = task.dt
        np.random.seed(3)
        return LearningNetwork(task, rates(6, noise_std=0.1), RFLO(0.03, tau=LEAK))

    net, other = build(), build()
    np.random.seed(3)
    one = np.concatenate([net.train(2).losses, net.train(3).losses], axis=1)
    np.random.seed(3)
    first = other.train(2).losses
    found = other.gradient(3)
    assert np.array_equal(found["recurrent"], other.gradient(3)["recurrent"])
    assert np.array_equal(one, np.concatenate([first, other.train(3).losses], axis=1))


@pytest.mark.parametrize(
    "given, message",
    [
        (dict(moves=()), "moves must be a sequence of numbers above 0.*Write moves="),
        (dict(moves=(0.0,)), "moves must be a sequence of numbers above 0"),
        (dict(directions=0), "directions must be a whole number of at least 1; got 0"),
        (dict(tolerance=-1), "tolerance must be a finite and positive number; got -1"),
    ],
)
def test_a_check_of_nothing_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        check_gradient(small, **given)


def test_the_gradient_is_no_schedule_of_a_network():
    """It is an argument of `train`."""
    for learn in (BPTT(1e-3), {"output": BPTT(1e-3)}):
        with pytest.raises(TypeError, match=r"Write net.train\(trials, learn=BPTT\(.*0.001\)\)"):
            LearningNetwork(waves(5), rates(5), RFLO(0.1, tau=LEAK), learn=learn)


# ---------------------------------------------------------------- alignment, training


@pytest.mark.parametrize("batch", [1, pytest.param(2, marks=MODEL)])
def test_alignment_changes_nothing_and_knows_the_output(batch):
    task = CursorMovements(n_movements=1, movement=30 * ms)

    def build():
        defaultclock.dt = task.dt
        learn = PerTrial(Adam(), copies=2, batch=batch, clip_norm=1.0)
        given = dict(learn=learn, networks=2, connectivity={"recurrent": AllToAll(False)})
        return LearningNetwork(task, rates(32), RFLO(0.01, tau=LEAK), **given)

    alone, net = build(), build()
    watch = GradientAlignment(net, every=2)
    expected, found = alone.train(12), net.train(12)
    assert np.array_equal(found.losses, expected.losses)
    for name, values in expected.weights_after.items():
        assert np.array_equal(found.weights_after[name], values)
    assert np.array_equal(watch.trials, [0, 4, 8])
    assert np.abs(watch.cosine["output"] - 1).max() < 1e-12
    assert np.abs(watch.ratio["output"] - 1).max() < 1e-12
    assert watch.by_neuron["recurrent"].shape == (2, 3, 8)
    assert (np.abs(watch.cosine["recurrent"]) < 0.999).all()
    labels = [text.get_text() for text in watch.plot().get_legend().get_texts()]
    assert "recurrent, trained by RFLO" in labels
    watch.remove()
    assert not [obj for obj in net.sorted_objects if "gradient" in obj.name]


def agreement(one, other):
    """Cosine and ratio of lengths of the matrices of each network."""
    flat = [values.reshape(len(values), -1) for values in (one, other)]
    norms = [np.linalg.norm(values, axis=1) for values in flat]
    return (flat[0] * flat[1]).sum(axis=1) / norms[0] / norms[1], norms[0] / norms[1]


def watched_task():
    """A short task, and a builder of two networks for it."""
    task = CursorMovements(n_movements=1, movement=20 * ms)
    defaultclock.dt = task.dt

    def build(learn=None, N=8, **given):
        rule = RFLO(0.03, tau=LEAK)
        return LearningNetwork(
            task, rates(2 * N), rule, learn=learn or PerTrial(), networks=2, **given
        )

    return task, build


def test_alignment_where_weights_change_in_each_step():
    """The change of the weights in a trial, and the gradient where the trial begins."""
    task, build = watched_task()
    alone, net = build(PerStep()), build(PerStep())
    watch = GradientAlignment(net, every=2)
    expected, result = alone.train(3), net.train(3)
    assert np.array_equal(expected.losses, result.losses)
    for name, values in expected.weights_after.items():
        assert np.array_equal(result.weights_after[name], values)
    assert np.array_equal(watch.trials, [0, 2])
    other = build(PerStep())
    for trial in range(3):
        before = other.weights()
        other.train(1)
        if trial == 1:
            continue
        gradient = change_of_reference(before, task, range(trial, trial + 1))
        for name in ("recurrent", "input", "output"):
            moved = (other.weights()[name] - before[name]) / 0.03
            cosine, ratio = agreement(moved, gradient[name] / task.n_steps)
            assert relative(watch.cosine[name][:, trial // 2], cosine) < 1e-9
            assert relative(watch.ratio[name][:, trial // 2], ratio) < 1e-9
    assert (np.abs(watch.cosine["output"]) < 1 - 1e-9).all()  # they have moved in the trial


def test_alignment_of_two_rules():
    """Random beside symmetric feedback, and symmetric feedback beside the gradient, while random
    feedback trains and while the gradient does.
    """
    task, build = watched_task()
    learn = PerTrial(Adam())
    alone, net, other = build(learn), build(learn), build(credit=SymmetricFeedback())
    start = other.weights()["recurrent"]
    watch, second = RuleAlignment(net, other), GradientAlignment(net, of=other, every=2)
    weights = [net.weights()]
    for part in (net, alone):
        part.train(1, report=lambda *_: None)
    weights.append(net.weights())
    results = [part.train(2, learn=BPTT(1e-2)) for part in (alone, net)]
    assert np.array_equal(results[0].losses, results[1].losses)
    for name, values in results[0].weights_after.items():
        assert np.array_equal(results[1].weights_after[name], values)
    did, symmetric, gradient = (
        change_of_reference(weights[0], task, 1, rule)
        for rule in ("rflo", "local_symmetric", "bptt")
    )
    for name in ("recurrent", "input", "output"):
        expected = agreement(did[name], symmetric[name])
        for found, values in zip((watch.cosine, watch.ratio), expected):
            assert relative(found[name][:, 0], values) < 1e-9
        cosine, _ = agreement(symmetric[name], gradient[name])
        assert relative(second.cosine[name][:, 0], cosine) < 1e-9
    assert np.isnan(watch.cosine["recurrent"][:, 1:]).all()  # its own rules rest
    assert np.array_equal(second.trials, [0, 2]) and np.isfinite(second.cosine["recurrent"]).all()
    assert second.rules["recurrent"] == "RFLO and BPTT"
    assert watch.watched["recurrent"] == "RFLO, SymmetricFeedback"
    assert watch.plot().get_ylabel() == "Cosine with what trained it"
    assert np.abs(other.weights()["recurrent"] - start).max() > 0  # it has followed
    for one in (watch, second):
        one.remove()
    assert not net.watches and not [o for o in net.sorted_objects if "gradient" in o.name]
    net.evaluate(1)


def test_the_tutorial_has_fifteen_lines():
    """`test_public` runs them."""
    page = Path(__file__).parents[1] / "docs" / "pretraining.md"
    script = page.read_text().split("```python\n")[1].split("```")[0]
    assert sum(bool(line.strip()) for line in script.splitlines()) <= 15
    assert "learn=BPTT" in script and "after = net.train(" in script


def test_changes_of_rules():
    """Over several trials at the same weights, after which nothing has changed."""
    task, build = watched_task()
    net = build(PerTrial(Adam()))
    before = net.weights()
    found = net.changes(2, first=1)
    expected = change_of_reference(before, task, range(1, 3), "rflo")
    for name, values in found.items():
        assert relative(values, expected[name] / task.n_steps / 2) < 1e-12
        assert np.array_equal(net.weights()[name], before[name])
    assert net.t == 0 * ms
    with pytest.raises(ValueError, match="changes are those of projections that learn"):
        net.changes(1, by="feedback")


def test_other_networks_are_refused_where_they_do_not_fit():
    _, build = watched_task()
    net = build()
    with pytest.raises(TypeError, match="must be a network of its own"):
        RuleAlignment(net, net)
    with pytest.raises(ValueError, match="must have the synapses of .* in 'recurrent'"):
        RuleAlignment(net, build(N=6))
    with pytest.raises(ValueError, match="shows a loss of .* in trial 0, and not"):
        begun = rates(16, initial=0.3)
        GradientAlignment(net, of=LearningNetwork(net.task, begun, net.rule, networks=2))
    assert not net.watches


@pytest.mark.parametrize(
    "given", [dict(optimizer=Adam(), clip_norm=0.1), pytest.param({}, marks=MODEL)]
)
def test_training_by_the_gradient_is_that_of_the_reference(given):
    """Of a network that learns in each step by itself, and goes on so."""
    task = PeriodicOutput(period=60 * ms)
    defaultclock.dt = task.dt
    net = LearningNetwork(task, rates(12), RFLO(0.03, tau=LEAK))
    before, rate = net.weights(), 1e-2 if given else 0.3
    result = net.train(8, learn=BPTT(rate, **given))
    expected = reference.train(task, before, "bptt", rate, LEAK, 8, **given)
    assert np.abs(result.losses - expected.losses).max() < 1e-12
    for name in ("recurrent", "output"):
        assert np.abs(result.weights_after[name] - expected.weights_after[name]).max() < 1e-12
        assert np.abs(result.weights_after[name] - before[name]).max() > 1e-3
    assert result.settings["learn"].startswith("BPTT(learning_rate=")
    assert not [name for name in net.recurrent.variables if "bptt" in name]
    after = net.train(3)
    local = reference.train(task, result.weights_after, "rflo", 0.03, LEAK, 3, update="step")
    assert np.abs(after.losses - local.losses).max() < 1e-12


def test_rules_rest_while_the_gradient_teaches():
    """The memory of their optimizer, an unfinished batch, and what does not learn."""
    task = CursorMovements(n_movements=1, movement=20 * ms)
    defaultclock.dt = task.dt
    learn = PerTrial(Adam(), batch=2, copies=2)
    net = LearningNetwork(task, rates(12), RFLO(0.01, tau=LEAK), learn=learn)
    net.train(6)
    net.input_synapses.plastic = False
    kept = {name: np.array(getattr(net.recurrent, name)) for name in ("first_moment", "change")}
    before = net.weights()
    net.train(8, learn=BPTT(1e-3, Adam(), batch=2))
    for name, values in kept.items():
        assert np.array_equal(getattr(net.recurrent, name), values)
        assert np.abs(values).max() > 0
    after = net.weights()
    assert np.array_equal(after["input"], before["input"])
    assert not np.array_equal(after["recurrent"], before["recurrent"])
    assert np.all(net.recurrent.plastic)
    assert not np.any(net.input_synapses.plastic)
    both = net.recurrent.matrix(2)
    assert np.array_equal(both[0], both[1])
    with pytest.raises(ValueError, match="multiple of 4, a batch of BPTT"):
        net.train(6, learn=BPTT(1e-3, batch=2))
    with pytest.raises(TypeError, match="train: learn must be a BPTT"):
        net.train(6, learn=Adam())


# ---------------------------------------------------------------- targets


@pytest.mark.parametrize(
    "target", [pytest.param(t, marks=LONG) for t in ("cython", "cpp_standalone")]
)
@pytest.mark.parametrize("case", ["rates", "spikes"])
def test_all_targets_have_the_same_gradient(target, case):
    from brian_rflo.brian.devices import device

    def build():
        if case == "rates":
            task = CursorMovements(n_movements=1, movement=40 * ms)
            defaultclock.dt = task.dt
            given = dict(networks=2, connectivity={"recurrent": Sparse(0.5), "bias": AllToAll()})
            learn = PerTrial(copies=2)
            rule = RFLO(0.03, tau=LEAK)
            return LearningNetwork(task, rates(40), rule, Leaky(20 * ms), learn=learn, **given), 4
        task = SHORT_EVIDENCE
        defaultclock.dt = task.dt
        neurons = DiscreteLIFNeurons(
            24, tau=20 * ms, tau_adapt=200 * ms, beta=0.5, refractory=5 * ms, threshold=0.6
        )
        initial = {"input": np.random.default_rng(1).standard_normal((8, 40)) / 2}
        return LearningNetwork(
            task, neurons, E_PROP, Softmax(20 * ms), learn=PerTrial(copies=3), initial=initial
        ), 6

    def arrays():
        net, trials = build()
        return {
            name: np.stack([m.toarray() if hasattr(m, "toarray") else m for m in values])
            for name, values in net.gradient(trials).items()
        }

    expected = arrays()
    if target == "cython":
        prefs.codegen.target = "cython"
        found = arrays()
    else:
        with device("cpp_standalone"):
            found = arrays()
    for name, values in expected.items():
        assert relative(found[name], values) < 1e-12, name
        assert np.abs(values).max() > 1e-6


@pytest.mark.parametrize("case", ["rates", "spikes"])
@pytest.mark.parametrize("target", [pytest.param("cython", marks=LONG)])
def test_trainings_are_those_of_numpy_where_code_is_compiled(target, case):
    """By the gradient, then by the network's own rule beside it."""

    def trained():
        if case == "rates":
            task = CursorMovements(n_movements=1, movement=30 * ms)
            defaultclock.dt = task.dt
            neurons, rule, given = rates(32), RFLO(0.03, tau=LEAK), dict(networks=2)
            given |= dict(connectivity={"recurrent": Sparse(0.5), "bias": AllToAll()})
        else:
            task = waves(40)
            defaultclock.dt = task.dt
            bias = np.tile(np.linspace(1.2, 1.8, 8), 2)
            neurons = LIFNeurons(16, tau=20 * ms, tau_syn=20 * ms, bias=bias)
            rule, given = RFLO(0.03, tau=20 * ms), {}
        net = LearningNetwork(task, neurons, rule, learn=PerTrial(Adam(), copies=2), **given)
        learn = BPTT(1e-3, optimizer=Adam(), clip_norm=0.5)
        first, watch = net.train(8, learn=learn), GradientAlignment(net)
        results = [first, net.train(8)]
        found = {f"cosine of {name}": values for name, values in watch.cosine.items()}
        for number, result in enumerate(results):
            found |= {f"{name} {number}": np.array(v) for name, v in arrays(result).items()}
        return found

    def arrays(result):
        weights = {
            name: np.stack([m.toarray() if hasattr(m, "toarray") else m for m in values])
            for name, values in result.weights_after.items()
        }
        return weights | {"losses": result.losses}

    expected = trained()
    prefs.codegen.target = target
    found = trained()
    for name, values in expected.items():
        assert relative(found[name], values) < 1e-12, name
        assert np.abs(values).max() > 1e-6


def test_what_a_rule_does_is_counted_from_where_a_training_begins():
    """Not from where the one before has ended, if weights have been set between them."""
    _, build = watched_task()
    net, other = build(PerStep()), build(PerStep())
    watch = GradientAlignment(net)
    for one in (net, other):
        one.train(1)
        one.recurrent.set_matrix(1.3 * one.weights()["recurrent"])
    again = GradientAlignment(other)
    for one in (net, other):
        one.train(1)
    assert np.array_equal(watch.ratio["recurrent"][:, 1:], again.ratio["recurrent"])


@pytest.mark.filterwarnings("ignore")
def test_alignment_survives_a_network_that_diverges():
    """A training in which one of two networks diverges goes on, and has NaN for that one."""
    _, build = watched_task()
    for learn, others in (
        (PerTrial(), ()),
        (PerStep(), ()),
        (PerStep(), (build(),)),
    ):
        net = build(learn)
        output = net.weights()["output"]
        output[1] = 1e200
        net.output.set_matrix(output)
        watch = RuleAlignment(net, *others) if others else GradientAlignment(net)
        assert np.array_equal(np.isfinite(net.train(1).losses), [[True], [False]])
        assert np.array_equal(np.isfinite(watch.cosine["recurrent"]), [[True], [False]])
        with pytest.raises(FloatingPointError, match="not finite"):
            net.gradient(1)


def test_alignment_leaves_what_is_stored_and_saved_alone(tmp_path):
    """A network is restored, or loads a file, with and without an alignment."""
    _, build = watched_task()
    net, other = build(), build()
    net.store()
    net.save(tmp_path / "before.npz")
    watch = GradientAlignment(net)
    first = net.train(1).losses
    net.restore()
    assert np.array_equal(net.train(1).losses, first)
    net.save(tmp_path / "watched.npz")
    other.load(tmp_path / "watched.npz")
    net.load(tmp_path / "before.npz")
    assert np.array_equal(net.train(1).losses, first)
    net.store("watched")
    watch.remove()
    net.restore("watched")
    assert np.array_equal(net.train(1).losses, other.train(1).losses)
    assert np.abs(watch.ratio["output"] - 1).max() < 1e-12


def test_what_the_loss_does_not_depend_on_and_nothing():
    """Weights on which no loss depends have zeros; names must be given where nothing learns."""
    _, build = watched_task()
    net = build()
    assert not np.any(net.gradient(1, by="feedback")["feedback"])
    for wrong in ([], "", 3):
        with pytest.raises(TypeError, match="by must be a name, or a sequence of names"):
            net.gradient(1, by=wrong)
    task = waves(20)
    neurons, inputs, readout = rates(4), TaskInput(task), Readout(task)
    parts = [
        FixedSynapses(inputs, neurons, onto="I_in"),
        FixedSynapses(neurons, readout, onto="output"),
    ]
    for part in parts:
        part.connect()
    net = TrialNetwork(neurons, inputs, readout, *parts, Trials(task, neurons, readout))
    with pytest.raises(ValueError, match="has no projection that learns; name what to"):
        net.gradient(1)
    with pytest.raises(TypeError, match="net must be a network that learns in trials"):
        GradientAlignment(3)


def test_alignment_does_not_overlook_what_is_added_later():
    """Statements that change the activity are new in the gradient; monitors are not."""
    _, build = watched_task()
    net = build()
    watch = GradientAlignment(net)
    net.add(StateMonitor(net.neurons, "activity", record=[0]))
    net.train(1)
    net.neurons.run_regularly("activity *= 0.5", **schedule.STATE.behind(50))
    net.add(net.neurons.contained_objects[-1])
    with pytest.raises(RuntimeError, match="is new in the network since the alignment"):
        net.train(1)
    watch.remove()
    net.neurons.namespace["slope"] = 0.5
    net.neurons.run_regularly("activity *= exp(-slope*activity**2)", **schedule.STATE.behind(51))
    again = GradientAlignment(net)
    net.train(1)
    assert np.abs(again.ratio["output"] - 1).max() < 1e-12
    net.neurons.namespace["slope"] = 0.7
    with pytest.raises(RuntimeError, match="the constant 'slope' of '.*' has another value since"):
        net.train(1)
