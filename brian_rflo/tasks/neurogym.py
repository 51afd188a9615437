"""Tasks of neurogym (Molano-Mazon et al. 2022, doi 10.31234/osf.io/aqc9n), and other objects with
the same interface.
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms

from ..brian.quantities import whole_steps
from .base import Arrays, Task

__all__ = ["NeurogymTask"]

#: Attributes that an environment must have.
NEEDED = ("new_trial", "seed", "dt", "observation_space", "action_space")
#: Number of trials that are drawn to check that all have the same length.
N_LENGTHS = 20
#: Number of trials that are drawn forwards and then backwards, to check that seeds determine them.
N_REPEATED = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class NeurogymTask(Task):
    """A task of neurogym, trial by trial, for supervised learning, or for one choice per trial that
    is rewarded.

    Inputs are the observations, constant during each time step of the environment. If actions are
    discrete, the target is one-hot, for a `SoftmaxReadout`; else it is the action. Observations
    must not depend on actions, since a whole trial must be known when it begins.

    Parameters
    ----------
    env : object
        A task of neurogym (``neurogym.make("PerceptualDecisionMaking-v0", dt=20)``), a
        ``neurogym.Dataset``, or any object with ``new_trial()``, ``seed(number)``, ``dt`` in
        milliseconds, ``observation_space``, ``action_space`` and, after `new_trial`, the arrays
        ``ob`` and ``gt``. It is not copied: its seed is set before each trial.
    length : Quantity, optional
        Length of all trials: shorter trials are padded with inputs of 0, where no error counts.
        Optional if all trials have the same length.
    period : str, optional
        The part of a trial in which the error counts, a key of ``env.start_ind``; None for the
        whole trial.
    one_action : bool
        Whether one action is chosen, in the last time step of `period`, where alone the error then
        counts; one more step, without inputs, follows for its reward, as `ActorCritic` needs it.
    dt : Quantity
        Time step of the simulation. The environment's must be a whole multiple of it.
    seed : int
        Before trial `k` the environment's seed is drawn from ``(seed, k)``.

    Raises
    ------
    TypeError, ValueError
        If the environment lacks an attribute; if its trials differ in length and `length` is not
        given; if a trial is longer, or depends on earlier ones; if one action is to be chosen among
        actions that are not discrete.

    Examples
    --------
    ``import neurogym; task = NeurogymTask(env=neurogym.make("PerceptualDecisionMaking-v0",
    dt=20))`` makes a task of ``task.n_inputs`` = 3, ``task.n_outputs`` = 3.
    """

    env: object = field(metadata={"described": False})
    length: Quantity | None = None
    period: str | None = "decision"
    one_action: bool = field(default=False, metadata={"described": False})  # `_drawn` tells
    _source: object = field(init=False, repr=False, default=None)
    _n_steps: int = field(init=False, repr=False, default=0)
    _drawn: tuple = field(
        init=False, repr=False, default=(), metadata={"described": True}
    )  # the first trials, which identify the environment; its own state changes with each trial

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
                    f"NeurogymTask: {name} must be a space of arrays; got {getattr(env, name)!r}"
                )
        if self.one_action and not self.is_classification:
            raise ValueError(
                f"NeurogymTask: one_action needs discrete actions; {class_of(env)} has actions of"
                f" shape {env.action_space.shape}"
            )
        object.__setattr__(
            self, "_n_steps", self._common_length() if self.length is None else self.steps("length")
        )
        self._check_seed()

    @property
    def n_steps(self) -> int:
        return self._n_steps

    @property
    def n_inputs(self) -> int:
        return int(np.prod(self._source.observation_space.shape, dtype=int))

    @property
    def n_outputs(self) -> int:
        return (
            int(self._source.action_space.n)
            if self.is_classification
            else int(np.prod(self._source.action_space.shape, dtype=int))
        )

    @property
    def is_classification(self) -> bool:
        """True if actions are discrete, so that outputs are classes."""
        return hasattr(self._source.action_space, "n")

    def sample(self, rng: np.random.Generator) -> Arrays:
        inputs, target, mask = self._draw(rng)
        missing = self.n_steps - len(inputs)
        if missing < 0:
            raise ValueError(
                f"NeurogymTask: a trial lasts {len(inputs) * self.dt}, longer than length ="
                f" {self.n_steps * self.dt}; write length={len(inputs) * self.dt / ms:g}*ms or more"
            )
        return (
            np.pad(inputs, ((0, missing), (0, 0))),
            np.pad(target, ((0, missing), (0, 0))),
            np.pad(mask, (0, missing)),
        )

    def trial(self, number: int = 0) -> Arrays:
        try:
            return super().trial(number)
        except ValueError as error:
            raise ValueError(f"{error} (trial {number} of seed {self.seed})") from error

    trial.__doc__ = Task.trial.__doc__

    def _check_seed(self):
        """Raise unless the seed determines a trial, independently of earlier ones."""
        forwards = [self.trial(number) for number in range(N_REPEATED)]
        object.__setattr__(self, "_drawn", (type(self._source).__qualname__, forwards[:2]))
        for number in reversed(range(N_REPEATED)):
            if not all(np.array_equal(a, b) for a, b in zip(forwards[number], self.trial(number))):
                raise ValueError(
                    f"NeurogymTask: trial {number} of {class_of(self._source)} differs when it is"
                    " drawn a second time, so its seed does not determine it. It may depend on"
                    " earlier trials (blocks, for example), or on random numbers that env.seed does"
                    " not set"
                )

    def _common_length(self):
        """Return the number of steps of a trial; raise if trials differ."""
        lengths = {
            len(self._draw(np.random.default_rng((self.seed, number)))[0])
            for number in range(N_LENGTHS)
        }
        if len(lengths) > 1:
            raise ValueError(
                f"NeurogymTask: trials must have the same length; they last from"
                f" {min(lengths) * self.dt} to {max(lengths) * self.dt} (the first {N_LENGTHS})."
                f" Write length={max(lengths) * self.dt * 1.5 / ms:g}*ms, for example, to pad"
                " shorter ones"
            )
        return lengths.pop()

    def _draw(self, rng):
        """Draw inputs, target and mask of a trial, without padding."""
        env = self._source
        env.seed(int(rng.integers(2**31)))
        env.new_trial()
        ob, gt = (self._array(name) for name in ("ob", "gt"))
        if len(ob) != len(gt):
            raise ValueError(
                f"NeurogymTask: {class_of(env)} has observations for {len(ob)} steps, but ground"
                f" truth for {len(gt)}"
            )
        repeats = whole_steps("NeurogymTask: env.dt", env.dt * ms, self.dt)
        target = (
            self._one_hot(gt.reshape(len(gt)))
            if self.is_classification
            else gt.reshape(len(gt), -1)
        )
        drawn = tuple(
            np.repeat(values, repeats, axis=0)
            for values in (ob.reshape(len(ob), -1), target, self._mask(len(ob)))
        )
        return with_a_step_for_reward(*drawn) if self.one_action else drawn

    def _one_hot(self, truth):
        strange = truth[~np.isfinite(truth) | (truth != np.round(truth))]
        if len(strange):
            raise ValueError(
                f"NeurogymTask: {class_of(self._source)} has {strange[0]} as ground truth, but its"
                " actions are whole numbers; give it an action_space of the shape of the ground"
                " truth (Box) if that is no action"
            )
        actions = truth.astype(int)
        if actions.min() < 0 or actions.max() >= self.n_outputs:
            raise ValueError(
                f"NeurogymTask: {class_of(self._source)} has action {actions.max()} as ground"
                f" truth, but its action_space has the actions 0 to {self.n_outputs - 1}"
            )
        return np.eye(self.n_outputs)[actions]

    def _array(self, name):
        values = getattr(self._source, name, None)
        if values is None:
            raise ValueError(
                f"NeurogymTask: {class_of(self._source)} has no '{name}' after new_trial; use"
                " an environment whose observations and ground truth do not depend on actions"
            )
        return np.asarray(values, dtype=float)

    def _mask(self, n):
        """Return 1 for the steps of `period`, else 0."""
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


def with_a_step_for_reward(inputs, target, mask):
    """Return the arrays of a trial in which the last step that counted counts alone, with one step
    more.
    """
    counts = np.arange(len(mask) + 1) == np.flatnonzero(mask).max(initial=-1)
    if not counts.any():
        raise ValueError("NeurogymTask: one_action needs a step that counts; its period is empty")
    inputs, target = (np.pad(values, ((0, 1), (0, 0))) for values in (inputs, target))
    return inputs, target, counts.astype(float)


def class_of(env):
    """Return the name of the innermost environment's class."""
    return type(getattr(env, "unwrapped", env)).__name__
