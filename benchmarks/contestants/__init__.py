"""The contestants: one file and one line here for each."""

from .fused_numba import FusedNumba
from .idiomatic import IdiomaticCython, IdiomaticStandalone
from .jax_scan import JaxScan
from .limit import Limit, LimitEvents, LimitSideBySide
from .nest_eprop import NestAdaptiveEprop, NestEprop
from .ours import Ours, OursCython, OursSideBySide, PaperRun
from .ours_eprop import OursAdaptiveEprop, OursDerived, OursEprop
from .plain_numpy import PlainNumpy
from .torch_eager import TorchEager

CONTESTANTS = (
    Limit(),
    LimitSideBySide(),
    LimitEvents(),
    Ours(),
    OursSideBySide(),
    OursCython(),
    IdiomaticStandalone(),
    IdiomaticCython(),
    PlainNumpy(),
    FusedNumba(),
    JaxScan(),
    TorchEager(),
    OursEprop(),
    OursAdaptiveEprop(),
    OursDerived(),
    NestEprop(),
    NestAdaptiveEprop(),
)

#: Contestants by name, including the paper's run, which is not compared.
BY_NAME = {contestant.name: contestant for contestant in (*CONTESTANTS, PaperRun())}
