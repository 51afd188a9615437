"""Baseline rules of rate networks: backward recursions over a trial, and recursions in time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Backward:
    """A rule as a backward recursion over the trial (the paper's four rules of figure 2d).

        z(t) = F eps(t) + (1 - 1/tau) z(t+1) + nonlocal W^T [tanh'(u(t+1)) z(t+1)]/tau
        dW = sum over t of [tanh'(u(t)) z(t)/tau] h(t-1)^T

    F is the transposed readout where `symmetric`, else the fixed random feedback.
    """

    symmetric: bool
    nonlocal_: bool

    def run(self, simulation, inputs, target, mask):
        """A trial, and the changes of the weights summed over it; within the trial weights are at
        rest.
        """
        if simulation.neurons is not None:
            trial = simulation.neurons.trial(
                simulation.weights, inputs, target, mask, simulation.finished
            )
            return trial, simulation.neurons.changes(
                self, trial, simulation.weights, simulation.rate_error(trial.spikes)
            )
        trial = simulation.at_rest(inputs, target, mask)
        return trial, self.changes(
            trial, simulation.weights, simulation.tau, simulation.rate_error(trial.after)
        )

    def changes(self, trial, weights, tau, rate_error=0.0):
        """Changes of the weights, summed over the trial; `rate_error` is what regularisation adds
        to each neuron's projected error.
        """
        backwards, gated, gain = (
            np.ascontiguousarray(weights["recurrent"].swapaxes(-1, -2)),
            np.empty_like(trial.gain),
            trial.gain / tau,
        )
        signals, keep = (
            product(feedback_weights(self, weights), trial.error) + rate_error,
            1 - 1 / tau,
        )
        signal = signals[-1]
        for step in range(len(gated) - 1, -1, -1):
            gated[step] = gain[step] * signal
            signal = signals[step - 1] + keep * signal
            if self.nonlocal_:
                signal += product(backwards, gated[step])
        return {
            "recurrent": sum_of_outer(gated, trial.before),
            "input": np.moveaxis(gated, 0, 2) @ trial.inputs,
            "output": sum_of_outer(trial.error, trial.after),
        }


@dataclass(frozen=True)
class Forward:
    """A rule as traces that run forward in time, with a signal for each trace."""

    symmetric: bool
    start: Callable
    advance: Callable
    change: Callable

    def run(self, simulation, inputs, target, mask):
        """A trial with traces; weights change in each step, or the changes are summed for the end
        of the trial.
        """
        traces, sums = self.start(simulation.weights), {}
        for trial, step in simulation.step_by_step(inputs, target, mask):
            sent = trial.before[step], inputs[step][None]
            traces = self.advance(
                simulation.weights, traces, trial.gain[step], sent, simulation.tau
            )
            signal = product(feedback_weights(self, simulation.weights), trial.error[step])
            recurrent, inward = self.change(signal, traces)
            changes = {
                "recurrent": recurrent,
                "input": inward,
                "output": outer(trial.error[step], trial.after[step]),
            }
            if simulation.online:
                simulation.learn(changes)
            else:
                sums = {name: sums.get(name, 0) + change for name, change in changes.items()}
        return trial, sums


def feedback_weights(rule, weights):
    """The matrix that brings the error back."""
    return weights["output"].swapaxes(-1, -2) if rule.symmetric else weights["feedback"]


def product(matrices, vectors):
    """Matrix times vector, for each network."""
    return (matrices @ vectors[..., None])[..., 0]


def outer(left, right):
    """Outer product ``[network, left, right]``."""
    return left[..., :, None] * right[..., None, :]


def sum_of_outer(left, right):
    """Sum over time, the first axis, of outer products."""
    return np.moveaxis(left, 0, 2) @ np.moveaxis(right, 0, 1)


def rflo_start(weights):
    """Eligibility traces of recurrent and input weights, all zero."""
    return np.zeros_like(weights["recurrent"]), np.zeros_like(weights["input"])


def rflo_advance(weights, traces, gain, sent, tau):
    """Murray 2019, equation 5: p(t) = (1 - 1/tau) p(t-1) + 1/tau tanh'(u_a(t)) h_b(t-1), and with
    x_b(t) for inputs.
    """
    return tuple(
        trace + (-trace + outer(gain, source)) / tau for trace, source in zip(traces, sent)
    )


def rflo_change(signal, traces):
    """Murray 2019, equation 3: [B eps]_a p_ab."""
    return tuple(signal[..., None] * trace for trace in traces)


def rtrl_start(weights):
    """Derivative of each unit's activity by each weight, ``[network, unit, post, pre]``."""
    shapes = (weights["recurrent"].shape, weights["input"].shape)
    return tuple(np.zeros((shape[0], shape[1], *shape[1:])) for shape in shapes)


def rtrl_advance(weights, traces, gain, sent, tau):
    """Williams and Zipser 1989: dh/dW(t) = (1 - 1/tau) dh/dW(t-1) + tanh'(u(t))/tau [W dh/dW(t-1) +
    immediate part].
    """
    units = np.arange(gain.shape[-1])
    after = []
    for trace, source in zip(traces, sent):
        drive = np.einsum("kij,kjab->kiab", weights["recurrent"], trace)
        drive[:, units, units] += source[:, None, :]
        after.append(trace + (-trace + gain[..., None, None] * drive) / tau)
    return tuple(after)


def rtrl_change(signal, traces):
    """The gradient: feedback of each unit times its derivative, summed over units."""
    return tuple(np.einsum("ki,kiab->kab", signal, trace) for trace in traces)


#: The baselines by name.
RULES = {
    "rflo": Forward(False, rflo_start, rflo_advance, rflo_change),
    "rtrl": Forward(True, rtrl_start, rtrl_advance, rtrl_change),
    "bptt": Backward(symmetric=True, nonlocal_=True),
    "local_symmetric": Backward(symmetric=True, nonlocal_=False),
    "nonlocal_random": Backward(symmetric=False, nonlocal_=True),
}


#: Those of them that go backwards through the trial; RFLO, which could, among them.
RULES_BACKWARD = {"rflo": Backward(symmetric=False, nonlocal_=False)} | {
    name: rule for name, rule in RULES.items() if isinstance(rule, Backward)
}
