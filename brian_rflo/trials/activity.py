"""Warnings of neurons that are silent or saturated, with which a network hardly learns."""

import numpy as np
from brian2 import Synapses, get_logger

from ..brian.declared import declared
from ..neurons.base import parent_group, spikes

logger = get_logger(__name__)

#: Mean firing rates, in Hz, below and above which a network counts as silent or saturated, and
#: advice for each.
USUAL_RATES = 0.5, 150.0

ADVICE = {
    "silent": (
        "Without spikes there is no learning; raise the bias, the gain of the"
        " initial weights or the input, or lower the threshold"
    ),
    "saturated": (
        "Neurons at their maximal rate transmit little information; lower the bias, the gain of the"
        " initial weights or the learning rates, lengthen the refractory time, or write"
        " regularization=FiringRate(20*Hz, 100)"
    ),
    "flat": (
        "Where the slope is 0, neurons do not learn; lower the gain of the initial weights, the"
        " input or the bias, and with neurons of two signs balance excitation and inhibition;"
        " rectified neurons that are all silent need more drive"
    ),
}


def is_watched(group):
    """Return whether the firing rates or the slopes of a group can be judged: it counts its spikes,
    or its class says which mean slope is too small.
    """
    if isinstance(group, Synapses):
        return False
    counts = spikes(group) and "spike_count" in group.variables
    return counts or has_slope(group)


def has_slope(group):
    """Return whether the class of a group says which of its variables is the slope, `slope`, and
    which mean is too small, `least_slope`.
    """
    return declared(parent_group(group), "slope") in group.variables


def warn_of_rates(trials):
    """Warn, once each, of spiking groups that were silent or saturated in the last trial."""
    for group in trials.watched:
        if has_slope(group):
            continue
        rates = means(trials, group, "spike_count") / float(trials.duration)
        fire = "its neurons fire at {:.3g} Hz on average in a trial"
        if not declared(parent_group(group), "may_be_silent", False):
            warn(trials, group, "silent", rates, rates < USUAL_RATES[0], fire)
        warn(trials, group, "saturated", rates, rates > USUAL_RATES[1], fire)


def warn_of_slopes(trials):
    """Warn, once each, of groups whose slope is too small on average."""
    for group in trials.watched:
        if has_slope(group):
            kind = parent_group(group)
            slopes, is_flat = means(trials, group, kind.slope), f"the mean slope ({kind.slope})"
            is_flat += " of its neurons is {:.2g} at the end of the trial"
            warn(trials, group, "flat", slopes, slopes < kind.least_slope, is_flat)


def means(trials, group, name):
    """Return the mean of the absolute values of a variable in each network and copy."""
    values = np.abs(np.asarray(group.variables[name].get_value()))
    networks = len(trials) if len(values) % len(trials) == 0 else 1
    return values.reshape(networks, -1).mean(axis=1)


def warn(trials, group, state, values, found, sentence):
    """Warn once of the networks and copies that were found in a state."""
    if not found.any() or (group.name, state) in trials.reported:
        return
    trials.reported.add((group.name, state))
    numbers = np.unique(np.flatnonzero(found) // trials.copies)
    which = "" if len(values) == trials.copies else f" in network {', '.join(map(str, numbers))}"
    word = "saturated" if state == "flat" else state
    logger.warn(
        f"'{group.name}' is {word}{which}: {sentence.format(values[found].mean())}."
        f" {ADVICE[state]}.",
        "rates",
    )
