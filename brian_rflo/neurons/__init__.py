"""Neuron models: one a file, each with the ports by which it can be trained."""

from .rate import RateNeurons

__all__ = ["RateNeurons"]
