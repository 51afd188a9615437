"""Checks of what NIR can represent."""

import numpy as np
from brian2 import PoissonGroup, SpikeGeneratorGroup, Subgroup

from ..brian.declared import declared, declares
from ..brian.statements import loaded
from ..neurons.base import parent_group
from ..readouts.linear import is_readout
from ..steps.cells import is_cells
from ..synapses.kinds import is_projection
from ..synapses.missing import code_of
from .groups import is_pulses

SPIKES_IN = (PoissonGroup, SpikeGeneratorGroup)


def brings_credit(projection):
    """Return whether a projection is not a part of the network's activity: it begins or ends at
    cells beside a group, or its target does not read what it receives.
    """
    return (
        is_cells(projection.source)
        or is_cells(projection.target)
        or (
            is_projection(projection)
            and not is_pulses(projection.target)
            and not is_read(projection.target, projection.onto)
        )
    )


def is_read(group, name):
    """Return whether the equations or statements of a group read a variable."""
    group = parent_group(group)
    events = [*group.events.values(), *group.event_codes.values()]
    codes = [code_of(obj) for obj in group.contained_objects if hasattr(obj, "abstract_code")]
    return (
        any(name in equation.identifiers for equation in group.equations.values())
        or name in group.equations.diff_eq_names
        or any(name in loaded(code) for code in (*events, *codes))
    )


def spike_height(neurons):
    """Return the factor by which a spike exceeds a value of 1 during one step, so that the same
    neurons come back.
    """
    amplitude, tau = neurons.namespace["spike_amplitude"], float(neurons.tau_syn)
    dt = float(neurons.clock.dt)
    height = amplitude * tau / dt
    near = [height]
    for towards in (np.inf, 0.0):
        for _ in range(4):
            near.append(np.nextafter(near[-1] if len(near) % 4 != 1 else height, towards))
    return float(next((one for one in near if 1 / (tau * (1 / (one * dt))) == amplitude), height))


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
    for group in (projection.sender, projection.target):
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
    check_receives(projection)
    is_of_graph = declared(projection, "delay_of_graph") is not None
    if projection.sends_spikes and projection.has_delays and not is_of_graph:
        raise ValueError(
            f"'{projection.name}' has delays, one for each synapse, and NIR delays whole channels;"
            " train it without delays"
        )
    known = (
        "output"
        if is_readout(projection.sender)
        else "spikes"
        if isinstance(projection.sender, SPIKES_IN)
        else "activity"
    )
    if not projection.sends_spikes and projection.sends != known:
        raise ValueError(
            f"'{projection.name}' sends '{projection.sends}' of '{projection.sender.name}', and the"
            f" only value of that group that leaves a node of NIR is its {known}"
        )


def check_receives(projection):
    """Raise unless a projection ends in an input of its target."""
    target = projection.target
    known = (*declared(target, "events_onto", ()), *declared(target, "inputs", ()))
    known = (target.onto,) if is_readout(target) else known
    if projection.onto not in known and declares(target, "inputs"):
        raise ValueError(
            f"'{projection.name}' acts on '{projection.onto}' of '{target.name}', and what enters a"
            f" node of NIR is its input; write onto='{known[-1]}'"
        )
