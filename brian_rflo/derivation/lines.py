"""Lines of equations and statements, as text."""

from brian2 import get_unit

from ..brian.borrowed import DIMENSIONLESS
from .calculus import symbol


def single(lines):
    """The lines of the only trace, in one statement."""
    *inner, (name, value) = lines.items()
    for other, expression in reversed(inner):
        value = value.xreplace({symbol(other): expression})
    return {name: value}


def unit(dimensions):
    """The unit of dimensions, as Brian2 equations write it."""
    return "1" if dimensions is DIMENSIONLESS else repr(get_unit(dimensions))


def equations(declared):
    """Equations that declare variables of given dimensions."""
    return "\n".join(f"{name} : {unit(dimensions)}" for name, dimensions in declared.items())


def cleared(declared):
    """Statements that set them to 0."""
    return "; ".join(
        f"{name} = 0" if dimensions is DIMENSIONLESS else f"{name} = 0*{unit(dimensions)}"
        for name, dimensions in declared.items()
    )
