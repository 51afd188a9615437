"""Actor and critic, TD errors and rewarded rules, against seeded cases and a recursion in NumPy.

All random draws are given, so that nothing depends on a generator.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import StateMonitor, TimedArray, defaultclock, ms, prefs, seed, set_device
from brian2 import device as brian_device

from brian_rflo import (
    RFLO,
    Adam,
    Delta,
    DiscreteLIFNeurons,
    EProp,
    LearningNetwork,
    LIFNeurons,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Trials,
)
from brian_rflo.brian.borrowed import get_identifiers
from brian_rflo.brian.devices import device
from brian_rflo.credit import (
    AdaptiveFeedback,
    Credit,
    RandomFeedback,
    RunningBaseline,
    SymmetricFeedback,
    TDError,
)
from brian_rflo.gradient import BPTT, GradientAlignment
from brian_rflo.network import TrialNetwork
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.readouts import (
    ActorCritic,
    ActorCriticReadout,
    Critic,
    Linear,
    Rewarding,
    TaskInput,
)
from brian_rflo.rules import (
    AdaptiveEProp,
    Exploration,
    LeakyDelta,
    Rewarded,
    WeightPerturbation,
)
from brian_rflo.schedule import DRAW, MODULATE, READOUT
from brian_rflo.steps import Mechanism, Step
from brian_rflo.tasks import ArrayTask, Conditioning
from brian_rflo.updates import L2

DATA = Path(__file__).parent / "data"
PATHS = {
    "random": RandomFeedback(),
    "symmetric": SymmetricFeedback(),
    "adaptive": AdaptiveFeedback(),
}
#: Numbers between 0 and 1 with which the unit that is drawn first has no noise.
CERTAIN = np.exp(-1)


def seeded(name):
    """Return a seeded case as the settings of a network of one copy."""
    d = dict(np.load(DATA / f"actor_critic_dev_{name}.npz"))
    trials, steps, n_in = d["inputs"].shape
    inputs, target = np.zeros((trials, steps + 1, n_in)), np.zeros((trials, steps + 1, 2))
    inputs[:, :-1] = d["inputs"]
    target[range(trials), -2, (d["cues"][:, 0] == d["cues"][:, 1]).astype(int)] = 1
    mask = np.zeros((trials, steps + 1))
    mask[:, -2] = 1
    odds = d["draws"] / (1 - d["draws"])  # action 0 where they are below those of action 0
    draws = np.stack([np.full(trials, CERTAIN), np.exp(-1 / odds), np.full(trials, CERTAIN)], 1)
    return SimpleNamespace(
        inputs=inputs,
        target=target,
        mask=mask,
        draws=np.repeat(draws, steps + 1, axis=0),
        before=weights_of(d, ""),
        after=weights_of({k: v[-1] for k, v in d.items() if k.endswith("after")}, "_after", d),
        td_errors=d["td_errors"].ravel(),
        rewards=d["rewards"],
        feedback=str(d["feedback"]),
        rates=(float(d["learning_rate"]), float(d["readout_learning_rate"])),
        **{k: float(d[k]) for k in ("leak", "discount", "entropy", "critic_weight")},
        networks=1,
        copies=1,
        batch=0,
        reward=lambda target: target,
        reward_text="target",
        spiking=None,
    )


def weights_of(d, when, before=None):
    """Return the weights of a case by name, as ``[network, post, pre]``."""
    when = when or "_before"
    found = {name: d[f"{name}{when}"][None] for name in ("recurrent", "input")}
    found["output"] = np.vstack([d[f"policy{when}"], d[f"value{when}"]])[None]
    if before is None:
        found["feedback"] = np.vstack([d["policy_feedback"], d["value_feedback"]]).T[None]
    return found


def own(actions=3, n=6, steps=7, trials=6, networks=1, copies=1, number=0, **given):
    """Return the settings of a network that is drawn here."""
    rng = np.random.default_rng((26, number))
    mask = np.zeros((trials, steps))
    mask[:, -2] = 1
    units = actions + 1
    shapes = {
        "recurrent": (n, n),
        "input": (n, 2),
        "output": (units, n),
        "feedback": (n, units),
    }
    case = SimpleNamespace(
        inputs=rng.standard_normal((trials, steps, 2)),
        target=rng.random((trials, steps, actions)),
        mask=mask,
        draws=rng.random((trials // copies * steps, networks * copies * units)),
        before={k: 0.7 * rng.standard_normal((networks, *v)) for k, v in shapes.items()},
        feedback="random",
        rates=(0.05, 0.03),
        leak=0.3,
        discount=0.9,
        entropy=0.1,
        critic_weight=0.4,
        networks=networks,
        copies=copies,
        batch=0,
        reward=lambda target: target,
        reward_text="target",
        spiking=None,
    )
    vars(case).update(given)
    return case


def twice_in_a_trial():
    """Return a case with two decisions in a trial, one of which counts half."""
    case = own(networks=2, feedback="adaptive", number=1)
    case.mask[:, 2] = 0.5
    case.reward, case.reward_text = lambda target: 2 * target - 1, "2*target - 1"
    return case


ADAPTIVE = dict(alpha=0.9, rho=0.95, kappa=0.8, threshold=0.6, beta=0.3)
CASES = {
    "seeded-a": lambda: seeded("a"),
    "seeded-b": lambda: seeded("b"),
    "two decisions": twice_in_a_trial,
    "side by side": lambda: own(
        actions=2, copies=2, batch=2, feedback="symmetric", entropy=0.0, discount=1.0, number=2
    ),
    "one after the other": lambda: own(actions=2, networks=2, batch=3, number=3),
    "spiking": lambda: own(actions=4, n=8, steps=15, spiking=ADAPTIVE, number=4),
    "spiking, once per trial": lambda: own(n=7, batch=1, spiking=ADAPTIVE, number=5),
}


class Rate:
    """A trial of rate neurons with RFLO's trace."""

    def __init__(self, case, w):
        self.leak, self.w = case.leak, w
        n, n_in = w["input"].shape
        self.activity, self.trace = np.zeros(n), np.zeros((n, n + n_in))

    def step(self, x):
        """Advance a time step."""
        before = np.concatenate([self.activity, x])
        f = np.tanh(np.hstack([self.w["recurrent"], self.w["input"]]) @ before)
        self.trace += self.leak * (np.outer(1 - f**2, before) - self.trace)
        self.activity = self.activity + self.leak * (f - self.activity)
        return self.w["output"] @ self.activity, self.activity


class Spiking:
    """A trial of adaptive neurons in discrete time, with the trace of e-prop and leaky outputs."""

    def __init__(self, case, w):
        self.w, n, n_in = w, *w["input"].shape
        self.__dict__ |= case.spiking
        self.v, self.a, self.z, self.psp = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n + n_in)
        self.eps, self.trace = np.zeros((n, n + n_in)), np.zeros((n, n + n_in))
        self.arriving = np.zeros(n)
        self.output, self.filtered = np.zeros(len(w["output"])), np.zeros(n)

    def step(self, x):
        """Advance a time step."""
        before = np.concatenate([self.z, x])
        drive = self.arriving + self.w["input"] @ x
        self.v = self.alpha * self.v + drive - self.threshold * self.z
        self.a = self.rho * self.a + self.z
        self.psp = self.alpha * self.psp + before
        away = self.v - (self.threshold + self.beta * self.a)
        gain = 0.3 / self.threshold * np.clip(1 - np.abs(away) / self.threshold, 0, None)
        eligibility = gain[:, None] * (self.psp - self.beta * self.eps)
        self.eps = self.rho * self.eps + eligibility
        self.trace = self.kappa * self.trace + (1 - self.kappa) * eligibility
        self.z = (away >= 0) * 1.0
        self.arriving = self.w["recurrent"] @ self.z  # sent before weights change
        self.output = self.kappa * self.output + (1 - self.kappa) * (self.w["output"] @ self.z)
        self.filtered = self.kappa * self.filtered + (1 - self.kappa) * self.z
        return self.output, self.filtered


def recursion(case):
    """Return weights after all trials, rewards and TD errors, by the equations of the papers."""
    actions, steps = case.target.shape[2], case.target.shape[1]
    weights, rewards, errors = [], [], []
    for network in range(case.networks):
        w = {name: values[network].copy() for name, values in case.before.items()}
        waiting = dict.fromkeys(w, 0.0)
        for trial in range(len(case.inputs)):
            neurons = (Spiking if case.spiking else Rate)(case, w)
            tag, tag_out = np.zeros_like(neurons.trace), np.zeros_like(w["output"])
            value_before, owed, earned = None, 0.0, 0.0
            for step in range(steps):
                output, seen = neurons.step(case.inputs[trial, step])
                value = output[-1] * (step < steps - 1)
                reward, earned = owed, earned + owed
                delta = 0.0 if value_before is None else reward + case.discount * value
                delta -= 0.0 if value_before is None else value_before
                errors.append(delta)
                p = np.exp(output[:-1]) / np.exp(output[:-1]).sum()
                copy = network * case.copies + trial % case.copies
                row = trial // case.copies * steps + step
                draw = case.draws[row, copy * (actions + 1) :][:actions]
                counts = case.mask[trial, step]
                winner = np.eye(actions)[np.argmax(output[:-1] - np.log(-np.log(draw)))]
                owed = counts * case.reward(case.target[trial, step]) @ winner if counts else 0.0
                error = np.append(counts * (winner - p), case.critic_weight * (step < steps - 1))
                entropy = -(p * np.log(p)).sum()
                bonus = np.append(-case.entropy * counts * p * (np.log(p) + entropy), 0)
                back = w["output"].T if case.feedback == "symmetric" else w["feedback"]
                signal = back @ error
                n = len(signal)
                paid = case.rates[0] * delta * tag
                paid_out = case.rates[1] * delta * tag_out
                change = {
                    "recurrent": paid[:, :n],
                    "input": paid[:, n:],
                    "output": paid_out + case.rates[1] * np.outer(bonus, seen),
                    "feedback": paid_out.T * (case.feedback == "adaptive"),
                }
                for name in w:
                    waiting[name] = waiting[name] + change[name]
                is_last = step == steps - 1 and case.batch and (trial + 1) % case.batch == 0
                if not case.batch or is_last:
                    for name in w:
                        w[name] += waiting[name]
                    waiting = dict.fromkeys(w, 0.0)
                tag = case.discount * tag + signal[:, None] * neurons.trace
                tag_out = case.discount * tag_out + np.outer(error, seen)
                value_before = value
            rewards.append(earned)
        weights.append(w)
    found = {name: np.stack([w[name] for w in weights]) for name in case.before}
    return found, np.reshape(rewards, (case.networks, -1)), np.array(errors)


def build(case):
    """Return the network of a case."""
    task = ArrayTask(target=case.target, inputs=case.inputs, mask=case.mask, dt=1 * ms)
    copies = case.networks * case.copies
    n, tau = case.before["recurrent"].shape[-1], 1 * ms / case.leak
    if case.spiking:
        s = SimpleNamespace(**case.spiking)
        taus = {name: -1 * ms / np.log(getattr(s, name)) for name in ("alpha", "rho", "kappa")}
        neurons = DiscreteLIFNeurons(
            copies * n,
            taus["alpha"],
            tau_adapt=taus["rho"],
            beta=s.beta,
            threshold=s.threshold,
            refractory=0 * ms,
            scale_input=False,
        )
        inner = AdaptiveEProp(1.0, tau=taus["kappa"], tau_adapt=taus["rho"])
        outer, tau_out = LeakyDelta(case.rates[1], taus["kappa"]), taus["kappa"]
    else:
        neurons, inner = RateNeurons(copies * n, tau=tau, initial=0), RFLO(1.0, tau=tau)
        outer, tau_out = Delta(case.rates[1]), None
    batch = {"copies": case.copies, "batch": case.batch // case.copies}
    net = LearningNetwork(
        task,
        neurons,
        Rewarded(inner, case.discount, learning_rate=case.rates[0]),
        ActorCritic(
            entropy=case.entropy,
            critic_weight=case.critic_weight,
            reward=case.reward_text,
            tau=tau_out,
        ),
        Rewarded(outer, case.discount),
        credit=(PATHS[case.feedback], TDError(case.discount)),
        learn=PerTrial(**batch) if case.batch else PerStep(),
        initial={
            name: values
            for name, values in case.before.items()
            if (name, case.feedback) != ("feedback", "symmetric")
        },
        networks=case.networks,
    )
    net.readout.namespace["drawn_before"] = TimedArray(case.draws, dt=1 * ms)
    net.readout.run_regularly("draw = drawn_before(t, i)", **DRAW.behind())
    return net


def moved(case, weights):
    """Return the largest change of the weights of each projection."""
    return {name: np.abs(values - case.before[name]).max() for name, values in weights.items()}


def compare(case, net, result, errors):
    """Compare a network with the recursion, and with what a case holds."""
    weights, rewards, td_errors = recursion(case)
    learn = ("recurrent", "input", "output")
    assert min(moved(case, weights)[name] for name in learn) > 1e-3
    names = [*learn, *(["feedback"] if case.feedback == "adaptive" else [])]
    for name in names:
        assert np.abs(result.weights_after[name] - weights[name]).max() <= 1e-12
    assert np.abs(result.rewards - rewards).max() <= 1e-12
    found = np.asarray(errors.modulator)
    if case.copies == 1:
        assert np.abs(found.ravel() - td_errors).max() <= 1e-12
    for name, values in getattr(case, "after", {}).items():
        assert np.abs(result.weights_after[name] - values).max() <= 1e-12
    if hasattr(case, "td_errors"):
        assert np.abs(found[0] - case.td_errors).max() <= 1e-12
        assert (result.rewards[0] == case.rewards).all()
    assert np.abs(td_errors).max() > 0


def run(case):
    """Train the network of a case; return it, its result, and the TD errors."""
    net = build(case)
    errors = StateMonitor(net.trials, "modulator", record=True, when="end")
    net.add(errors)
    return net, net.train(len(case.inputs)), errors


#: Cases of the long set.
LONGER = {"one after the other", "spiking, once per trial"}


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[pytest.mark.model] * (one in LONGER)) for one in CASES]
)
def test_every_step_is_that_of_the_equations(name):
    defaultclock.dt = 1 * ms
    case = CASES[name]()
    compare(case, *run(case))


@pytest.mark.model
@pytest.mark.compiled
@pytest.mark.parametrize("name", CASES)
def test_every_step_on_cython(name):
    prefs.codegen.target = "cython"
    for dense in (True, False) if name.startswith("seeded") else (True,):
        prefs["brian_rflo.dense_pass"] = dense
        try:
            case = CASES[name]()
            net, *found = run(case)
            compare(case, net, *found)
        finally:
            prefs["brian_rflo.dense_pass"] = True
        assert {part.dense.why_not_dense is None for part in net.learners.values()} == {dense}
        if case.batch:
            reason = "what it does in each step is more than to add up"
            assert {part.dense.why_not_batched for part in net.learners.values()} == {reason}


@pytest.mark.model
@pytest.mark.compiled
@pytest.mark.parametrize("name", CASES)
def test_every_step_in_standalone_programs(name):
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        try:
            defaultclock.dt = 1 * ms
            found = []
            for dense in (True, False):
                prefs["brian_rflo.dense_pass"] = dense
                case = CASES[name]()
                found.append((case, *run(case)))
                parts = found[-1][1].learners.values()
                assert {part.dense.why_not_dense is None for part in parts} == {dense}
            brian_device.build(directory=None)
            for one in found:
                compare(*one)
        finally:
            prefs["brian_rflo.dense_pass"] = True


def bandit(steps=4, trials=8, actions=2, number=0):
    """Return a task in which the sign of the input says which action is rewarded."""
    kinds = np.arange(trials) % actions
    inputs = np.repeat(np.eye(actions)[kinds][:, None], steps, axis=1)
    target, mask = np.zeros((trials, steps, actions)), np.zeros(steps)
    target[range(trials), -2, kinds], mask[-2] = 1, 1
    return ArrayTask(target=target, inputs=inputs, mask=mask, dt=1 * ms, seed=number)


def network(rule=None, readout=ActorCritic(), credit=TDError(0.9), task=None, n=6, **more):
    """Return a network of a few neurons that learns from reward."""
    defaultclock.dt = 1 * ms
    neurons = more.pop("neurons", None) or RateNeurons(n, tau=3 * ms, initial=0)
    rule = rule or Rewarded(RFLO(0.05, tau=3 * ms), 0.9)
    return LearningNetwork(task or bandit(), neurons, rule, readout, credit=credit, **more)


def test_a_choice_is_learned_by_several_networks():
    seed(4)
    net = network(
        Rewarded(RFLO(0.2, tau=3 * ms), 0.9), ActorCritic(entropy=0.02), n=3 * 8, networks=3
    )
    rewards = net.train(160).rewards
    assert (rewards[:, :20].mean(axis=1) < 0.8).all()
    assert (rewards[:, -40:].mean(axis=1) > 0.9).all()


def test_actions_are_drawn_with_their_probabilities():
    seed(1)
    net = network(readout=ActorCritic(), task=bandit(3, 1, 3), n=300 * 2, networks=300)
    net.output.w = "4*randn()"
    seen = StateMonitor(net.readout, ["winner", "probability"], record=True, when="end")
    net.add(seen)
    net.output.plastic = net.recurrent.plastic = net.input_synapses.plastic = False
    net.train(6)
    shape = (300, 4, 6, 3)  # network, unit, trial, step
    winner, p = (np.asarray(getattr(seen, k)).reshape(shape) for k in ("winner", "probability"))
    assert (winner[:, :3, :, 1].sum(axis=1) == 1).all() and winner[:, 3].sum() == 0
    assert winner[:, :, :, [0, 2]].sum() == 0  # in steps that do not count
    chosen, expected = winner[:, :3, :, 1], p[:, :3, :, 1]
    assert expected.std() > 0.1
    for low, high in ((0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 1)):
        inside = (expected >= low) & (expected < high)
        spread = np.sqrt((expected * (1 - expected))[inside].sum())
        assert abs((chosen - expected)[inside].sum()) < 4 * spread


LIF = dict(tau=10 * ms, tau_syn=3 * ms, bias=1.2)
ELIGIBILITIES = {
    "LIF": lambda: (LIFNeurons(6, **LIF), EProp(0.1, tau=3 * ms)),
    "slope outside the trace": lambda: (PotentialNeurons(6, tau=5 * ms), None),
}


@pytest.mark.parametrize("name", ELIGIBILITIES)
def test_the_tag_sums_updates_of_any_rule_and_the_modulator_pays_it(name):
    defaultclock.dt = 1 * ms
    seed(2)
    neurons, rule = ELIGIBILITIES[name]()
    net = network(Rewarded(rule or neurons.rule(0.1), 0.8), neurons=neurons, task=bandit(12, 2))
    synapses = net.recurrent
    named = get_identifiers(synapses.rule.eligibility) & set(synapses.variables)
    ends = {one: one.removesuffix("_post") for one in named if one.endswith("_post")}
    own = [*(named - set(ends)), "tag", "last_update"]
    shown = StateMonitor(synapses, own, record=True, when="end")
    cells = StateMonitor(neurons, [*ends.values()], record=True, when="end")
    modulator = StateMonitor(net.trials, "modulator", record=True, when="end")
    net.add(shown, cells, modulator)
    before = np.array(synapses.w)
    net.train(1)
    read = {one: np.asarray(getattr(shown, one)) for one in own}
    read |= {one: np.asarray(getattr(cells, of))[synapses.j] for one, of in ends.items()}
    update = eval(synapses.rule.eligibility, {}, read)
    assert np.abs(update - read["last_update"]).max() < 1e-15 and np.abs(update).max() > 1e-4
    tag, change = 0.0, 0.0
    for step in range(12):
        change += 0.1 * modulator.modulator[0, step] * tag
        assert np.abs(read["tag"][:, step] - tag).max() < 1e-12
        tag = 0.8 * tag + update[:, step]
    assert np.abs(np.array(synapses.w) - before - change).max() < 1e-12
    assert np.abs(change).max() > 1e-6


@dataclass(frozen=True)
class Surprise(Mechanism):
    """Reward less what is expected."""

    rate: float

    variables = {"network": "modulator : 1\nexpected : 1"}
    steps = (
        Step("modulator = reward - expected", MODULATE, "network"),
        Step("expected += rate*(reward - expected)", MODULATE.behind(2), "network", "trial_end"),
    )


def test_parts_by_hand_with_a_modulator_of_ones_own():
    task = bandit(5, 3, 2)
    defaultclock.dt = task.dt
    neurons, inputs = RateNeurons(4, tau=3 * ms, initial=0), TaskInput(task)
    readout = ActorCriticReadout(task, critic=False, reward="3*target - probability")
    rule = Rewarded(RFLO(0.5, tau=3 * ms), discount=1)
    recurrent = PlasticSynapses(neurons, neurons, rule, onto="I_rec", name="recurrent")
    incoming = PlasticSynapses(inputs, neurons, rule, onto="I_in", name="incoming")
    output = PlasticSynapses(neurons, readout, Rewarded(Delta(0.3), 1), "output", name="output")
    rng = np.random.default_rng(3)
    for part in (recurrent, incoming, output):
        part.connect()
        part.set_matrix(rng.standard_normal(part.matrix().shape))
    back = Credit(RandomFeedback(), readout, neurons, output)
    surprise = Surprise(0.5)
    trials = Trials(task, neurons, readout, recurrent, incoming, output, back, surprise)
    net = TrialNetwork(neurons, inputs, readout, recurrent, incoming, output, *back, trials)
    names = ["winner", "probability", "error", "reward", "target"]
    seen = StateMonitor(readout, names, record=True, when="end")
    activity = StateMonitor(neurons, "activity", record=True, when="end")
    net.add(seen, activity)
    before = output.matrix()
    result = net.train(3)
    shape = (2, 3, 5)
    read = {name: np.asarray(getattr(seen, name)).reshape(shape) for name in names}
    owed = read["winner"] * (3 * read["target"] - read["probability"])
    assert np.abs(read["reward"][:, :, 4] - owed[:, :, 3]).max() == 0
    assert np.abs(read["reward"][:, :, :4]).max() == 0
    rewards = owed[:, :, 3].sum(axis=0)
    assert np.abs(result.rewards[0] - rewards).max() < 1e-15
    h, expected, w = np.asarray(activity.activity).reshape(4, 3, 5), 0.0, before.copy()
    for trial, reward in enumerate(rewards):
        tag = 0.0
        for step in range(5):
            w += 0.3 * ((step == 4) * reward - expected) * tag
            tag = tag + np.outer(read["error"][:, trial, step], h[:, trial, step])
        expected += 0.5 * (reward - expected)
    assert np.abs(output.matrix() - w).max() < 1e-14 and np.abs(w - before).max() > 1e-3


def test_in_a_stream_nothing_ends():
    rng = np.random.default_rng(5)
    target, inputs = rng.random((3, 4, 2)), rng.standard_normal((3, 4, 2))
    task = ArrayTask(
        target=target, inputs=inputs, mask=[0, 1, 0, 1], dt=1 * ms, continuous=True, order="in turn"
    )
    net = network(task=task)
    errors = StateMonitor(net.trials, ["modulator", "value", "reward"], record=True, when="end")
    units = StateMonitor(net.readout, ["output", "winner", "target"], record=True, when="end")
    net.add(errors, units)
    result = net.train(6)
    value, reward = np.asarray(errors.value[0]), np.asarray(errors.reward[0])
    assert np.array_equal(value, np.asarray(units.output)[2]) and (value[3::4] != 0).all()
    due = (np.asarray(units.winner) * np.asarray(units.target)).sum(axis=0)
    assert np.array_equal(reward[1:], due[:-1]) and reward[0] == 0 and (due[3::4] > 0).all()
    expected = np.append(0, reward[1:] + 0.9 * value[1:] - value[:-1])
    assert np.abs(np.asarray(errors.modulator[0]) - expected).max() < 1e-15
    assert np.allclose(result.rewards[0], reward.reshape(6, 4).sum(axis=1))


def test_training_in_pieces_from_a_file_and_beside_an_evaluation(tmp_path):
    net = network(readout=ActorCritic(entropy=0.1))
    net.readout.run_regularly("draw = (sin(t/ms + i) + 1.01)/2.02", **DRAW.behind())
    path = net.save(tmp_path / "start.npz")
    result = net.train(4)
    whole, before = result.weights_after, result.weights_before
    net.load(path)
    net.train(2)
    net.evaluate(1)
    path = net.save(tmp_path / "half.npz")
    net.train(1)
    net.load(path)
    parts = net.train(2).weights_after
    for name in ("recurrent", "output", "input"):
        assert np.array_equal(whole[name], parts[name])
        assert (whole[name] != before[name]).any()


def test_results_have_rewards(tmp_path):
    seed(5)
    net = network()
    result = net.train(8)
    assert result.output.shape == (1, 4, 3) and np.isnan(result.target[:, 2]).all()
    assert set(result.rewards.ravel()) <= {0, 1} and (result.rewards == -result.losses).all()
    assert "reward" in str(result) and "loss" not in str(result)
    assert result.plot()[0].get_ylabel() == "Reward"
    read = type(result).load(result.save(tmp_path / "result.npz"))
    assert np.array_equal(read.rewards, result.rewards)
    assert net.evaluate(2).rewards.shape == (1, 2)
    with pytest.raises(ValueError, match="rewards come with"):
        network(RFLO(0.1, tau=3 * ms), Linear(), credit=None).train(1).rewards  # noqa: B018


def test_a_penalty_counts_once_per_trial():
    rule = L2(0.01).around(Rewarded(RFLO(0.5, tau=3 * ms), 0.9))
    net = network(rule, readout_rule=Rewarded(Delta(0.5)), trained=("recurrent",))
    net.output.w = 0  # nothing comes back from actions, the value is 0
    net.feedback.w = 0
    before = np.array(net.recurrent.w)
    net.train(1)
    assert np.abs(np.array(net.recurrent.w) - before * (1 - 0.5 * 0.01 / 4) ** 4).max() < 1e-15


def test_adam_learns_from_reward_in_each_step():
    def trained(rate, *optimizer):
        seed(5)
        inner, readout = (replace(one, learning_rate=rate) for one in (RFLO(1, 3 * ms), Delta(1)))
        net = network(
            Rewarded(inner, 0.9),
            ActorCritic(entropy=0.1),
            readout_rule=Rewarded(readout, 0.9),
            learn=PerStep(*optimizer),
        )
        return net.train(3).weights_after["output"]

    # without memory and with a large epsilon it is gradient descent
    by_adam = trained(0.2e9, Adam(beta_1=0, beta_2=0, epsilon=1e9))
    assert np.abs(by_adam - trained(0.2)).max() < 1e-8


def test_what_is_unused_is_not_there():
    plain = network(readout=ActorCritic())
    assert not {"bonus", "uncertainty", "entropy"} & set(plain.readout.variables)
    assert plain.output.rule.update == "modulator_network*tag"
    encouraged = network(readout=ActorCritic(entropy=0.1))
    expected = "modulator_network*tag + bonus_post*activity_pre"
    assert encouraged.output.rule.update == expected
    assert encouraged.recurrent.rule.update == "modulator_network*tag"
    encouraged.readout.entropy = 0.05
    with pytest.raises(ValueError, match="entropy must be a finite number"):
        encouraged.readout.entropy = -1
    assert Rewarded(Delta(0.1), at_once="bonus_post*2").update.endswith("bonus_post*2")


def test_a_reward_that_is_no_number_ends_the_training(caplog):
    seed(3)
    net = network(readout=ActorCritic(reward="log(target - 2)"))
    with np.errstate(all="ignore"):
        result = net.train(3)
    assert result.diverged_in[0] == 0 and "diverged" in caplog.text
    net = network()
    net.readout.namespace["nothing"] = TimedArray([np.nan], dt=1 * ms)
    net.readout.run_regularly("output = nothing(t)", **READOUT.behind(9))
    for part in (net.recurrent, net.input_synapses, net.output):
        part.plastic = False
    assert np.isnan(net.train(1).rewards).all()


def plain(task=None, **more):
    return network(RFLO(0.1, tau=3 * ms), task=task, **more)


def masked(mask):
    return replace(bandit(), mask=mask)


def aligned(net):
    GradientAlignment(net)
    net.train(1)


REFUSED = {
    "plain rule": (plain, "must learn from reward; write Rewarded"),
    "plain rule of the neurons": (
        lambda: plain(readout_rule=Rewarded(Delta(0.1))),
        "RFLO must learn from reward",
    ),
    "plain rule of the readout": (
        lambda: network(readout_rule=Delta(0.1)),
        "so Delta must learn from reward",
    ),
    "pairs": (
        lambda: network(WeightPerturbation(0.1, 0.1), ActorCritic(critic=False), None),
        "compares pairs of trials, which choose actions",
    ),
    "no modulator": (lambda: network(credit=None), "nothing reads the value"),
    "no modulator, no critic": (
        lambda: network(readout=ActorCritic(critic=False), credit=None),
        "no number 'modulator'.*TDError",
    ),
    "no critic": (
        lambda: network(readout=ActorCritic(critic=False)),
        "TDError reads the value of each step",
    ),
    "another readout": (
        lambda: network(readout=Linear()),
        "TDError reads the reward of each step.*ActorCritic",
    ),
    "a modulator at the end": (
        lambda: network(readout=ActorCritic(critic=False), credit=RunningBaseline(0.5)),
        "in each step, but it is known at the end of a trial",
    ),
    "an entropy that nothing reads": (
        lambda: network(
            Exploration(0.1, state="activity"),
            ActorCritic(critic=False, entropy=0.1),
            RunningBaseline(0.5),
            readout_rule=Exploration(0.1, state="output"),
        ),
        "Exploration does not read it",
    ),
    "no step for the reward": (
        lambda: network(task=masked([0, 0, 0, 1])),
        "Give the task one step more, with the mask 0",
    ),
    "a mask of each action": (
        lambda: network(task=masked(np.ones((4, 2)))),
        "the actions of a step count together",
    ),
    "an unknown name": (
        lambda: network(readout=ActorCritic(reward="2*correct - 1")),
        "contains 'correct', which is undefined",
    ),
    "a name of what is not yet known": (
        lambda: network(readout=ActorCritic(reward="-error**2")),
        "contains 'error', which an action does not have when it is chosen",
    ),
    "a reward by the sum of rewards": (
        lambda: network(RFLO(0.1, tau=3 * ms), Rewarding("-loss"), None),
        "contains 'loss', which is minus the sum of rewards itself; write",
    ),
    "another discount of the loss": (
        lambda: network(readout=Critic(0.8), task=Conditioning(repeats=1)),
        r"the loss of discount=0\.8, and TDError\(discount=0\.9\) .*Critic\(discount=0\.9\)",
    ),
    "no expression": (lambda: ActorCritic(reward="x = 1"), "must be an expression"),
    "no text": (lambda: ActorCritic(reward=1), "must be an expression"),
    "entropy": (lambda: ActorCritic(entropy=-1), "entropy must be"),
    "weight": (lambda: ActorCritic(critic_weight=np.nan), "critic_weight must be"),
    "critic": (lambda: ActorCritic(critic="yes"), "critic must be True or False"),
    "tau": (lambda: ActorCritic(tau=3), "tau must be a time"),
    "a rule with a penalty": (
        lambda: Rewarded(L2(0.1).around(Delta(0.1))),
        r"read at 'step', 'trial_end'\. Put penalties",
    ),
    "rewarded twice": (lambda: Rewarded(Rewarded(Delta(0.1))), "reads modulator_network itself"),
    "a rule that perturbs": (lambda: Rewarded(WeightPerturbation(0.1, 0.1)), "use it without"),
    "a rule that explores": (lambda: Rewarded(Exploration(0.1)), "use it without"),
    "no rule": (lambda: Rewarded(Delta), "rule must be a LearningRule"),
    "discount": (lambda: Rewarded(Delta(0.1), 1.1), "discount must be a number from 0 to 1"),
    "discount of TD": (lambda: TDError(np.nan), "discount must be a number from 0 to 1"),
    "gradient": (lambda: network().gradient(1), "actions that are drawn"),
    "BPTT": (lambda: network().train(2, learn=BPTT(0.1)), "actions that are drawn"),
    "alignment": (lambda: aligned(network()), "actions that are drawn"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_where_it_is_written(name):
    act, message = REFUSED[name]
    defaultclock.dt = 1 * ms
    with pytest.raises((TypeError, ValueError), match=message):
        act()
