"""A teacher in two phases of a trial: first the network is free, then outputs are taught; and the
modulator that compares both (contrastive Hebbian learning: Baldi & Pineda 1991, Neural Comput
3:526; equilibrium propagation: Scellier & Bengio 2017, Front Comput Neurosci 11:24).

    modulator = -1/strength     in the last step of the free phase
    modulator = +1/strength     in the last step of the taught phase, else 0

With a window of n steps it is -1/(n strength) in the last n steps of the free phase, +1/(n
strength) in those of the taught one: both phases are averaged along trajectories, as the paper's
appendix announces, or over spikes.
"""

from __future__ import annotations

from dataclasses import dataclass

from brian2 import Quantity

from ..brian.quantities import check_number, check_time
from ..schedule import BEGIN, MODULATE
from ..steps import Mechanism, Step

__all__ = ["TwoPhases"]


@dataclass(frozen=True)
class TwoPhases(Mechanism):
    """A free phase, then a taught one; what counts is the last step of each.

    Parameters
    ----------
    free, taught : Quantity
        Their durations, each long enough for the network to settle.
    strength : float, optional
        How strongly outputs are pulled towards the target while they are taught (beta of
        equilibrium propagation). None clamps them to it; the modulator then has strength 1.
    window : Quantity, optional
        Time at the end of each phase over which products are averaged; by default the last step
        counts, since networks have settled.

    Raises
    ------
    TypeError, ValueError
        If a duration is not a positive time, `strength` not positive, or a phase shorter than
        `window`.

    Examples
    --------
    >>> from brian2 import ms
    >>> TwoPhases(free=60*ms, taught=30*ms).phases
    {'free': 60. * msecond, 'taught': 30. * msecond}
    """

    free: Quantity
    taught: Quantity
    strength: float | None = None
    window: Quantity | None = None

    variables = {"network": "modulator : 1"}
    #: Whether networks are to have settled at the end of the taught phase.
    settles = True

    def __post_init__(self):
        check_time("TwoPhases: free", self.free)
        check_time("TwoPhases: taught", self.taught)
        if self.strength is not None:
            check_number("TwoPhases", "strength", self.strength)
        if self.window is not None:
            check_time("TwoPhases: window", self.window)
            if self.window > min(self.free, self.taught):
                raise ValueError(
                    "TwoPhases: window must not be longer than a phase; got"
                    f" window={self.window}, free={self.free}, taught={self.taught}"
                )

    @property
    def parameters(self) -> dict[str, float]:
        """Empty: neurons share the strength, so it cannot change between runs."""
        return {}

    @property
    def phases(self) -> dict[str, Quantity]:
        """Phases of a trial, for a task such as `Patterns`."""
        return {"free": self.free, "taught": self.taught}

    @property
    def teaching(self) -> str:
        """Degree to which outputs are taught in a step, an expression of `_k`, the steps since the
        end of the free phase.
        """
        return "int(_k >= 0)"

    @property
    def steps(self) -> tuple[Step, ...]:
        """The modulator: 0, and in the last step of each phase its sign."""
        size = 1 / (self.strength or 1)
        if self.window is not None:
            return (Step(self._averaging(size), MODULATE, "network"),)
        return (
            Step("modulator = 0", BEGIN, "network", "trial_start"),
            Step(f"modulator = {-size!r}", MODULATE, "network", "free_end"),
            Step("modulator = 0", BEGIN, "network", "taught_start"),
            Step(f"modulator = {size!r}", MODULATE, "network", "taught_end"),
        )

    def _averaging(self, size):
        """Return the code of the modulator in each step, for averages over a window."""
        free, taught, window = (float(time) for time in (self.free, self.taught, self.window))
        return (
            f"_k = t_in_timesteps % trial_steps - {free!r}*second/dt\n"
            f"_window = {window!r}*second/dt\n_taught = {taught!r}*second/dt\n"
            "_after = int(_k > _taught - _window - 0.5)*int(_k < _taught - 0.5)\n"
            "_before = int(_k > -_window - 0.5)*int(_k < -0.5)\n"
            f"modulator = {size!r}*(_after - _before)/_window"
        )
