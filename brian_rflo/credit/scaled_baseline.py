"""The modulator of Miconi 2017 (eLife 6:e20899): what is expected multiplies the difference.

    modulator = expected (expected - loss)
    expected <- expected + rate (loss - expected)        after it; 0 before the first trial

with one expectation for each kind of trial. So changes are large where losses still are large, and
end where they are 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..steps import Step
from .running_baseline import RunningBaseline

__all__ = ["ScaledBaseline"]


@dataclass(frozen=True)
class ScaledBaseline(RunningBaseline):
    """Expected loss less the loss, times the expected loss, once per trial (Miconi 2017).

    Parameters
    ----------
    rate : float
        Fraction of the difference by which the expectation follows; 0.25 in the paper.
    kinds : int
        As for `RunningBaseline`; 4 in the paper.

    Raises
    ------
    TypeError, ValueError
        As for `RunningBaseline`.

    Examples
    --------
    >>> ScaledBaseline(rate=0.25).steps[0].code.splitlines()[-1]
    'modulator *= modulator + loss'
    """

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps as for `RunningBaseline`; the difference and the loss make up what was expected."""
        (step,) = super().steps
        return (replace(step, code=f"{step.code}\nmodulator *= modulator + loss"),)
