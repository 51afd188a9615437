"""Actor and critic, TD errors and rewarded rules, against seeded cases and a recursion in NumPy.

All random draws are given, so that nothing depends on a generator.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import Network, StateMonitor, TimedArray, defaultclock, ms, prefs, seed, set_device
from targets import LONG

from brian_rflo import (
    RFLO,
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
from brian_rflo.neurons import DerivedNeurons
from brian_rflo.readouts import ActorCritic, ActorCriticReadout, Linear, TaskInput
from brian_rflo.rules import (
    AdaptiveEProp,
    Exploration,
    LeakyDelta,
    Rewarded,
    WeightPerturbation,
)
from brian_rflo.schedule import DRAW, MODULATE
from brian_rflo.steps import Mechanism, Step
from brian_rflo.tasks import ArrayTask, PeriodicOutput
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
        waiting = {name: 0.0 for name in w}
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
                    waiting = {name: 0.0 for name in w}
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
    assert 0 < np.abs(td_errors).max()


def run(case):
    """Train the network of a case; return it, its result, and the TD errors."""
    net = build(case)
    errors = StateMonitor(net.trials, "modulator", record=True, when="end")
    net.add(errors)
    return net, net.train(len(case.inputs)), errors


@pytest.mark.parametrize("name", CASES)
def test_every_step_is_that_of_the_equations(name):
    defaultclock.dt = 1 * ms
    case = CASES[name]()
    compare(case, *run(case))
