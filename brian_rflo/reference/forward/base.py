"""Common parts of the baseline rules that run forward in time: a state that each step advances, and
the change of the weights in that step.

Rules see one matrix of weights: a unit's weights from units, inputs and the constant 1 (where the
network has biases) stand side by side, ``[network, post, pre]``. With u(t) its drive, a step is

    a(t) = (1 - leak) a(t-1) + leak tanh(u(t))    u_i(t) = sum over j of w_ij sent_j(t)

where sent(t) = [a(t-1), x(t), 1]. M, the *influence*, says how activities depend on weights; all
rules but `DNI` approximate its recursion (Marschall, Cho & Savin 2020, J Mach Learn Res 21:1-34):

    M(t) = J(t) M(t-1) + immediate(t)             change = signal(t) M(t)
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ...brian.quantities import check_seed
from ..products import outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ForwardRule", "SignRule", "Step"]


@dataclass
class Step:
    """A step of a simulation, all arrays ``[network, ...]``.

    Attributes
    ----------
    number : int
        Number of the step since the state of the rule began: in the trial, or in the stream.
    before, after : ndarray, shape (networks, N)
        Activity before and after the step.
    sent : ndarray, shape (networks, N + n_inputs) or, with biases, one more
        What reaches the units: activity before the step, inputs, and 1.
    gain : ndarray, shape (networks, N)
        ``tanh'(u)``.
    target, error : ndarray, shape (networks, n_outputs)
        Target, and minus the derivative of the loss by the output.
    signal : ndarray, shape (networks, N)
        The error, brought back.
    loss : ndarray, shape (networks,)
        Loss of this step.
    tau : float
        Time constant in steps.
    weights : dict of ndarray
        Weights in this step.
    change : ndarray, shape (networks, N, N + n_inputs) or, with biases, one more
        What the rule adds to the weights, without learning rate; set after the step.
    """

    number: int
    before: NDArray
    after: NDArray
    sent: NDArray
    gain: NDArray
    target: NDArray
    error: NDArray
    signal: NDArray
    loss: NDArray
    tau: float
    weights: dict[str, NDArray]
    change: NDArray | None = None

    @property
    def jacobian(self) -> NDArray:
        """Dependence of activities on those before the step, ``[network, unit, unit]``."""
        coupled = (self.gain / self.tau)[..., None] * self.weights["recurrent"]
        return coupled + (1 - 1 / self.tau) * np.eye(self.gain.shape[1])

    @property
    def immediate(self) -> NDArray:
        """Immediate dependence of each unit on its own weights, ``[network, post, pre]``."""
        return outer(self.gain / self.tau, self.sent)


@dataclass(frozen=True)
class ForwardRule:
    """A rule with a state that runs forward in time; a subclass has `start` and `step`.

    Examples
    --------
    A rule that knows only what a weight does at once:

    >>> class Immediate(ForwardRule):
    ...     def step(self, state, now):
    ...         return now.signal[..., None] * now.immediate
    """

    #: Whether the transposed output weights bring the error back, or fixed random feedback.
    symmetric: ClassVar[bool] = True
    #: Names of what the state keeps from trial to trial: what was learned, and random numbers.
    kept: ClassVar[tuple[str, ...]] = ()

    def start(self, networks: int, n_units: int, n_sent: int) -> SimpleNamespace:
        """Return the state at the beginning of a trial or stream; what `kept` names goes on from
        the trial before.

        Parameters
        ----------
        networks, n_units, n_sent : int
            Number of networks, of their units, and of what reaches each unit.
        """
        return SimpleNamespace()

    def step(self, state: SimpleNamespace, now: Step) -> NDArray:
        """Advance the state in place; return the change of the weights, ``[network, post, pre]``,
        without learning rate.
        """
        raise NotImplementedError

    def run(self, simulation, inputs, target, mask):
        """Run a trial of a `Simulation`: weights change in each step, or changes are summed for the
        end of the trial.
        """
        weights, sums = simulation.weights, {}
        state = simulation.state_of(self)
        for trial, number in simulation.step_by_step(inputs, target, mask):
            back = feedback_weights(self, weights)
            now = simulation.step_of(trial, number, state.number, back)
            now.change = self.step(state, now)
            state.number += 1
            changes = parted(now, weights) | {
                "output": outer(trial.error[number], trial.after[number]),
                "output_bias": trial.error[number][..., None],
            }
            if simulation.each_step is not None:
                simulation.each_step(now)
            if simulation.online:
                simulation.learn(changes)
            else:
                sums = {name: sums.get(name, 0) + change for name, change in changes.items()}
        return trial, sums


@dataclass(frozen=True)
class SignRule(ForwardRule):
    """A rule that draws random signs, so that its change is right in the mean.

    Parameters
    ----------
    seed : int
        Seed of the signs of a training.
    """

    seed: int = 0

    kept: ClassVar[tuple[str, ...]] = ("random",)

    def __post_init__(self):
        check_seed(f"{type(self).__name__}: seed", self.seed)

    def start(self, networks: int, n_units: int, n_sent: int) -> SimpleNamespace:
        """Return a state with a generator of random numbers."""
        return SimpleNamespace(random=np.random.default_rng(self.seed))

    def signs(self, state: SimpleNamespace, number: int, shape: tuple[int, ...]) -> NDArray:
        """Return random signs, +1 or -1, for step `number`."""
        return state.random.integers(0, 2, shape) * 2.0 - 1.0


def parted(now, weights):
    """Return the change of a step by projection."""
    n_units = now.after.shape[1]
    n_inputs = weights["input"].shape[2]
    recurrent, inward, bias = np.split(now.change, [n_units, n_units + n_inputs], axis=-1)
    return {"recurrent": recurrent, "input": inward} | ({"bias": bias} if bias.size else {})


def feedback_weights(rule, weights):
    """Return the matrix that carries the error back."""
    return weights["output"].swapaxes(-1, -2) if rule.symmetric else weights["feedback"]


def norm(values):
    """Return the root of the sum of squares of each network, ``[network]``."""
    return np.sqrt((values**2).reshape(len(values), -1).sum(axis=1))


def ratio(above, below):
    """Return the root of a ratio of norms, which makes both factors of a product equally large; 1
    where either is 0.
    """
    usable = (above > 0) & (below > 0)
    return np.sqrt(np.where(usable, above, 1.0) / np.where(usable, below, 1.0))


def along(numbers, values):
    """Return one number per network in a shape that multiplies `values`."""
    return numbers.reshape(-1, *[1] * (values.ndim - 1))
