"""Conversion of spiking networks to graphs of NIR, the neuromorphic intermediate representation
(Pedersen et al. 2024, Nature Communications 15:8122).

Nodes of the parts, with I the input of a node:

    LIFNeurons           LIF   tau dv/dt = v_leak - v + r I  v_leak = rest, r = threshold - rest;
                                                             bias in an Affine before it
    synaptic current     LI    tau_syn dx/dt = -x + r I      weighted spikes; r = 1/(rate_unit dt)
    filtered spikes      LI    the same, of a neuron's own spikes; the baseline is in the
                               bias of the Affine behind it
    DiscreteLIFNeurons   LIF   r = 1, or 1/(1 - alpha) unless scale_input
    Readout              Affine
    LeakyReadout         LI    r = 1, or (1 - kappa) tau/dt where it reads bare spikes

NIR has no time steps and does not define a spike in terms of them. As in other simulators, a spike
in these graphs is the value 1 during one step: its area is dt, and it changes a node with r and tau
by r dt/tau. The metadata of the graph have that dt, and say for which integrator (`steps.py`) its
time constants are, and whether spikes drive the next layer in the same step.
"""

from __future__ import annotations

import io
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from brian2 import Network, NeuronGroup, Synapses, get_logger

from ..brian.conditional import is_standalone
from ..brian.declared import declared
from ..brian.optional import optional
from ..identity.settings import versions
from ..readouts.constant import is_constant
from ..readouts.linear import is_readout, readouts_of
from ..results.files import write_whole
from ..steps.cells import is_cells
from ..trials.trials import is_trials
from .groups import is_output, is_pulses
from .nodes import constant_drive, current_of, is_input, node_of, node_of_neurons, sent_by
from .refusals import SPIKES_IN, brings_credit, check_exportable_projection
from .steps import FEW, check_integrator, euler_tau, exact_tau

if TYPE_CHECKING:
    from nir import NIRGraph

logger = get_logger(__name__)


def to_nir(
    network: Network,
    path: str | PathLike[str] | None = None,
    integrator: str | None = None,
) -> NIRGraph:
    """Return a spiking network as a graph of NIR, with its present weights.

    The graph is a frozen network: it contains neurons, weights, synaptic currents and readouts, but
    nothing that trains them, no softmax, for which NIR has no node (the outputs of a
    `SoftmaxReadout` are those before it), and no resets at the beginning of trials.

    Parameters
    ----------
    network : Network
        A `LearningNetwork`, or a `brian2.Network` of `LIFNeurons` or `DiscreteLIFNeurons`, their
        projections (`PlasticSynapses`, `FixedSynapses`), inputs (`TaskInput`, `PoissonGroup`,
        `SpikeGeneratorGroup`) and readouts. For a script without one write ``Network(collect())``.
    path : path, optional
        A file, for example "trained.nir", that the graph is written to, whole or not at all.
    integrator : {"exact", "euler"}, optional
        "euler" for simulators that step by forward Euler, in time steps as long as here: snnTorch,
        Norse, SpiNNaker2. Time constants are then those with which they decay as this network does,
        ``dt/(1 - exp(-dt/tau))``, so that they have its spikes. "exact" writes the network's own.
        By default "euler" if the network was built by ``from_nir(integrator="euler")``.

    Returns
    -------
    nir.NIRGraph
        Times in seconds, membranes in volts or without units, as the neurons are. Matrices of
        weights are ``[post, pre]``.

    Raises
    ------
    ModuleNotFoundError
        Without the package nir: ``pip install 'brian_rflo[nir]'``.
    ValueError
        If NIR cannot represent a part, with the reason: refractoriness, noise, adaptation, a reset
        by subtraction, delays of spikes, rates, models of your own. Or for another ending of the
        path.
    OSError
        If the file cannot be written.

    Notes
    -----
    Membranes, and filtered spikes, at the beginning of a trial are in the metadata of their nodes
    ("initial"), where they are not at rest: NIR itself says nothing of how a network begins. An
    output that is fed back as a current (``connectivity={"current": AllToAll()}``) is 0 in the
    first step of a trial, and in the graph that of the filtered spikes at the beginning; the two
    differ where `initial_activity` is not `baseline`.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> task = PeriodicOutput(period=100*ms)
    >>> defaultclock.dt = task.dt
    >>> neurons = LIFNeurons(5, tau=20*ms, tau_syn=50*ms, name="lif")
    >>> net = LearningNetwork(task, neurons, RFLO(1e-3, tau=50*ms))
    >>> for name, node in to_nir(net).nodes.items():
    ...     if name.startswith("lif"):
    ...         print(name, type(node).__name__)
    lif LIF
    lif_filtered LI
    lif_I_rec LI
    lif_constant Input
    lif_bias Affine
    """
    nir = optional("nir", "to_nir", "nir", "h5py")
    if not isinstance(network, Network):
        raise TypeError(
            "to_nir: network must be a Network, for example a LearningNetwork, or"
            f" Network(collect()) of a script; got {network!r}"
        )
    if path is not None and not isinstance(path, (str, PathLike)):
        raise TypeError(f"to_nir: path must be that of a file, 'trained.nir'; got {path!r}")
    if path is not None and Path(path).suffix not in (".nir", ".h5", ".hdf5"):
        raise ValueError(
            f"graphs of NIR are files of HDF5 ('.nir'); got '{path}': write for example"
            " 'trained.nir'"
        )
    if is_standalone():
        raise ValueError(
            "to_nir reads weights from the simulation, which C++ standalone has only after its run:"
            " give result.weights_after to a LearningNetwork(initial=...) on the numpy target, and"
            " export that"
        )
    check_integrator("to_nir", integrator)
    graph = Graph(network, nir, integrator).build()
    if path is not None:
        content = io.BytesIO()  # in memory: HDF5 ends the process where a disk is full
        nir.write(content, graph)
        write_whole(path, lambda waiting: waiting.write_bytes(content.getvalue()))
    return graph


class Graph:
    """Nodes and edges of a network's graph, collected step by step."""

    def __init__(self, network, nir, integrator=None):
        if getattr(network, "blocks", 1) > 1:
            raise ValueError(
                f"'{network.name}' is {network.blocks} networks (or copies for trials) side by"
                " side, and a graph is one; build one of them with LearningNetwork(...,"
                " initial={name: values[k] for name, values in net.weights().items()}) and"
                " export that"
            )
        self.name, self.nir, self.nodes, self.edges = network.name, nir, {}, []
        self.value_of, self.biased = {}, set()
        objects = sorted(network.objects, key=lambda part: part.name)
        self.groups = [
            part
            for part in objects
            if isinstance(part, (NeuronGroup, *SPIKES_IN))
            and not (is_trials(part) or is_cells(part))
        ]
        projections = [
            part for part in objects if isinstance(part, Synapses) and not brings_credit(part)
        ]
        self.biases = [part for part in projections if is_constant(part.source)]
        self.projections = [
            part for part in projections if not (is_constant(part.source) or is_pulses(part.source))
        ]
        self.spiking = [
            group for group in self.groups if not (is_readout(group) or self.is_at_the_edge(group))
        ]
        steps = {declared(group, "integrator", "exact") for group in self.groups}
        self.integrator = integrator or ("euler" if "euler" in steps else "exact")

    def is_at_the_edge(self, group):
        """Return whether a group is not one of neurons: an input, an output, or part of another
        node.
        """
        return (
            is_input(group, self.projections)
            or is_constant(group)
            or is_pulses(group)
            or is_output(group)
        )

    def build(self):
        """Return the graph, type-checked by nir."""
        for projection in self.projections:
            check_exportable_projection(projection, self.groups)
        self.dt = float(self.groups[0].clock.dt) if self.groups else None
        reset = self.reset
        for group in self.groups:
            self.add_group(group)
        if not self.spiking:
            raise ValueError(
                f"'{self.name}' has no neurons; give to_nir a network with all its parts"
            )
        for projection in sorted(self.projections, key=lambda one: self.turn(target_of(one))):
            self.add_projection(projection)
        self.add_constants()
        self.add_outputs()
        return self.nir.NIRGraph(
            self.nodes,
            self.edges,
            metadata={
                "dt": self.dt,
                "integrator": self.integrator,
                "same_step": int(self.has_layers_of_a_step),
                **reset,
                "software": f"brian_rflo {versions()['brian_rflo']}",
                "spikes": "1 during one step of dt seconds",
            },
        )

    @property
    def reset(self):
        """Effect of a spike, if nodes of NIR do not say it; raise unless metadata can."""
        resets = {declared(group, "reset_of_graph", "to_value") for group in self.spiking}
        if resets == {"to_value"} or not resets:
            return {}
        if self.integrator == "exact" or len(resets) > 1:
            raise ValueError(
                f"'{self.name}' has neurons that subtract the threshold with each spike, and NIR's"
                " neurons are set to v_reset; only graphs for integrator='euler' say it in their"
                " metadata, for all neurons"
            )
        return {"reset": resets.pop()}

    @property
    def has_layers_of_a_step(self):
        """True if spikes drive the next layer in the same step."""
        return any(declared(group, "same_step", False) for group in self.groups)

    @staticmethod
    def turn(target):
        """Return when the projections onto a group are added."""
        return 0 if is_readout(target) else 2 if is_output(target) else 1

    def add(self, name, node, *sources):
        """Add a node, with edges from others."""
        if name in self.nodes:
            raise ValueError(
                f"two nodes of the graph would be called '{name}'; give the parts of the network"
                " other names"
            )
        self.nodes[name] = node
        self.edges += [(source, name) for source in sources]
        return name

    def add_group(self, group):
        """Add the node of a group, if it has one."""
        if is_input(group, self.projections):
            if any(projection.sender is group for projection in self.projections):
                self.value_of[group] = self.add(group.name, self.nir.Input(np.array([len(group)])))
        elif is_readout(group):
            node = node_of(group, self)
            if node is not None:
                self.value_of[group] = self.add(group.name, node)
        elif not self.is_at_the_edge(group):
            self.add(group.name, node_of_neurons(group, self))

    def lif(self, group, tau, r, v_leak, v_threshold, v_reset):
        """Return a LIF node; its bias waits for the Affine of an input."""

        def each(value):
            return np.full(len(group), value, dtype=float)

        return self.nir.LIF(
            tau=self.time(each(float(tau)), group),
            r=each(r),
            v_leak=each(v_leak),
            v_threshold=each(v_threshold),
            v_reset=each(v_reset),
        )

    def low_pass(self, n, tau, r, initial=0.0, spikes=True):
        """Return a leaky integrator with resting value 0; `spikes` if these drive it."""
        begin, tau = np.zeros(n) + initial, np.full(n, float(tau))
        written = self.time(tau, self)
        return self.nir.LI(
            tau=written,
            r=np.full(n, float(r)) * (written / tau if spikes else 1.0),
            v_leak=np.zeros(n),
            metadata={"initial": begin} if begin.any() else {},
        )

    def time(self, tau, group, stepped="exact"):
        """Return time constants in seconds as they are written for the integrator of the graph, if
        a group steps by another.
        """
        if self.integrator == stepped:
            if stepped == "exact":
                self.warn_of_coarse_steps(tau, group)
            return tau
        if stepped == "exact":
            return euler_tau(tau, self.dt)
        found = exact_tau(tau, self.dt)
        if not np.isfinite(found).all():
            raise ValueError(
                f"'{group.name}' decays within one step of Euler, which no time constant does"
                " exactly; write to_nir(..., integrator='euler')"
            )
        return found

    def warn_of_coarse_steps(self, tau, group):
        """Warn of time constants that mean something else to simulators that step by Euler."""
        if (tau < FEW * self.dt).any():
            logger.warn(
                f"to_nir: '{group.name}' has a time constant of {tau.min() * 1e3:g} ms, less than"
                f" {FEW} time steps of {self.dt * 1e3:g} ms. For a simulator that steps by forward"
                " Euler (snnTorch, Norse, SpiNNaker2) write integrator='euler'.",
                "coarse_steps",
            )

    def add_projection(self, projection):
        """Add the weights of a projection, between its source and target nodes."""
        target, weights = target_of(projection), projection.matrix()
        sent, baseline = sent_by(projection.sender, self, projection.sends_spikes)
        sent = self.delayed(projection, sent)
        if projection.sends_spikes:
            weights = weights * self.height_in(target)
        end = current_of(target, self, projection.onto)
        if end is not None:
            self.add(projection.name, self.nir.Linear(weights), sent)
            self.edges.append((projection.name, end))
            return
        bias = self.bias_for(target) - weights.sum(axis=1) * baseline
        is_whole = is_output(target) and not bias.any() and is_identity(weights)
        if is_whole and sent not in self.value_of.values():
            self.value_of.setdefault(target, []).append(sent)
            return
        self.add(
            projection.name,
            self.nir.Affine(weights, bias) if bias.any() else self.nir.Linear(weights),
            sent,
        )
        if is_output(target):
            self.value_of.setdefault(target, []).append(projection.name)
        elif is_readout(target) and target.tau is None:
            self.value_of[target] = projection.name
        else:
            self.edges.append((projection.name, target.name))

    def delayed(self, projection, sent):
        """Add a node for the delay of a projection; return the name of what it sends."""
        line, given = projection.delay_line, declared(projection, "delay_of_graph")
        if line is None and given is None:
            return sent
        n = len(projection.source)
        delay = np.full(n, line.steps * self.dt) if given is None else given
        return self.add(f"{projection.name}_delay", self.nir.Delay(delay), sent)

    def height_in(self, group):
        """Return the area of a spike in a group in units of that in the graph."""
        length = declared(group, "spike_length", self.dt)
        return 1.0 if np.isclose(length, self.dt, rtol=1e-9, atol=0) else length / self.dt

    def bias_for(self, neurons):
        """Return the bias of neurons at the first call, later zero."""
        bias = np.zeros(len(neurons))
        if neurons in self.biased:
            return bias
        self.biased.add(neurons)
        if "bias" in neurons.variables:
            bias = np.array(neurons.variables["bias"].get_value(), dtype=float)
        learned = [one.matrix()[:, 0] for one in self.biases if target_of(one) is neurons]
        return (bias + sum(learned)) / constant_drive(neurons, self)

    def add_constants(self):
        """Add biases that no projection has carried. A constant is the bias of an Affine node,
        which needs an input, if only an idle one; so does a graph.
        """
        for neurons in [*self.spiking, *readouts_of(self.groups)]:
            bias = self.bias_for(neurons)
            has_input = any(isinstance(node, self.nir.Input) for node in self.nodes.values())
            if bias.any() or not (has_input or is_readout(neurons)):
                silent = self.add(f"{neurons.name}_constant", self.nir.Input(np.array([1])))
                self.add(
                    f"{neurons.name}_bias",
                    self.nir.Affine(np.zeros((len(neurons), 1)), bias),
                    silent,
                )
                self.edges.append((f"{neurons.name}_bias", neurons.name))

    def add_outputs(self):
        """Add Output nodes of the readouts, or of all neurons if there are no readouts."""
        known = [group for group in self.groups if is_output(group) and group in self.value_of]
        for group in known:
            shape = np.array([len(group)])
            self.add(group.name, self.nir.Output(shape), *self.value_of[group])
        starts = {start for start, _ in self.edges}
        readouts = [group for group in readouts_of(self.groups) if group in self.value_of]
        last = [group for group in self.spiking if group.name not in starts]
        for group in [*readouts, *(last if readouts or known else self.spiking)]:
            self.add(
                f"{group.name}_out",
                self.nir.Output(np.array([len(group)])),
                self.value_of.get(group, group.name),
            )


def target_of(projection):
    """Return the group that a projection acts on; pulses belong to the group that they serve."""
    return declared(projection.target, "served", projection.target)


def is_identity(weights):
    return weights.shape[0] == weights.shape[1] and bool((weights == np.eye(len(weights))).all())
