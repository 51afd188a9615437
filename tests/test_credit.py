"""Credit paths part by part: the numbers of the standard assembly, to the bit."""

import numpy as np
import pytest
from brian2 import Network, StateMonitor, defaultclock, ms, seed

from brian_rflo import (
    RFLO,
    Adam,
    Delta,
    LearningNetwork,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
)
from brian_rflo.credit import (
    FORCE,
    AdaptiveFeedback,
    Credit,
    Diffusion,
    ErrorModule,
    RandomFeedback,
    RunningBaseline,
    SymmetricFeedback,
    SyntheticSignal,
    TypeSignals,
    WeightMirror,
)
from brian_rflo.readouts import Leaky, Linear, TaskInput
from brian_rflo.rules import LeakyDelta, UnfilteredEProp
from brian_rflo.tasks import CursorMovements

TASK, TAU, N, TRIALS = CursorMovements(movement=20 * ms, seed=1), 10 * ms, 8, 4
PATHS = {
    "random": RandomFeedback(),
    "adaptive": AdaptiveFeedback(decay=0.01),
    "symmetric": SymmetricFeedback(),
}
SCHEDULES = {
    "each step": PerStep(),
    "batches of two, clipped": PerTrial(Adam(), batch=2, clip_norm=0.01),
}
RULES = {
    "linear": (Linear(decay=0.01), Delta(0.1)),
    "leaky": (Leaky(15 * ms), LeakyDelta(0.1, 15 * ms)),
}


def assembled(path, learn, kind, networks):
    """The standard assembly."""
    readout, rule = RULES[kind]
    neurons = RateNeurons(networks * N, tau=TAU)
    return LearningNetwork(
        TASK,
        neurons,
        RFLO(0.05, tau=TAU),
        readout=readout,
        readout_rule=rule,
        credit=path,
        learn=learn,
        networks=networks,
    )


def by_parts(path, learn, kind, networks, weights):
    """The same, part by part; return the network, and its projections by name."""
    kind, rule = RULES[kind]
    neurons, inputs = RateNeurons(networks * N, tau=TAU), TaskInput(TASK)
    readout = kind.build(TASK, networks)
    parts = {
        "recurrent": PlasticSynapses(
            neurons, neurons, RFLO(0.05, tau=TAU), onto="I_rec", learn=learn
        ),
        "input": PlasticSynapses(inputs, neurons, RFLO(0.05, tau=TAU), onto="I_in", learn=learn),
        "output": PlasticSynapses(
            neurons, readout, rule, onto=readout.onto, learn=learn, constraint=kind.constraint
        ),
    }
    for name, part in parts.items():
        part.connect(networks=1 if name == "input" else networks)
    parts["input"].set_matrix(weights["input"].reshape(networks * N, -1))
    credit = Credit(path, readout, neurons, parts["output"], learn, networks)
    if not isinstance(path, SymmetricFeedback):
        parts["feedback"] = credit.projections["feedback"]
    for name in set(parts) - {"input"}:
        parts[name].set_matrix(weights[name] if networks > 1 else weights[name][0])
    trials = Trials(
        TASK,
        neurons,
        readout,
        *(parts[name] for name in ("recurrent", "input", "output")),
        credit,
        networks=networks,
    )
    return Network(neurons, inputs, readout, *parts.values(), *credit, trials), parts


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize("learn", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_by_parts_as_assembled(path, learn, kind):
    networks = 2 if kind == "linear" else 1
    defaultclock.dt = TASK.dt
    net = assembled(path, learn, kind, networks)
    weights = net.weights()
    result = net.train(TRIALS)
    other, parts = by_parts(path, learn, kind, networks, weights)
    other.run(TRIALS * TASK.duration)
    for name, part in parts.items():
        found = part.matrix() if name == "input" else part.matrix(networks)
        np.testing.assert_array_equal(
            found.reshape(weights[name].shape), result.weights_after[name], err_msg=name
        )
        moves = name != "feedback" or isinstance(path, AdaptiveFeedback)
        assert (found.reshape(weights[name].shape) != weights[name]).any() == moves, name


def test_a_path_follows_the_switch_of_the_readout():
    """Adaptive feedback changes with the readout weights, and stays with them."""
    defaultclock.dt = TASK.dt
    weights = assembled(PATHS["adaptive"], PerStep(), "linear", 1).weights()
    net, parts = by_parts(PATHS["adaptive"], PerStep(), "linear", 1, weights)
    parts["output"].plastic = False
    net.run(2 * TASK.duration)
    assert (
        np.array_equal(parts["feedback"].matrix(), weights["feedback"][0])
        and (parts["recurrent"].matrix() != weights["recurrent"][0]).any()
    )


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_feedback_is_the_error_of_the_same_step_through_the_weights(path):
    defaultclock.dt = TASK.dt
    net = assembled(path, PerTrial(), "linear", 1)
    feedback, error = (
        StateMonitor(group, name, record=True, when="end")
        for group, name in ((net.neurons, "feedback"), (net.readout, "error"))
    )
    net.add(feedback, error)
    weights = net.weights()
    net.train(1)
    brings = (
        weights["output"][0].T if isinstance(path, SymmetricFeedback) else weights["feedback"][0]
    )
    np.testing.assert_allclose(
        feedback.feedback[:, :-1], brings @ error.error[:, :-1], rtol=1e-12, atol=1e-15
    )
    assert np.abs(error.error).max() > 0.1


OWN_NAMES = {
    "tau": (SyntheticSignal(0.05, 40 * ms), UnfilteredEProp(0.1), dict(tau=np.full(N, 10) * ms)),
    "noise": (WeightMirror(0.01, noise=0.7), RFLO(0.1, tau=TAU), dict(tau=TAU, noise_std=0.0)),
}


@pytest.mark.parametrize("name", OWN_NAMES)
def test_numbers_of_a_path_are_its_own_where_neurons_have_the_name_too(name):
    path, rule, variables = OWN_NAMES[name]
    defaultclock.dt, found = TASK.dt, []
    for given in (variables, dict(tau=TAU)):
        seed(1)
        neurons = RateNeurons(N, **given)
        assert (name in neurons.variables) == (given is variables)
        net = LearningNetwork(TASK, neurons, rule, credit=path)
        found.append(net.train(2, namespace={}).weights_after)
    for part, values in found[0].items():
        np.testing.assert_allclose(values, found[1][part], rtol=0, atol=1e-13, err_msg=part)


def lone(path, **more):
    """A path between a readout and neurons, without the projection onto the readout."""
    defaultclock.dt = TASK.dt
    return Credit(path, Readout(TASK), RateNeurons(N, tau=TAU), **more)


def unread(credit):
    """A network whose rule reads the feedback alone, with a part of the credit that it ignores."""
    defaultclock.dt = TASK.dt
    return LearningNetwork(TASK, RateNeurons(N, tau=TAU), RFLO(0.1, tau=TAU), credit=credit)


REFUSED = {
    "a modulator that nothing reads": (
        lambda: unread((RandomFeedback(), RunningBaseline(0.25))),
        "RunningBaseline .* no rule reads it; write a rule that reads modulator_network",
    ),
    "signals that nothing reads": (
        lambda: unread(TypeSignals((3, 5))),
        "TypeSignals .* no rule reads it; write a rule that reads signal_0_of_3_5_network",
    ),
    "adaptive": (
        lambda: lone(AdaptiveFeedback()),
        "AdaptiveFeedback needs the projection to the readout; got output=None",
    ),
    "symmetric, within": (
        lambda: lone(Diffusion((3, 3), feedback=SymmetricFeedback())),
        "Diffusion needs the projection to the readout; got output=None",
    ),
    "a misspelt mask": (
        lambda: lone(RandomFeedback(), masks={"feedbak": np.ones((N, 2))}),
        "masks has 'feedbak', and RandomFeedback no projection .* it has feedback",
    ),
    "no feedback within": (
        lambda: Diffusion((3, 3), feedback=FORCE()),
        "Diffusion: feedback must bring the error itself, .* got FORCE, which has no feedback",
    ),
    "a variable that is not there": (
        lambda: lone(ErrorModule(TAU, "outputs")),
        "ErrorModule reads 'outputs', which 'readout.*', a Readout, does not have",
    ),
    "spikes of a readout": (
        lambda: lone(ErrorModule(TAU, "spikes")),
        "ErrorModule reads the spikes of 'readout.*', a Readout, which does not spike",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_path_lacks_is_said_where_it_is_made(name):
    make, message = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_a_mirror_has_the_synapses_of_the_readout():
    """And comes to them: what it learns for pairs without a synapse is noise around 0."""
    defaultclock.dt = TASK.dt
    there = np.arange(2 * N).reshape(2, N) % 3 > 0
    path, seen = WeightMirror(0.01), dict(connectivity={"output": there})
    net = LearningNetwork(TASK, RateNeurons(N, tau=TAU), RFLO(0.1, tau=TAU), credit=path, **seen)
    before = net.weights()["output"]
    result = net.train(3)
    mirror = net.credit.projections["mirror"].matrix(absent=np.nan)
    assert np.array_equal(~np.isnan(mirror), there)
    assert (result.weights_after["recurrent"] != result.weights_before["recurrent"]).any()
    moved = result.weights_after["output"] != before
    assert moved[0][there].all() and not moved[0][~there].any()
