"""Local learning rules beside the exact gradient: what they reach, and how near they come to it."""

from .alignment import ALIGNMENT
from .conductance import CONDUCTANCES
from .evidence import EVIDENCE
from .periodic import LEARNING_RATES, PERIODIC

EXPERIMENTS = (PERIODIC, LEARNING_RATES, ALIGNMENT, EVIDENCE, CONDUCTANCES)
