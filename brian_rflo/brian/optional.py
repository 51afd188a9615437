"""Packages that only some of the features need."""

from importlib import import_module


def optional(extra, user, *names, otherwise=""):
    """Import optional packages, and return the first.

    Parameters
    ----------
    extra : str
        The extra of brian_rflo that installs them.
    user : str
        What needs them.
    *names : str
        Modules to import.
    otherwise : str
        What to write in place of installing them.

    Raises
    ------
    ModuleNotFoundError
        If one is missing; the message says how to install it.
    """
    try:
        first, *_ = [import_module(name) for name in names]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{user} needs the package {error.name}; write pip install"
            f" 'brian_rflo[{extra}]'{otherwise}"
        ) from error
    return first
