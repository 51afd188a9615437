"""Values in few letters, for names, tables and messages."""

from brian2 import Quantity, get_unit

from ..settings import described, digest

PLAIN = (bool, int, float, str, type(None))


def short(value):
    """A value in few letters."""
    if isinstance(value, PLAIN) or isinstance(value, Quantity) and value.ndim == 0:
        return str(value)
    return getattr(value, "__name__", None) or f"{type(value).__name__}-{digest(described(value))[:4]}"


def told(settings):
    """Settings for the user: ``seed=1, learning_rate=0.1``."""
    return ", ".join(f"{name}={short(value)}" for name, value in settings.items())


def label(value):
    """A value as a number or text, quantities in base units."""
    if isinstance(value, Quantity) and value.ndim == 0:
        return float(value)
    return value if isinstance(value, (bool, int, float, str)) else short(value)


def unit_of(values):
    """The unit of quantities, in brackets."""
    return f" ({get_unit(values[0].dim)!r})" if values and isinstance(values[0], Quantity) and values[0].ndim == 0 else ""
