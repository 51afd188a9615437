"""Divergence: a network whose loss or weights are not finite at the end of a trial gets back its
weights from before the trial and stops learning.
"""

from dataclasses import dataclass

from .. import schedule
from ..steps import Mechanism, Step

#: 1 if the loss of a network is not finite.
BAD = "int(not (abs(loss) < inf))"
#: Record the trial in which a network has diverged.
FAILED = (
    "diverged_in += int(diverged_in < 0)*int(bad > 0)*(t_in_timesteps//trial_steps - diverged_in)"
)


@dataclass(frozen=True)
class DivergenceCheck(Mechanism):
    """Steps that detect the divergence of a network and restore the weights of its projections."""

    variables = {"own": "w_kept : 1", "network": "diverged_in : integer\nbad : 1\nfinite : 1"}
    steps = (
        Step("finite = int(diverged_in < 0)", schedule.BEGIN, "network", "trial_start"),
        Step("w_kept = w", schedule.RESET, when="trial_start"),
        Step("bad_network += int(not (abs(w) < inf))", schedule.VERDICT, when="trial_end"),
        Step(
            f"bad += {BAD}\n{FAILED}\nbad = 0\nfinite = int(diverged_in < 0)",
            schedule.JUDGE,
            "network",
            "trial_end",
        ),
        Step("w = where(finite_network > 0, w, w_kept)", schedule.RESTORE, when="trial_end"),
    )


@dataclass(frozen=True)
class SharedDivergenceCheck(Mechanism):
    """Steps by which all copies of a network diverge together."""

    steps = (
        Step(f"bad_first += bad + {BAD}", schedule.VERDICT.behind(900), "network", "trial_end"),
        Step("bad = bad_first", schedule.VERDICT.behind(910), "network", "trial_end"),
    )
