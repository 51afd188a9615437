"""RFLO in rate and in spiking networks on the same tasks, compared with baselines."""

from .tasks import CURSOR, INTERVAL, PATTERN, PERIODIC

EXPERIMENTS = (PERIODIC, CURSOR, PATTERN, INTERVAL)
