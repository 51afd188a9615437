"""Checks of what NIR can represent."""

import numpy as np
from brian2 import PoissonGroup, SpikeGeneratorGroup, Subgroup

from ..readouts.linear import is_readout
from ..steps.cells import is_cells
from ..synapses.kinds import is_projection

SPIKES_IN = (PoissonGroup, SpikeGeneratorGroup)


def brings_credit(projection):
    """Return whether a projection is part of a credit path: it ends in feedback, or at cells beside
    a group, which do not affect the network's activity.
    """
    return (
        getattr(projection, "onto", None) == "feedback"
        or is_cells(projection.source)
        or is_cells(projection.target)
    )


def spike_height(neurons):
    """Return the factor by which a spike exceeds a value of 1 during one step."""
    return neurons.namespace["spike_amplitude"] * float(neurons.tau_syn) / float(neurons.clock.dt)


def check_known(group, known):
    """Raise unless the class of neurons is one that has a node of its own."""
    if type(group) not in known:
        raise ValueError(
            f"'{group.name}' is a group of {type(group).__name__}, and NIR has no equivalent node;"
            " to_nir takes LIFNeurons and DiscreteLIFNeurons without refractoriness, noise and"
            " adaptation"
        )


def check_lif(group):
    """Raise unless NIR has neurons that do exactly what these do."""
    name = f"'{group.name}'"
    if float(group.refractory_time):
        raise ValueError(
            f"{name} has refractory = {group.refractory_time}, and no neuron of NIR is refractory:"
            " it would fire earlier elsewhere; train it with refractory=0*ms"
        )
    if "noise_sd" in group.namespace:
        raise ValueError(
            f"{name} has noise, and nothing in NIR is random; train it with noise=0 to export it"
        )


def check_discrete(group):
    """Raise unless NIR has neurons that do exactly what these do."""
    check_lif(group)
    name = f"'{group.name}'"
    if group.reset_by != "zero":
        raise ValueError(
            f"{name} subtracts the threshold with each spike, and NIR's neurons are set to v_reset;"
            " train it with reset_by='zero'"
        )
    if np.any(group.variables["beta"].get_value()):
        raise ValueError(
            f"{name} has thresholds that adapt (beta is not 0), and those of NIR do not; train it"
            " with beta=0"
        )


def check_exportable_projection(projection, groups):
    """Raise unless it is a projection of ours, between whole groups, without delays."""
    if not is_projection(projection):
        raise ValueError(
            f"'{projection.name}' is a brian2.Synapses, whose equations are arbitrary;"
            " to_nir takes the weights of FixedSynapses and PlasticSynapses"
        )
    if projection.delay_line is not None:
        raise ValueError(
            f"'{projection.name}' has a delay, and to_nir knows none; train it without delay"
        )
    for group in (projection.source, projection.target):
        if isinstance(group, Subgroup) or group not in groups:
            why = (
                "a part of a group, and nodes of NIR are whole groups"
                if isinstance(group, Subgroup)
                else "not in the network"
            )
            raise ValueError(
                f"'{projection.name}' connects '{group.name}', which is {why}; give to_nir a"
                " network with all whole groups"
            )
    if projection.sends_spikes and projection.has_delays:
        raise ValueError(
            f"'{projection.name}' has delays, one for each synapse, and NIR delays whole channels;"
            " train it without delays"
        )
    known = (
        "output"
        if is_readout(projection.source)
        else "spikes"
        if isinstance(projection.source, SPIKES_IN)
        else "activity"
    )
    if not projection.sends_spikes and projection.sends != known:
        raise ValueError(
            f"'{projection.name}' sends '{projection.sends}' of '{projection.source.name}', and the"
            f" only value of that group that leaves a node of NIR is its {known}"
        )
