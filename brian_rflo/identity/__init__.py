"""Identity of numbers: text of the values and functions that decide them.

Text is what files keep of it, and what a digest is taken of: two values that say the same have the
same text, on every machine.
"""

from .values import described, digest, opaque_part, sources

__all__ = ["described", "digest", "opaque_part", "sources"]
