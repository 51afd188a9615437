"""Identity of numbers: text of the values and functions that decide them.

Files store this text, and digests are computed from it: equal values have the same text on every
machine.
"""

from .values import described, digest, opaque_part, sources

__all__ = ["described", "digest", "opaque_part", "sources"]
