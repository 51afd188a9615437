"""Independent NumPy networks: baselines (RFLO, RTRL, BPTT, e-prop), the oracles of the tests.

`train`, `respond` and `fit_readout` are for rate networks; rules that run forward in time (SnAp-1,
UORO, KF-RTRL, R-KF-RTRL, KeRNL, DNI) are in `forward`, those of e-prop in `eprop`.
"""

from . import eprop, forward
from .rate import fit_readout, respond, train

__all__ = ["eprop", "fit_readout", "forward", "respond", "train"]
