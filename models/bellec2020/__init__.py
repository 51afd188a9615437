"""Bellec et al. 2020, A solution to the learning dilemma for recurrent networks of spiking neurons,
Nature Communications 11:3625.
"""

from .evidence_accumulation import EVIDENCE_ACCUMULATION, EVIDENCE_ACCUMULATION_LARGE
from .pattern_generation import PATTERN_GENERATION
from .reward import REWARD, REWARD_SPIKING

EXPERIMENTS = (
    PATTERN_GENERATION,
    EVIDENCE_ACCUMULATION,
    EVIDENCE_ACCUMULATION_LARGE,
    REWARD,
    REWARD_SPIKING,
)
