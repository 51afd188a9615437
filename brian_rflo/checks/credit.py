"""Conformance of credit paths."""

import numpy as np
from brian2 import defaultclock

from ..credit import CreditPath
from ..rules import RFLO
from ..updates.arguments import check_instance
from .conformance import require
from .gradient import undisturbed
from .small import NAMES, Learning

#: The rate of the recurrent and the readout's rule.
RATE = 0.1


@undisturbed()
def check_credit(path: CreditPath) -> None:
    """Check a credit path in a small rate network that learns by RFLO, every step and trial end.

    What it brings to the neurons must move the recurrent weights; its own weights must be finite,
    and stay as they are, to the bit, with ``learning_rate=0``; nothing may depend on names or
    monitors, to the bit. Each run has the same seed, so a path may draw random numbers; the state
    of the generators is restored afterwards.

    Parameters
    ----------
    path : CreditPath
        The credit path.

    Raises
    ------
    AssertionError, ValueError
        If a property does not hold; the message names it.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.credit import SymmetricFeedback
    >>> defaultclock.dt = 1*ms
    >>> check_credit(SymmetricFeedback())
    """
    check_instance("check_credit: path", path, CreditPath, "RandomFeedback()")
    name = type(path).__name__
    for update in ("step", "trial"):
        network = learning(path, update)
        require(
            not any(map(np.any, network.change(learning_rate=0))),
            f"{name}: weights move with learning_rate=0 (update='{update}')",
        )
        moved, expected = network.change(RATE), network.weights()
        require(np.isfinite(expected).all(), f"{name}: weights are not finite (update='{update}')")
        require(
            moved[0].any(),
            f"{name}: recurrent weights have not moved (update='{update}'); does the path set"
            " 'feedback' of the neurons?",
        )
    for what, given in (
        ("the names of the objects", dict(names=tuple(reversed(NAMES)))),
        ("monitors", dict(monitor=True)),
    ):
        another = learning(path, update, **given)
        another.change(learning_rate=0)
        another.change(RATE)
        require(
            np.array_equal(another.weights(), expected),
            f"{name}: the result depends on {what} (update='{update}')",
        )


def learning(path, update, **given):
    """Return a small network whose error is brought back by `path`."""
    return Learning(RFLO(RATE, tau=10 * defaultclock.dt), update, path=path, **given)
