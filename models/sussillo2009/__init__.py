"""Sussillo & Abbott 2009: coherent patterns from chaotic networks, by FORCE learning."""

from .sines import SINES
from .spiking import SPIKING

EXPERIMENTS = (SINES, SPIKING)
