"""A monitor of the losses of trials."""

from typing import Any

from .. import schedule
from ..brian.conditional import ConditionalMonitor, last_step
from ..brian.passed import check_passed
from .trials import Trials


class LossMonitor(ConditionalMonitor):
    """Record the loss of each trial: ``monitor.loss[network]``, one value per trial, and
    ``monitor.t``.

    Parameters
    ----------
    trials : Trials
        The trials of the network.
    **statemonitor_args
        Arguments of `brian2.StateMonitor` that leave the time as it is, for example ``name``.
    """

    def __init__(self, trials: Trials, **statemonitor_args: Any):
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
        super().__init__(
            trials,
            "loss",
            True,
            last_step(trials.task.n_steps),
            schedule.RECORD,
            **statemonitor_args,
        )
