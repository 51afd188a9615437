"""Comparison of a network's gradient with finite differences of its simulation, for any network:
the oracle of `check_gradient`.

A network is evaluated with weights a little apart, in random directions (`moved.py`). Spikes have
no derivative, and are held where they were (`held.py`); so is what the gradient cuts (`kept.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from brian2 import get_local_namespace, seed

from ..brian.quantities import check_count, check_number, is_number
from ..network import TrialNetwork
from ..updates.arguments import check_instance
from .conformance import require
from .gradient import SEED, undisturbed
from .moved import Moved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..network import TrialNetwork as Network

#: Steps of the differences, in units of the largest weight, and bounds of the error.
MOVES = (1e-5, 1e-6)
SMOOTH, SPIKING = 1e-7, 1e-6


def check_gradient(
    make: Callable[[], Network],
    by: str | Sequence[str] | None = None,
    resets: dict[str, str] | None = None,
    cut: str | Sequence[str | tuple[str, str]] = (),
    tolerance: float | None = None,
    moves: Sequence[float] = MOVES,
    directions: int = 4,
) -> None:
    """Check the gradient of a network against finite differences of its simulation, in its first
    trial.

    Spikes are held where they were, and moved by their pseudo-derivative. Use it for a neuron, a
    readout or statements of your own: what `TrialNetwork.gradient` does not know it refuses, and
    this check finds a pseudo-derivative, or a derivative of a function, that is not what it says.

    Parameters
    ----------
    make : callable
        ``make()`` returns a new network, the same each time: a `LearningNetwork` or `TrialNetwork`.
        Before each call the seed is set. A short trial and a few neurons suffice. Names that its
        equations take from outside are those where the check is called, as in a run.
    by : str or sequence of str, optional
        Names of projections; by default all that can learn.
    resets, cut : optional
        As for `TrialNetwork.gradient`. What is cut keeps the values that it had, in all runs.
    tolerance : float, optional
        Largest difference, in units of the largest derivative along a direction; 1e-7 by default,
        and 1e-6 with spiking neurons.
    moves : sequence of float
        Steps of the differences, in units of the largest weight; each must meet the tolerance.
    directions : int
        Number of random directions for each projection.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, `make` returns no network, or as for `TrialNetwork.gradient`.
    AssertionError
        If the gradient differs; the message names the projection.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.tasks import PeriodicOutput
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> def make():
    ...     return LearningNetwork(task, RateNeurons(5, tau=10*ms), RFLO(0.03, tau=10*ms))
    >>> check_gradient(make, directions=1)
    """
    check_moves(moves)
    check_count("check_gradient: directions", directions)
    if tolerance is not None:
        check_number("check_gradient", "tolerance", tolerance)
    namespace = get_local_namespace(level=1)
    with undisturbed():
        errors, is_spiking = gradient_errors(make, by, resets, cut, moves, directions, namespace)
    tolerance = (SPIKING if is_spiking else SMOOTH) if tolerance is None else tolerance
    for (name, move), error in errors.items():
        require(
            error == error,
            f"check_gradient: the gradient by '{name}' is 0, and so are the differences; name"
            " other projections with by=",
        )
        require(
            error < tolerance,
            f"check_gradient: the gradient by '{name}' differs from finite differences of the"
            f" simulation by {error:.2g} of the largest derivative (tolerance {tolerance:g}, step"
            f" {move:g}); is a derivative or a pseudo-derivative other than it says, or are resets"
            " treated otherwise than resets= says?",
        )


def check_moves(moves):
    """Raise unless there are steps of finite differences."""
    given = list(moves) if isinstance(moves, Iterable) and not isinstance(moves, str) else []
    if not given or not all(is_number(move) and move > 0 for move in given):
        raise ValueError(
            "check_gradient: moves must be a sequence of numbers above 0, the steps of the"
            f" differences; got {moves!r}. Write moves={MOVES}."
        )


def gradient_errors(make, by=None, resets=None, cut=(), moves=MOVES, directions=4, namespace=None):
    """Return errors by projection and step, and whether neurons spike."""
    net = made(make)
    seed(SEED)
    asked = dict(by=by, resets=resets, cut=cut)
    gradient = net.gradient(net.seen, first=0, namespace=namespace or {}, **asked)
    others = [name for name in gradient if name not in net.parts_by_name]
    if others:
        raise ValueError(
            f"check_gradient: by must name projections ({', '.join(net.parts_by_name)}); got"
            f" {others[0]!r}"
        )
    links = [cut] if isinstance(cut, str) else list(cut)
    moved = Moved(made(make), net, resets or {}, links, namespace or {})
    return moved.errors(gradient, moves, directions), moved.has_spikes


def made(make):
    """Return a new network, made with the same random numbers each time."""
    if not callable(make):
        raise TypeError(
            "check_gradient: make must be a function that returns a new network, for example"
            f" lambda: LearningNetwork(task, RateNeurons(5, tau=10*ms), rule); got {make!r}"
        )
    seed(SEED)
    net = make()
    check_instance("check_gradient: make() must return a network, which", net, TrialNetwork, "net")
    return net
