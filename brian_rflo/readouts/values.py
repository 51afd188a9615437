"""Readouts as values: what a network is to compare with the target, and by which rule its weights
learn in general.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from brian2 import Quantity

from ..brian.quantities import check_time, is_number
from ..rules import Delta, LeakyDelta
from .groups import LeakyReadout, Readout, SoftmaxReadout


@dataclass(frozen=True)
class Linear:
    """A readout whose output is the sum of its projection (Murray 2019).

    Parameters
    ----------
    decay : float
        Share of the readout weights that each update takes away.

    Raises
    ------
    ValueError
        If `decay` is not at least 0 and less than 1.
    """

    decay: float = field(default=0.0, kw_only=True)

    #: The class of the group.
    group: ClassVar[type] = Readout

    def __post_init__(self):
        if not is_number(self.decay) or not 0 <= self.decay < 1:
            raise ValueError(
                f"{type(self).__name__}: decay must be at least 0 and less than 1; got"
                f" {self.decay!r}"
            )

    @property
    def arguments(self):
        """Arguments of the group beside the task and the numbers of networks and copies."""
        return {}

    def build(self, task, networks=1, copies=1, name="readout*"):
        """Return the group of readout units."""
        return self.group(task, networks=networks, copies=copies, name=name, **self.arguments)

    def default_rule(self, learning_rate):
        """Return the rule by which its weights learn unless another one is given."""
        return Delta(learning_rate)

    @property
    def constraint(self):
        """Statements behind each change of its weights."""
        return f"w = {1 - self.decay!r}*w" if self.decay else ""


@dataclass(frozen=True)
class Leaky(Linear):
    """A readout that leaks: its output is the sum of its projection, low-passed (Bellec et al.
    2020, equation 11).

    Parameters
    ----------
    tau : Quantity
        Time constant.
    decay : float
        As for `Linear`.
    """

    tau: Quantity

    group = LeakyReadout

    def __post_init__(self):
        super().__post_init__()
        check_time(f"{type(self).__name__}: tau", self.tau)

    @property
    def arguments(self):
        """Arguments of the group beside the task and the numbers of networks and copies."""
        return {"tau": self.tau}

    def default_rule(self, learning_rate):
        """Return the rule by which its weights learn unless another one is given."""
        return LeakyDelta(learning_rate, self.tau)


@dataclass(frozen=True)
class Softmax(Leaky):
    """A readout whose outputs are the classes of a task (Bellec et al. 2020).

    Parameters
    ----------
    tau, decay
        As for `Leaky`.
    """

    group = SoftmaxReadout
