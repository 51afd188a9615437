"""Miconi 2017: Biologically plausible learning in recurrent neural networks reproduces neural
dynamics observed during cognitive tasks, eLife 6:e20899.
"""

from .non_match import NON_MATCH

EXPERIMENTS = (NON_MATCH,)
