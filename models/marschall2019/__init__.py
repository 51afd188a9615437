"""Marschall, Cho & Savin 2019: Using local plasticity rules to train recurrent neural networks,
with the task and the baselines of Marschall, Cho & Savin 2020, J Mach Learn Res 21:1-34.
"""

from .add import ADD, ADD_SLOW
from .delay import DELAY

EXPERIMENTS = (ADD, ADD_SLOW, DELAY)
