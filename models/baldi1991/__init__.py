"""Baldi & Pineda 1991: contrastive learning and neural oscillations."""

from .digits import DIGITS
from .landscape import LANDSCAPE
from .oscillation import OSCILLATION
from .spiking import SPIKING
from .trajectory import TRAJECTORY
from .xor import XOR

EXPERIMENTS = (XOR, DIGITS, OSCILLATION, LANDSCAPE, TRAJECTORY, SPIKING)
