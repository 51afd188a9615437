"""Derivation of learning rules from a neuron's equations: its one-step code is differentiated, and
each trace is stored per synapse or per cell.

Three parts: `linear` differentiates the code that Brian2's integrator generates, line by line;
`placement` finds the relevant traces and whether each is stored per cell or per synapse; `strings`
writes them as the strings of a rule. None of them refers to a specific neuron model.
"""

from .strings import Derivation, derive
from .text import NeuronText

__all__ = ["Derivation", "NeuronText", "derive"]
