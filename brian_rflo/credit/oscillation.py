"""A teacher that oscillates: outputs are pulled towards the target and pushed away from it in turn,
and weights learn from the correlation with that wave (Baldi & Pineda 1991, Neural Comput 3:526).

    teaching(k) = sin(2 pi k/P)                       k steps after the free phase, P of a period
    modulator(k) = 2/(strength P) sin(2 pi (k+1)/P)   in the second period, else 0

The modulator is a step ahead of the teacher, since weights learn from the state with which the next
step begins.
"""

from __future__ import annotations

from dataclasses import dataclass

from brian2 import Quantity

from ..brian.quantities import check_number, check_time
from ..schedule import MODULATE
from ..steps import Mechanism, Step

__all__ = ["Oscillation"]


@dataclass(frozen=True)
class Oscillation(Mechanism):
    """A free phase, a period in which the network follows the wave, and one that counts.

    Parameters
    ----------
    free, period : Quantity
        Duration of the free phase, and of a period, slow beside the time constants of the network.
    strength : float
        Amplitude of the wave.

    Raises
    ------
    TypeError, ValueError
        If a duration is not a positive time, or `strength` not positive.

    Examples
    --------
    >>> from brian2 import ms
    >>> Oscillation(free=100*ms, period=80*ms).phases
    {'free': 100. * msecond, 'taught': 160. * msecond}
    """

    free: Quantity
    period: Quantity
    strength: float = 0.5

    variables = {"network": "modulator : 1"}
    #: Whether networks are to have settled at the end of the taught phase.
    settles = False

    def __post_init__(self):
        check_time("Oscillation: free", self.free)
        check_time("Oscillation: period", self.period)
        check_number("Oscillation", "strength", self.strength)

    @property
    def parameters(self) -> dict[str, float]:
        """Empty: neurons share the wave, so it cannot change between runs."""
        return {}

    @property
    def phases(self) -> dict[str, Quantity]:
        """Phases of a trial, for a task such as `Patterns`."""
        return {"free": self.free, "taught": 2 * self.period}

    @property
    def teaching(self) -> str:
        """Degree to which outputs are taught in a step, an expression of `_k`, the steps since the
        end of the free phase, and `_period`, the steps of a period.
        """
        return "int(_k >= 0)*sin(2*pi*_k/_period)"

    @property
    def steps(self) -> tuple[Step, ...]:
        """The modulator, in each step."""
        code = (
            f"_period = {float(self.period)!r}*second/dt\n"
            f"_k = t_in_timesteps % trial_steps + 1 - {float(self.free)!r}*second/dt\n"
            "_counts = int(_k > _period - 0.5)*int(_k < 2*_period - 0.5)\n"
            f"modulator = _counts*2/({self.strength!r}*_period)*sin(2*pi*_k/_period)"
        )
        return (Step(code, MODULATE, "network"),)
