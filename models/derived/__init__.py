"""Neurons without a hand-written rule, trained by rules derived from their equations."""

from .tasks import CURSOR, PERIODIC

EXPERIMENTS = (PERIODIC, CURSOR)
