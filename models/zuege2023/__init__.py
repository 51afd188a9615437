"""Zuege, Klos & Memmesheimer 2023: weight and node perturbation in tasks that extend in time."""

from .perceptron import PERCEPTRON

EXPERIMENTS = (PERCEPTRON,)
