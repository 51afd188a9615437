"""The spiking network of `LIFNeurons` in NumPy, for the baselines of `brian_rflo.reference`: RFLO,
and BPTT with the surrogate gradient.

Per step t, with a = exp(-dt/tau), s = exp(-dt/tau_syn), in units in which the threshold is 1 and
rest 0:

    v(t) = a v(t-1) + (1 - a)(spike_amplitude I(t-1) + Win x(t) + bias)
    psi(t) = max(0, 1 - |v(t) - 1|/width)/width    z(t) = 1 where v(t) > 1, then v(t) = 0
    I(t) = s I(t-1) + W z(t)                       r(t) = s r(t-1) + spike_amplitude z(t)
    l(t) = a l(t-1) + (1 - a) r(t-1)               y(t) = Wout (r(t) - baseline)

While refractory v stays and psi = 0. Backwards, with F the transposed readout or the random
feedback:

    R(t) = F eps(t) + s R(t+1)                            derivative of the loss by r(t)
    Z(t) = R(t) + nonlocal W^T C(t)                       by z(t), in units of the spike amplitude;
                                                          C(t) by I(t)
    V(t) = psi(t) Z(t) + a V(t+1) where v was not reset   by v(t)
    C(t) = s C(t+1) + (1 - a) spike_amplitude V(t+1)

Local rules: dW = (1 - s) sum over t of psi(t) R(t) l(t)^T, which is what the traces of RFLO add up
to. Nonlocal ones leave the reset out of the gradient, and have dW = (1 - s) sum over t of C(t)
z(t)^T, so that both agree where there is nothing nonlocal and no reset.
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms

from .forward.base import feedback_weights
from .losses import Squares
from .products import product, sum_of_outer
from .simulation import Trial


@dataclass
class SpikingTrial(Trial):
    """A trial whose neurons also spike, ``spikes`` ``[step, network, neuron]``."""

    spikes: np.ndarray = None
    free: np.ndarray = None


@dataclass(frozen=True)
class LIF:
    """Parameters of a network of `LIFNeurons`, dimensionless: times in steps, levels in units of
    threshold minus rest.

    Parameters
    ----------
    tau, tau_syn : float
    bias, initial, initial_activity : array, shape (networks, N)
    refractory : int
    reset, width, spike_amplitude, baseline : float
    beta, tau_adapt : float
        Adaptation of the threshold, 1 + beta a, as in `ALIFNeurons`; none with 0. Gradients leave
        it out.
    noise : float
        Standard deviation of the drive's noise in each step, drawn for each trial with a generator
        of its own.
    dt : Quantity
        Time step, for target rates.
    """

    tau: float
    tau_syn: float
    bias: np.ndarray
    initial: np.ndarray
    initial_activity: np.ndarray
    refractory: int = 0
    reset: float = 0.0
    width: float = 1.0
    spike_amplitude: float = 1.0
    baseline: float = 1.0
    beta: float = 0.0
    tau_adapt: float = np.inf
    noise: float = 0.0
    dt: Quantity = field(default_factory=lambda: 1 * ms)

    @classmethod
    def of(cls, neurons, networks=1):
        """Return the parameters of a group of `LIFNeurons` or `ALIFNeurons`."""
        names, dt = neurons.namespace, float(neurons.clock.dt)
        scale, rest = float(names["scale"]), float(names["rest"])
        shape = (networks, -1)
        return cls(
            tau=float(names["tau"]) / dt,
            tau_syn=float(names["tau_syn"]) / dt,
            bias=np.array(neurons.variables["bias"].get_value()).reshape(shape),
            initial=(np.array(neurons.variables["v_initial"].get_value()).reshape(shape) - rest)
            / scale,
            initial_activity=np.array(neurons.variables["activity_initial"].get_value()).reshape(
                shape
            )
            + names["baseline"],
            refractory=int(float(neurons.refractory_time) / dt + 1e-3),
            reset=(float(names["reset_to"]) - rest) / scale,
            width=names["width"],
            spike_amplitude=names["spike_amplitude"],
            baseline=names["baseline"],
            beta=names.get("beta", 0.0),
            tau_adapt=float(names["tau_adapt"]) / dt if "tau_adapt" in names else np.inf,
            noise=names.get("noise_sd", 0.0),
            dt=neurons.clock.dt,
        )

    @property
    def decays(self):
        """Decay of the membrane and of the synapses in a step."""
        return np.exp(-1 / self.tau), np.exp(-1 / self.tau_syn)

    def trial(self, weights, inputs, target, mask, seed=None):
        """Run a trial with constant weights; `seed` is that of the noise."""
        (a, s), (networks, n) = self.decays, weights["recurrent"].shape[:2]
        size, n_steps = (len(target), networks, n), len(target)
        trial = SpikingTrial(
            *(np.empty(size) for _ in range(3)),
            None,
            None,
            self.psp(inputs),
            target,
            np.empty(size),
            np.empty(size),
        )
        driven = np.moveaxis(weights["input"] @ inputs.T, 2, 0) + self.bias
        if self.noise:
            driven = driven + self.noise * np.random.default_rng(seed).standard_normal(size)
        v, r = (
            np.broadcast_to(values, (networks, n)).astype(float)
            for values in (self.initial, self.initial_activity)
        )
        low, current, waiting, adaptation = (np.zeros((networks, n)) for _ in range(4))
        forget = np.exp(-1 / self.tau_adapt)
        for step in range(n_steps):
            free = waiting <= 0
            low = a * low + (1 - a) * r
            v = np.where(free, a * v + (1 - a) * (self.spike_amplitude * current + driven[step]), v)
            adaptation = forget * adaptation
            threshold = 1 + self.beta * adaptation
            trial.gain[step] = (
                np.clip(1 - np.abs(v - threshold) / self.width, 0, 1) / self.width * free
            )
            spikes = (v > threshold) & free
            adaptation = adaptation + spikes
            r, current = (
                s * r + self.spike_amplitude * spikes,
                s * current + product(weights["recurrent"], spikes.astype(float)),
            )
            v, waiting = (
                np.where(spikes, self.reset, v),
                np.where(spikes, self.refractory - 1, waiting - 1),
            )
            trial.before[step], trial.after[step], trial.spikes[step], trial.free[step] = (
                low,
                r - self.baseline,
                spikes,
                free,
            )
        trial.output = product(weights["output"], trial.after)
        columns = mask.reshape(len(mask), 1, -1)
        trial.error = Squares.error(target[:, None], trial.output, columns)
        trial.loss = Squares.of_trial(trial, mask)
        return trial

    def psp(self, inputs):
        """Return the inputs as seen by the membrane."""
        a, seen = self.decays[0], np.zeros_like(inputs)
        for step in range(len(inputs)):
            seen[step] = a * seen[step - 1] * (step > 0) + (1 - a) * inputs[step]
        return seen

    def changes(self, rule, trial, weights, rate_error=0.0):
        """Return the weight changes by a `Backward` rule, summed over the trial; `rate_error` as in
        `Backward.changes`.
        """
        _, s = self.decays
        signal, by_rate = (
            product(feedback_weights(rule, weights), trial.error) + rate_error,
            np.empty_like(trial.gain),
        )
        total = 0.0
        for step in range(len(signal) - 1, -1, -1):
            total = by_rate[step] = signal[step] + s * total
        change = {"output": sum_of_outer(trial.error, trial.after)}
        if not rule.nonlocal_:
            gated = (1 - s) * trial.gain * by_rate
            return change | {
                "recurrent": sum_of_outer(gated, trial.before),
                "input": np.moveaxis(gated, 0, 2) @ trial.inputs,
            }
        return change | self.nonlocal_changes(trial, weights, by_rate)

    def nonlocal_changes(self, trial, weights, by_rate):
        """Return the surrogate gradient through the recurrent weights, without the reset."""
        (a, s), backwards = self.decays, np.ascontiguousarray(weights["recurrent"].swapaxes(-1, -2))
        by_current, by_membrane = np.empty_like(by_rate), np.empty_like(by_rate)
        current, membrane = np.zeros_like(by_rate[0]), np.zeros_like(by_rate[0])
        for step in range(len(by_rate) - 1, -1, -1):
            current = by_current[step] = s * current + (1 - a) * self.spike_amplitude * membrane
            by_spike = by_rate[step] + product(backwards, current)
            kept = a * membrane * (1 - trial.spikes[step])
            by_membrane[step] = trial.gain[step] * by_spike + kept
            membrane = by_membrane[step] * trial.free[step]
        direct = (1 - s) * by_membrane * trial.free
        return {
            "recurrent": (1 - s) * sum_of_outer(by_current, trial.spikes),
            "input": (1 - a) * np.moveaxis(direct, 0, 2) @ self.raw(trial),
        }

    def raw(self, trial):
        """Return the inputs, recovered from what the membrane saw of them."""
        a, seen = self.decays[0], trial.inputs
        return (seen - a * np.vstack([0 * seen[:1], seen[:-1]])) / (1 - a)
