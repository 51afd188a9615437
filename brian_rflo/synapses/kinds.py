"""Projections among some objects, and those of them that learn."""

from .plastic import PlasticSynapses
from .projection import Projection


def is_projection(obj):
    """Return whether an object is a projection of this package."""
    return isinstance(obj, Projection)


def projections_of(objects):
    """Return the projections among some objects."""
    return [obj for obj in objects if is_projection(obj)]


def is_plastic(obj):
    """Return whether an object is a projection that can learn."""
    return isinstance(obj, PlasticSynapses)


def plastic_of(objects):
    """Return the projections among some objects that can learn."""
    return [obj for obj in objects if is_plastic(obj)]
