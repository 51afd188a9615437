"""A task made of the user's own arrays: one trial, or many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from brian2 import get_logger
from numpy.typing import ArrayLike, NDArray

from ..brian.quantities import check_flag, check_seed, is_whole
from .base import Arrays, Task
from .stacks import chosen_rows, row_numbers, stacked_trials

__all__ = ["ArrayTask"]

logger = get_logger(__name__)

ORDERS = ("in turn", "shuffled", "drawn")


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayTask(Task):
    """A task with your own inputs and targets: the same in every trial, or trials of your own.

    Arrays without an axis of trials are the same in every trial.

    Parameters
    ----------
    target : array, shape (n_steps, n_outputs), (n_steps,) or (n_trials, n_steps, n_outputs)
        ``target[k]``, or ``target[trial, k]``, is compared with the output at the end of step `k`.
        A list of arrays of shape (steps, n_outputs) has trials of different length.
    inputs : array, shape (n_steps, n_inputs), (n_steps,) or (n_trials, n_steps, n_inputs), optional
        ``inputs[k]``, or ``inputs[trial, k]``, enters the network in step `k`. Or a list, as above.
    mask : array, optional
        Weight of each step's error, shape (n_steps,) or (n_trials, n_steps), or of the error of
        each output, shape (n_steps, n_outputs) or (n_trials, n_steps, n_outputs). Or a list, as
        above. Ones by default.
    order : {"in turn", "shuffled", "drawn"}
        Order of the trials: one after the other, each epoch a new permutation, or drawn with
        replacement. `seed` decides the last two; `index_of` says which is shown when.
    rows : sequence of int, optional
        The trials that are shown, all by default; see `split`.
    continuous : bool
        True if trials are the windows of a stream, between which nothing is reset (see `Trials`).
    dt : Quantity
        Time step.
    seed : int
        Seed of the order.

    Attributes
    ----------
    lengths : ndarray, shape (n_trials,), or None
        Numbers of steps of trials of different length. They are padded to `n_steps`, those of the
        longest one, by steps with inputs and mask 0. Losses and updates are divided by `n_steps`,
        as those of all trials; ``loss*n_steps/lengths[index]`` is the mean over a trial's own
        steps. None if all have `n_steps`.

    Raises
    ------
    TypeError, ValueError
        If shapes are inconsistent, a value is not finite, or an argument is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> task = ArrayTask(target=np.sin(np.linspace(0, 6.28, 100)), dt=1*ms)
    >>> task.n_steps, task.n_inputs, task.n_outputs
    (100, 0, 1)
    >>> mine = ArrayTask(target=np.random.rand(50, 100, 2), order="shuffled", dt=1*ms)
    >>> train, test = mine.split(test=10)
    >>> len(train.rows), len(set(train.index_of(range(40))))
    (40, 40)
    """

    target: ArrayLike | Sequence[ArrayLike]
    inputs: ArrayLike | Sequence[ArrayLike] | None = None
    mask: ArrayLike | Sequence[ArrayLike] | None = None
    order: str = "in turn"
    rows: Sequence[int] | None = None
    continuous: bool = False
    lengths: NDArray | None = field(init=False, repr=False, default=None)
    _arrays: Arrays = field(init=False, repr=False, default=None)
    _shown: NDArray = field(init=False, repr=False, default=None)
    _differ: bool = field(init=False, repr=False, default=False)

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.order, str) or self.order not in ORDERS:
            raise ValueError(
                f"ArrayTask: order must be one of {', '.join(map(repr, ORDERS))}; got"
                f" {self.order!r}"
            )
        check_flag("ArrayTask: continuous", self.continuous)
        arrays, lengths = stacked_trials(self.inputs, self.target, self.mask)
        if self.continuous and lengths is not None:
            raise ValueError(
                "ArrayTask: the windows of a stream must have the same length; got trials of"
                f" {lengths.min()} to {lengths.max()} steps"
            )
        target = arrays[1][0]
        if target.shape[1] > len(target):
            logger.warn(
                f"ArrayTask: a target of shape {target.shape} means {len(target)} steps of"
                f" {target.shape[1]} outputs; if you mean the transpose, write target.T, and for"
                f" {len(target)} trials of one output target[:, :, None]",
                "transposed",
            )
        shown = chosen_rows(self.rows, max(map(len, arrays)))
        differ = any(len(a) > 1 and (a[shown] != a[shown[:1]]).any() for a in arrays)
        for name, value in dict(
            lengths=lengths, _arrays=arrays, _shown=shown, _differ=differ
        ).items():
            object.__setattr__(self, name, value)
        self.trial()

    @property
    def random(self) -> bool:
        """True if trials differ."""
        return self._differ

    @property
    def padding_text(self) -> str:
        """Text of results about the lengths of its trials; empty if all are equal."""
        if self.lengths is None:
            return ""
        shortest, longest = self.lengths.min(), self.lengths.max()
        return f"trials of {shortest} to {longest} steps, padded to {self.n_steps}"

    @property
    def n_steps(self) -> int:
        return self._arrays[1].shape[1]

    @property
    def n_inputs(self) -> int:
        return self._arrays[0].shape[2]

    @property
    def n_outputs(self) -> int:
        return self._arrays[1].shape[2]

    def sample(self, rng: np.random.Generator, number: int) -> Arrays:
        row = self.index_of(number)
        return tuple(values[row % len(values)] for values in self._arrays)

    def index_of(self, trial: int | ArrayLike) -> int | NDArray:
        """Return which of the arrays trial number `trial` shows: its place along their first axis.

        Parameters
        ----------
        trial : int or array of int
            For example ``task.index_of(result.shown)``.

        Raises
        ------
        ValueError
            If it is not a number of a trial.
        """
        if np.ndim(trial):
            return np.array([self.index_of(k) for k in np.asarray(trial).tolist()], dtype=int)
        check_seed("ArrayTask: the number of a trial", trial)
        epoch, place = divmod(int(trial), len(self._shown))
        if self.order == "shuffled":
            place = permutation(self.seed, epoch, len(self._shown))[place]
        elif self.order == "drawn":
            place = np.random.default_rng((self.seed, int(trial))).integers(len(self._shown))
        return int(self._shown[place])

    def split(self, test: int | Sequence[int]) -> tuple[ArrayTask, ArrayTask]:
        """Return two tasks: the trials to train with, and those to test with.

        Parameters
        ----------
        test : int or sequence of int
            How many trials to test with, drawn with the seed of the task, of a stream the last
            ones; or which, by their place in the arrays.

        Returns
        -------
        train, test : ArrayTask
            Tasks with the same arrays and other `rows`, so that `index_of` refers to the arrays.

        Raises
        ------
        TypeError, ValueError
            If a part would be empty, or `test` has other rows than the task.
        """
        tested = self._drawn_rows(test) if np.ndim(test) == 0 else row_numbers("split: test", test)
        strange = np.setdiff1d(tested, self._shown)
        if len(strange):
            raise ValueError(
                f"ArrayTask: split: test must have trials of this task, which shows"
                f" {len(self._shown)}; it has no trial {strange[0]}"
            )
        rest = self._shown[~np.isin(self._shown, tested)]
        if not len(rest) or not len(tested):
            raise ValueError(
                f"ArrayTask: split must leave trials on both sides; got {len(tested)} of"
                f" {len(self._shown)} to test with"
            )
        return tuple(replace(self, rows=tuple(part.tolist())) for part in (rest, tested))

    def _drawn_rows(self, count):
        """Return as many rows, drawn with the seed, in their order in the arrays."""
        if not is_whole(count):
            raise TypeError(
                f"ArrayTask: split: test must be a number of trials, or their places; got {count!r}"
            )
        if not 0 < count < len(self._shown):
            raise ValueError(
                f"ArrayTask: split: test must be from 1 to {len(self._shown) - 1}, one fewer than"
                f" the trials of the task; got {count}"
            )
        if self.continuous:
            return self._shown[-count:]
        rng = np.random.default_rng((self.seed, 0, 1))  # of its own: orders have two numbers
        return self._shown[np.sort(rng.permutation(len(self._shown))[:count])]


@lru_cache(maxsize=64)
def permutation(seed, epoch, size):
    """Return the order of an epoch."""
    return np.random.default_rng((seed, epoch)).permutation(size)
