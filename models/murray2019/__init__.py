"""Murray 2019, Local online learning in recurrent networks with random feedback, eLife 8:e43299."""

from .fig2 import FIG2, FIG2A, FIG2B, FIG2C, FIG2D
from .fig2s1 import FIG2S1
from .fig2s2 import FIG2S2
from .fig2s3 import FIG2S3
from .fig3 import FIG3
from .fig4 import FIG4

EXPERIMENTS = (FIG2, FIG2A, FIG2B, FIG2C, FIG2D, FIG2S1, FIG2S2, FIG2S3, FIG3, FIG4)
