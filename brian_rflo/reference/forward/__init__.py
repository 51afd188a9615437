"""Baseline rules that run forward in time, one per file."""

from ...brian.rooms import names_of
from .base import *
from .dni import *
from .kernl import *
from .kf_rtrl import *
from .rflo import *
from .rkf_rtrl import *
from .rtrl import *
from .snap1 import *
from .uoro import *

__all__ = names_of(__name__)
