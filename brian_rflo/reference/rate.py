"""Dense NumPy baselines: RFLO, BPTT, RTRL and their relatives, many networks at once.

They train the rate network of Murray 2019 (eLife 8:e43299) on the same tasks, from the same initial
weights, as the Brian2 components, and are independent of them: the lower lines of a figure, and the
oracle of the tests.

    u(t) = W h(t-1) + Win x(t)    h(t) = h(t-1) + (-h(t-1) + tanh(u(t)))/tau
    y(t) = Wout h(t)              eps = mask (y* - y)              loss = 1/(2T) sum of eps (y* - y)

All updates are ``learning_rate/T`` times a sum over the trial, applied at its end, or, for
``update="step"``, at each step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..analysis import alignment
from ..brian.quantities import check_count, check_tau
from ..identity.settings import named_versions, serializable
from ..results.training import TrainingResult, alignment_interval
from ..updates.arguments import (
    BIASES,
    PLASTIC,
    check_clip_norm,
    check_trained,
    check_update,
)
from ..updates.divergence import FIRST_TRIALS, check_limit
from ..updates.sgd import SGD
from .arguments import (
    check_each_step,
    check_loss,
    check_no_output_bias,
    check_no_stream,
    check_regularization,
    check_spiking,
    check_stream,
    check_training,
    checked_weights,
    chosen_rule,
    copies,
)
from .baseline_rules import RULES_BACKWARD
from .losses import LOSSES
from .simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from brian2 import Quantity
    from numpy.typing import ArrayLike, NDArray

    from ..tasks import Task
    from ..updates import Adam, FiringRate
    from .forward import ForwardRule, Step
    from .spiking import LIF


def train(
    task: Task,
    weights: dict[str, ArrayLike],
    rule: str | ForwardRule,
    learning_rate: float | dict[str, float],
    tau: Quantity,
    trials: int,
    initial: ArrayLike = 0.1,
    update: str = "trial",
    batch: int = 1,
    clip_norm: float | None = None,
    trained: Sequence[str] = (*PLASTIC, *BIASES),
    constraint: Callable[[NDArray], NDArray] | None = None,
    optimizer: SGD | Adam = SGD(),
    neurons: LIF | None = None,
    regularization: FiringRate | None = None,
    report: Callable[[int], object] | None = None,
    limit: float = 1e6,
    loss: str = "squares",
    each_step: Callable[[Step], object] | None = None,
) -> TrainingResult:
    """Train networks by a baseline rule.

    Rules that run forward in time follow a stream too (a task that is `continuous`), with
    ``update="step"``: activity and rule then go on from window to window, and changes are not
    divided by T.

    Parameters
    ----------
    task : Task
        The task, whose trials are shown.
    weights : dict of ndarray
        ``"recurrent"`` (networks, N, N), ``"output"`` (networks, n_outputs, N), ``"feedback"``
        (networks, N, n_outputs) and, for a task with inputs, ``"input"`` (networks, N, n_inputs);
        all ``[post, pre]``. With ``"bias"`` (networks, N, 1) or ``"output_bias"`` (networks,
        n_outputs, 1) units have biases, which learn. `LearningNetwork.weights` gives them. They are
        copied.
    rule : str or ForwardRule
        The baseline, by name: "rflo", "rtrl", "bptt", "local_symmetric", "nonlocal_random",
        "snap1", "uoro", "kf_rtrl", "rkf_rtrl", "kernl"; or a value such as ``DNI(0.001)`` of
        `brian_rflo.reference.forward`.
    learning_rate : float or dict of float
        The paper's eta; updates carry ``1/T``. Or one for each of "recurrent", "input" and
        "output" (and of the biases, which have those of the weights onto the same units
        otherwise).
    tau : Quantity
        Time constant of rate neurons.
    trials : int
        Number of trials.
    initial : float or array, shape (N,) or (networks, N)
        Activity at the beginning of each trial.
    update : {"trial", "step"}
        When weights change. Rules that go backwards through the trial have no ``"step"``.
    batch : int
        Trials whose changes are added up before they are applied, with ``update="trial"``.
    clip_norm : float, optional
        Largest joint norm of a network's change, divided by T, with ``update="trial"``; see
        `Trials`.
    trained : sequence of {"recurrent", "input", "output", "bias", "output_bias"}
        Which weights learn.
    optimizer : SGD or Adam
        How a change becomes a change of the weights.
    neurons : LIF, optional
        Spiking neurons in place of rate neurons (`brian_rflo.reference.spiking`), for rules that go
        backwards through the trial: "rflo" among them here, and "bptt" with the surrogate gradient.
        `tau` and `initial` then have no meaning.
    regularization : FiringRate, optional
        For rules that go backwards through the trial.
    constraint : callable, optional
        Called with the recurrent weights after each change, ``(networks, N, N)``; returns those
        that they are replaced by.
    report : callable, optional
        Called with the number of finished trials after each.
    limit : float
        Largest loss, as a multiple of the largest one of the first ten trials; see `Trials`.
    loss : {"squares", "cross_entropy"}
        Half the squared error of the outputs, or the cross entropy of their softmax with a target
        that sums to 1.
    each_step : callable, optional
        Called with the `Step` after each step of a rule that runs forward in time, before weights
        change: what it holds, `change` and `loss` among it, is not kept otherwise.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        For an unknown rule, or one that cannot change weights at each step.
    """
    given = serializable(
        {name: value for name, value in locals().items() if name not in ("report", "each_step")}
    )
    check_training(task, rule, learning_rate, optimizer, regularization, constraint, report)
    regularized = regularization is not None and update == "trial"
    rule = (regularized and RULES_BACKWARD.get(rule)) or chosen_rule(rule, update, neurons)
    if regularization is not None:
        check_regularization(regularization, rule, neurons)
    check_spiking(neurons)
    check_stream(task, rule, update)
    check_loss(loss, neurons)
    check_each_step(each_step, rule)
    check_update(update, batch)
    check_trained(trained)
    if clip_norm is not None:
        check_clip_norm(clip_norm, update)
    check_count("trials", trials)
    check_limit(limit, "reference.train")
    check_tau("reference.train", tau, task.dt)
    window = 1 if task.continuous else task.n_steps
    clip = None if clip_norm is None else clip_norm * window
    network = (checked_weights(weights, neurons), float(tau / task.dt), initial)
    learning = (rule, learning_rate, window, update == "step", batch, clip, trained, constraint)
    simulation = Simulation(*network, *learning, optimizer, neurons, regularization)
    simulation.losses, simulation.each_step = LOSSES[loss], each_step
    simulation.stream = task.continuous
    history = History(simulation.weights, trials, limit)
    arrays = run_trials(simulation, history, task, trials, report)
    return history.result(task, arrays, simulation.weights, given)


def run_trials(simulation, history, task, trials, report):
    """Run the trials of a task; return the arrays of the last one."""
    for number in range(trials):
        arrays = task.trial(number)
        simulation.losses.check(task, number, *arrays[1:])
        run_trial(simulation, history, number, arrays)
        if report:
            report(number + 1)
    return arrays


def run_trial(simulation, history, number, arrays):
    """Run a trial; networks that diverge in it get the weights from before it, and stop
    learning.
    """
    kept = copies(simulation.weights)
    with np.errstate(over="ignore", invalid="ignore"):
        trial = simulation.run(*arrays)
        diverged = history.fails(number, trial.loss) | ~simulation.finite_weights()
        for name, values in kept.items():
            simulation.weights[name][diverged] = values[diverged]
        history.add(number, trial, diverged, simulation.weights)
    simulation.learning &= ~diverged
    if diverged.any():
        simulation.pending = {
            name: np.where(diverged[:, None, None], 0, change)
            for name, change in simulation.pending.items()
        }


def respond(
    task: Task,
    weights: dict[str, ArrayLike],
    tau: Quantity,
    trials: Sequence[int],
    initial: ArrayLike = 0.1,
) -> NDArray:
    """Return outputs of networks with fixed weights.

    Parameters
    ----------
    task, weights, tau, initial
        As for `train`.
    trials : sequence of int
        Numbers of the task's trials.

    Returns
    -------
    ndarray, shape (networks, trials, n_steps, n_outputs)
    """
    check_tau("reference.respond", tau, task.dt)
    check_no_stream(task)
    if not np.iterable(trials):
        raise TypeError(
            "reference.respond: trials must be numbers of trials, for example range(5); got"
            f" {trials!r}"
        )
    simulation = Simulation(
        checked_weights(weights),
        float(tau / task.dt),
        initial,
        None,
        0.0,
        task.n_steps,
        online=False,
    )
    return np.stack(
        [np.moveaxis(simulation.at_rest(*task.trial(number)).output, 0, 1) for number in trials],
        axis=1,
    )


def fit_readout(
    task: Task,
    weights: dict[str, ArrayLike],
    tau: Quantity,
    trials: int = 1,
    initial: ArrayLike = 0.1,
    neurons: LIF | None = None,
) -> TrainingResult:
    """Return readout weights by least squares, for networks whose other weights are fixed.

    Parameters
    ----------
    task, weights, tau, initial, neurons
        As for `train`; `weights["output"]` has no meaning.
    trials : int
        Trials that the readout is fitted to, from the task's first on. Where trials differ, or
        neurons are noisy, take many.

    Returns
    -------
    TrainingResult
        Losses are those of as many further trials, with the fitted readout (of the same trials, if
        all are the same and without noise).
    """
    given = serializable(locals() | {"rule": "least squares"})
    check_tau("reference.fit_readout", tau, task.dt)
    check_no_stream(task)
    check_count("trials", trials)
    check_spiking(neurons)
    check_no_output_bias(weights)
    simulation = Simulation(
        checked_weights(weights, neurons),
        float(tau / task.dt),
        initial,
        None,
        0.0,
        task.n_steps,
        online=False,
        neurons=neurons,
    )
    history = History(simulation.weights, trials)
    seen = [(simulation.response(task, number), task.trial(number)) for number in range(trials)]
    targets = np.concatenate([target for _, (_, target, _) in seen])
    masks = np.sqrt(np.concatenate([mask.reshape(len(mask), -1) for _, (_, _, mask) in seen]))
    for network in range(len(weights["recurrent"])):
        activity = np.concatenate([trial.after[:, network] for trial, _ in seen])
        simulation.weights["output"][network] = least_squares(activity, targets, masks).T
    for number in range(trials):
        history.add(
            number,
            simulation.response(task, trials + number),
            np.zeros(len(weights["recurrent"]), dtype=bool),
            simulation.weights,
        )
    return history.result(task, task.trial(2 * trials - 1), simulation.weights, given)


def least_squares(activity, targets, masks):
    """Return the weights ``[pre, output]`` with the smallest weighted squared error, with one
    column of weights for all outputs or one for each.
    """
    shares = np.split(targets, masks.shape[1], axis=1)
    fits = [
        np.linalg.lstsq(mask[:, None] * activity, mask[:, None] * share, rcond=None)[0]
        for mask, share in zip(masks.T, shares)
    ]
    return np.concatenate(fits, axis=1)


class History:
    """Results of a training, collected trial by trial."""

    def __init__(self, weights, trials, limit=np.inf):
        self.trials, self.every = trials, alignment_interval(trials)
        self.limit, self.largest = limit, np.zeros(len(weights["recurrent"]))
        self.before, self.losses, self.outputs = copies(weights), [], {}
        self.aligned = {0: alignment(weights["output"], weights["feedback"])}
        self.diverged_in = np.full(len(weights["recurrent"]), -1)

    def fails(self, number, loss):
        """Return for which networks a loss is not finite, or beyond the limit."""
        is_beyond = (
            (number >= FIRST_TRIALS) & (self.largest > 0) & (loss / self.limit > self.largest)
        )
        return ~np.isfinite(loss) | is_beyond

    def add(self, number, trial, diverged, weights):
        """Add a trial in which the networks `diverged` have diverged."""
        learning = self.diverged_in < 0
        if number < FIRST_TRIALS:
            self.largest = np.where(diverged, self.largest, np.fmax(self.largest, trial.loss))
        self.losses.append(np.where(learning, trial.loss, np.nan))
        self.diverged_in[diverged & learning] = number
        if number in (0, self.trials - 1):
            self.outputs[number] = np.moveaxis(trial.output, 0, 1)
        if (number + 1) % self.every == 0 or number + 1 == self.trials:
            self.aligned[number + 1] = alignment(weights["output"], weights["feedback"])

    def result(self, task, arrays, weights, settings):
        """Return the result; `arrays` are those of the last trial."""
        return TrainingResult(
            losses=np.array(self.losses).T,
            dt=float(task.dt),
            target=arrays[1],
            mask=arrays[2],
            first_output=self.outputs[0],
            output=self.outputs[self.trials - 1],
            weights_before=self.before,
            weights_after=weights,
            aligned_trials=np.array(list(self.aligned)),
            alignment=np.array(list(self.aligned.values())).T,
            diverged_in=self.diverged_in,
            settings=settings | {"device": "numpy baseline"} | named_versions(),
        )
