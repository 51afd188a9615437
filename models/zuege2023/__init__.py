"""Zuege, Klos & Memmesheimer 2023: weight and node perturbation in tasks that extend in time."""

from .crossover import CROSSOVER
from .perceptron import PERCEPTRON
from .recurrent import RECURRENT
from .reservoir import RESERVOIR

EXPERIMENTS = (PERCEPTRON, CROSSOVER, RECURRENT, RESERVOIR)
