"""Base of all tasks: trials of numbers, the same for rate and spiking networks."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from inspect import Parameter, signature
from typing import TYPE_CHECKING

import numpy as np
from brian2 import Quantity, TimedArray, ms
from numpy.typing import NDArray

from ..brian.quantities import check_seed, check_time, is_number, is_whole, numbers, whole_steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Task"]

#: Inputs, target and mask of a trial.
Arrays = tuple[NDArray, NDArray, NDArray]

#: Names of the arrays of a trial.
PARTS = ("inputs", "target", "mask")


def same_task(one: Task, other: Task) -> bool:
    """Return whether two tasks are one, or are equal; those with arrays are equal to themselves
    alone.
    """
    if one is other:
        return True
    compared = next(kind for kind in type(one).__mro__ if "__eq__" in vars(kind))
    if is_dataclass(compared) and len(fields(compared)) < len(fields(one)):
        return False  # eq=False: what is inherited compares some fields only
    try:
        return bool(one == other)
    except ValueError:  # the truth of an array
        return False


def default_dt():
    return 1 * ms


@dataclass(frozen=True, kw_only=True)
class Task:
    """Base of all tasks: a source of trials.

    A trial is `n_steps` time steps long. Row ``k`` of its arrays belongs to step ``k``:
    ``inputs[k]`` enters the network in that step, and ``target[k]`` is compared with the output at
    its end, ``(k + 1)*dt`` after the beginning of the trial.

    A subclass defines `n_steps`, `n_inputs`, `n_outputs` and `sample`, and sets `random` to True if
    trials differ. ``sample(rng)`` draws a trial; ``sample(rng, number)`` also gets its number.

    With ``phases = {"free": 20*ms, "clamped": 10*ms}`` in the class, or as an attribute, a trial
    has named phases, one after the other from its beginning; they need not fill it. Steps of rules
    and `Trials.at` name them: ``when="clamped"`` for each of its steps, ``"clamped_start"`` and
    ``"clamped_end"`` (see `TrialClock`).

    With ``continuous = True`` in the class, trials are the windows of one stream: nothing is reset
    between them (neurons, traces, readouts), each has a loss of its own, and updates in a step are
    not divided by the steps of a trial (see `Trials`).

    Parameters
    ----------
    dt : Quantity
        Time step. Must be the time step of the simulation.
    seed : int
        Trial `k` is drawn from a generator seeded with ``(seed, k)``, independently of other
        trials. Ignored by tasks whose trials are all the same.
    """

    dt: Quantity = field(default_factory=default_dt)
    seed: int = 0

    random = False
    #: True if trials are the windows of a stream.
    continuous = False
    #: What results say of the lengths of padded trials; empty where all have `n_steps`.
    padding_text = ""
    n_inputs = 0
    n_outputs = 1
    #: Number of kinds of trial, which `kind` numbers.
    n_kinds = 1

    def __post_init__(self):
        check_time(f"{type(self).__name__}: dt", self.dt)
        check_seed(f"{type(self).__name__}: seed", self.seed)

    @property
    def n_steps(self) -> int:
        """Number of time steps of a trial."""
        raise NotImplementedError(
            f"{type(self).__name__} must define n_steps, the number of time steps of a trial"
        )

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Draw a trial with the generator `rng`: ``inputs, target, mask``, unchecked.

        Users call `trial`. A subclass may define ``sample(rng, number)``, with the number of the
        trial.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define sample(rng), which returns inputs, target and mask"
        )

    def kind(self, number: int) -> int:
        """Return the kind of a trial, from 0 to ``n_kinds - 1``, for what differs between kinds,
        such as an expected loss; by default all trials are of kind 0.
        """
        return 0

    @property
    def counts_trials(self) -> bool:
        """True if `sample` gets the number of the trial.

        Raises
        ------
        TypeError
            If it takes neither ``(rng)`` nor ``(rng, number)``.
        """
        parameters = [*signature(self.sample).parameters.values()]
        needed = [
            one
            for one in parameters
            if one.default is Parameter.empty
            and one.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        ]
        if not 1 <= len(needed) <= 2 or any(one.kind is Parameter.KEYWORD_ONLY for one in needed):
            raise TypeError(
                f"{type(self).__name__}: sample must be defined as sample(self, rng) or"
                f" sample(self, rng, number); got sample{signature(type(self).sample)}"
            )
        return len(needed) == 2 or any(one.name == "number" for one in parameters[1:2])

    def steps(self, name: str) -> int:
        """Return the attribute `name`, a time, as a whole number of time steps.

        Raises
        ------
        TypeError, ValueError
            If it is not a time, or not a whole number of time steps.
        """
        return whole_steps(f"{type(self).__name__}: {name}", getattr(self, name), self.dt)

    def check_finite(self, *names: str) -> None:
        """Raise unless these attributes are finite numbers without units."""
        for name in names:
            if not is_number(getattr(self, name)):
                raise ValueError(
                    f"{type(self).__name__}: {name} must be a finite number without units; got"
                    f" {getattr(self, name)!r}"
                )

    @property
    def duration(self) -> Quantity:
        """Length of a trial."""
        return self.n_steps * self.dt

    @property
    def times(self) -> Quantity:
        """End of each step, from the beginning of the trial; shape ``(n_steps,)``."""
        return (np.arange(self.n_steps) + 1) * self.dt

    def trial(self, number: int = 0) -> Arrays:
        """Return trial `number` as arrays.

        Returns
        -------
        inputs : ndarray, shape (n_steps, n_inputs)
        target : ndarray, shape (n_steps, n_outputs)
        mask : ndarray, shape (n_steps,) or (n_steps, n_outputs)
            Weight of each step's error, 1 where it counts and 0 where it does not; or of the error
            of each output.

        Raises
        ------
        TypeError
            If `sample` takes other arguments than the generator and the number of the trial.
        ValueError
            If an array has the wrong shape or is not finite.
        """
        check_seed(f"{type(self).__name__}: the number of a trial", number)
        rng = np.random.default_rng((self.seed, int(number)))
        drawn = self.sample(rng, int(number)) if self.counts_trials else self.sample(rng)
        if not isinstance(drawn, (tuple, list)) or len(drawn) != len(PARTS):
            is_sequence = isinstance(drawn, (tuple, list))
            got = f"{len(drawn)} values" if is_sequence else type(drawn).__name__
            raise ValueError(
                f"{type(self).__name__}: sample must return three arrays, {', '.join(PARTS)}; got"
                f" {got}"
            )
        n_steps = self.n_steps
        if not is_whole(n_steps) or n_steps < 1:
            raise ValueError(
                f"{type(self).__name__}: n_steps must be a positive whole number; got {n_steps!r}"
            )
        per_output = (n_steps, self.n_outputs)
        shapes = {
            "inputs": [(n_steps, self.n_inputs)],
            "target": [per_output],
            "mask": [(n_steps,), per_output],
        }
        inputs, target, mask = (
            self._checked(name, values, shapes[name], number) for name, values in zip(PARTS, drawn)
        )
        return inputs, target, mask[:, 0] if mask.shape == (n_steps, 1) else mask

    def _checked(self, name, values, shapes, number):
        which = f" of trial {number}" if self.random else ""
        values = numbers(f"{type(self).__name__}: {name}", values)
        if values.shape not in shapes:
            raise ValueError(
                f"{type(self).__name__}: {name} must have shape {' or '.join(map(str, shapes))};"
                f" got {values.shape}{which}"
            )
        if not np.isfinite(values).all():
            step = np.argwhere(~np.isfinite(values))[0][0]
            advice = " and in the mask of that step" if name == "target" else ""
            raise ValueError(
                f"{type(self).__name__}: {name} must be finite; it is not in step {step}{which}"
                f" (the first). Write 0 there{advice}"
            )
        if name == "mask" and (values < 0).any():
            raise ValueError(
                f"{type(self).__name__}: mask must not be negative; it is in step"
                f" {np.argwhere(values < 0)[0][0]}{which} (the first). A negative weight would"
                " maximize the error"
            )
        return values

    def timed(self, what: str, number: int = 0) -> TimedArray:
        """Return ``"inputs"``, ``"target"`` or ``"mask"`` of a trial for equations of your own."""
        if what not in PARTS:
            raise ValueError(
                f"{type(self).__name__}: timed needs one of {', '.join(map(repr, PARTS))}; got"
                f" {what!r}"
            )
        return TimedArray(self.trial(number)[PARTS.index(what)], dt=self.dt)

    def plot(self, ax: Axes | None = None, trial: int = 0) -> Axes:
        """Draw inputs and target of a trial and return the axes."""
        from ..plotting import plot_task

        return plot_task(self, ax=ax, trial=trial)
