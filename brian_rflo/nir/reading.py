"""Conversion of NIR graphs to groups and projections of Brian2. `writing.py` defines what a spike
is in them; `exact.py` and `euler.py` say which groups nodes become.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from brian2 import Network, get_logger

from ..brian.construction import one_error
from ..brian.optional import optional
from ..brian.quantities import check_time
from ..results.files import existing_file
from ..rules import LearningRule
from ..updates import PerStep
from ..updates.arguments import check_instance
from .euler import EulerImporter
from .exact import ExactImporter
from .graph import ExactGraph, FlatGraph
from .steps import FEW, INTEGRATORS, RESETS, check_integrator, check_reset, check_same_step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from brian2 import NeuronGroup, Quantity
    from nir import NIRGraph

logger = get_logger(__name__)

#: Rounding of time constants that are stored in single precision, relative.
SINGLE = 1e-6


def from_nir(
    graph: NIRGraph | str | PathLike[str],
    dt: Quantity | None = None,
    inputs: NeuronGroup | Mapping[str, NeuronGroup] | None = None,
    integrator: str | None = None,
    same_step: bool | None = None,
    reset: str | None = None,
    rules: Mapping[str, LearningRule] | None = None,
    learn: PerStep = PerStep(),
) -> Network:
    """Return a Brian2 network for a NIR graph: groups, and projections with the weights of the
    graph.

    Parameters
    ----------
    graph : nir.NIRGraph or path
        The graph, or a file that `nir.write` or `to_nir` wrote.
    dt : Quantity, optional
        How long a spike is the value 1 in this graph: the time step of the simulator that it comes
        from, 0.1*ms for snnTorch. Graphs of `to_nir` say it.
    inputs : group or dict of groups, optional
        Input of the Input node, or of each by its name: groups with ``activity``, for example
        ``TaskInput(task)``, or groups that spike. A spike of one step is 1 for that step. Without,
        a group with ``activity``, which is 0 until you set it.
    integrator : {"exact", "euler"}, optional
        "euler" for graphs of simulators that step by forward Euler: snnTorch (``beta = 1 -
        dt/tau``), Norse, SpiNNaker2. The network then does their arithmetic, in their time step.
        "exact" solves the equations of the graph; the network may be simulated with any time step.
        By default what the graph says (that of `to_nir` does), else "exact".
    same_step : bool, optional
        With "euler": whether spikes drive the next layer within the same step, as in snnTorch and
        Norse (the default). Recurrent spikes always take a step. False, where each spike takes a
        step, is for graphs of `to_nir`, which say so, and for SpiNNaker2 with ``conn_delay=1``.
    reset : {"to_value", "subtract", "subtract_later"}, optional
        With "euler": what a spike does to the membrane, which graphs of other simulators do not
        say. By default it is set to ``v_reset``; "subtract" subtracts the threshold at once
        (SpiNNaker2), "subtract_later" from the membrane of the next step (snnTorch, unless
        ``reset_mechanism`` or ``reset_delay`` are given).
    rules : dict of LearningRule, optional
        Rules of weights that learn, by the name of their Linear or Affine node, for example
        ``{"w_rec": EProp(1e-3, tau=20*ms)}``; an Affine node's bias learns too. They are
        `PlasticSynapses`, for a `Trials` of your own. All other weights are fixed.
    learn : PerStep or PerTrial
        The learning schedule of these weights.

    Returns
    -------
    Network
        ``net["lif"]`` is the group of the node "lif", with characters that Brian2 does not allow in
        names replaced by underscores (and a number where two names become one); a projection has
        the name of its Linear or Affine node, ``net["fc1"]``. LIF nodes are `LIFNeurons`, and with
        "euler" groups with the values of their nodes. The ``output`` of Output nodes that no spikes
        reach alone is recorded with ``when="end"``.

    Raises
    ------
    ModuleNotFoundError
        Without the package nir: ``pip install 'brian_rflo[nir]'``.
    FileNotFoundError, RuntimeError
        If there is no such file, or it is damaged.
    TypeError, ValueError
        If a node is of another kind than Input, Output, Linear, Affine, Scale, Delay, Flatten, LI,
        LIF, IF, CubaLI and CubaLIF, or does not fit what enters; if the neurons of a node have
        different membrane time constants (not with "euler"), or the time step is not known.

    Examples
    --------
    >>> import nir, numpy as np
    >>> from brian2 import ms, SpikeMonitor, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> one = np.ones(1)
    >>> lif = nir.LIF(0.02*one, one, 0*one, one)
    >>> graph = nir.NIRGraph.from_list(nir.Affine(np.eye(1), 2*one), lif)
    >>> net = from_nir(graph, dt=1*ms)
    >>> spikes = SpikeMonitor(net["lif"])
    >>> net.add(spikes)
    >>> net.run(50*ms)
    >>> spikes.t/ms
    array([13., 27., 41.])
    """
    nir = optional("nir", "from_nir", "nir", "h5py")
    if isinstance(graph, (str, Path)):
        graph = read_graph(nir, graph)
    if not getattr(graph, "nodes", None):
        raise TypeError(
            "from_nir: graph must be a nir.NIRGraph with nodes, or the path of a file; got"
            f" {type(graph).__name__}. Write nir.NIRGraph.from_list(node, ...) for single nodes."
        )
    said = said_by(graph)
    check_integrator("from_nir", integrator)
    chosen = integrator or said.get("integrator", "exact")
    check_reset(reset, chosen)
    check_same_step(same_step)
    check_rules(rules, learn)
    rules, seconds = dict(rules or {}), spike_length(said, dt)
    with one_error():
        if chosen == "euler":
            same = said.get("same_step", True) if same_step is None else same_step
            reset = said.get("reset", "to_value") if reset is None else reset
            flat = FlatGraph(graph, inputs, rules)
            warn_of_long_steps(flat, seconds)
            return EulerImporter(flat, seconds, rules, learn, bool(same), reset).build()
        if same_step:
            raise ValueError(
                "from_nir: same_step=True needs the time step of the graph's simulator; write"
                " integrator='euler' too"
            )
        flat = ExactGraph(graph, inputs, rules)
        if "integrator" not in said:
            warn_of_coarse_steps(flat, seconds)
        return ExactImporter(flat, seconds, rules, learn).build()


def check_rules(rules, learn):
    """Raise unless there are rules by name, and a learning schedule."""
    check_instance("from_nir: learn", learn, PerStep, "PerTrial(Adam())")
    if rules is not None and not (
        isinstance(rules, dict) and all(isinstance(rule, LearningRule) for rule in rules.values())
    ):
        raise TypeError(
            "from_nir: rules must be learning rules by the name of a node, for example"
            f" {{'w_rec': EProp(1e-3, tau=20*ms)}}; got {rules!r}"
        )


def said_by(graph):
    """Return what the metadata of a graph say of its time steps."""
    metadata = getattr(graph, "metadata", None)
    said = dict(metadata) if isinstance(metadata, dict) else {}
    for name, known in (("integrator", INTEGRATORS), ("reset", RESETS)):
        value = said.pop(name, None)
        value = value.decode() if isinstance(value, bytes) else value
        if value in known:
            said[name] = str(value)
    return said


def read_graph(nir, path):
    """Read a graph from a file. Files of old versions, whose types do not fit, are read without
    the checks of nir.
    """
    path = existing_file(path)
    try:
        return nir.read(path)
    except Exception as error:
        try:
            return nir.read(path, type_check=False)
        except Exception:
            raise RuntimeError(
                f"'{path}' is damaged, or not a file of a NIR graph"
                f" ({type(error).__name__}: {error})"
            ) from error


def spike_length(said, dt):
    """Return the duration of a spike, in seconds."""
    if dt is not None:
        check_time("from_nir: dt", dt)
        return float(dt)
    if "dt" not in said:
        raise ValueError(
            "from_nir: the graph does not say how long a spike is the value 1 in it; write dt=...,"
            " the time step of the simulator that it comes from, for example dt=0.1*ms"
        )
    return float(said["dt"])


def warn_of_long_steps(graph, seconds):
    """Warn of nodes whose time constants are shorter than a step of Euler, which no simulator
    writes: ``beta = 1 - dt/tau`` is below 0 there.
    """
    for name, node in graph.nodes.items():
        for value, array in node.values.items():
            if value.startswith("tau") and (array < (1 - SINGLE) * seconds).any():
                logger.warn(
                    f"from_nir: node '{name}' has {value} = {array.min() * 1e3:g} ms, less than a"
                    f" time step of {seconds * 1e3:g} ms, so that its values change sign in every"
                    " step. Write dt=..., the time step of the simulator that the graph comes from"
                    " (snnTorch: 0.1*ms).",
                    "long_steps",
                )
                return


def warn_of_coarse_steps(graph, seconds):
    """Warn of nodes whose time constants are near the time step of a foreign graph: simulators
    that step by Euler write such graphs, and mean something else.
    """
    for name, node in graph.nodes.items():
        for value, array in node.values.items():
            if value.startswith("tau") and (array < FEW * seconds).any():
                logger.warn(
                    f"from_nir: node '{name}' has {value} = {array.min() * 1e3:g} ms, less than"
                    f" {FEW} time steps of {seconds * 1e3:g} ms. If the graph comes from a"
                    " simulator that steps by forward Euler (snnTorch, Norse, SpiNNaker2), write"
                    " integrator='euler' for its spikes.",
                    "coarse_steps",
                )
                return
