"""Buonomano 2005: A learning rule for the emergence of stable dynamics and timing in recurrent
networks, Journal of Neurophysiology 94:2275.
"""

from .longer import LONGER
from .readout import READOUT
from .scaling import SCALING

EXPERIMENTS = (SCALING, READOUT, LONGER)
