"""A rule around a rule, for errors that neurons pass on: what is relayed to a neuron meets the
eligibility of the step before.

Liu, Smith, Mihalas, Shea-Brown & Sumbul 2021, PNAS 118:e2111821118. With the eligibility e of the
inner rule, L what feedback brings, and R what a `Relay` adds to it:

    dw_ij = learning_rate sum_t (L_i(t) e_ij(t) + R_i(t) e_ij(t-1))

What neuron i has sent in step t-1 has moved others in step t, and these now say how much they mind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..brian.borrowed import get_identifiers
from ..brian.declared import declared
from ..schedule import LABEL, LEARN, RESET
from ..steps import Step
from .around import Around

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..steps import Mechanism

__all__ = ["Relayed"]

FEEDBACK = "feedback_post*"


@dataclass(frozen=True)
class Relayed(Around):
    """A rule whose feedback is in part relayed from other neurons, a step late (Liu et al. 2021).

    What the credit path adds to `feedback` meets the eligibility of the step before; what feedback
    itself brings, that of now. While nothing is relayed it is the inner rule, to the bit.

    Parameters
    ----------
    learning_rate : float
        Factor of every update; that of the inner rule is ignored.
    rule : LearningRule
        The inner rule, ``feedback_post`` times an eligibility, such as `RFLO` or `EProp`.

    Raises
    ------
    TypeError, ValueError
        If the inner rule is another, or none; at `Trials`, if no `Relay` is direct.

    Examples
    --------
    >>> from brian2 import ms
    >>> Relayed(0.03, RFLO(0.03, tau=10*ms)).update
    'direct_post*(trace) + (feedback_post - direct_post)*late'
    """

    citation = (
        "Liu, Y. H., Smith, S., Mihalas, S., Shea-Brown, E. & Sumbul, U. (2021)."
        " Cell-type-specific neuromodulation guides synaptic credit assignment in a spiking"
        " neural network. Proceedings of the National Academy of Sciences 118:e2111821118"
    )

    def __post_init__(self):
        super().__post_init__()
        update = self.rule.updates.get("step", "")
        rest = update.removeprefix(FEEDBACK)
        is_product = update.startswith(FEEDBACK) and "feedback_post" not in get_identifiers(rest)
        if not is_product or len(self.rule.updates) > 1 or self.rule.summed:
            raise ValueError(
                "Relayed: rule must multiply feedback and an eligibility in each step,"
                f" 'feedback_post*...'; got {type(self.rule).__name__} with {self.rule.update!r}"
            )

    def check_paths(self, paths: Sequence[Mechanism]) -> None:
        """Raise unless one of the credit paths relays what feedback brings, a step late."""
        super().check_paths(paths)
        if not any(declared(path, "is_late", False) for path in paths):
            names = " and ".join(type(path).__name__ for path in paths) or "none"
            raise ValueError(
                f"{self.title}: the credit path must be a Relay of signals that are 'direct', which"
                f" alone meet the eligibility of the step before; got {names}. Write"
                " credit=Relay(types, weights)"
            )

    @property
    def eligibility(self) -> str:
        """The eligibility of the inner rule, an expression."""
        return self.rule.updates["step"].removeprefix(FEEDBACK)

    @property
    def traces(self) -> str:
        """The traces of the inner rule, and the eligibility of the step before."""
        return f"{self.rule.traces}\nlate : 1"

    @property
    def post_traces(self) -> str:
        """Traces of the inner rule, and what feedback itself has brought."""
        return f"{self.rule.post_traces}\ndirect : 1".strip()

    @property
    def update(self) -> str:
        """Each part of the feedback times its eligibility."""
        return f"direct_post*({self.eligibility}) + (feedback_post - direct_post)*late"

    @property
    def more_steps(self) -> tuple[Step, ...]:
        """Steps that keep the feedback itself, and the eligibility after it has been used."""
        return (
            Step("direct = feedback", LABEL, "post"),
            Step(f"late = {self.eligibility}", LEARN.behind()),
            *self._forgets,
        )

    @property
    def resets(self) -> tuple[Step, ...]:
        """Resets of the inner rule; no eligibility before a trial."""
        return (*self.rule.resets, *self._forgets)

    @property
    def _forgets(self):
        return (Step("late = 0", RESET, when="trial_start"),)
