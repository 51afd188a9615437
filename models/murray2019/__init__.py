"""Murray 2019, Local online learning in recurrent networks with random feedback, eLife 8:e43299."""

from .fig2a import FIG2A

EXPERIMENTS = (FIG2A,)
