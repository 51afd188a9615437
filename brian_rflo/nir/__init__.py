"""Exchange of networks in NIR, the neuromorphic intermediate representation."""

from .reading import from_nir
from .writing import to_nir

__all__ = ["from_nir", "to_nir"]
