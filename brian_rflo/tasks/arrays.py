"""A task made of the user's own arrays, the same in every trial."""

from dataclasses import dataclass, field

import numpy as np
from brian2 import get_logger
from numpy.typing import ArrayLike

from ..brian.quantities import numbers
from .base import Arrays, Task

__all__ = ["ArrayTask"]

logger = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayTask(Task):
    """A task with your own input and target, the same in every trial.

    Parameters
    ----------
    target : array, shape (n_steps, n_outputs) or (n_steps,)
        ``target[k]`` is compared with the output at the end of step `k`.
    inputs : array, shape (n_steps, n_inputs) or (n_steps,), optional
        ``inputs[k]`` enters the network in step `k`.
    mask : array, shape (n_steps,), optional
        Weight of each step's error; ones by default.
    dt : Quantity
        Time step.

    Raises
    ------
    ValueError
        If shapes are inconsistent or a value is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> task = ArrayTask(target=np.sin(np.linspace(0, 6.28, 100)), dt=1*ms)
    >>> task.n_steps, task.n_inputs, task.n_outputs
    (100, 0, 1)
    """

    target: ArrayLike
    inputs: ArrayLike | None = None
    mask: ArrayLike | None = None
    _trial: tuple = field(init=False, repr=False, default=None)

    def __post_init__(self):
        super().__post_init__()
        target = self._columns("target", self.target)
        inputs = (
            np.zeros((len(target), 0))
            if self.inputs is None
            else self._columns("inputs", self.inputs)
        )
        if target.shape[1] > len(target):
            logger.warn(
                f"ArrayTask: a target of shape {target.shape} means {len(target)} steps of"
                f" {target.shape[1]} outputs; if you mean the transpose, write target.T",
                "transposed",
            )
        mask = np.ones(len(target)) if self.mask is None else self.mask
        object.__setattr__(self, "_trial", (inputs, target, mask))
        if not self.trial()[2].any():
            raise ValueError(
                "ArrayTask: mask is 0 in all steps, so no error counts; write 1 where it does"
            )

    def _columns(self, name, values):
        values = numbers(f"ArrayTask: {name}", values)
        if values.ndim not in (1, 2) or not values.size:
            raise ValueError(
                f"ArrayTask: {name} must have shape (n_steps, n) or (n_steps,); got {values.shape}"
            )
        return values[:, None] if values.ndim == 1 else values

    @property
    def n_steps(self) -> int:
        return len(self._trial[1])

    @property
    def n_inputs(self) -> int:
        return self._trial[0].shape[1]

    @property
    def n_outputs(self) -> int:
        return self._trial[1].shape[1]

    def sample(self, rng: np.random.Generator) -> Arrays:
        return self._trial
