"""What the two groups of a projection decide: how it sends, when its sum is taken, how its traces
are integrated.
"""

from .. import schedule
from ..brian.borrowed import word_substitute
from ..neurons.base import parent_group, spikes


def phase_of_sum(target, rule=None):
    """Return when a projection's sum is taken: as the drive of neurons, or from the new activity
    for a group that reads neurons out.

    A group says so in its class (`sum_phase`); a plain group is read as a readout where the rule
    learns from its error.
    """
    is_readout = rule is not None and "error" in rule.reads("post")
    return getattr(
        parent_group(target), "sum_phase", schedule.READOUT if is_readout else schedule.DRIVE
    )


def trace_phase(target):
    """When traces are integrated: before the neurons are; where the neurons spike after that, since
    their slope is of the new state.

    A group may say so itself, in its class (`trace_phase`), and how (`trace_method`).
    """
    return getattr(
        parent_group(target),
        "trace_phase",
        schedule.SPIKING_TRACE if spikes(target) else schedule.TRACE,
    )


def trace_method(target):
    """How traces are integrated: as the neurons are, so that both decay alike."""
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
            f" '{target.name}' are two; leave it out"
        )


def check_spikes(source, target, onto):
    """Raise unless the source emits spikes, which add to the variable `onto` of the target."""
    if not spikes(source):
        raise ValueError(
            f"'{onto}' of group '{target.name}' has a differential equation, so spikes add to it,"
            f" but group '{source.name}' emits none; write '{onto} : 1' there, for the sum of its"
            f" activity, or give '{source.name}' a threshold"
        )


def own_on_pre(target, onto):
    """What the target says that a spike does to its variable `onto`, if it says anything."""
    return getattr(parent_group(target), "on_pre", {}).get(onto)


def arriving_in_time(statements, n_steps):
    """Statements of a spike, without those that were fired before the trial of so many steps began;
    weights read `w`.
    """
    arrived = f"_arriving = w*int(t_in_timesteps % {n_steps} >= int(delay/dt + 0.5))"
    return f"{arrived}\n{word_substitute(statements, {'w': '_arriving'})}"


def on_pre_of(target, onto, transmits="w"):
    """Return what a spike does to the variable `onto` of the target, with what it transmits."""
    own = own_on_pre(target, onto)
    return (
        word_substitute(own, {"w": f"({transmits})"})
        if own and transmits != "w"
        else own or f"{onto}_post += {transmits}"
    )
