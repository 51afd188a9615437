"""Signals of types of neurons that reach all of a network, as numbers of the network.

Liu, Smith, Mihalas, Shea-Brown & Sumbul 2022, Adv Neural Inf Process Syst 35 (ModProp). With the
slope h = gain, and L_j what feedback brings, the neurons i in a of type a say

    signal_a(t) = sum_{i in a} h_i(t) L_i(t)

which the rule `ModProp` reads, as ``signal_0_of_80_20_network``, ...
"""

from __future__ import annotations

from dataclasses import dataclass, field

from brian2 import BrianObject

from .. import schedule
from ..rules.modprop import signals_of
from ..steps import Step
from .base import Credit, CreditPath
from .random import RandomFeedback
from .relay import check_sizes, sizes_of
from .rewriting import Rewriting

__all__ = ["TypeSignals"]


@dataclass(frozen=True)
class TypeSignals(Rewriting):
    """Feedback of the error, and beside it the signal of each type of neurons, for `ModProp` (Liu
    et al. 2022).

    Parameters
    ----------
    types : tuple of int
        Numbers of neurons of each type, one type after the other in each network.
    feedback : CreditPath
        How the error comes back: `RandomFeedback`, `SymmetricFeedback` or `AdaptiveFeedback`.

    Raises
    ------
    TypeError, ValueError
        If the types are not numbers of neurons, or do not add up to the neurons of a network.

    Examples
    --------
    >>> TypeSignals((80, 20)).numbers
    ('signal_0_of_80_20', 'signal_1_of_80_20')
    """

    types: tuple[int, ...]
    feedback: CreditPath = field(default_factory=RandomFeedback)

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(
            self, "types", sizes_of("TypeSignals", self.types)
        )  # the dataclass is frozen

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the signals."""
        return signals_of(self.types)

    @property
    def variables(self) -> dict[str, str]:
        """The signals, and the sums that become signals."""
        names = [name for signal in self.numbers for name in (signal, f"{signal}_sum")]
        return {"network": "\n".join(f"{name} : 1" for name in names)}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The sums over the neurons of each type."""
        adds = "\n".join(
            f"{signal}_sum_network += int({is_of_type(self.types, number)})*gain*feedback"
            for number, signal in enumerate(self.numbers)
        )
        gives = "\n".join(f"{name} = {name}_sum\n{name}_sum = 0" for name in self.numbers)
        return (
            Step(adds, schedule.TALLY, "post"),
            Step(gives, schedule.MODULATE, "network"),
        )

    def build(self, credit: Credit) -> dict[str, BrianObject]:
        """Return the feedback."""
        check_sizes("TypeSignals", self.types, len(credit.ends["post"]) // credit.networks)
        return super().build(credit)


def is_of_type(types, number):
    """Return the condition that neuron i is of a type, a string."""
    begins, place = sum(types[:number]), f"i % {sum(types)}"
    return f"{place} >= {begins} and {place} < {begins + types[number]}"
