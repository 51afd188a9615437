"""Short texts of values, for names, tables and messages."""

from itertools import groupby

import numpy as np
from brian2 import Quantity, get_unit

from ..identity import described, digest

PLAIN = (bool, int, float, str, type(None))
#: Sequences of up to this many numbers are written out.
FEW = 4


def short(value):
    """Return a value as a short text."""
    if isinstance(value, PLAIN) or is_scalar(value):
        return first_line(str(value))
    if (
        isinstance(value, (list, tuple, np.ndarray))
        and getattr(value, "ndim", 1) == 1
        and len(value) <= FEW
        and all(isinstance(plain(item), PLAIN) or is_scalar(item) for item in value)
    ):
        return f"({', '.join(short(plain(item)) for item in value)})"
    return (
        getattr(value, "__name__", None) or f"{type(value).__name__}-{digest(described(value))[:4]}"
    )


def is_scalar(value):
    """Return whether a value is a single quantity."""
    return isinstance(value, Quantity) and value.ndim == 0


def plain(value):
    """Return NumPy scalars as Python numbers, so that lists and arrays give the function the
    same.
    """
    return value.item() if isinstance(value, np.generic) else value


def first_line(text):
    """Return the first line of a text, shortened."""
    line = text.partition("\n")[0]
    return f"{line[:97]}..." if len(line) > 100 or line != text else line


def settings_text(settings):
    """Return settings as text: ``seed=1, learning_rate=0.1``."""
    return ", ".join(f"{name}={short(value)}" for name, value in settings.items())


def labels(values):
    """Return values for a column, and their unit: numbers and texts as they are, quantities of one
    dimension in base units; mixtures as distinct texts.
    """
    kinds = {
        (
            ("quantity", value.dim)
            if is_scalar(value)
            else (
                "bool"
                if isinstance(value, bool)
                else (
                    "number"
                    if isinstance(value, (int, float))
                    else "text"
                    if isinstance(value, str)
                    else "other"
                )
            )
        )
        for value in values
    }
    if len(kinds) == 1 and "other" not in kinds:
        (kind,) = kinds
        return (
            (list(values), "")
            if isinstance(kind, str)
            else ([float(value) for value in values], repr(get_unit(kind[1])))
        )
    texts = dict(
        sorted(
            {described(value): short(value) for value in values}.items(), key=lambda pair: pair[1]
        )
    )
    of_one_name = [
        [text for text, _ in same] for _, same in groupby(texts.items(), key=lambda pair: pair[1])
    ]
    distinct = {
        text: texts[text] if len(same) == 1 else f"{texts[text]}-{digest(text)[:4]}"
        for same in of_one_name
        for text in same
    }
    return [distinct[described(value)] for value in values], ""
