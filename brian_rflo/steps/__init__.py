"""The one contract: everything that happens is a step.

A rule, an optimizer, a credit path, a modulator, what neurons, readouts and trials do at a
boundary: each is a `Mechanism`, a value object with a few `Step`s, and each step is a string of
statements with a place in the time step.
"""

from .clock import TrialClock
from .step import INTEGRATE, Mechanism, Step, equations_of, merged, steps_of

__all__ = ["INTEGRATE", "Mechanism", "Step", "TrialClock", "equations_of", "merged", "steps_of"]
