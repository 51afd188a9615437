"""The ways in which a dense projection's synapses are updated, the best first: a file describes
each, and the first that has no problem is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import blocked, history, lazy, traceless


def no_others(synapses):
    """Return no objects."""
    return ()


@dataclass(frozen=True)
class Way:
    """A way to update the synapses.

    Attributes
    ----------
    name : str
        ``parts.why_not_NAME`` has the reason why a run was neither this way nor a better one.
    problems : callable
        Of the parts, the objects of a network and the namespace of the run: yields the reasons
        against it.
    runners : callable
        Of the parts: the objects that replace traces and learning.
    described : str
        For the log.
    instead : callable
        Of the synapses: the objects of theirs besides that it replaces.
    is_pass : bool
        Whether all synapses are complete at the end of each step.
    """

    name: str
    problems: Callable
    runners: Callable
    described: str
    instead: Callable = no_others
    is_pass: bool = False


def passes(parts):
    """Return the runners that visit all synapses in each step."""
    return [parts.copies, parts.dense_pass]


def no_problems(parts, objects, run_namespace):
    """Return no reasons: what is dense can be visited in each step."""
    return ()


PASSING = Way("passing", no_problems, passes, "a dense pass", is_pass=True)
#: All of them.
WAYS = (
    Way("batched", history.problems, history.runners, "dense loops, batched at trials' ends"),
    Way("blocked", blocked.problems, blocked.runners, "blocks of resting weights", blocked.pathway),
    Way("traceless", traceless.problems, traceless.runners, "trials without stored traces"),
    Way("lazy", lazy.problems, lazy.runners, "lazy updates at spikes"),
    PASSING,
)
