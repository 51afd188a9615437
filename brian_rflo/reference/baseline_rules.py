"""Baseline rules by name: backward recursions over a trial, here, and forward recursions in time,
of `forward`.
"""

from dataclasses import dataclass

import numpy as np

from .forward import KFRTRL, RFLO, RKFRTRL, RTRL, UORO, KeRNL, SnAp1
from .forward.base import feedback_weights
from .products import product, sum_of_outer


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
        """Run a trial with constant weights; return it and the weight changes, summed over the
        trial.
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
        """Return the weight changes, summed over the trial.

        `rate_error` is the firing-rate term that is added to each neuron's projected error.
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
            "bias": gated.sum(axis=0)[..., None],
            "output_bias": trial.error.sum(axis=0)[..., None],
        }


#: The baselines by name.
RULES = {
    "rflo": RFLO(),
    "rtrl": RTRL(),
    "bptt": Backward(symmetric=True, nonlocal_=True),
    "local_symmetric": Backward(symmetric=True, nonlocal_=False),
    "nonlocal_random": Backward(symmetric=False, nonlocal_=True),
    "snap1": SnAp1(),
    "uoro": UORO(),
    "kf_rtrl": KFRTRL(),
    "rkf_rtrl": RKFRTRL(),
    "kernl": KeRNL(),
}


#: Those of them that go backwards through the trial; RFLO, which could, among them.
RULES_BACKWARD = {"rflo": Backward(symmetric=False, nonlocal_=False)} | {
    name: rule for name, rule in RULES.items() if isinstance(rule, Backward)
}
