"""Properties of a projection that follow from its two groups: its pathway, the phase of its sum,
and the phase and integrator of its traces.
"""

from .. import schedule
from ..brian.borrowed import get_identifiers, word_substitute
from ..brian.declared import declared
from ..neurons.base import ARRIVING, PSP, parent_group, spikes

#: What does for traces the same as an integrator of neurons, those of the GSL to their tolerance;
#: Euler where nothing is integrated.
SAME_FOR_TRACES = dict.fromkeys((None, "milstein", "heun"), "euler") | dict.fromkeys(
    ("exact", "linear", "independent", "gsl", "gsl_rk2", "gsl_rk4")
    + ("gsl_rkf45", "gsl_rkck", "gsl_rk8pd"),
    "exponential_euler",
)


def phase_of_sum(target, rule=None):
    """Return the phase of a projection's sum: DRIVE for neurons, READOUT for readouts.

    The class of a group may define it (`sum_phase`); any other group counts as a readout if the
    rule reads its error.
    """
    is_readout = rule is not None and "error" in rule.reads("post")
    return declared(
        parent_group(target), "sum_phase", schedule.READOUT if is_readout else schedule.DRIVE
    )


def behind_sum(summed_at):
    """Return the phase DRIVEN of a projection: where its sum is complete, and noise is added."""
    return summed_at.behind(schedule.DRIVEN.order - schedule.DRIVE.order)


def trace_phase(target):
    """Return the phase of traces: before the neurons' integration, or after it if they spike, since
    their slope is that of the new state.

    The class of a group may define it (`trace_phase`), and the integrator (`trace_method`).
    """
    return declared(
        parent_group(target),
        "trace_phase",
        schedule.SPIKING_TRACE if spikes(target) else schedule.TRACE,
    )


def trace_method(target, integrator=None):
    """Return the integrator of traces: that of the neurons, so that both decay alike.

    The class of a group may define it (`trace_method`). Traces are linear and have no noise, so
    that some integrators do the same.
    """
    method = declared(parent_group(target), "trace_method", integrator)
    return SAME_FOR_TRACES.get(method, method)


def check_one_group(source, target):
    """Raise unless both ends of a projection are the same neurons."""
    if parent_group(source) is not parent_group(target) or (source.start, source.stop) != (
        target.start,
        target.stop,
    ):
        raise ValueError(
            f"self_connections=False is for projections within a group, but '{source.name}' and"
            f" '{target.name}' are two; omit it"
        )


def check_spikes(source, target, onto):
    """Raise unless the source emits spikes, which add to the variable `onto` of the target."""
    if spikes(source):
        return
    graded = [name for name in declared(parent_group(target), "inputs", ()) if name != onto]
    if graded and onto in declared(parent_group(target), "events_onto", ()):
        raise ValueError(
            f"spikes add to '{onto}' of group '{target.name}', but group '{source.name}' emits"
            f" none. Write onto='{graded[0]}', into which activity is summed."
        )
    raise ValueError(
        f"'{onto}' of group '{target.name}' has a differential equation, so spikes add to it,"
        f" but group '{source.name}' emits none; write '{onto} : 1' there, for the sum of its"
        f" activity, or give '{source.name}' a threshold"
    )


def arriving_at(synapses, source, target):
    """Return the mechanisms that keep, in cells beside the source, what its spikes do in the
    target.
    """
    return *psp_in(synapses, source, target), *driving(synapses, target)


def driving(synapses, target):
    """Return what keeps `arriving`, if the rule reads it, spikes add to the target, and its class
    knows what they bring (`driving`); else nothing.
    """
    known = declared(parent_group(target), "driving")
    needed = synapses.sends_spikes and reads_arriving(synapses.rule)
    return (known,) if needed and known is not None else ()


def reads_arriving(rule):
    """Return whether a rule reads what arrives in a step, in synapses or beside the source."""
    steps = "\n".join(step.code for step in rule.steps if step.site == "pre")
    return ARRIVING in rule.reads("pre") or ARRIVING in get_identifiers(steps)


def psp_in(synapses, source, target):
    """Return what keeps the `psp` of a source's spikes in cells beside it, if the rule reads it,
    the source does not have it, and the class of the target knows it (`arriving`; `psp_for` where
    it depends on the projection, also for values); else nothing.
    """
    own = declared(parent_group(target), "psp_for")
    if own is not None and PSP in synapses.rule.reads("pre") and PSP not in source.variables:
        return (own(synapses),)
    has_own = {PSP, "activity"} & set(source.variables)
    if not synapses.sends_spikes or has_own or PSP not in synapses.rule.reads("pre"):
        return ()
    known = declared(parent_group(target), "arriving")
    return () if known is None else (known,)


def own_on_pre(target, onto):
    """Return the target's own statement for a spike onto its variable `onto`, or None."""
    return declared(parent_group(target), "on_pre", {}).get(onto)


def arriving_in_time(target, onto, transmits, n_steps, begins=0):
    """Return the statements of `on_pre_of` that ignore spikes from before the current trial, which
    has `n_steps` steps, in a run that begins with the time step `begins`.

    A spike that is on its way where a run begins has been fired in the trial of that step, perhaps
    with another delay than that of now (see `brian.queues`).
    """
    in_time = f"t_in_timesteps % {n_steps} >= int(delay/dt + 0.5)"
    if begins % n_steps:
        in_time = f"t_in_timesteps < {begins - begins % n_steps + n_steps} or {in_time}"
    sent = transmits if transmits.isidentifier() else f"({transmits})"
    statements = word_substitute(on_pre_of(target, onto), {"w": "_arriving"})
    return f"_arriving = {sent}*int({in_time})\n{statements}"


def at_any_time(statements):
    """Return statements for a spike without what `arriving_in_time` has added."""
    first, _, rest = statements.partition("\n")
    if not first.startswith("_arriving = w*int("):
        return statements
    return word_substitute(rest, {"_arriving": "w"})


def on_pre_of(target, onto, transmits="w"):
    """Return the statement by which a spike adds `transmits` to `onto` of the target."""
    own = own_on_pre(target, onto)
    return (
        word_substitute(own, {"w": f"({transmits})"})
        if own and transmits != "w"
        else own or f"{onto}_post += {transmits}"
    )
