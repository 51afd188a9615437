"""Properties of a projection that follow from its two groups: its pathway, the phase of its sum,
and the phase and integrator of its traces.
"""

from .. import schedule
from ..brian.borrowed import word_substitute
from ..neurons.base import PSP, parent_group, spikes


def phase_of_sum(target, rule=None):
    """Return the phase of a projection's sum: DRIVE for neurons, READOUT for readouts.

    The class of a group may define it (`sum_phase`); any other group counts as a readout if the
    rule reads its error.
    """
    is_readout = rule is not None and "error" in rule.reads("post")
    return getattr(
        parent_group(target), "sum_phase", schedule.READOUT if is_readout else schedule.DRIVE
    )


def trace_phase(target):
    """Return the phase of traces: before the neurons' integration, or after it if they spike, since
    their slope is that of the new state.

    The class of a group may define it (`trace_phase`), and the integrator (`trace_method`).
    """
    return getattr(
        parent_group(target),
        "trace_phase",
        schedule.SPIKING_TRACE if spikes(target) else schedule.TRACE,
    )


def trace_method(target):
    """Return the integrator of traces: that of the neurons, so that both decay alike."""
    method = getattr(
        parent_group(target),
        "trace_method",
        getattr(parent_group(target), "method_choice", "euler"),
    )
    return "exponential_euler" if method in ("exponential_euler", "exact", "linear") else "euler"


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
    graded = [name for name in getattr(parent_group(target), "inputs", ()) if name != onto]
    if graded and onto in getattr(parent_group(target), "events_onto", ()):
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
    """Return what keeps the `psp` of a source's spikes in cells beside it, if the rule reads it,
    the source does not have it, and the class of the target knows it (`arriving`; `psp_for` where
    it depends on the projection, also for values); else nothing.
    """
    own = getattr(parent_group(target), "psp_for", None)
    if own is not None and PSP in synapses.rule.reads("pre") and PSP not in source.variables:
        return (own(synapses),)
    has_own = {PSP, "activity"} & set(source.variables)
    if not synapses.sends_spikes or has_own or PSP not in synapses.rule.reads("pre"):
        return ()
    known = getattr(parent_group(target), "arriving", None)
    return () if known is None else (known,)


def own_on_pre(target, onto):
    """Return the target's own statement for a spike onto its variable `onto`, or None."""
    return getattr(parent_group(target), "on_pre", {}).get(onto)


def arriving_in_time(statements, n_steps):
    """Return statements for a spike that ignore spikes from before the current trial, which has
    `n_steps` steps.
    """
    arrived = f"_arriving = w*int(t_in_timesteps % {n_steps} >= int(delay/dt + 0.5))"
    return f"{arrived}\n{word_substitute(statements, {'w': '_arriving'})}"


def on_pre_of(target, onto, transmits="w"):
    """Return the statement by which a spike adds `transmits` to `onto` of the target."""
    own = own_on_pre(target, onto)
    return (
        word_substitute(own, {"w": f"({transmits})"})
        if own and transmits != "w"
        else own or f"{onto}_post += {transmits}"
    )
