"""What the two groups of a projection decide: how it sends, when its sum is taken, how its traces are integrated."""

from brian2.utils.stringtools import word_substitute

from .. import schedule
from ..neurons.base import LOW_PASSED, spikes, whole


def phase_of_sum(target):
    """When a projection's sum is taken: from the new activity for a group that reads the neurons out, else as their drive.

    A group says so in its class (`sum_phase`); a plain group with ``error`` is a readout.
    """
    return getattr(whole(target), "sum_phase", schedule.READOUT if "error" in target.variables else schedule.DRIVE)


def trace_phase(target):
    """When traces are integrated: before the neurons are; where the neurons spike after that, since their slope is of the new state.

    A group may say so itself, in its class (`trace_phase`), and how (`trace_method`).
    """
    return getattr(whole(target), "trace_phase", schedule.SPIKING_TRACE if spikes(target) else schedule.TRACE)


def traces_read(equations, source, target):
    """Equations of traces, with what they read of the source: what it does to a membrane, where it says so and the target is no readout."""
    is_low_passed = LOW_PASSED in source.variables and "error" not in target.variables
    return word_substitute(equations, {"activity_pre": f"{LOW_PASSED}_pre"} if is_low_passed else {})


def trace_method(target):
    """How traces are integrated: as the neurons are, so that both decay alike."""
    method = getattr(whole(target), "trace_method", getattr(whole(target), "method_choice", "euler"))
    return "exponential_euler" if method in ("exponential_euler", "exact", "linear") else "euler"


def check_one_group(source, target):
    """Raise unless both ends of a projection are the same neurons."""
    if whole(source) is not whole(target) or (source.start, source.stop) != (target.start, target.stop):
        raise ValueError(f"self_connections=False is for projections within a group, but '{source.name}' and '{target.name}' are two; leave it out")


def check_spikes(source, target, onto):
    """Raise unless the source emits spikes, which add to the variable `onto` of the target."""
    if not spikes(source):
        raise ValueError(f"'{onto}' of group '{target.name}' has a differential equation, so spikes add to it, but group '{source.name}' emits none; write '{onto} : 1' there, for the sum of its activity, or give '{source.name}' a threshold")


def own_on_pre(target, onto):
    """What the target says that a spike does to its variable `onto`, if it says anything."""
    return getattr(whole(target), "on_pre", {}).get(onto)


def arriving_in_time(statements, n_steps):
    """Statements of a spike, without those that were fired before the trial of so many steps began; weights read `w`."""
    arrived = f"_arriving = w*int(t_in_timesteps % {n_steps} >= int(delay/dt + 0.5))"
    return f"{arrived}\n{word_substitute(statements, {'w': '_arriving'})}"


def on_pre_of(target, onto):
    """What a spike does to the variable `onto` of the target."""
    return own_on_pre(target, onto) or f"{onto}_post += w"
