"""Derivation of learning rules from a neuron's equations: its one-step code is differentiated, and
each trace is stored per synapse or per cell.

Three parts: `linear` differentiates the code that Brian2's integrator generates, line by line;
`placement` finds the traces that matter and the cells or synapses that they live on; `strings`
writes them down as the strings of a rule. Nothing in them knows of any neuron model.
"""

from .strings import Derivation, derive
from .text import NeuronText

__all__ = ["Derivation", "NeuronText", "derive"]
