"""Learning schedules: when a rule's updates become changes of the weights, through an optimizer,
within bounds.

A schedule is a function of a rule's updates: `of` pastes update, optimizer and constraint into one
step, since separate ones would need one more stored array for each. What keeps weights as they are
where nothing learns is written here, and nowhere else.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar

from .. import schedule
from ..brian.quantities import check_count, check_number
from ..brian.statements import nested
from ..rules.base import adds
from ..steps import Mechanism, Step
from .arguments import check_instance
from .clipping import Clip
from .divergence import Guard
from .optimizers import SGD
from .side_by_side import Shared

__all__ = ["PerStep", "PerTrial"]

#: Statements of synapses before they change weights: the learning rate, 0 where learning is off,
#: and what is above 0 where they learn. It has the form of gradient descent, so that fast loops
#: keep one number for both.
LEARNS = "_rate = int(plastic)*learning_rate", "_learns = _rate/window*finite_network"


@dataclass(frozen=True)
class Schedule(Mechanism):
    """Variables and steps of a learning schedule, for one rule."""

    variables: dict = field(default_factory=dict)
    steps: tuple = ()


@dataclass(frozen=True)
class PerStep:
    """Weights change whenever an update is read: in each step, for most rules.

    Parameters
    ----------
    optimizer : SGD, Momentum or Adam
        How updates become changes of the weights.
    window : int, optional
        Number of steps that an update is divided by: within trials those of a trial by default, as
        in Murray 2019. An update that a rule reads once a trial is divided by 1.

    Raises
    ------
    TypeError, ValueError
        If a value is not what it must be.
    """

    optimizer: SGD = SGD()  # noqa: RUF009 (it is immutable)
    window: int | None = None

    batch: ClassVar[int] = 1
    copies: ClassVar[int] = 1
    clip_norm: ClassVar[None] = None
    accumulates: ClassVar[bool] = False

    def __post_init__(self):
        kind = type(self).__name__
        check_instance(f"{kind}: optimizer", self.optimizer, SGD, "Adam()")
        if self.window is not None:
            check_count(f"{kind}: window", self.window)

    def of(self, rule, constraint="", counts="1"):
        """Return the mechanisms of a projection.

        Parameters
        ----------
        rule : LearningRule
        constraint : str
            Statements behind each change of the weights.
        counts : str
            Expression that is 0 for synapses whose changes are left out of the norm in gradient
            clipping.
        """
        steps = [
            Step(
                change_weights(update, self.divisor(when), self.optimizer, constraint),
                phase_of(when),
                when=when,
            )
            for when, update in rule.updates.items()
        ]
        return Guard(), self.optimizer, Schedule({}, (*steps, *forget(self.optimizer.remembered)))

    def divisor(self, when):
        """Return what an update that is read at a time is divided by."""
        return self.window or ("trial_steps" if when == "step" else 1)


@dataclass(frozen=True)
class PerTrial(PerStep):
    """Updates are added up, and change the weights at the end of each trial, or of a batch of
    trials.

    Parameters
    ----------
    optimizer : SGD, Momentum or Adam
        How a sum of updates becomes a change of the weights.
    window : int, optional
        Number of steps that a sum is divided by before the optimizer sees it: those of a trial by
        default. A learning window, times the trials of a batch, for the average over both; 1 for
        the sum.
    batch : int
        Trials whose updates are added up before they are applied. What a run leaves of an
        unfinished batch waits in `change` for the next run.
    clip_norm : float, optional
        Gradient clipping: where the norm of a network's change, ``sqrt(sum of change**2)/window``
        over all its plastic projections and before the learning rate, is larger than this, the
        change is scaled down to it.
    copies : int
        Trials side by side: each network stands so many times in the groups, one copy after the
        other, and the copies run different trials of a batch at the same time, with weights in
        common.

    Raises
    ------
    TypeError, ValueError
        If a value is not what it must be.
    """

    batch: int = 1
    clip_norm: float | None = None
    copies: int = 1

    accumulates: ClassVar[bool] = True

    def __post_init__(self):
        super().__post_init__()
        check_count("PerTrial: batch", self.batch)
        check_count("PerTrial: copies", self.copies)
        if self.clip_norm is not None:
            check_number("PerTrial", "clip_norm", self.clip_norm)

    def of(self, rule, constraint="", counts="1"):
        """Return the mechanisms of a projection; see `PerStep.of`."""
        divisor = self.window or ("trial_steps" if "step" in rule.updates or rule.summed else 1)
        steps = [
            Step(adds("change", update), phase_of(when), when=when)
            for when, update in rule.updates.items()
        ]
        total = "scale_network*change" if self.clip_norm else "change"
        steps.append(
            Step(
                f"{change_weights(total, divisor, self.optimizer, constraint)}\nchange = 0",
                schedule.APPLY,
                when="trial_end",
                every=self.batch,
            )
        )
        steps += forget((*self.optimizer.remembered, *(["change"] if self.batch > 1 else [])))
        clips = [Clip(float(self.clip_norm), divisor, self.batch, counts)] if self.clip_norm else []
        shares = [Shared(self.batch)] if self.copies > 1 else []
        return (
            Guard(),
            self.optimizer,
            Schedule({"own": "change : 1"}, tuple(steps)),
            *shares,
            *clips,
        )


def phase_of(when):
    """Return the phase in which an update is read."""
    return schedule.LEARN if when == "step" else schedule.TRIAL_LEARN


def change_weights(total, window, optimizer, constraint):
    """Return statements from a sum of updates to weights within bounds; what does not learn stays,
    to the bit.

    What is kept is a copy: ``_kept = w`` would be another name of the same array on the numpy
    target.
    """
    kept = optimizer.remembered
    lines = [
        optimizer.counts,
        f"window = {window}",
        *LEARNS,
        *(f"_kept_{name} = where(_learns > 0, 0, {name})" for name in kept),
    ]
    lines += [f"total = {total}", optimizer.code]
    lines += [f"{name} = where(_learns > 0, {name}, _kept_{name})" for name in kept]
    lines += ["w = where(_learns > 0, w + dw, w)"]
    if constraint:
        lines += [
            "_kept_w = where(_learns > 0, 0, w)",
            constraint,
            "w = where(_learns > 0, w, _kept_w)",
        ]
    return nested("\n".join(filter(None, lines)), "window", "total", "dw", "_learns")


def forget(names):
    """Return the step, in a tuple, in which synapses of diverged networks forget; none where there
    is nothing to forget.
    """
    code = "\n".join(f"{name} = where(finite_network > 0, {name}, 0)" for name in names)
    return (Step(code, schedule.RESTORE, when="trial_end"),) if code else ()


def paired(learn, rule):
    """Return the schedule of a rule: where it compares pairs of trials, each runs twice side by
    side, free and perturbed.
    """
    if not rule.pairs or learn.copies == 2:
        return learn
    if not learn.accumulates or learn.copies > 2:
        raise ValueError(
            f"{rule.title} compares pairs of trials, so learn must be PerTrial(...) without copies;"
            f" got {learn!r}"
        )
    return replace(learn, copies=2)
