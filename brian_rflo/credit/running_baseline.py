"""A modulator with an expectation: how much smaller the loss of a trial is than those before.

    modulator = expected - loss
    expected <- expected + rate (loss - expected)        after it; 0 before the first trial

with one expectation for each kind of trial k (Miconi 2017, eLife 6:e20899; Frémaux, Sprekeler &
Gerstner 2010, J Neurosci 30:13326), which `Task.kind` numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..brian.quantities import check_count, check_number
from ..schedule import MODULATE
from ..steps import Mechanism, Step

__all__ = ["RunningBaseline"]


@dataclass(frozen=True)
class RunningBaseline(Mechanism):
    """Expected loss less the loss, once per trial, with an expectation that follows the losses.

    Parameters
    ----------
    rate : float
        Fraction of the difference by which the expectation follows, above 0 and at most 1.
    kinds : int
        Number of kinds of trial, each with its own expectation ``expected_0``, ``expected_1``, ...;
        that of the task, or 1 for one expectation, `expected`.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid; where it is passed to a `Trials`, if the task has another number
        of kinds.

    Examples
    --------
    >>> RunningBaseline(rate=0.25).names
    ('expected',)
    >>> RunningBaseline(rate=0.25, kinds=2).names
    ('expected_0', 'expected_1')
    """

    rate: float
    kinds: int = 1

    def __post_init__(self):
        kind = type(self).__name__
        check_number(kind, "rate", self.rate)
        check_count(f"{kind}: kinds", self.kinds)
        if self.rate > 1:
            raise ValueError(f"{kind}: rate must be at most 1; got {self.rate!r}")

    @property
    def parameters(self) -> dict[str, float]:
        """The rate, which may change between runs."""
        return {"rate": self.rate}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the expectations."""
        if self.kinds == 1:
            return ("expected",)
        return tuple(f"expected_{kind}" for kind in range(self.kinds))

    @property
    def variables(self) -> dict[str, str]:
        """The modulator and the expectations, numbers of each network."""
        return {"network": "\n".join(f"{name} : 1" for name in ("modulator", *self.names))}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The modulator, then the expectation of this kind of trial."""
        code = f"modulator = {self.present} - loss\n{self.following('loss')}"
        return (Step(code, MODULATE, "network", "trial_end"),)

    @property
    def present(self) -> str:
        """Expression of the expectation of this kind of trial."""
        first, *others = self.names
        present = first
        for kind, name in enumerate(others, start=1):
            present = f"where(int(kind == {kind}) > 0, {name}, {present})"
        return present

    def following(self, value: str) -> str:
        """Return the statements by which the expectation of this kind of trial follows a value."""
        is_this = "int(kind == {kind})*" if self.kinds > 1 else ""
        return "\n".join(
            f"{name} += {is_this.format(kind=kind)}rate*({value} - {name})"
            for kind, name in enumerate(self.names)
        )
