"""Delayed non-match to sample: report whether two cues, a delay apart, are different.

Miconi 2017, eLife 6:e20899, figure 1.
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms
from numpy.typing import NDArray

from ..brian.quantities import check_count
from .choices import ChoiceTask

__all__ = ["DelayedNonMatch"]


@dataclass(frozen=True, kw_only=True)
class DelayedNonMatch(ChoiceTask):
    """Report whether two cues, with a delay between them, are different (Miconi 2017, figure 1).

    A trial shows a first cue, A or B, then a second one; the answer in the time `go` is 1 if they
    are different and 0 if they are the same. Each cue has an input line, which is 1 while it is
    shown, and a third line is 1 during `go`. Which of the four pairs a trial has is its `kind`.

    Parameters
    ----------
    cue, delay, go : Quantity
        Durations of each cue, of the pause between them, and of the answer.
    start, wait : Quantity
        Pauses before the first cue, and between the second one and the answer.
    n_inputs : {3, 2}
        3: two cues and go. 2: the cues alone (as in the paper).
    answer : {"value", "class", "action"}
        "value": one output, `height` if the cues are different, ``-height`` if they are the same.
        "class": two outputs, same and different, one-hot throughout `go`. "action": the same in the
        last step of `go` alone, in which one of them is chosen; one more step follows, for its
        reward.
    order : {"drawn", "in turn"}
        Whether the pairs AA, AB, BA, BB are drawn, or follow one another.
    height : float
        Size of the target of a value.
    dt, seed
        See `Task`.

    Raises
    ------
    ValueError
        If a time is not a whole number of steps, or an argument is unknown or out of its range.

    Examples
    --------
    A short one, and that of the paper, of one second.

    >>> from brian2 import ms
    >>> DelayedNonMatch(cue=5*ms, delay=5*ms, go=5*ms, answer="action").n_steps
    21
    >>> long = DelayedNonMatch(start=1*ms, cue=200*ms, delay=199*ms, wait=200*ms, go=200*ms,
    ...                        n_inputs=2, height=0.98, order="in turn")
    >>> long.n_steps, [long.kinds[long.kind(k)] for k in range(5)]
    (1000, ['AA', 'AB', 'BA', 'BB', 'AA'])
    """

    cue: Quantity = field(default_factory=lambda: 5 * ms)
    delay: Quantity = field(default_factory=lambda: 5 * ms)
    start: Quantity = field(default_factory=lambda: 0 * ms)
    wait: Quantity = field(default_factory=lambda: 0 * ms)
    n_inputs: int = 3

    kinds = ("AA", "AB", "BA", "BB")
    positive = ("cue", "go")

    def __post_init__(self):
        check_count("DelayedNonMatch: n_inputs", self.n_inputs, least=2)
        if self.n_inputs > 3:
            raise ValueError(
                "DelayedNonMatch: n_inputs must be 3 (two cues and go) or 2 (two cues); got"
                f" {self.n_inputs!r}"
            )
        super().__post_init__()

    @property
    def shown_steps(self) -> int:
        return sum(self.steps(name) for name in ("start", "cue", "delay", "cue", "wait"))

    def shown(self, kind: int, rng: np.random.Generator) -> NDArray:
        inputs = np.zeros((self.shown_steps + self.steps("go"), self.n_inputs))
        first, cue = self.steps("start"), self.steps("cue")
        second = first + cue + self.steps("delay")
        for begin, line in zip((first, second), divmod(kind, 2)):
            inputs[begin : begin + cue, line] = 1
        inputs[self.shown_steps :, 2:] = 1
        return inputs

    def right(self, kind: int) -> int:
        first, second = divmod(kind, 2)
        return int(first != second)
