"""Learning signals of a second network (e-prop 2, inner loop), against double sums in NumPy."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, defaultclock, ms
from targets import compiled_for

from brian_rflo import (
    DiscreteLIFNeurons,
    FixedSynapses,
    LearningNetwork,
    PerTrial,
    PlasticSynapses,
    Trials,
    schedule,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import Credit, ErrorModule, RandomFeedback
from brian_rflo.network import TrialNetwork
from brian_rflo.readouts import Leaky, TaskInput
from brian_rflo.rules import UnfilteredEProp
from brian_rflo.tasks import ArrayTask

N, M, STEPS, RATE = 5, 4, 40, 1e-2
TAU, TAU_ADAPT, TAU_MODULE = 10, 100, 7


def task():
    inputs = np.random.default_rng(1).normal(size=(2, STEPS, 3))
    return ArrayTask(target=np.zeros((2, STEPS, 1)), inputs=inputs, dt=1 * ms)


def network(path, beta):
    """A network of N neurons, whose spikes move a module of M, which tells them what to change."""
    rng, its = np.random.default_rng(2), task()
    defaultclock.dt = its.dt
    adapts = {} if beta is None else dict(beta=beta, tau_adapt=TAU_ADAPT * ms)
    neurons = DiscreteLIFNeurons(N, tau=TAU * ms, threshold=0.4, **adapts)
    module = DiscreteLIFNeurons(M, tau=TAU * ms, threshold=0.4)
    inputs = TaskInput(its)
    rule = UnfilteredEProp(RATE, None if beta is None else TAU_ADAPT * ms)
    recurrent = PlasticSynapses(neurons, neurons, rule, onto="I_rec", learn=PerTrial(window=1))
    recurrent.connect()
    w, P = rng.normal(size=(N, N)) / 2, rng.normal(size=(N, M))
    recurrent.set_matrix(w)
    parts = []
    for source, target, onto, scale in (
        (inputs, neurons, "I_in", 0.4),
        (inputs, module, "I_in", 0.4),
        (neurons, module, "I_rec", 0.3),
    ):
        parts.append(FixedSynapses(source, target, onto=onto))
        parts[-1].connect()
        parts[-1].set_matrix(scale * rng.normal(size=(len(target), len(source))))
    credit = Credit(path, module, neurons)
    credit.projections["feedback"].set_matrix(P)
    trials = Trials(its, neurons, module, recurrent, credit)
    net = TrialNetwork(neurons, module, inputs, recurrent, *parts, *credit, trials)
    return net, recurrent, credit, neurons, module, (w, P)


def double_sum(signal, gain, spikes, beta):
    """The change of all weights: each learning signal times each spike before it."""
    alpha, rho = np.exp(-1 / TAU), np.exp(-1 / TAU_ADAPT)
    total, eps = np.zeros((N, N)), np.zeros((N, N))
    for t in range(STEPS):
        psp = sum(alpha ** (t - s - 1) * spikes[s] for s in range(t)) + np.zeros(N)
        e = gain[t][:, None] * (psp - (beta or 0) * eps)
        total, eps = total + signal[t][:, None] * e, rho * eps + e
    return total


CASES = {
    "activity": (ErrorModule(TAU_MODULE * ms), None),
    "spikes, adaptive": (ErrorModule(TAU_MODULE * ms, "spikes"), 0.3),
    "unfiltered": (ErrorModule(), None),
}


@pytest.mark.parametrize("case, target", compiled_for(CASES, []))
def test_the_inner_update_is_a_double_sum(case, target):
    path, beta = case
    with device(target):
        net, recurrent, _, neurons, module, (w, P) = network(path, beta)
        seen = StateMonitor(neurons, ("activity", "gain"), record=range(N), when="end")
        sent = StateMonitor(module, "activity", record=range(M), when="end")
        net.add(seen, sent)
        net.run(2 * task().duration)
        found = recurrent.matrix() - w
        spikes, gain, module_spikes = seen.activity.T, seen.gain.T, sent.activity.T
    assert spikes.sum() > 10 and module_spikes.sum() > 10
    keep = 0 if path.tau is None else np.exp(-1 / TAU_MODULE)
    expected = 0
    for trial in np.split(np.arange(2 * STEPS), 2):
        filtered = [
            sum(keep ** (t - s) * module_spikes[trial[s]] for s in range(t + 1))
            for t in range(STEPS)
        ]
        signal = np.array(filtered) @ P.T
        expected += RATE * double_sum(signal, gain[trial], spikes[trial], beta)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_with_the_error_as_its_activity_it_is_eprop_without_its_filter_to_the_bit():
    """A module that repeats the error, with the feedback weights; and the readout as the module."""
    rng, its = np.random.default_rng(4), task()
    initial = dict(
        recurrent=rng.normal(size=(N, N)) / 2,
        input=rng.normal(size=(N, 3)),
        output=rng.normal(size=(1, N)),
        feedback=rng.normal(size=(N, 1)),
    )
    defaultclock.dt = its.dt

    def build(path):
        neurons = DiscreteLIFNeurons(N, tau=TAU * ms, threshold=0.4)
        rule, readout = UnfilteredEProp(RATE), Leaky(5 * ms)
        return LearningNetwork(
            its, neurons, rule, readout, credit=path, learn=PerTrial(), initial=initial
        )

    expected = build(RandomFeedback())
    after = expected.train(3).weights_after
    same = build(ErrorModule(sends="error")).train(3).weights_after
    module = NeuronGroup(1, "activity : 1", name="module")
    told = build(RandomFeedback())
    module.variables.add_reference("error", told.readout)
    module.run_regularly("activity = error", **schedule.FILTER)
    credit = Credit(ErrorModule(), module, told.neurons)
    credit.projections["feedback"].set_matrix(initial["feedback"])
    told.remove(told.feedback)
    told.add(module, *credit)
    also = told.train(3).weights_after
    for name in ("recurrent", "input", "output"):
        assert (after[name] != initial[name]).any()
        np.testing.assert_array_equal(same[name], after[name])
        np.testing.assert_array_equal(also[name], after[name])


def test_it_needs_what_it_sends_and_says_what_it_does():
    net, _, credit, neurons, *_ = network(ErrorModule(TAU_MODULE * ms), None)
    mute = NeuronGroup(M, "v : 1")
    with pytest.raises(ValueError, match="has no variable 'activity'"):
        Credit(ErrorModule(), mute, neurons)
    assert isinstance(net, Network) and str(credit.path).count("filtered") == 4


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: ErrorModule(3), "ErrorModule: tau must be a time"),
        (lambda: ErrorModule(sends="spikes"), "ErrorModule: spikes must be filtered; got tau=None"),
        (lambda: ErrorModule(sends=3), "ErrorModule: sends must be the name of a variable, .* 3"),
        (lambda: UnfilteredEProp(0.1, 3), "UnfilteredEProp: tau_adapt must be a time"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
