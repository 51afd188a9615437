"""Tasks of neurogym (Molano-Mazon et al. 2022, doi 10.31234/osf.io/aqc9n), and any other object
that has what they have.
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms

from ..brian.quantities import whole_steps
from .base import Task

__all__ = ["NeurogymTask"]

NEEDED = ("new_trial", "seed", "dt", "observation_space", "action_space")
#: Trials that are drawn to see whether all have the same length.
LOOKED_AT = 20
#: Trials that are drawn forwards, and then backwards.
DRAWN_TWICE = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class NeurogymTask(Task):
    """A task of neurogym, trial by trial, for supervised learning.

    Inputs are the observations, held for each time step of the environment. Where actions are
    discrete the target is one-hot, for a `SoftmaxReadout`; else it is the action. Observations that
    depend on actions are beyond it: all of a trial is known when it begins.

    Parameters
    ----------
    env : object
        A task of neurogym (``neurogym.make("PerceptualDecisionMaking-v0", dt=20)``), a
        ``neurogym.Dataset``, or any object with ``new_trial()``, ``seed(number)``, ``dt`` in
        milliseconds, ``observation_space``, ``action_space`` and, after `new_trial`, the arrays
        ``ob`` and ``gt``. It is used as it is: its seed is set before each trial.
    length : Quantity, optional
        Length of all trials: what a trial lacks is filled up with inputs of 0 in which no error
        counts. May be left out where all trials are of one length.
    period : str, optional
        The part of a trial in which the error counts, one of those in ``env.start_ind``; None for
        the whole trial.
    dt : Quantity
        Time step of the simulation, of which a time step of the environment is a whole number.
    seed : int
        Before trial `k` the environment gets a seed that is drawn from ``(seed, k)``.

    Raises
    ------
    TypeError, ValueError
        If the environment lacks something, its trials differ in length and `length` is not given, a
        trial is longer, or depends on those before it.

    Examples
    --------
    ``import neurogym; task = NeurogymTask(env=neurogym.make("PerceptualDecisionMaking-v0",
    dt=20))`` makes a task of ``task.n_inputs`` = 3, ``task.n_outputs`` = 3.
    """

    env: object = field(metadata={"described": False})
    length: Quantity = None
    period: str = "decision"
    _source: object = field(init=False, repr=False, default=None)
    _n_steps: int = field(init=False, repr=False, default=0)
    _drawn: tuple = field(
        init=False, repr=False, default=(), metadata={"described": True}
    )  # what tells environments apart: they change with each trial

    random = True

    def __post_init__(self):
        super().__post_init__()
        env = self.env if hasattr(self.env, "new_trial") else getattr(self.env, "env", self.env)
        missing = [name for name in NEEDED if not hasattr(env, name)]
        if missing:
            raise TypeError(
                f"NeurogymTask: env must have {', '.join(NEEDED)}, as tasks of neurogym do;"
                f" {class_of(env)} lacks {', '.join(missing)}"
            )
        object.__setattr__(self, "_source", env)
        for name in ("observation_space", "action_space"):
            if getattr(getattr(env, name), "shape", None) is None:
                raise ValueError(
                    f"NeurogymTask: {name} is {getattr(env, name)!r}, which is no array of numbers"
                )
        object.__setattr__(
            self, "_n_steps", self._common_length() if self.length is None else self.steps("length")
        )
        self._check_seed()

    @property
    def n_steps(self):
        return self._n_steps

    @property
    def n_inputs(self):
        return int(np.prod(self._source.observation_space.shape, dtype=int))

    @property
    def n_outputs(self):
        return (
            int(self._source.action_space.n)
            if self.is_classification
            else int(np.prod(self._source.action_space.shape, dtype=int))
        )

    @property
    def is_classification(self):
        """Whether actions are discrete: outputs are classes."""
        return hasattr(self._source.action_space, "n")

    def sample(self, rng):
        inputs, target, mask = self._draw(rng)
        missing = self.n_steps - len(inputs)
        if missing < 0:
            raise ValueError(
                f"NeurogymTask: a trial lasts {len(inputs) * self.dt}, longer than all trials,"
                f" {self.n_steps * self.dt}; write length={len(inputs) * self.dt / ms:g}*ms or more"
            )
        return (
            np.pad(inputs, ((0, missing), (0, 0))),
            np.pad(target, ((0, missing), (0, 0))),
            np.pad(mask, (0, missing)),
        )

    def trial(self, number=0):
        try:
            return super().trial(number)
        except ValueError as error:
            raise ValueError(f"{error} (trial {number} of seed {self.seed})") from error

    trial.__doc__ = Task.trial.__doc__

    def _check_seed(self):
        """Raise unless the seed says all of a trial, whatever was drawn before it."""
        forwards = [self.trial(number) for number in range(DRAWN_TWICE)]
        object.__setattr__(self, "_drawn", (type(self._source).__qualname__, forwards[:2]))
        for number in reversed(range(DRAWN_TWICE)):
            if not all(np.array_equal(a, b) for a, b in zip(forwards[number], self.trial(number))):
                raise ValueError(
                    f"NeurogymTask: trial {number} of {class_of(self._source)} is another one when"
                    " it is drawn a second time, so its seed does not say all of it: it depends on"
                    " trials before (blocks, for example), or on random numbers that env.seed does"
                    " not reach"
                )

    def _common_length(self):
        """Steps of trials that are all of one length."""
        lengths = {
            len(self._draw(np.random.default_rng((self.seed, number)))[0])
            for number in range(LOOKED_AT)
        }
        if len(lengths) > 1:
            raise ValueError(
                f"NeurogymTask: trials last from {min(lengths) * self.dt} to"
                f" {max(lengths) * self.dt} (the first {LOOKED_AT}), and those of a network are all"
                " of one length; write length=..., for example"
                f" length={max(lengths) * self.dt * 1.5 / ms:g}*ms: shorter ones are filled up, and"
                " no error counts there"
            )
        return lengths.pop()

    def _draw(self, rng):
        """Inputs, target and mask of a trial, as long as it is."""
        env = self._source
        env.seed(int(rng.integers(2**31)))
        env.new_trial()
        ob, gt = (self._array(name) for name in ("ob", "gt"))
        if len(ob) != len(gt):
            raise ValueError(
                f"NeurogymTask: {class_of(env)} has observations for {len(ob)} steps, and ground"
                f" truth for {len(gt)}"
            )
        held = whole_steps("NeurogymTask: env.dt", env.dt * ms, self.dt)
        target = (
            self._one_hot(gt.reshape(len(gt)).astype(int))
            if self.is_classification
            else gt.reshape(len(gt), -1)
        )
        return tuple(
            np.repeat(values, held, axis=0)
            for values in (ob.reshape(len(ob), -1), target, self._counts(len(ob)))
        )

    def _one_hot(self, actions):
        if actions.min() < 0 or actions.max() >= self.n_outputs:
            raise ValueError(
                f"NeurogymTask: {class_of(self._source)} has action {actions.max()} as ground"
                f" truth, and its action_space {self.n_outputs} actions, from 0 on"
            )
        return np.eye(self.n_outputs)[actions]

    def _array(self, name):
        values = getattr(self._source, name, None)
        if values is None:
            raise ValueError(
                f"NeurogymTask: {class_of(self._source)} has no '{name}' after new_trial, so a"
                " trial is not known when it begins; it needs one whose observations and ground"
                " truth do not depend on actions"
            )
        return np.asarray(values, dtype=float)

    def _counts(self, n):
        """1 in the steps that count."""
        if self.period is None:
            return np.ones(n)
        starts, ends = (getattr(self._source, name, {}) for name in ("start_ind", "end_ind"))
        if self.period not in starts:
            raise ValueError(
                f"NeurogymTask: {class_of(self._source)} has no period '{self.period}'; it has"
                f" {', '.join(map(str, starts)) or 'none'}: write period=..., or period=None for"
                " the whole trial"
            )
        return ((np.arange(n) >= starts[self.period]) & (np.arange(n) < ends[self.period])).astype(
            float
        )


def class_of(env):
    """Name of what is inside all wrappers."""
    return type(getattr(env, "unwrapped", env)).__name__
