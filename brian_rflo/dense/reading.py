"""Properties of a projection that the dense loops need, derived from its placed steps without
regard to the rule's class or name.

    kept     v = where(learns, v + X, v), X without v: a sum that grows while the network learns
    late     kept, and read by no step that runs each time, nor by what is transmitted: it may be
             added up where somebody reads it
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import schedule
from ..brian.borrowed import get_identifiers
from ..brian.statements import Written, loaded, parsed
from ..steps import INTEGRATE

if TYPE_CHECKING:
    from ..synapses import PlasticSynapses

#: Slots of a time step, in order.
SLOTS = (
    "before_start",
    "start",
    "after_start",
    "before_groups",
    "groups",
    "after_groups",
    "before_thresholds",
    "thresholds",
    "after_thresholds",
    "before_synapses",
    "synapses",
    "after_synapses",
    "before_resets",
    "resets",
    "after_resets",
    "before_end",
    "end",
    "after_end",
)
#: Guard of a sum that grows while the network learns: the projection's switch, and a flag for
#: finite networks.
GUARD = {"plastic", "finite_network"}


@dataclass(frozen=True)
class Reading:
    """Properties derived from a projection's steps.

    Attributes
    ----------
    learner, advancer : CodeRunner or None
        The runners of the last step that runs each time, and of the one before it, which advances
        traces.
    kept : dict of str to str
        The term added to each variable that grows while the network learns, with temporaries
        inlined; empty if a statement has another form.
    late : tuple of str
        Variables that may be summed when they are read.
    read_at : tuple of str
        Points of the trial at which they are read.
    """

    learner: object = None
    advancer: object = None
    kept: dict = field(default_factory=dict)
    late: tuple = ()
    read_at: tuple = ()


def read(synapses: PlasticSynapses) -> Reading:
    """Return the reading of a projection; its last step that runs each time is the one that
    learns.
    """
    pairs = stepwise(synapses)
    if (
        not pairs
        or len(pairs) > 2
        or pairs[-1][0].code == INTEGRATE
        or pairs[-1][0].phase.when != "after_resets"
    ):
        return Reading()
    *before, (last, learner) = pairs
    kept = kept_in(synapses, last.code)
    seen = {name for step, _ in before for name in names_of(synapses, step)} | set(
        get_identifiers(synapses.rule.transmits)
    )
    seen |= {name for value in kept.values() for name in get_identifiers(value)}
    late = tuple(name for name in kept if name not in seen)
    boundaries = [
        step
        for step in (*synapses.placed, *synapses.waiting)
        if step.site == "own" and step.when != "step"
    ]
    read_at = tuple(
        dict.fromkeys(step.when for step in boundaries if set(late) & loaded(step.code))
    )
    return Reading(learner, before[0][1] if before else None, kept, late, read_at)


def stepwise(synapses):
    """Return the steps of the synapses that run in every time step, in order, with their
    runners.
    """
    own = [
        (step, runner)
        for step, runner in synapses.placed.items()
        if step.site == "own" and step.when == "step" and step.every == 1
    ]
    return sorted(own, key=lambda pair: (SLOTS.index(pair[0].phase.when), pair[0].phase.order))


def boundary_runners(synapses):
    """Return the ids of the synapses' own runners at trial boundaries that need no special care:
    after the phase FLUSH, or before the steps.
    """
    return {
        id(runner)
        for step, runner in synapses.placed.items()
        if step.site == "own" and is_at_boundary(step, runner)
    }


def is_at_boundary(step, runner):
    """Return whether a step runs when all updates are complete: after the last step of a trial, or
    before its first.
    """
    behind = runner.when == schedule.FLUSH.when and runner.order > schedule.FLUSH.order
    return (
        behind
        if step.when == "trial_end"
        else step.when in ("trial_start", "stream_start") and runner.when == schedule.RESET.when
    )


def names_of(synapses, step):
    """Return the names in a step."""
    return synapses.equations.identifiers if step.code == INTEGRATE else get_identifiers(step.code)


def kept_in(synapses, code):
    """Return the sums that grow while the network learns, by variable; an empty dictionary if a
    statement has another form.
    """
    values, kept, own = {}, {}, stored(synapses)
    for node in parsed(code).body:
        if not isinstance(node, ast.Assign):
            return {}
        name = node.targets[0].id
        if name not in own:
            values[name] = f"({with_values(node.value, values)})"
            continue
        added = grown(name, node.value, values)
        if added is None:
            return {}
        kept[name] = added
    return kept


def grown(name, call, values):
    """Return X of ``where(learns, name + X, name)``; None if an expression has another form."""
    if not (
        isinstance(call, ast.Call) and call.func.id == "where" and ast.unparse(call.args[2]) == name
    ):
        return None
    condition, sum_, _ = call.args
    if not (
        isinstance(sum_, ast.BinOp)
        and isinstance(sum_.op, ast.Add)
        and ast.unparse(sum_.left) == name
    ):
        return None
    added = with_values(sum_.right, values)
    is_guard = get_identifiers(with_values(condition, values)) - {"int"} == GUARD
    return added if is_guard and name not in get_identifiers(added) else None


def with_values(node, values):
    """Return an expression as text, with temporaries inlined."""
    expressions = {name: ast.parse(value, mode="eval").body for name, value in values.items()}
    return ast.unparse(Written(expressions).visit(node))


def stored(synapses):
    """Return the names of the variables with one value per synapse."""
    return {name for name in synapses.variables if synapses.variables.indices[name] == "_idx"}
