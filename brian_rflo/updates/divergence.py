"""Divergence: a network whose loss or weights are not finite at the end of a trial, or whose loss
has grown beyond a limit, gets back its weights from before the trial and stops learning.

A loss is beyond the limit if it exceeds `limit` times the largest loss of the first ten trials,
unless that is 0. The first ten trials themselves are judged only by whether they are finite.
"""

from dataclasses import dataclass

import numpy as np

from .. import schedule
from ..brian.quantities import is_number
from ..steps import Mechanism, Step

#: Number of trials whose losses are the measure of later ones.
FIRST_TRIALS = 10
#: Whether the loss of a network is beyond the limit. The loss is divided, since the limit may be
#: infinite.
BEYOND = (
    "int(loss/limit > largest_loss)*int(largest_loss > 0)"
    f"*int(t_in_timesteps >= {FIRST_TRIALS}*trial_steps)"
)
#: Positive if the loss of a network is not finite, or beyond the limit.
BAD = f"int(not (abs(loss) < inf)) + {BEYOND}"
#: Record the trial in which a network has diverged, and its loss there.
FAILED = """diverged_loss = where(int(diverged_in < 0)*int(bad > 0) > 0, loss, diverged_loss)
diverged_in += int(diverged_in < 0)*int(bad > 0)*(t_in_timesteps//trial_steps - diverged_in)"""
#: Record the largest loss of the first trials, of those that are good.
MEASURED = (
    "largest_loss = where(int(loss > largest_loss)*int(bad == 0)"
    f"*int(t_in_timesteps < {FIRST_TRIALS}*trial_steps) > 0, loss, largest_loss)"
)


@dataclass(frozen=True)
class DivergenceCheck(Mechanism):
    """Steps that detect the divergence of a network and restore the weights of its projections."""

    variables = {
        "own": "w_kept : 1",
        "network": """diverged_in : integer
bad : 1
finite : 1
limit : 1 (shared)
largest_loss : 1
diverged_loss : 1""",
    }
    steps = (
        Step("finite = int(diverged_in < 0)", schedule.BEGIN, "network", "trial_start"),
        Step("w_kept = w", schedule.RESET, when="trial_start"),
        Step("bad_network += int(not (abs(w) < inf))", schedule.VERDICT, when="trial_end"),
        Step(
            f"bad += {BAD}\n{FAILED}\n{MEASURED}\nbad = 0\nfinite = int(diverged_in < 0)",
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


def check_limit(limit, owner="Trials"):
    """Raise unless `limit` is a number above 1; infinity is one."""
    is_infinite = isinstance(limit, (float, np.floating)) and limit == np.inf
    if not (is_infinite or is_number(limit)) or limit <= 1:
        raise ValueError(
            f"{owner}: limit must be a number above 1, by which the largest loss of the first"
            f" {FIRST_TRIALS} trials is multiplied, or inf for none; got {limit!r}"
        )
