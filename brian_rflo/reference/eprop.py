"""e-prop in NumPy, many trials at once: the baseline of e-prop networks, and the oracle of their
tests (Bellec et al. 2020, Nature Communications 11:3625).

Independent of the Brian2 components. Per step s = 0 .. T-1 of a trial, in this order, all of it 0
before; with x the inputs, z the spikes, and alpha, rho, kappa the decays of membrane, adaptation
and readout in a step:

    r <- max(r - 1, 0)                                                        refractory counter
    v <- alpha v + zeta (Win x(s) + W z(s-1)) - v_th z(s-1)                                  (1)
    a <- rho a + z(s-1)                                                                      (2)
    psi = height max(0, 1 - |v - v_th - beta a|/width), 0 where r > 0                        (3)
    z(s) = 1 where v >= v_th + beta a and r = 0; there r = t_ref                             (4)
    u <- kappa u + zeta_out Wout z(s)                                                        (5)
    E = mask (u - y*) for regression,  mask (softmax(u) - y*) for classification;  L = B E   (6)

The gradient of a weight from i to j, forwards in time, is that of `EpropNetwork.online_gradients`;
with x_i(s) an input or z_i(s-1):

    zbar <- alpha zbar + zeta x_i    e = psi_j (zbar - beta eps)
    eps <- rho eps + e               ebar <- kappa ebar + (1 - kappa) e                      (7)
    G = sum over s of L_j ebar + c_reg (n_j/T - f_target)/T sum over s of e,
        n_j the spikes of j in the trial                                                     (8)
    readout: zbar <- kappa zbar + zeta_out z_i(s),   G = sum over s of E_k zbar              (9)

The same number, backwards in time and with no trace for each synapse, is that of
`EpropNetwork.gradients`:

    F_j(s) = kappa F_j(s+1) + (1 - kappa) L_j(s)
    c_j(s) = F_j(s) + c_reg (n_j/T - f_target)/T
    M_j(s) = psi_j(s) (c_j(s) + lam_j(s+1))
    lam_j(s) = (rho - beta psi_j(s)) lam_j(s+1) - beta psi_j(s) c_j(s)
    Q_j(s) = M_j(s) + alpha Q_j(s+1)                   G = zeta sum over s of Q_j(s) x_i(s)  (10)

Backpropagation through time, with the same psi, is this with symmetric B and what the spike does to
later spikes, of other neurons and, through the reset, of its own:

    c_j(s) = F_j(s) + c_reg (n_j/T - f_target)/T
             + zeta sum over k of W_kj Q_k(s+1) - v_th Q_j(s+1)                              (11)

e-prop has neither of the two last terms; a *detached* reset is (11) without the last one.

No neuron has a synapse onto itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..brian.quantities import check_count
from ..updates.arguments import PLASTIC, check_trained
from ..updates.sgd import SGD
from .arguments import check_no_stream, check_optimizer
from .eprop_network import EpropNetwork
from .rate import copies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from ..tasks import Task
    from ..updates import Adam
    from .eprop_network import EpropTrial


__all__ = ["EpropNetwork", "EpropResult", "Updates", "train"]


FEEDBACKS = ("random", "symmetric", "adaptive")


class Updates:
    """Weight changes by an optimizer, with the number of updates and its moments."""

    def __init__(self, learning_rate: float | Callable[[int], float], optimizer: SGD | Adam):
        self.learning_rate, self.optimizer, self.count, self.moments = (
            learning_rate,
            optimizer,
            0,
            {},
        )

    def changes(self, gradients: dict[str, NDArray]) -> dict[str, NDArray]:
        """Return the changes to add to the weights, by name."""
        rate = (
            self.learning_rate(self.count) if callable(self.learning_rate) else self.learning_rate
        )
        rate = self.optimizer.rate_in(self.count, rate)
        self.count += 1
        return {
            name: -rate
            * self.optimizer.change(gradient, 1, 1.0, self.moments.setdefault(name, {}), self.count)
            for name, gradient in gradients.items()
        }


@dataclass(frozen=True, eq=False)
class EpropResult:
    """Result of a training by e-prop.

    Parameters
    ----------
    losses, wrong : ndarray, shape (updates, batch)
        Loss of each trial, and whether it was answered wrongly (for classification; see
        `EpropTrial`).
    rates : ndarray, shape (updates, N)
        Spikes per step of each neuron, on average over the batch.
    weights_before, weights_after : dict of ndarray
        Weights by name, ``[post, pre]``.
    """

    losses: np.ndarray
    wrong: np.ndarray
    rates: np.ndarray
    weights_before: dict
    weights_after: dict


def train(
    network: EpropNetwork,
    task: Task,
    weights: dict[str, ArrayLike],
    learning_rate: float | Callable[[int], float],
    updates: int,
    batch: int = 1,
    averaged: bool = False,
    feedback: str = "random",
    trained: Sequence[str] = PLASTIC,
    optimizer: SGD | Adam = SGD(),
    decay: float = 0.0,
    through_time: bool = False,
    through_reset: bool = True,
    watch: Callable[[EpropTrial, dict[str, NDArray]], object] | None = None,
) -> EpropResult:
    """Train a network by e-prop.

    Gradients are added up over the trials of a batch, as in `Trials`. Where a publication takes
    their mean, divide its learning rate by `batch` for `SGD`, or multiply its epsilon by `batch`
    for `Adam`.

    Parameters
    ----------
    network : EpropNetwork
        Neurons and readout: time constants, threshold, width of the pseudo-derivative.
    task : Task
        The task, whose trials are shown.
    weights : dict of ndarray
        ``"input"`` (N, n_inputs), ``"recurrent"`` (N, N), ``"output"`` (n_outputs, N) and, unless
        the feedback is symmetric, ``"feedback"`` (N, n_outputs), all ``[post, pre]``. They are
        copied.
    learning_rate : float or callable
        Or a function of the number of updates so far.
    updates, batch : int
        Changes of the weights, and trials for each.
    averaged : bool
        Divide the gradient of each trial by the number of its steps that count.
    feedback : {"random", "symmetric", "adaptive"}
        B as given and fixed; the transposed output weights; or as given and changed as the
        transposed output weights are.
    trained : sequence of {"recurrent", "input", "output"}
        Which weights learn.
    optimizer : SGD or Adam
        How sums of updates change the weights.
    decay : float
        Share of the output weights, and of adaptive feedback, that is lost in each update.
    through_time : bool
        Backpropagation through time, with symmetric feedback.
    through_reset : bool
        Whether that goes through the reset of the neurons too.
    watch : callable, optional
        Function called with the `EpropTrial` and the weights after each update.

    Returns
    -------
    EpropResult

    Raises
    ------
    ValueError
        If weights do not fit the task, a neuron has a synapse onto itself, or feedback is not
        symmetric through time.
    """
    check_no_stream(task)
    check_count("updates", updates)
    check_count("batch", batch)
    check_trained(trained)
    check_optimizer(optimizer)
    if feedback not in FEEDBACKS:
        raise ValueError(f"feedback must be one of {', '.join(FEEDBACKS)}; got {feedback!r}")
    if through_time and feedback != "symmetric":
        raise ValueError(
            "backpropagation through time brings errors back through the output weights; write"
            f" feedback='symmetric', not {feedback!r}"
        )
    weights = checked_weights(task, weights, feedback)
    before, learning, history = copies(weights), Updates(learning_rate, optimizer), []
    for number in range(updates):
        trial = network.trial(
            weights,
            *(
                np.stack(arrays)
                for arrays in zip(*(task.trial(number * batch + k) for k in range(batch)))
            ),
        )
        gradients = network.gradients(weights, trial, averaged, through_time, through_reset)
        change(
            weights, learning.changes({name: gradients[name] for name in trained}), feedback, decay
        )
        history.append((trial.loss, trial.wrong, trial.rates.mean(axis=0)))
        if watch:
            watch(trial, weights)
    losses, wrong, rates = (np.array(values) for values in zip(*history))
    return EpropResult(losses, wrong, rates, before, weights)


def change(weights, changes, feedback, decay):
    """Add the changes to the weights, in place, and apply the decay of output and adaptive
    feedback.
    """
    for name, values in changes.items():
        weights[name] += values
    if "output" in changes:
        weights["output"] -= decay * weights["output"]
    if feedback == "adaptive" and "output" in changes:
        weights["feedback"] += changes["output"].T
        weights["feedback"] -= decay * weights["feedback"]
    if feedback == "symmetric":
        weights["feedback"] = weights["output"].T


def checked_weights(task, weights, feedback):
    """Return checked copies of the weights, with the feedback weights."""
    needed = {"input", "recurrent", "output"} | (set() if feedback == "symmetric" else {"feedback"})
    missing = needed - set(weights)
    if missing:
        raise ValueError(
            f"weights lack {', '.join(sorted(missing))}; give 'input', 'recurrent', 'output' and,"
            " unless it is symmetric, 'feedback', each [post, pre]"
        )
    weights = copies(weights)
    if feedback == "symmetric":
        weights["feedback"] = weights["output"].T
    n = len(weights["recurrent"])
    shapes = {
        "input": (n, task.n_inputs),
        "recurrent": (n, n),
        "output": (task.n_outputs, n),
        "feedback": (n, task.n_outputs),
    }
    for name, shape in shapes.items():
        if weights[name].shape != shape or not np.isfinite(weights[name]).all():
            raise ValueError(
                f"weights['{name}'] must be finite and have shape {shape}; got"
                f" {weights[name].shape}"
            )
    if np.diag(weights["recurrent"]).any():
        raise ValueError(
            "weights['recurrent'] must be 0 on the diagonal: in e-prop no neuron has a synapse onto"
            " itself; write np.fill_diagonal(recurrent, 0)"
        )
    return weights
