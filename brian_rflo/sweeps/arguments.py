"""The arguments of each network, from the parameters of a sweep."""

import inspect
import itertools

from ..identity import described, opaque_part
from .words import plain, settings_text


def settings_of(function, parameters):
    """Return the arguments of each network.

    Raises
    ------
    TypeError, ValueError
        If the function does not accept them, or they are not sequences of values.
    """
    if not inspect.isfunction(function):
        raise TypeError(
            f"sweep: give a function, written with def or lambda; got {function!r}. What is the"
            " same for all networks can be a parameter with one value"
        )
    if isinstance(parameters, dict):
        for name, values in parameters.items():
            check_values(name, values)
        settings = [
            dict(zip(parameters, values)) for values in itertools.product(*parameters.values())
        ]
    elif isinstance(parameters, (list, tuple)) and all(
        isinstance(one, dict) and one.keys() == parameters[0].keys() for one in parameters
    ):
        settings = list(parameters)
    else:
        raise TypeError(
            "sweep: parameters must be a dictionary of values by argument, such as {'seed':"
            f" range(3)}}, or a list of dictionaries with the same names; got {parameters!r}"
        )
    settings = [{name: plain(value) for name, value in one.items()} for one in settings]
    if not settings or not settings[0]:
        raise ValueError(
            "sweep: no networks: parameters must have at least one argument, and each at least one"
            " value"
        )
    check_arguments(function, settings[0])
    for one in settings:
        for name, value in one.items():
            check_telling(name, value)
    texts = [described(one) for one in settings]
    twice = (
        next((one for one, text in zip(settings, texts) if texts.count(text) > 1), None)
        if len(set(texts)) < len(texts)
        else None
    )
    if twice:
        raise ValueError(
            f"sweep: {settings_text(twice)} is given more than once; networks with the same"
            " settings are the same to the bit, so vary a seed"
        )
    return settings


def check_values(name, values):
    """Raise unless a parameter has a sequence of values."""
    if (
        isinstance(values, (str, bytes, dict))
        or getattr(values, "ndim", 1) == 0
        or not hasattr(values, "__iter__")
    ):
        raise TypeError(
            f"sweep: the values of '{name}' must be a sequence; write '{name}': [{values!r}]"
        )
    if not isinstance(name, str):
        raise TypeError(f"sweep: arguments go by their names; got {name!r}")
    if not hasattr(values, "__len__"):
        raise TypeError(
            f"sweep: the values of '{name}' must have an end; write list(...) around them"
        )


def check_telling(name, value):
    """Raise unless a value is fully described by its contents."""
    try:
        part = opaque_part(value)
    except RecursionError:
        raise TypeError(
            f"sweep: '{name}' is a {type(value).__qualname__} that is nested too deeply"
            " to be identified; pass what it is made from, and make it in the function"
        ) from None
    if part is not None:
        where = f"'{name}' is" if part is value else f"in '{name}' is"
        raise TypeError(
            f"sweep: {where} a {type(part).__module__}.{type(part).__qualname__}, which"
            " cannot be distinguished from others of its class, so finished networks"
            " could not be found again; pass what it is made from, and make it in the"
            " function"
        )


def check_arguments(function, settings):
    """Raise unless a function accepts these arguments."""
    try:
        inspect.signature(function).bind(**settings)
    except TypeError as error:
        raise TypeError(
            f"sweep: {function.__name__}{inspect.signature(function)} cannot be called with"
            f" {', '.join(settings)}: {error}"
        ) from None
