"""Checks of state variables assigned after construction, the same as in the constructor."""

from contextlib import contextmanager

from brian2 import Quantity

from .borrowed import DIMENSIONLESS


class Settable:
    """Mixin for groups of this package: refuses assigned values that the constructor would refuse,
    and keeps the old ones.
    """

    #: Checks of state variables by name: functions that raise unless a value is allowed (a scalar
    #: if the variable is shared, else an array).
    checks = {}

    @contextmanager
    def judged(self, name):
        """Context of an assignment: check the new values, and restore the old ones if they are
        refused. Before a run, C++ standalone knows fewer values.
        """
        check, variable = self.checks.get(name), self.variables[name]
        before = present(variable) if check else None
        yield
        after = present(variable) if check else None
        if after is None:
            return
        try:
            check(with_unit(variable, after))
        except (TypeError, ValueError):
            if before is not None:
                variable.set_value(before)
            raise


def present(variable):
    """Return a copy of the present values of a variable; None if they are not known."""
    try:
        return variable.get_value().copy()
    except NotImplementedError:
        return None


def with_unit(variable, values):
    """Return values as they are assigned: one number, or an array."""
    values = values.item() if variable.scalar else values
    return values if variable.dim is DIMENSIONLESS else Quantity(values, dim=variable.dim)
