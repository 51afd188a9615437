"""Store and recall: remember the bit shown with a store command until a recall command.

Bellec et al. 2018, NeurIPS (arXiv 1803.09574), and Bellec et al. 2020, Nature Communications
11:3625.
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Hz, Quantity, ms

from ..brian.quantities import check_count, is_number
from .base import Arrays
from .spikes import SpikeTask

__all__ = ["StoreRecall"]

STORE, RECALL = 2, 3


@dataclass(frozen=True, kw_only=True)
class StoreRecall(SpikeTask):
    """Remember a bit from a store command to a recall command (Bellec et al. 2018).

    A trial is a sequence of symbols. Each shows a random bit, 0 or 1, except for recall symbols.
    Commands, alternately store and recall, come at random, in each symbol with probability
    ``1/expected_delay``; a trial without a recall is drawn again. The target is one-hot, the bit
    that was shown with the last store command; the error counts in recall symbols only.

    The inputs are spikes of four groups of channels, zero, one, store and recall, which fire while
    they are on and are silent otherwise.

    Parameters
    ----------
    symbol : Quantity
        Duration of a symbol.
    n_symbols : int
        Number of symbols in a trial.
    expected_delay : float
        Mean number of symbols from one command to the next, from 1 to `n_symbols`.
    n_per_group : int
        Number of channels of each group.
    input_rate : Quantity
        Firing rate of a channel that is on.
    dt, seed
        See `Task`.

    Raises
    ------
    ValueError
        If a time is not a whole number of steps, or a number is out of its range.

    Examples
    --------
    >>> from brian2 import ms
    >>> task = StoreRecall(symbol=100*ms)
    >>> task.n_steps, task.n_inputs, task.n_outputs
    (1200, 100, 2)
    """

    symbol: Quantity = field(default_factory=lambda: 200 * ms)
    n_symbols: int = 12
    expected_delay: float = 6.0
    n_per_group: int = 25
    input_rate: Quantity = field(default_factory=lambda: 50 * Hz)

    random = True
    groups = ("zero", "one", "store", "recall")
    n_outputs = 2

    def __post_init__(self):
        super().__post_init__()
        check_count("StoreRecall: n_symbols", self.n_symbols, least=2)
        check_count("StoreRecall: n_per_group", self.n_per_group)
        if not is_number(self.expected_delay) or not 1 <= self.expected_delay <= self.n_symbols:
            raise ValueError(
                "StoreRecall: expected_delay must be a number of symbols, from 1 to n_symbols ="
                f" {self.n_symbols}; got {self.expected_delay!r}"
            )
        if not self.steps("symbol"):
            raise ValueError(
                f"StoreRecall: symbol = {self.symbol} must be at least one time step of {self.dt}"
            )
        self.trial()

    @property
    def n_inputs(self) -> int:
        return len(self.groups) * self.n_per_group

    @property
    def n_steps(self) -> int:
        return self.n_symbols * self.steps("symbol")

    def sample(self, rng: np.random.Generator) -> Arrays:
        bits, (stores, recalls) = rng.integers(2, size=self.n_symbols), self._commands(rng)
        shown, answer = np.zeros((self.n_symbols, 4)), np.zeros((self.n_symbols, 2))
        shown[np.arange(self.n_symbols), bits] = 1
        shown[stores, STORE] = 1
        shown[recalls] = np.eye(4)[RECALL]
        answer[recalls, bits[stores[: len(recalls)]]] = 1
        shown, answer = (
            np.repeat(values, self.steps("symbol"), axis=0) for values in (shown, answer)
        )
        return (
            self.draw(rng, shown * self.spike_probability("input_rate")),
            answer,
            answer.any(axis=1),
        )

    def _commands(self, rng):
        """Draw the symbols with the commands store and recall."""
        commands = np.flatnonzero(rng.random(self.n_symbols) < 1 / self.expected_delay)
        while len(commands) < 2:
            commands = np.flatnonzero(rng.random(self.n_symbols) < 1 / self.expected_delay)
        return commands[::2], commands[1::2]
