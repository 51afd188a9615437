"""Values of state variables that are assigned when the object is there: checked like those of the
constructor.
"""

from contextlib import contextmanager

from brian2 import Quantity

from .borrowed import DIMENSIONLESS


class Settable:
    """Mixed into a group of this package: assigned values that its constructor would refuse are
    refused, and the old ones stay.
    """

    #: Checks of state variables by name: functions that raise unless the variable may have a value
    #: (one, if it is shared, else an array).
    checks = {}

    @contextmanager
    def judged(self, name):
        """Around an assignment: judge what has come of it, and take it back if it must not be. C++
        standalone knows less before it runs.
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
    """A copy of the values that a variable has now; None where they are not known."""
    try:
        return variable.get_value().copy()
    except NotImplementedError:
        return None


def with_unit(variable, values):
    """Values as they are assigned: one number, or an array."""
    values = values.item() if variable.scalar else values
    return values if variable.dim is DIMENSIONLESS else Quantity(values, dim=variable.dim)
