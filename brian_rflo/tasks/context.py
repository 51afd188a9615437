"""Choice by context: of two noisy streams of evidence, the context says which one counts.

After Mante, Sussillo, Shenoy & Newsome 2013, Nature 503:78-84, with one answer at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms
from numpy.typing import NDArray

from ..brian.quantities import check_number, is_number
from .choices import ChoiceTask

__all__ = ["ContextChoice"]


@dataclass(frozen=True, kw_only=True)
class ContextChoice(ChoiceTask):
    """Report the sign of one of two noisy streams, of the one that the context names (after Mante
    et al. 2013).

    Both streams come at the same time, between a pause and the answer. In each step of `evidence`
    stream k is ``c_k`` plus noise, where the size of ``c_k`` is drawn from `strengths` in each
    trial. One of two context lines is 1 throughout; the answer in the time `go` is 1 if ``c_k`` of
    its stream is positive, else 0. The input lines are the two streams, the two contexts, and one
    that is 1 during `go`. The `kind` of a trial is its context and the sides of both streams.

    A network that follows one stream in both contexts is right in three trials of four.

    Parameters
    ----------
    start, evidence, go : Quantity
        Durations of the pause before the streams, of the streams, and of the answer.
    strengths : sequence of float
        Sizes of the mean of a stream, each with equal probability.
    noise_std : float
        Standard deviation of the noise of a stream in a step.
    answer : {"value", "class", "action"}
        "value": one output, `height` if the stream is positive, else ``-height``. "class": two
        outputs, negative and positive, one-hot throughout `go`. "action": the same in the last step
        of `go` alone, in which one of them is chosen; one more step follows, for its reward.
    order : {"drawn", "in turn"}
        Whether the eight kinds of trial are drawn, or follow one another; strengths and noise are
        drawn in any case.
    height : float
        Size of the target of a value.
    dt, seed
        See `Task`.

    Raises
    ------
    TypeError, ValueError
        If a time is not a whole number of steps, or an argument is unknown or out of its range.

    Examples
    --------
    >>> from brian2 import ms
    >>> task = ContextChoice(answer="action")
    >>> task.n_steps, task.n_inputs, task.n_outputs
    (31, 5, 2)
    >>> task.kinds[:2]
    ('context 0, - -', 'context 0, - +')
    """

    start: Quantity = field(default_factory=lambda: 5 * ms)
    evidence: Quantity = field(default_factory=lambda: 20 * ms)
    strengths: Sequence[float] = (0.3, 0.15, 0.05)
    noise_std: float = 0.5

    n_inputs = 5
    kinds = tuple(f"context {c}, {a} {b}" for c in (0, 1) for a in "-+" for b in "-+")
    positive = ("evidence", "go")

    def __post_init__(self):
        check_number("ContextChoice", "noise_std", self.noise_std, zero_allowed=True)
        sizes = np.ndim(self.strengths) == 1 and [*self.strengths]
        if not sizes or not all(is_number(size) and size > 0 for size in sizes):
            raise ValueError(
                "ContextChoice: strengths must be a sequence of positive numbers, for example"
                f" (0.3, 0.15); got {self.strengths!r}"
            )
        object.__setattr__(self, "strengths", tuple(float(size) for size in sizes))
        super().__post_init__()

    @property
    def shown_steps(self) -> int:
        return self.steps("start") + self.steps("evidence")

    def shown(self, kind: int, rng: np.random.Generator) -> NDArray:
        context, sides = divmod(kind, 4)
        means = rng.choice(self.strengths, size=2) * np.where(divmod(sides, 2), 1, -1)
        inputs, first = np.zeros((self.shown_steps + self.steps("go"), 5)), self.steps("start")
        streams = rng.normal(means, self.noise_std, (self.steps("evidence"), 2))
        inputs[first : self.shown_steps, :2] = streams
        inputs[:, 2 + context] = 1
        inputs[self.shown_steps :, 4] = 1
        return inputs

    def right(self, kind: int) -> int:
        context, sides = divmod(kind, 4)
        return divmod(sides, 2)[context]
