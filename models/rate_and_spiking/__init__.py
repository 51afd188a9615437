"""RFLO in rate and in spiking networks, on the same tasks: what learns, how well, and beside which
baselines.
"""

from .tasks import CURSOR, INTERVAL, PATTERN, PERIODIC

EXPERIMENTS = (PERIODIC, CURSOR, PATTERN, INTERVAL)
