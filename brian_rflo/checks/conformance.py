"""Conformance checks: properties of every task, neuron model and rule, ours and yours.

They raise AssertionError with the reason. They use the active device, which must be a runtime one
(numpy or Cython). Before each of their runs they set the seed of Brian2 and NumPy, so that all runs
draw the same random numbers; afterwards the state of the generators is restored.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from brian2 import StateMonitor, defaultclock, seed

from ..brian.declared import declared, declares
from ..rules import RFLO, Delta, DerivedRule, LearningRule
from ..tasks import Task
from ..updates.arguments import check_instance
from .gradient import SEED, gradient_error, undisturbed
from .small import N_STEPS, NAMES, TRIALS, Learning, N, has_drawn, small_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from brian2 import NeuronGroup

    from ..tasks import Task


#: Names in another order, except of plastic projections: those that draw random numbers in one
#: phase do so in the order of their names.
OTHER_NAMES = (
    "trials",
    "feedback",
    "output",
    "recurrent",
    "inward",
    "readout",
    "inputs",
    "neurons",
)


#: A learning rate at which weights as good as stay where they are.
SLOW = 1e-6


def require(condition, message):
    """Raise unless the condition holds."""
    if not condition:
        raise AssertionError(message)


def same(a, b):
    """Return whether two sequences of arrays are bit-identical."""
    return all(np.array_equal(x, y) for x, y in zip(a, b))


def check_task(task: Task) -> None:
    """Check a task: shapes, finite values, reproducible trials, steps that count, a picture.

    Raises
    ------
    AssertionError, ValueError
        If a property does not hold; the message names it.
    """
    check_instance("check_task: task", task, Task, "PeriodicOutput(period=200*ms)")
    name = type(task).__name__
    trials = [task.trial(k) for k in range(20)]
    require(
        float(task.duration) > 0
        and np.isclose(float(task.duration), task.n_steps * float(task.dt)),
        f"{name}: duration is not n_steps*dt",
    )
    require(
        same(task.trial(3), trials[3]),
        f"{name}: trial 3 differs when it is drawn a second time; draw from the given generator"
        " only",
    )
    differs = not all(same(trials[0], trial) for trial in trials[1:])
    require(
        differs == task.random,
        f"{name}: its trials {'differ' if differs else 'are all the same'}, but it"
        f" declares random = {task.random}",
    )
    if task.random and not task.counts_trials:
        other = replace(task, seed=task.seed + 1)
        require(
            not all(same(other.trial(k), trials[k]) for k in range(20)),
            f"{name}: its seed has no effect",
        )
    require(
        all(mask.any() for _, _, mask in trials), f"{name}: in one of its trials no step counts"
    )
    from matplotlib.figure import Figure

    require(task.plot(ax=Figure().subplots()).has_data(), f"{name}: plot draws nothing")


@undisturbed()
def check_rule(
    rule: LearningRule | Callable[[NeuronGroup], LearningRule] | None = None,
    make: Callable[[int], NeuronGroup] | None = None,
    tolerance: float = 1e-6,
    **experiment,
) -> None:
    """Check a rule in a small rate network, every step and trial end; or, on neurons, against
    finite differences of the simulation.

    It must learn; leave weights alone, to the bit, with ``learning_rate=0`` or ``plastic=False``;
    depend neither on names nor on monitors, to the bit; and give the same change every step as at
    trial end where the learning rate is small. Each run has the same seed, so a rule may draw
    random numbers (``rand()``); the state of the generators is restored afterwards.

    Parameters
    ----------
    rule : LearningRule, optional
        The rule; with `make` it may be left out, for `DerivedNeurons`, or be a function of the
        neurons.
    make : callable, optional
        ``make(N)`` returns a fresh group of `N` neurons. Then the changes of weights onto them are
        compared with finite differences of the simulation without recurrence, through spikes and
        resets as far as the rule says (`brian_rflo.checks.gradient`), and nothing else is checked.
        Rules that are not a gradient of these neurons fail without a mistake in them: `RFLO` is
        that of rate neurons, and differs by 1.3 for `DiscreteLIFNeurons`.
    tolerance : float
        Largest difference, in units of the largest change.
    onto : str, optional
        Variable that the weights act on; by default the one of recurrent connections.
    source : callable, optional
        ``source(N)`` returns the presynaptic cells; by default cells that spike in turn.
    steps, weight : int, float, optional
        Length of a run, and size of the weights.
    modes : dict, optional
        For hand-written rules, the treatment of resets by variable: ``{"v": "ignore"}``, "detach",
        or "surrogate", which is the default.
    tau_out : Quantity, optional
        Time constant of the readout.

    Raises
    ------
    AssertionError, ValueError
        If a property does not hold; the message names it.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> check_rule(RFLO(1.0, tau=10*ms), lambda N: RateNeurons(N, tau=10*ms), steps=20)
    """
    if make is not None:
        check_make("check_rule", make)
        return check_changes(rule, make, tolerance, experiment)
    check_instance("check_rule: rule", rule, LearningRule, "RFLO(learning_rate=0.03, tau=10*ms)")
    if isinstance(rule, DerivedRule):
        raise ValueError(
            "check_rule: a derived rule is checked on neurons that it was derived from; write"
            " check_rule(make=lambda N: DerivedNeurons(N, ...))"
        )
    name, changes = type(rule).__name__, []
    for update in ("step", "trial"):
        network = Learning(rule, update)
        changes.append(network.change(SLOW)[network.which])
        moved = network.change()[network.which]
        others = OTHER_NAMES if has_drawn() else tuple(reversed(NAMES))
        require(
            np.isfinite(network.weights()).all(),
            f"{name}: weights are not finite after {TRIALS} trials; try a lower learning rate",
        )
        require(moved.any(), f"{name}: no weight has moved (update='{update}')")
        expected = network.weights()
        for setting in (dict(learning_rate=0), dict(plastic=False)):
            ((argument, value),) = setting.items()
            require(
                not any(map(np.any, network.change(**setting))),
                f"{name}: weights move with {argument}={value} (update='{update}')",
            )
        for what, given in (
            ("the names of the objects", dict(names=others)),
            ("monitors", dict(monitor=True)),
        ):
            another = Learning(rule, update, **given)
            another.change(SLOW)
            another.change()
            require(
                np.array_equal(another.weights(), expected, equal_nan=True),
                f"{name}: the result depends on {what} (update='{update}')",
            )
    require(
        np.allclose(*changes, rtol=1e-3, atol=1e-3 * np.abs(changes[0]).max()),
        f"{name}: changes at every step and at trial end differ even at a learning rate of {SLOW}",
    )


def check_changes(rule, make, tolerance, experiment):
    """Raise unless a rule's changes agree with finite differences."""
    error = gradient_error(make, rule, **experiment)
    name = type(rule).__name__ if isinstance(rule, LearningRule) else "the derived rule"
    require(
        error < tolerance,
        f"{name}: weight changes differ from finite differences of the simulation by"
        f" {error:.2g} of the largest change (tolerance {tolerance:g}); is it not their"
        " gradient, is a term missing, or do its traces treat resets otherwise than modes= says?",
    )


def check_make(kind, make):
    """Raise unless `make` is a function that makes groups."""
    if not callable(make):
        raise TypeError(
            f"{kind}: make must be a function that returns a new group, for example lambda N:"
            f" RateNeurons(N, tau=10*ms); got {make!r}"
        )


@undisturbed()
def check_neurons(make: Callable[[int], NeuronGroup]) -> None:
    """Check a neuron model in a small network: ports, input variables, finite activity, the same
    trial after every reset.

    Each trial has the same seed, so neurons may be noisy; the state of the generators is restored
    afterwards.

    Parameters
    ----------
    make : callable
        ``make(N)`` returns a fresh group of `N` neurons with ``activity``, ``gain``, ``feedback``,
        ``I_rec`` and ``I_in``, and with ``trial_start``, the statements that reset it.

    Raises
    ------
    AssertionError, ValueError
        If a property does not hold; the message names it.
    """
    check_make("check_neurons", make)
    seed(SEED)
    neurons = make(N)
    tau = None if np.ndim(declared(neurons, "activity_tau")) else 10 * defaultclock.dt
    rule = neurons.rule(0.1) if declares(neurons, "rule") else RFLO(learning_rate=0.1, tau=tau)
    name = type(neurons).__name__
    require(len(neurons) == N, f"{name}: make({N}) returned {len(neurons)} neurons")
    network, plastic = small_network(rule, Delta(0.1), neurons=neurons)
    for synapses in plastic:
        synapses.plastic = False
    ports = StateMonitor(
        neurons,
        [
            name
            for name in ("activity", "gain", "feedback", "I_rec", "I_in")
            if name in neurons.variables
        ],
        record=True,
        when="end",
    )
    network.add(ports)
    for _ in range(2):
        seed(SEED)
        network.run(N_STEPS * defaultclock.dt, namespace={})
    for port in ports.record_variables:
        values = np.array(getattr(ports, port))
        require(np.isfinite(values).all(), f"{name}: {port} is not finite")
        require(np.ptp(values) > 0, f"{name}: {port} never changes")
        advice = (
            ", and let run_regularly set it in its phase, **schedule.GAIN: else the last trial is"
            " seen in the first step of the next"
            if port == "gain"
            else ""
        )
        require(
            np.array_equal(values[:, :N_STEPS], values[:, N_STEPS:]),
            f"{name}: {port} differs between two trials of the same input; reset all its state in"
            f" trial_start{advice}",
        )
    before = np.array(plastic[0].w)
    plastic[0].plastic = True
    network.run(N_STEPS * defaultclock.dt, namespace={})
    require(
        (np.array(plastic[0].w) != before).any(),
        f"{name}: {type(rule).__name__} moves no weight of its network",
    )
