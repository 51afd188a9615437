"""REINFORCE against its recursion in NumPy, given the draws; readouts that pay rewards, and their
monitor.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from blocks import python_blocks
from brian2 import (
    BrianObjectException,
    StateMonitor,
    TimedArray,
    defaultclock,
    ms,
    prefs,
    seed,
    set_device,
)
from brian2 import device as brian_device

from brian_rflo import (
    RFLO,
    LearningNetwork,
    LIFNeurons,
    LossMonitor,
    PerStep,
    PerTrial,
    RateNeurons,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import RewardBaseline, RunningBaseline
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.readouts import Leaky, Linear, Rewarding
from brian_rflo.rules import EpisodicReinforce, Reinforce, WeightPerturbation
from brian_rflo.tasks import ArrayTask, PeriodicOutput
from brian_rflo.trials import RewardMonitor

N, TRIALS, STEPS, LEAK, ETA, SIGMA, RATE = 7, 5, 8, 0.2, 0.3, 0.4, 0.25


@cache
def given():
    """Return draws, inputs, targets and weights."""
    rng = np.random.default_rng(0)
    return dict(
        noise=SIGMA * rng.standard_normal((TRIALS, STEPS, N)),
        inputs=rng.standard_normal((TRIALS, STEPS, 3)),
        target=rng.standard_normal((TRIALS, STEPS, 2)),
        recurrent=1.2 * rng.standard_normal((N, N)) / np.sqrt(N),
        input=rng.standard_normal((N, 3)),
        output=rng.standard_normal((2, N)) / np.sqrt(N),
    )


class TwoKinds(ArrayTask):
    n_kinds = 2

    def kind(self, number):
        return number % 2


def recursion(port, episodic, each_step):
    """Return recurrent weights, expectations and losses after all trials."""
    d, losses = given(), []
    w, w_in, expected = d["recurrent"].copy(), d["input"].copy(), np.zeros(2)
    for k in range(TRIALS):
        h, p = np.full(N, 0.1), np.zeros((N, N + 3))
        rewards, total, change = [], np.zeros((N, N + 3)), np.zeros((N, N + 3))
        for x, target, xi in zip(d["inputs"][k], d["target"][k], d["noise"][k]):
            f = np.tanh(w @ h + w_in @ x + (xi if port == "noise" else 0))
            score = np.outer(xi * (1 if port == "noise" else 1 - f**2), np.r_[h, x])
            p, total = (1 - LEAK) * p + LEAK * score, total + score
            h = h + LEAK * (-h + f + (xi if port == "output_noise" else 0))
            rewards.append(-((target - d["output"] @ h) ** 2).sum())
            step = ETA / STEPS * (rewards[-1] - expected[k % 2]) * p
            if each_step:
                w, w_in = w + step[:, :N], w_in + step[:, N:]
            elif not episodic:
                change += step
        losses.append(-sum(rewards))
        if episodic:
            loss = losses[-1] / (2 * STEPS)
            change = ETA / SIGMA**2 * (expected[k % 2] - loss) * total
        w, w_in = w + change[:, :N], w_in + change[:, N:]
        expected[k % 2] += RATE * ((loss if episodic else rewards[-1]) - expected[k % 2])
    assert np.abs(w - d["recurrent"]).max() > 1e-3
    return w, w_in, expected, np.array(losses) / (2 * STEPS if episodic else 1)


def run(port, episodic, each_step):
    """Return the plastic projections, and pairs of what reads a number and what it must be."""
    d, kind = given(), EpisodicReinforce if episodic else Reinforce
    defaultclock.dt = 1 * ms

    class Given(kind):
        constants = {"given": TimedArray(d["noise"].reshape(-1, N), dt=1 * ms)}
        explores = property(lambda self: {self.port: "given(t, i)"})

    task = TwoKinds(target=d["target"], inputs=d["inputs"], dt=1 * ms)
    net = LearningNetwork(
        task,
        RateNeurons(N, tau=1 * ms / LEAK, initial=0.1),
        Given(ETA, sigma=SIGMA, port=port),
        Linear() if episodic else Rewarding("-error**2"),
        credit=(RunningBaseline if episodic else RewardBaseline)(RATE, kinds=2),
        learn=PerStep() if each_step else PerTrial(),
        trained=("recurrent", "input"),
        initial={name: d[name] for name in ("recurrent", "input", "output")},
    )
    losses = LossMonitor(net.trials)
    net.add(losses)
    net.train(TRIALS)
    w, w_in, expected, wanted = recursion(port, episodic, each_step)
    parts = {"recurrent": net.recurrent, "input": net.input_synapses}
    return parts, [
        (net.recurrent.matrix, w),
        (net.input_synapses.matrix, w_in),
        (lambda: np.array(losses.loss[0]), wanted),
        *(
            (lambda k=k: np.array(getattr(net.trials, f"expected_{k}")), expected[k])
            for k in (0, 1)
        ),
    ]


CASES = {
    f"{port}-{name}": (port, *flags)
    for port in ("output_noise", "noise")
    for name, flags in {
        "in each step": (False, True),
        "at trial end": (False, False),
        "episodic": (True, False),
    }.items()
}


def compare(found):
    for read, expected in found:
        assert np.abs(read() - expected).max() <= 1e-12


#: Cases of which others are run by default.
RARELY = ("noise-in each step", "noise-at trial end")


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.model] * (case in RARELY)) for case in CASES]
)
def test_weights_are_those_of_the_recursion(case):
    compare(run(*CASES[case])[1])


@pytest.mark.model
@pytest.mark.compiled
def test_weights_are_those_of_the_recursion_on_cython():
    prefs.codegen.target = "cython"
    for arguments in CASES.values():
        parts, found = run(*arguments)
        compare(found)
        assert all(part.dense.why_not_dense is None for part in parts.values())


@pytest.mark.model
@pytest.mark.compiled
@pytest.mark.parametrize("case", CASES)
def test_weights_are_those_of_the_recursion_in_standalone_programs(case):
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        try:
            found = []
            for dense in (True, False):
                prefs["brian_rflo.dense_pass"] = dense
                parts, reads = run(*CASES[case])
                found.append(reads)
                assert {part.dense.why_not_dense is None for part in parts.values()} == {dense}
            brian_device.build(directory=None)
            for reads in found:
                compare(reads)
        finally:
            prefs["brian_rflo.dense_pass"] = True


TASK = PeriodicOutput(period=20 * ms)


def small(rule, readout=Rewarding("-error**2"), credit=RewardBaseline(0.2), **more):
    """Return a network of a few neurons, whose recurrent weights learn."""
    defaultclock.dt = TASK.dt
    neurons = more.pop("neurons", None) or RateNeurons(10, tau=5 * ms)
    more = {"trained": ("recurrent",), "learn": PerTrial()} | more
    return LearningNetwork(TASK, neurons, rule, readout, credit=credit, **more)


@pytest.mark.model
def test_episodic_reinforce_follows_the_gradient_of_the_loss():
    seed(2)
    exact = small(RFLO(0.1, tau=5 * ms), Linear(), None)
    gradient, runs = exact.gradient(1)["recurrent"], 40
    initial = {name: np.repeat(exact.weights()[name], 100, 0) for name in ("recurrent", "output")}
    neurons, rule = RateNeurons(100 * 10, tau=5 * ms), EpisodicReinforce(1e-9, sigma=0.05)
    more = dict(neurons=neurons, networks=100, initial=initial)
    net = small(rule, Linear(), RunningBaseline(1.0), **more)
    net.train(2)  # the first knows no expected loss
    before = net.weights()["recurrent"]
    net.train(runs)
    change = (net.weights()["recurrent"] - before).mean(axis=0) / (1e-9 * runs)
    cosine = -(change * gradient).sum() / np.linalg.norm(change) / np.linalg.norm(gradient)
    slope = -(change * gradient).sum() / (gradient**2).sum()
    assert cosine > 0.9 and abs(slope - 1) < 0.2


def test_noise_has_its_standard_deviation_and_ends_with_learning():
    seed(3)
    net = small(Reinforce(0.1, sigma=0.3), neurons=RateNeurons(50, tau=5 * ms))
    noise = StateMonitor(net.neurons, "output_noise", record=True, when="end")
    net.add(noise)
    result = net.train(1)
    assert abs(np.array(noise.output_noise).std() / 0.3 - 1) < 0.1
    assert (result.weights_after["recurrent"] != result.weights_before["recurrent"]).all()
    net.recurrent.plastic = False
    net.train(1)
    assert (np.array(noise.output_noise)[:, TASK.n_steps :] == 0).all()


@pytest.mark.parametrize("inner", [Linear(), Leaky(5 * ms, decay=0.01)])
def test_a_readout_pays_its_reward_and_is_else_as_it_was(inner):
    rule = Reinforce(0.1, sigma=0.3)
    seed(4)
    net = small(rule, Rewarding("2*int(abs(error) < 0.5)", inner))
    assert net.output.constraint == inner.constraint
    assert net.output.rule == inner.default_rule(0.1)
    errors = StateMonitor(net.readout, "error", record=True, when="end")
    rewards = RewardMonitor(net.trials)
    net.add(errors, rewards)
    result = net.train(3)
    expected = 2 * (np.abs(np.array(errors.error)) < 0.5).reshape(3, -1).sum(axis=1)
    assert np.array_equal(rewards.reward[0], expected) and np.ptp(expected) > 0
    assert np.array_equal(result.rewards, rewards.reward)
    assert result.settings["loss"] == "minus the rewards of a trial"


def test_the_gradient_of_a_reward_is_that_of_its_expression():
    rule = RFLO(0.1, tau=5 * ms)
    paid = small(rule, Rewarding("-error**2"), None).gradient(1)["recurrent"]
    plain = small(rule, Linear(), None).gradient(1)["recurrent"]
    np.testing.assert_allclose(paid, 2 * TASK.n_steps * plain, rtol=1e-12)


def test_the_monitor_tells_the_share_of_rewarded_trials():
    net = small(Reinforce(0.1, sigma=0.3), Rewarding("int(t_in_timesteps >= 60)"))
    rewards = RewardMonitor(net.trials)
    net.add(rewards)
    net.train(5)
    assert np.array_equal(rewards.reward, [[0, 0, 0, 20, 20]])
    assert np.array_equal(rewards.share(), [0.4]) and np.array_equal(rewards.share(last=2), [1.0])
    assert rewards.plot().get_ylabel() == "Share of rewarded trials"
    for last in (0, 6, 1.5):
        with pytest.raises((TypeError, ValueError)):
            rewards.share(last=last)


def test_time_constants_of_single_neurons_are_those_of_their_traces():
    neurons = RateNeurons(10, tau=np.linspace(2, 20, 10) * ms)
    net = small(Reinforce(0.1, sigma=0.3), neurons=neurons)
    assert "tau_post" in net.recurrent.rule.traces
    assert np.isfinite(net.train(2).losses).all()


def test_neurons_with_a_potential_explore_in_the_drive():
    neurons = PotentialNeurons(10, tau=5 * ms)
    result = small(Reinforce(0.1, sigma=0.3, port="noise", tau=5 * ms), neurons=neurons).train(2)
    assert (result.weights_after["recurrent"] != result.weights_before["recurrent"]).all()


REFUSED = {
    "sigma must be a finite positive number; got 0": lambda: Reinforce(0.1, sigma=0),
    "EpisodicReinforce: port must be": lambda: EpisodicReinforce(0.1, 0.3, port="drive"),
    "Reinforce: tau must be": lambda: Reinforce(0.1, sigma=0.3, tau=5),
    "reads the reward of each step, and no part has one; write": lambda: small(
        Reinforce(0.1, sigma=0.3), Linear()
    ),
    "Reinforce reads modulator_network in each step, but": lambda: small(
        Reinforce(0.1, sigma=0.3), credit=RunningBaseline(0.2)
    ),
    "EpisodicReinforce reads modulator_network once, at the end of a trial, and RewardB": lambda: (
        small(EpisodicReinforce(0.1, sigma=0.3))
    ),
    "in each step: only the last would count. Write PairDifference()": lambda: small(
        WeightPerturbation(0.1, sigma=0.3), neurons=RateNeurons(20, tau=5 * ms)
    ),
    "has no number 'modulator'": lambda: small(Reinforce(0.1, sigma=0.3), credit=None),
    "draw themselves; make them with output_noise_std=0": lambda: small(
        Reinforce(0.1, sigma=0.3), neurons=RateNeurons(10, tau=5 * ms, output_noise_std=0.1)
    ),
    "has no variable 'tau'": lambda: small(
        Reinforce(0.1, sigma=0.3, port="noise"),
        readout_rule=Reinforce(0.1, sigma=0.3, port="noise"),
    ),
    "must have it as rate neurons of this package do": lambda: small(
        Reinforce(0.1, sigma=0.3), neurons=LIFNeurons(10, 10 * ms, 5 * ms)
    ),
    "kinds must be 1, or": lambda: small(
        Reinforce(0.1, sigma=0.3), credit=RewardBaseline(0.2, kinds=3)
    ),
    "Rewarding: reward must be an expression": lambda: Rewarding(""),
    "contains 'erorr', which is undefined": lambda: small(
        Reinforce(0.1, sigma=0.3), Rewarding("-erorr**2")
    ),
    "decay belongs to the inner readout": lambda: Rewarding("-error**2", decay=0.1),
    "pays a reward already": lambda: Rewarding("1", Rewarding("-error**2")).build(TASK),
    "are not rewards": lambda: RewardMonitor(small(RFLO(0.1, tau=5 * ms), Linear(), None).trials),
    "RewardMonitor needs a Trials": lambda: RewardMonitor(3),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_is_refused_where_it_is_written(message):
    with pytest.raises((TypeError, ValueError, BrianObjectException)) as raised:
        REFUSED[message]()
    assert message in f"{raised.value} {raised.value.__cause__}"


def test_a_rule_of_the_users_own_learns_from_reward():
    page = Path(__file__).parent.parent / "docs" / "reward.md"
    (block,) = [text for text in python_blocks(page) if "class Surprise" in text]
    lines = [line for line in block.splitlines() if line.strip() and "assert" not in line]
    before = "from brian2 import *\nfrom brian_rflo import *\n"
    imports = re.findall(r"^from brian_rflo\.\S+ import .*$", python_blocks(page)[0], flags=re.M)
    found = {}
    exec(before + "\n".join(imports) + "\n" + block, found)
    assert len(lines) - 1 <= 20  # without the line that measures
    assert found["last"] - found["first"] > 0.25
