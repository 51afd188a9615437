"""Lines of equations and statements, as text."""

from ..brian.borrowed import DIMENSIONLESS
from ..brian.quantities import unit_text
from .calculus import symbol


def single(lines):
    """Return the lines of the only trace, as one statement."""
    *inner, (name, value) = lines.items()
    for other, expression in reversed(inner):
        value = value.xreplace({symbol(other): expression})
    return {name: value}


def equations(declared):
    """Return equations that declare variables with given dimensions."""
    return "\n".join(f"{name} : {unit_text(dimensions)}" for name, dimensions in declared.items())


def cleared(declared):
    """Return statements that set these variables to 0."""
    return "; ".join(
        f"{name} = 0" if dimensions is DIMENSIONLESS else f"{name} = 0*{unit_text(dimensions)}"
        for name, dimensions in declared.items()
    )
