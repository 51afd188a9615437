"""Neuron models: one a file, each with the ports by which it can be trained."""

from .alif import ALIFNeurons
from .derived import DerivedNeurons
from .discrete import PRESETS, DiscreteLIFNeurons
from .lif import LIFNeurons
from .rate import RateNeurons

__all__ = [
    "PRESETS",
    "ALIFNeurons",
    "DerivedNeurons",
    "DiscreteLIFNeurons",
    "LIFNeurons",
    "RateNeurons",
]
