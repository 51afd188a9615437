"""Independent NumPy networks: baselines (RFLO, RTRL, BPTT, e-prop), the oracles of the tests.

`train`, `respond` and `fit_readout` are for rate networks; those of e-prop are in `eprop`.
"""

from . import eprop
from .rate import fit_readout, respond, train

__all__ = ["eprop", "fit_readout", "respond", "train"]
