"""Neurons nobody wrote a rule for, trained by the rules that are derived from their equations."""

from .tasks import CURSOR, PERIODIC

EXPERIMENTS = (PERIODIC, CURSOR)
