"""Networks of e-prop in NumPy: forward simulation of trials, and gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..brian.quantities import check_count

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


LOSSES = ("regression", "classification")


def filtered(values, decay):
    """Return ``y(s) = decay*y(s-1) + values(s)`` along the first axis."""
    result = np.array(values, dtype=float)
    for step in range(1, len(result)):
        result[step] += decay * result[step - 1]
    return result


def filtered_backwards(values, decay):
    """Return ``y(s) = decay*y(s+1) + values(s)`` along the first axis."""
    return filtered(values[::-1], decay)[::-1]


def softmax(values):
    """Return the softmax along the last axis."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def sum_of_products(left, right):
    """Return the outer products summed over steps and trials, for ``left`` and ``right`` of shape
    ``(n_steps, trials, n)``.
    """
    return left.reshape(-1, left.shape[-1]).T @ right.reshape(-1, right.shape[-1])


def counting(mask):
    """Return the number of steps of each trial that count, in which its mask is not 0."""
    return (mask != 0).any(axis=2).sum(axis=0).astype(float)


@dataclass(frozen=True, eq=False)
class EpropTrial:
    """Course of a batch of trials; all arrays have the shape ``(n_steps, trials, n)``, and the mask
    ``(n_steps, trials, 1)``, or ``(n_steps, trials, n_outputs)`` where each output has its own.

    Parameters
    ----------
    inputs, spikes, gain : ndarray
        Inputs, spikes and pseudo-derivative psi of the recurrent neurons.
    voltage, adaptation : ndarray
        v and a as they are compared with the threshold: what a spike does to them is seen in the
        step after it.
    output, answer, target, error, mask : ndarray
        The readout u; u again or, for classification, its softmax; the target, the error E and the
        mask.
    loss : ndarray, shape (trials,)
        Half the sum of ``mask*(answer - target)**2``, or the sum of cross entropy times mask
        divided by the number of steps that count.
    """

    inputs: np.ndarray
    spikes: np.ndarray
    gain: np.ndarray
    voltage: np.ndarray
    adaptation: np.ndarray
    output: np.ndarray
    answer: np.ndarray
    target: np.ndarray
    mask: np.ndarray
    error: np.ndarray
    loss: np.ndarray

    @property
    def rates(self) -> NDArray:
        """Spikes per step of each neuron in each trial, ``(trials, N)``."""
        return self.spikes.mean(axis=0)

    @property
    def windows(self) -> NDArray:
        """Number of steps that count, in each trial."""
        return counting(self.mask)

    @property
    def wrong(self) -> NDArray:
        """Trials in which the largest output, averaged over the steps that count, is not that of
        the target.
        """
        answer, target = (
            (self.mask * values).sum(axis=0).argmax(axis=-1)
            for values in (self.answer, self.target)
        )
        return answer != target


@dataclass(frozen=True, kw_only=True, eq=False)
class EpropNetwork:
    """A recurrent network of LIF and ALIF neurons with leaky readouts; times in steps, everything
    else without units.

    Parameters
    ----------
    tau_m, tau_out, tau_adapt : float
        Time constants of membrane, readout and adaptation.
    v_th : float
        Threshold, which a spike subtracts from the membrane.
    beta : float or array, shape (N,)
        Rise of the threshold by the adaptation; 0 for LIF neurons.
    t_ref : int
        Refractory steps.
    zeta_recurrent, zeta_out : float, optional
        Factor of the input of neurons and readouts; ``1 - alpha`` and ``1 - kappa`` by default.
    height, width : float, optional
        Height and width of the pseudo-derivative; ``0.3/v_th`` and `v_th` by default.
    c_reg, f_target : float
        Strength of the rate regularisation, and its target in spikes per step.
    loss : {"regression", "classification"}
        Squared errors, or cross entropy after a softmax of the readouts.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> network = EpropNetwork(tau_m=30, tau_out=30, v_th=0.03)
    >>> weights = {"input": rng.standard_normal((5, 4)), "recurrent": np.zeros((5, 5))}
    >>> weights |= {"output": np.ones((1, 5)), "feedback": np.ones((5, 1))}
    >>> inputs, target, mask = rng.random((3, 50, 4)) < 0.1, np.zeros((3, 50, 1)), np.ones((3, 50))
    >>> trial = network.trial(weights, inputs, target, mask)
    >>> trial.spikes.shape, network.gradients(weights, trial)["input"].shape
    ((50, 3, 5), (5, 4))
    """

    tau_m: float
    tau_out: float
    v_th: float
    tau_adapt: float = np.inf
    beta: float | np.ndarray = 0.0
    t_ref: int = 0
    zeta_recurrent: float | None = None
    zeta_out: float | None = None
    height: float | None = None
    width: float | None = None
    c_reg: float = 0.0
    f_target: float = 0.01
    loss: str = "regression"

    def __post_init__(self):
        for name in ("tau_m", "tau_out", "tau_adapt", "v_th", "width"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise ValueError(
                    f"EpropNetwork: {name} must be positive; got {getattr(self, name)!r}"
                )
        check_count("EpropNetwork: t_ref", self.t_ref, least=0)
        if self.loss not in LOSSES:
            raise ValueError(
                f"EpropNetwork: loss must be one of {', '.join(LOSSES)}; got {self.loss!r}"
            )

    @property
    def decays(self) -> tuple[float, float, float]:
        """alpha, rho and kappa: the decay of membrane, adaptation and readout in a step."""
        return tuple(np.exp(-1 / tau) for tau in (self.tau_m, self.tau_adapt, self.tau_out))

    @property
    def zetas(self) -> tuple[float, float]:
        """Factors of the input of neurons and readouts."""
        alpha, _, kappa = self.decays
        return (
            1 - alpha if self.zeta_recurrent is None else self.zeta_recurrent,
            1 - kappa if self.zeta_out is None else self.zeta_out,
        )

    @property
    def surrogate(self) -> tuple[float, float]:
        """Height and width of the pseudo-derivative."""
        return (
            0.3 / self.v_th if self.height is None else self.height,
            self.v_th if self.width is None else self.width,
        )

    def trial(
        self, weights: dict[str, NDArray], inputs: ArrayLike, target: ArrayLike, mask: ArrayLike
    ) -> EpropTrial:
        """Return a batch of trials with constant weights, equations (1) to (6).

        Parameters
        ----------
        weights : dict of ndarray
            ``"input"`` (N, n_inputs), ``"recurrent"`` (N, N) and ``"output"`` (n_outputs, N), all
            ``[post, pre]``.
        inputs, target : array, shape (trials, n_steps, n)
        mask : array, shape (trials, n_steps), or for regression (trials, n_steps, n_outputs)

        Returns
        -------
        EpropTrial

        Raises
        ------
        ValueError
            If the arrays have no axis of trials, or differ in trials or steps.
        """
        per_output = np.ndim(mask) == 3 and self.loss == "regression"
        shapes = [np.shape(target)[:2], *([np.shape(target)] if per_output else [])]
        if (
            np.ndim(inputs) != 3
            or np.shape(inputs)[:2] != shapes[0]
            or np.shape(mask) not in shapes
        ):
            got = f"{np.shape(inputs)}, {np.shape(target)} and {np.shape(mask)}"
            raise ValueError(
                "inputs, target and mask must have shapes (trials, n_steps, n), (trials, n_steps,"
                f" n) and (trials, n_steps), for regression also one of each output; got {got}"
            )
        inputs, target = (
            np.ascontiguousarray(np.swapaxes(values, 0, 1), dtype=float)
            for values in (inputs, target)
        )
        mask = np.ascontiguousarray(np.swapaxes(mask, 0, 1), dtype=float)
        mask = mask if per_output else mask[..., None]
        spikes, gain, voltage, adaptation = self._spiking(weights, inputs)
        output = filtered(self.zetas[1] * (spikes @ weights["output"].T), self.decays[2])
        answer = softmax(output) if self.loss == "classification" else output
        loss = self._loss(answer, target, mask)
        return EpropTrial(
            inputs,
            spikes,
            gain,
            voltage,
            adaptation,
            output,
            answer,
            target,
            mask,
            mask * (answer - target),
            loss,
        )

    def _spiking(self, weights, inputs):
        (alpha, rho, _), (zeta, _), backwards = (
            self.decays,
            self.zetas,
            np.ascontiguousarray(weights["recurrent"].T),
        )
        drive = inputs @ weights["input"].T
        spikes, voltage, adaptation, free = (np.empty(drive.shape) for _ in range(4))
        z, v, a, r = (np.zeros(drive.shape[1:]) for _ in range(4))
        for step in range(len(drive)):
            r = np.maximum(r - 1, 0)
            v = voltage[step] = alpha * v + zeta * (drive[step] + z @ backwards) - self.v_th * z
            a = adaptation[step] = rho * a + z
            free[step] = r == 0
            z = spikes[step] = (v >= self.v_th + self.beta * a) & (r == 0)
            r[z > 0] = self.t_ref
        height, width = self.surrogate
        gain = (
            free
            * height
            * np.maximum(0, 1 - np.abs(voltage - (self.v_th + self.beta * adaptation)) / width)
        )
        return spikes, gain, voltage, adaptation

    def _loss(self, answer, target, mask):
        if self.loss == "regression":
            return 0.5 * (mask * (answer - target) ** 2).sum(axis=(0, 2))
        surprise = -np.log(answer, where=target > 0, out=np.zeros_like(answer))
        return (mask * target * surprise).sum(axis=(0, 2)) / counting(mask)

    def gradients(
        self,
        weights: dict[str, NDArray],
        trial: EpropTrial,
        averaged: bool = False,
        through_time: bool = False,
        through_reset: bool = True,
    ) -> dict[str, NDArray]:
        """Return the gradient by the adjoint recursion, equation (10), summed over a batch of
        trials.

        Parameters
        ----------
        weights : dict of ndarray
            As for `trial`; ``"feedback"``, B, (N, n_outputs) alone is looked at.
        trial : EpropTrial
        averaged : bool
            Divide the gradient of each trial by the number of its steps that count.
        through_time : bool
            Backpropagation through time, equation (11), if the feedback is the transposed output
            weights.
        through_reset : bool
            Whether that goes through the reset too; without, the reset is detached.

        Returns
        -------
        dict of ndarray
            ``"input"``, ``"recurrent"`` and ``"output"``, each of the shape of the weights.
        """
        (alpha, _, kappa), (zeta, zeta_out) = self.decays, self.zetas
        error, rate_error = self._errors(trial, averaged)
        by_output = filtered_backwards(error, kappa)
        signal = (1 - kappa) * by_output @ weights["feedback"].T + rate_error
        signal = (
            self._through_time(weights, trial.gain, signal, through_reset)
            if through_time
            else self._through_adaptation(trial.gain, signal)
        )
        by_membrane = zeta * filtered_backwards(signal, alpha)
        recurrent = sum_of_products(by_membrane[1:], trial.spikes[:-1])
        np.fill_diagonal(recurrent, 0)
        return {
            "recurrent": recurrent,
            "input": sum_of_products(by_membrane, trial.inputs),
            "output": zeta_out * sum_of_products(by_output, trial.spikes),
        }

    def _errors(self, trial, averaged):
        """Return E, and the factor of the sum of e in equation (8), both divided by the window if
        the gradient is averaged.
        """
        share = 1 / trial.windows[:, None] if averaged else 1.0
        return share * trial.error, share * self.c_reg * (trial.rates - self.f_target) / len(
            trial.error
        )

    def _through_adaptation(self, gain, signal):
        """Return M of equation (10), from psi and c."""
        rho, result = self.decays[1], gain * signal
        if not np.any(self.beta):
            return result
        keep, onto, later = rho - self.beta * gain, -self.beta * result, np.zeros(gain.shape[1:])
        for step in range(len(gain) - 1, -1, -1):
            result[step] += gain[step] * later
            later = keep[step] * later + onto[step]
        return result

    def _through_time(self, weights, gain, signal, through_reset):
        """Return M, with equation (11) for c."""
        (alpha, rho, _), (zeta, _), result = self.decays, self.zetas, np.empty(gain.shape)
        by_spike = zeta * weights["recurrent"] - through_reset * self.v_th * np.eye(gain.shape[-1])
        by_adaptation, by_membrane = np.zeros(gain.shape[1:]), np.zeros(gain.shape[1:])
        for step in range(len(gain) - 1, -1, -1):
            result[step] = gain[step] * (signal[step] + by_adaptation + by_membrane @ by_spike)
            by_adaptation, by_membrane = (
                rho * by_adaptation - self.beta * result[step],
                alpha * by_membrane + result[step],
            )
        return result

    def online_gradients(
        self, weights: dict[str, NDArray], trial: EpropTrial, averaged: bool = False
    ) -> dict[str, NDArray]:
        """Return the same gradient as `gradients`, from traces of each synapse and trial, equations
        (7) to (9) as written; slow.
        """
        error, rate_error = self._errors(trial, averaged)
        before = np.concatenate([np.zeros_like(trial.spikes[:1]), trial.spikes[:-1]])
        recurrent = self._traced(weights, trial, before, error, rate_error)
        np.fill_diagonal(recurrent, 0)
        zbar, output = 0.0, 0.0
        for step in range(len(error)):
            zbar = self.decays[2] * zbar + self.zetas[1] * trial.spikes[step]
            output = output + np.einsum("bk,bi->ki", error[step], zbar)
        return {
            "recurrent": recurrent,
            "input": self._traced(weights, trial, trial.inputs, error, rate_error),
            "output": output,
        }

    def _traced(self, weights, trial, arrivals, error, rate_error):
        (alpha, rho, kappa), (zeta, _) = self.decays, self.zetas
        beta = np.broadcast_to(self.beta, trial.gain.shape[2:])[:, None]
        gradient, sums, eps, ebar, zbar = 0.0, 0.0, 0.0, 0.0, 0.0
        for step in range(len(error)):
            zbar = alpha * zbar + zeta * arrivals[step][:, None, :]
            e = trial.gain[step][..., None] * (zbar - beta * eps)
            eps, ebar = rho * eps + e, kappa * ebar + (1 - kappa) * e
            gradient = gradient + (error[step] @ weights["feedback"].T)[..., None] * ebar
            sums = sums + e
        return (gradient + rate_error[..., None] * sums).sum(axis=0)
