"""Delayed XOR: report whether two cues were both there, or both absent.

After the delayed XOR of Liu, Smith, Mihalas, Shea-Brown & Sümbül 2022, NeurIPS 35, in a short form
without noise.
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms
from numpy.typing import NDArray

from .choices import ChoiceTask

__all__ = ["DelayedXOR"]


@dataclass(frozen=True, kw_only=True)
class DelayedXOR(ChoiceTask):
    """Report whether two cues, with a delay between them, were both there or both absent (after Liu
    et al. 2022).

    The answer in the time `go` is 1 if both cues were on or both were off, and 0 if one of them
    was. Each cue has an input line, which is 1 while it is on, and a third line is 1 during `go`.
    Unlike `DelayedNonMatch`, no line tells of a cue that is off. Which of the four cases a trial
    has is its `kind`.

    Parameters
    ----------
    cue, delay, go : Quantity
        Durations of each cue, of the pause between them, and of the answer.
    answer : {"value", "class", "action"}
        "value": one output, `height` if the cues are equal, ``-height`` if they are not. "class":
        two outputs, unequal and equal, one-hot throughout `go`. "action": the same in the last step
        of `go` alone, in which one of them is chosen; one more step follows, for its reward.
    order : {"drawn", "in turn"}
        Whether the cases (off off, off on, on off, on on) are drawn, or follow one another.
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
    >>> from brian2 import ms
    >>> task = DelayedXOR(cue=5*ms, delay=5*ms, go=5*ms, answer="class")
    >>> task.n_steps, task.n_inputs, task.n_outputs
    (20, 3, 2)
    """

    cue: Quantity = field(default_factory=lambda: 5 * ms)
    delay: Quantity = field(default_factory=lambda: 5 * ms)

    n_inputs = 3
    kinds = ("off off", "off on", "on off", "on on")
    positive = ("cue", "go")

    @property
    def shown_steps(self) -> int:
        return 2 * self.steps("cue") + self.steps("delay")

    def shown(self, kind: int, rng: np.random.Generator) -> NDArray:
        inputs, cue = np.zeros((self.shown_steps + self.steps("go"), 3)), self.steps("cue")
        inputs[:cue, 0], inputs[self.shown_steps - cue : self.shown_steps, 1] = divmod(kind, 2)
        inputs[self.shown_steps :, 2] = 1
        return inputs

    def right(self, kind: int) -> int:
        first, second = divmod(kind, 2)
        return int(first == second)
