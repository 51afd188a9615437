"""Learning schedules: when, and by which optimizer, a rule's updates change the weights.

`PerStep.mechanisms` joins update, optimizer and constraint in one step, since separate steps would
each need another stored array. Only this module keeps weights unchanged where learning is off.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from .. import schedule
from ..brian.quantities import check_count, check_number
from ..brian.statements import nested
from ..rules.base import LearningRule, addition
from ..steps import Mechanism, Step
from .arguments import check_instance
from .clipping import Clip
from .divergence import DivergenceCheck
from .sgd import SGD
from .side_by_side import SharedUpdate

__all__ = ["PerStep", "PerTrial"]


@dataclass(frozen=True)
class Schedule(Mechanism):
    """Variables and steps of a learning schedule, for one rule."""

    variables: dict[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class PerStep:
    """Change the weights whenever an update is read: for most rules, in each step.

    Parameters
    ----------
    optimizer : SGD, Momentum or Adam
        The optimizer that turns updates into changes of the weights.
    window : int, optional
        Number of steps by which an update is divided; by default the steps of a trial, as in Murray
        2019, or 1 for an update that a rule reads once per trial, and in a stream.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid.
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

    @property
    def is_plain(self) -> bool:
        """True if updates themselves, times the learning rate, change weights where they are
        read.
        """
        return self == PerStep()

    def mechanisms(
        self, rule: LearningRule, constraint: str = "", counts: str = "1", factor: str = ""
    ) -> tuple[Mechanism, ...]:
        """Return the mechanisms of a projection.

        Parameters
        ----------
        rule : LearningRule
            The rule whose updates are applied.
        constraint : str
            Statements that run after each change of the weights.
        counts : str
            Expression that is 0 for synapses whose changes do not contribute to the norm in
            gradient clipping.
        factor : str
            Name of a synaptic variable by which the learning rate is multiplied; synapses where it
            is 0 do not learn.
        """
        steps = [
            Step(
                change_weights(
                    update, self.divisor(when, rule), self.optimizer, constraint, factor
                ),
                phase_of(when),
                when=when,
            )
            for when, update in rule.updates.items()
        ]
        steps += reset_diverged(self.optimizer.remembered)
        variables = {"own": f"{factor} : 1"} if factor else {}
        return DivergenceCheck(), self.optimizer, Schedule(variables, tuple(steps))

    def divisor(self, when: str, rule: LearningRule) -> int | str:
        """Return the divisor of an update of a rule that is read at `when`: a number or an
        expression.
        """
        return self.window or ("trial_steps" if when == "step" and rule.is_averaged else 1)


@dataclass(frozen=True)
class PerTrial(PerStep):
    """Sum updates and change the weights at the end of each trial, or of a batch of trials.

    Parameters
    ----------
    optimizer : SGD, Momentum or Adam
        The optimizer that turns a sum of updates into a change of the weights.
    window : int, optional
        Number of steps by which a sum is divided before the optimizer reads it; by default the
        steps of a trial, or 1 for an update that a rule reads once per trial. Use the steps that
        count times the trials of a batch to average over both, or 1 for the sum.
    batch : int
        Number of trials whose updates are summed before they are applied. The sum of an unfinished
        batch stays in `change` for the next run.
    clip_norm : float, optional
        Gradient clipping: the largest norm of a network's change, ``sqrt(sum of
        change**2)/window`` over all its plastic projections and before the learning rate. Larger
        changes are scaled down to it.
    copies : int
        Number of trials side by side: the groups contain this many consecutive copies of each
        network, which share their weights and run different trials of a batch at the same time.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid.
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

    def mechanisms(
        self, rule: LearningRule, constraint: str = "", counts: str = "1", factor: str = ""
    ) -> tuple[Mechanism, ...]:
        """Return the mechanisms of a projection; see `PerStep.mechanisms`."""
        divisor = self.window or ("trial_steps" if rule.is_averaged else 1)
        steps = [
            Step(addition("change", update), phase_of(when), when=when)
            for when, update in rule.updates.items()
        ]
        total = "scale_network*change" if self.clip_norm else "change"
        steps.append(
            Step(
                change_weights(total, divisor, self.optimizer, constraint, factor) + "\nchange = 0",
                schedule.APPLY,
                when="trial_end",
                every=self.batch,
            )
        )
        steps += reset_diverged(
            (*self.optimizer.remembered, *(["change"] if self.batch > 1 else []))
        )
        clips = [Clip(float(self.clip_norm), divisor, self.batch, counts)] if self.clip_norm else []
        shares = [SharedUpdate(self.batch)] if self.copies > 1 else []
        return (
            DivergenceCheck(),
            self.optimizer,
            Schedule({"own": "change : 1" + f"\n{factor} : 1" * bool(factor)}, tuple(steps)),
            *shares,
            *clips,
        )


def phase_of(when):
    """Return the phase in which an update is read."""
    return schedule.LEARN if when == "step" else schedule.TRIAL_LEARN


def learning(factor):
    """Return statements before weights are changed: the learning rate, 0 where learning is off, and
    a number that is positive where synapses learn.

    The latter has the form of gradient descent, so that fast loops need one number for both.
    """
    rate = "*".join(filter(None, ["int(plastic)", "learning_rate", factor]))
    return f"_rate = {rate}", "_learns = _rate/window*finite_network"


def change_weights(total, window, optimizer, constraint, factor=""):
    """Return statements that change weights by a sum of updates and apply the constraint; weights
    that do not learn stay bit-identical.

    The old values are copied by `where`, since ``_kept = w`` would name the same array on the numpy
    target.
    """
    kept = optimizer.remembered
    lines = [
        optimizer.counts,
        f"window = {window}",
        *learning(factor),
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


def reset_diverged(names):
    """Return a tuple with the step that sets variables of diverged networks to 0; empty without
    names.
    """
    code = "\n".join(f"{name} = where(finite_network > 0, {name}, 0)" for name in names)
    return (Step(code, schedule.RESTORE, when="trial_end"),) if code else ()


def paired(learn, rule):
    """Return the schedule for a rule; if it compares pairs of trials, with a free and a perturbed
    copy of each trial.

    For a rule whose updates are read at the end of a trial, `PerStep` is `PerTrial`.
    """
    if not rule.pairs or learn.copies == 2:
        return learn
    if not learn.accumulates and "step" not in rule.updates:
        return PerTrial(learn.optimizer, learn.window, copies=2)
    if not learn.accumulates or learn.copies > 2:
        raise ValueError(
            f"{rule.title} compares pairs of trials, so learn must be PerTrial(...) without copies;"
            f" got {learn!r}"
        )
    return replace(learn, copies=2)
