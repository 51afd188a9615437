"""A monitor of one time step of each trial, or of every k-th trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from brian2 import Group
from numpy.typing import ArrayLike, NDArray

from .. import schedule
from ..brian.borrowed import catch_logs
from ..brian.conditional import ConditionalMonitor, is_standalone
from ..brian.passed import check_passed
from ..brian.quantities import check_count, is_whole
from ..synapses.kinds import is_projection
from .trials import Trials


class TrialMonitor(ConditionalMonitor):
    """Record variables at the end of each trial, or of every k-th one: a `brian2.StateMonitor` with
    one value a trial.

    A StateMonitor with ``dt=task.duration`` records in the *first* step of each trial, after it
    with ``when="end"``: weights that change at the end of a trial are a whole trial older there,
    and in C++ standalone its clock drifts from that of the network.

    Parameters
    ----------
    trials : Trials
        The trials, for example ``net.trials``.
    source : group
        The group or projection whose variables are recorded.
    variables : str or sequence of str
        Names of variables.
    every : int
        Record in each `every`-th trial: with 10 in trials 9, 19, ..., counted from 0.
    step : int, optional
        Record at the end of this time step of the trial, counted from 0; by default the last, after
        changes of weights at the end of the trial.
    record : bool or array of int
        Which units or synapses are recorded; all of them by default.
    **statemonitor_args
        Arguments of `brian2.StateMonitor` that leave the time as it is, for example ``name``.

    Attributes
    ----------
    w, activity, ... : ndarray, shape (units, recorded trials)
        What has been recorded, by the names of the variables.
    trial : ndarray, shape (recorded trials,)
        Numbers of the trials.
    t : Quantity, shape (recorded trials,)
        Beginning of the recorded time steps.

    Raises
    ------
    TypeError, ValueError
        If `trials` is not a Trials, `every` not a positive whole number, or `step` not a step of a
        trial.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> net = LearningNetwork(task, RateNeurons(10, tau=10*ms), RFLO(0.03, tau=10*ms))
    >>> weights = TrialMonitor(net.trials, net.recurrent, "w", every=2)
    >>> net.add(weights)
    >>> result = net.train(6)
    >>> weights.w.shape, weights.trial
    ((100, 3), array([1, 3, 5]))
    >>> bool((weights.w[:, -1] == net.recurrent.w).all())
    True
    """

    def __init__(
        self,
        trials: Trials,
        source: Group,
        variables: str | Sequence[str],
        every: int = 1,
        step: int | None = None,
        record: bool | ArrayLike = True,
        **statemonitor_args: Any,
    ):
        if not isinstance(trials, Trials):
            raise TypeError(
                "TrialMonitor needs a Trials first, for example net.trials of a LearningNetwork;"
                f" got {getattr(trials, 'name', trials)!r}"
            )
        check_passed(self, TrialMonitor.__init__, statemonitor_args)
        check_count("TrialMonitor: every", every)
        self.n_steps = trials.task.n_steps
        self._check_step(step)
        check_known("TrialMonitor", source, variables)
        step = self.n_steps - 1 if step is None else int(step)
        place = self.n_steps * (every - 1) + step
        with catch_logs():  # Brian2 warns that it cannot count synapses before a standalone run
            super().__init__(
                source,
                variables,
                every_synapse(source) if record is True else record,
                f"{{step}} % {self.n_steps * every} == {place}",
                schedule.RECORD,
                **statemonitor_args,
            )

    def _check_step(self, step):
        if step is not None and not (is_whole(step) and 0 <= step < self.n_steps):
            raise ValueError(
                f"TrialMonitor: step must be one of the {self.n_steps} time steps of a trial,"
                f" counted from 0; got {step!r}"
            )

    @property
    def trial(self) -> NDArray:
        """Numbers of the recorded trials."""
        steps = np.round(np.asarray(self.t / self.clock.dt)).astype(int)
        return steps // self.n_steps


def check_known(kind, source, variables):
    """Raise unless names are those of variables of a group."""
    names = [variables] if isinstance(variables, str) else variables
    known = getattr(source, "variables", None)
    if known is None:
        raise TypeError(f"{kind}: source must be a group or a projection; got {source!r}")
    if not isinstance(names, (list, tuple)) or not names:
        raise TypeError(
            f"{kind}: variables must be names of variables, for example 'w'; got {variables!r}"
        )
    for name in names:
        if name not in known:
            raise ValueError(f"{kind}: '{source.name}' has no variable {name!r} to record")


def every_synapse(source):
    """Return what StateMonitor needs to record all units; C++ standalone does not count synapses
    before it runs, but those of an all-to-all projection are known.
    """
    size = source._size() if is_standalone() and is_projection(source) else None
    return True if size is None else np.arange(size)
