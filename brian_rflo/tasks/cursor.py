"""Cursor movements: four tonic inputs call for four movements of a cursor on a 2 x 2 grid.

Murray 2019, eLife 8:e43299, figure 4.
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms

from ..brian.quantities import check_count
from .base import Arrays, Task

__all__ = ["CursorMovements"]

#: Unit displacement of the movements right, up, left, down; the order of the input channels.
DIRECTIONS = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])


def in_bounds(corner):
    """Return the movements from `corner`, two zeros or ones, that stay on the grid."""
    after = corner + DIRECTIONS
    return np.flatnonzero(((after >= 0) & (after <= 1)).all(axis=1))


@dataclass(frozen=True, kw_only=True)
class CursorMovements(Task):
    """Move a cursor between the corners of a square, as told by one of four inputs (Murray 2019,
    figure 4).

    The output is the cursor's velocity in two dimensions. During a movement one input is on, and
    the target is a bell, ``sin(pi*t/movement)**2``, in its direction; during a hold both are 0. A
    trial begins at a random corner, and each of its movements is drawn from the two that
    do not leave the square.

    Parameters
    ----------
    movement, hold : Quantity
        Durations of a movement and of the pause after it.
    n_movements : int
        Number of movements (each with its hold) in a trial.
    input_height : float
        Value of the input that is on.
    dt, seed
        See `Task`.

    Examples
    --------
    >>> from brian2 import ms
    >>> task = CursorMovements(n_movements=4, hold=200*ms)
    >>> task.n_steps, task.n_inputs, task.n_outputs
    (1600, 4, 2)
    """

    movement: Quantity = field(default_factory=lambda: 200 * ms)
    hold: Quantity = field(default_factory=lambda: 0 * ms)
    n_movements: int = 1
    input_height: float = 1.0

    random = True
    n_inputs = 4
    n_outputs = 2

    def __post_init__(self):
        super().__post_init__()
        check_count("CursorMovements: n_movements", self.n_movements)
        self.check_finite("input_height")
        self.steps("hold")
        if self.steps("movement") < 2:
            raise ValueError(
                f"CursorMovements: movement = {self.movement} must be at least two time steps of"
                f" {self.dt}"
            )
        self.trial()

    @property
    def n_steps(self) -> int:
        return self.n_movements * (self.steps("movement") + self.steps("hold"))

    def sample(self, rng: np.random.Generator) -> Arrays:
        moving, syllable = self.steps("movement"), self.steps("movement") + self.steps("hold")
        bell = np.sin(np.pi * (np.arange(moving) + 1) / moving) ** 2
        inputs, target = np.zeros((self.n_steps, 4)), np.zeros((self.n_steps, 2))
        for number, direction in enumerate(self._directions(rng)):
            steps = slice(number * syllable, number * syllable + moving)
            inputs[steps, direction] = self.input_height
            target[steps] = bell[:, None] * DIRECTIONS[direction]
        return inputs, target, np.ones(self.n_steps)

    def _directions(self, rng):
        corner = rng.integers(0, 2, size=2).astype(float)
        for _ in range(self.n_movements):
            direction = rng.choice(in_bounds(corner))
            corner = corner + DIRECTIONS[direction]
            yield direction
