"""A monitor of the losses of trials, and of losses averaged over steps of a stream."""

from typing import Any

import numpy as np
from brian2 import second

from .. import schedule
from ..brian.conditional import ConditionalMonitor, last_step
from ..brian.passed import check_passed
from ..brian.quantities import check_count
from .trials import Trials


class LossMonitor(ConditionalMonitor):
    """Record the loss of each trial: ``monitor.loss[network]``, one value per trial, and
    ``monitor.t``.

    Parameters
    ----------
    trials : Trials
        The trials of the network.
    average : int, optional
        In a stream (a task that is `continuous`): number of time steps, of whatever length its
        windows are, over which each recorded loss is the mean.
    **statemonitor_args
        Arguments of `brian2.StateMonitor` that leave the time as it is, for example ``name``.

    Attributes
    ----------
    loss : ndarray, shape (networks, recorded losses)
        Losses of trials; or means over the steps ``k*average`` to ``(k + 1)*average - 1`` of the
        stream, of which all were recorded.
    t : Quantity, shape (recorded losses,)
        Beginning of the last step of each.

    Raises
    ------
    TypeError, ValueError
        If `trials` is not a Trials or has no readout; or if `average` is not a positive whole
        number, the task is not a stream, there are several readouts, or losses are rewards.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.tasks import FlipFlop
    >>> task = FlipFlop(length=50*ms)
    >>> defaultclock.dt = task.dt
    >>> net = LearningNetwork(task, RateNeurons(10, tau=2*ms), RFLO(0.01, tau=2*ms))
    >>> losses = LossMonitor(net.trials, average=20)
    >>> net.add(losses)
    >>> result = net.train(4)
    >>> result.losses.shape, losses.loss.shape
    ((1, 4), (1, 10))
    """

    average = None

    def __init__(self, trials: Trials, average: int | None = None, **statemonitor_args: Any):
        kind = type(self).__name__
        if not isinstance(trials, Trials):
            raise TypeError(
                f"{kind} needs a Trials, for example net.trials of a LearningNetwork;"
                f" got {getattr(trials, 'name', trials)!r}"
            )
        if not trials.readouts:
            raise ValueError(
                f"{kind} needs a Trials with a Readout; '{trials.name}' has none: write"
                f" {kind}(Trials(task, ..., readout))"
            )
        check_passed(self, LossMonitor.__init__, statemonitor_args)
        self.n_steps, condition, source = (
            trials.task.n_steps,
            last_step(trials.task.n_steps),
            trials,
        )
        if average is not None:
            source = readout_of(trials, kind, average)
            condition = f"({condition}) or ({last_step(average)})"
        self.average, self.n_networks = average, len(trials)
        super().__init__(source, "loss", True, condition, schedule.RECORD, **statemonitor_args)

    def __getattr__(self, item):
        recorded = super().__getattr__(item)
        if self.average is None or item not in ("loss", "loss_", "t", "t_"):
            return recorded
        return self._averaged()[item.startswith("loss")] * (second if item == "t" else 1)

    def __getitem__(self, item):
        if self.average is not None:
            raise TypeError(f"'{self.name}' has means; write {self.name}.loss[network]")
        return super().__getitem__(item)

    def _averaged(self):
        """Return the times in seconds at which means are complete, and the means."""
        dt = self.source.clock.dt_
        steps = np.round(np.asarray(super().__getattr__("t_")) / dt).astype(int) + 1
        within = np.asarray(super().__getattr__("loss_"))
        within = within.reshape(self.n_networks, -1, len(steps)).sum(axis=1).T
        sums = dict(zip(steps.tolist(), within * self._steps_of_a_loss(steps)))
        ends = [end for end in steps.tolist() if end % self.average == 0]
        means = [(end, self._sum_to(end, sums)) for end in ends]
        whole = [(end, total / self.average) for end, total in means if total is not None]
        times = np.array([(end - 1) * dt for end, _ in whole])
        return times, np.array([mean for _, mean in whole]).reshape(-1, self.n_networks).T

    def _sum_to(self, end, sums):
        """Return the sum over the steps of a mean, of sums since the beginning of each window; None
        if some were not recorded.
        """
        begin, n_steps = end - self.average, self.n_steps
        windows = range(begin // n_steps * n_steps + n_steps, end, n_steps)
        added = [*windows, end]
        taken = [begin] if begin % n_steps else []
        if any(step not in sums for step in (*added, *taken)):
            return None
        return sum(sums[step] for step in added) - sum(sums[step] for step in taken)

    def _steps_of_a_loss(self, steps):
        """Return the number of steps of which the loss of a window is the mean; raise where only
        some of them count.
        """
        for window in np.unique((steps - 1) // self.n_steps).tolist():
            if self.source.steps_of_loss(window) != self.n_steps:
                raise ValueError(
                    f"'{self.name}': in window {window} of the stream only some steps count, of"
                    f" which the loss of a {type(self.source).__name__} is the mean. Write"
                    " LossMonitor(trials), for the loss of each window."
                )
        return self.n_steps


def readout_of(trials: Trials, kind: str, average: int):
    """Return the readout whose losses are averaged; raise if there is not one of a stream."""
    check_count(f"{kind}: average", average)
    if not trials.task.continuous:
        raise ValueError(
            f"{kind}: average is for streams, and {type(trials.task).__name__} has trials, each"
            " with a loss. Leave it out, or write continuous=True for the task."
        )
    readout, *others = trials.readouts
    if others:
        raise ValueError(
            f"{kind}: average is for one readout; '{trials.name}' has {len(others) + 1}. Leave it"
            " out, for the loss of all of them in each window."
        )
    if readout.loss_is:
        raise ValueError(
            f"{kind}: average is for losses, which are {readout.loss_is} here. Leave it out."
        )
    return readout
