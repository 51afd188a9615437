"""Steps and mechanisms, the common form of all parts of learning.

Rules, optimizers, credit paths, modulators, and the statements of neurons, readouts and trials at a
boundary are each a `Mechanism`: a value object with a few `Step`s. A step is a string of statements
with a place in the time step.
"""

from .clock import TrialClock
from .step import INTEGRATE, Mechanism, Step, equations_of, merged, steps_of

__all__ = ["INTEGRATE", "Mechanism", "Step", "TrialClock", "equations_of", "merged", "steps_of"]
