"""Weights of a network as matrices ``[network, post, pre]``: initial and present ones."""

from __future__ import annotations

import weakref

import numpy as np
from brian2 import get_device, get_logger

from ..brian.conditional import is_standalone
from ..brian.quantities import numbers
from ..synapses.kinds import is_projection
from ..synapses.projection import entries
from ..updates import DALE
from ..updates.arguments import BIASES
from .initial import NORMALIZED, balanced, thinned

logger = get_logger(__name__)

#: The attribute of the network for each projection.
ROLES = {
    "recurrent": "recurrent",
    "output": "output",
    "feedback": "feedback",
    "current": "current",
    "input": "input_synapses",
    "bias": "bias",
    "output_bias": "output_bias",
}


def shapes_of(net):
    """Return the shapes ``(post, pre)`` of a network's weights by name, without those of
    projections that it is known to lack.
    """
    block, n_outputs = len(net.neurons) // net.blocks, net.n_outputs
    shapes = {
        "recurrent": (block, block),
        "output": (n_outputs, block),
        "feedback": (block, n_outputs),
        "input": (block, net.n_inputs),
        "current": (block, n_outputs),
        "bias": (block, 1),
        "output_bias": (n_outputs, 1),
    }
    return {
        name: shape
        for name, shape in shapes.items()
        if name == "input" or getattr(net, ROLES[name], net) is not None
    }


def check_names(given, shapes, what="initial"):
    """Raise if an argument names a projection that a network does not have."""
    biases = [name for name in BIASES if name in given and name not in shapes]
    remedy = ", ".join(f"'{name}': AllToAll()" for name in biases)
    for name in given:
        if name not in shapes:
            names = ", ".join(shapes)
            raise ValueError(
                f"{what} has no '{name}'; the names are {names}"
                + (f", and with connectivity={{{remedy}}} {', '.join(biases)}" if biases else "")
            )


def matrices_of(given, shapes, networks):
    """Return the user's weights as ``[network, post, pre]`` by name, NaN where a synapse is absent.

    Parameters
    ----------
    given : dict
        Matrices by name.
    shapes : dict
        Shapes ``(post, pre)`` of one network.
    networks : int
    """
    if not isinstance(given, dict):
        raise TypeError(
            "Murray2019: weights must be a dictionary of matrices by name, for example"
            f" {{'recurrent': matrix}}; got {type(given).__name__}"
        )
    check_names(given, shapes)
    checked = {}
    for name, values in given.items():
        values = numbers(f"initial['{name}']", without_sparse(values), "give a matrix")
        if name in BIASES and (values.ndim == 1 or values.shape[-1] != 1):
            values = values[..., None]  # one bias per unit
        values = values[None] if values.ndim == 2 and networks == 1 else values
        if values.shape != (networks, *shapes[name]):
            raise ValueError(
                f"initial['{name}'] must have shape {(networks, *shapes[name])}, [network,"
                f" post, pre]; got {values.shape}"
            )
        bad = np.isinf(values) | (np.isnan(values).all(axis=(1, 2), keepdims=True))
        if bad.any():
            raise ValueError(
                f"initial['{name}'] must be finite; got {np.count_nonzero(bad)} that are not (NaN"
                " stands for no synapse, and not for all of a matrix)"
            )
        checked[name] = values
    return checked


def without_sparse(values):
    """Return matrices of scipy.sparse, or a list of them, as arrays with NaN where nothing is
    stored; anything else as it is.
    """
    if isinstance(values, (list, tuple)) and any(hasattr(one, "tocoo") for one in values):
        return np.stack([without_sparse(one) for one in values])
    if not hasattr(values, "tocoo"):
        return values
    matrix = np.full(values.shape, np.nan)
    post, pre, stored = entries(values, np.nan)
    matrix[post, pre] = stored
    return matrix


def masks_of(chosen, given, shapes, networks, seed, path):
    """Return True for each pair with a synapse, ``[network, post, pre]`` by name, for projections
    that are not all to all.

    Parameters
    ----------
    chosen : dict of str to Connectivity
    given : dict
        The user's weights, as `matrices_of` returns them.
    shapes, networks, seed
        See `matrices_of` and `Connectivity.masks`.
    path : CreditPath or None
        If its weights follow those of the readout, they have the synapses of the readout unless
        the connectivity says others.
    """
    masks, default = {}, {}
    for name, shape in shapes.items():
        mask = default.get(name)
        if name in chosen:
            mask = chosen[name].masks(name, shape, networks, seed)
        if name in given:
            mask = agreed(name, mask, given[name])
        if mask is not None and not mask.all():
            masks[name] = mask
        if name == "output" and name in masks and path is not None and path.follows_readout:
            default["feedback"] = masks[name].swapaxes(1, 2)
    return masks


def agreed(name, mask, weights):
    """Return the pairs with a synapse of a projection whose weights are given; raise if its
    connectivity has others.
    """
    is_there = ~np.isnan(weights)
    if mask is None:
        return is_there
    extra = np.count_nonzero(~mask & is_there & (weights != 0))
    if extra or (mask & ~is_there).any():
        what = (
            f"{extra} weights for pairs without a synapse"
            if extra
            else f"no weight (NaN) for {np.count_nonzero(mask & ~is_there)} synapses"
        )
        raise ValueError(
            f"initial['{name}'] has {what} of connectivity['{name}']; write NaN or 0 exactly where"
            f" there is none, or leave connectivity['{name}'] out"
        )
    return mask


def warn_of_zeros(given, names):
    """Warn of matrices of which more than half is 0, but not all: as a rule synapses that were to
    be absent.
    """
    for name in [name for name in given if name in names]:
        zeros = np.count_nonzero(given[name] == 0)
        if given[name].size // 2 < zeros < given[name].size and not np.isnan(given[name]).any():
            logger.warn(
                f"initial['{name}'] is 0 in {zeros} of {given[name].size} entries, and zeros are"
                " synapses that learn. Write NaN (or scipy.sparse) for those that are absent, or"
                f" connectivity={{'{name}': AllToAll()}} if all are to be there.",
                "zeros",
            )


class Weights:
    """The weight matrices of a `LearningNetwork`.

    Parameters
    ----------
    net : LearningNetwork
    drawn : dict
        Weights by name, as `initial_weights` draws them.
    given : dict
        The user's weights, which replace those drawn.
    masks : dict
        True for each pair with a synapse, by name, for projections that are not all to all.
    constraint : str
        Constraint of the recurrent weights.
    self_connections : bool
        Whether weights of neurons onto themselves may differ from 0.

    Attributes
    ----------
    initial : dict
        The initial weights, NaN where a synapse is absent.

    Raises
    ------
    TypeError, ValueError
        If given weights do not fit.
    """

    def __init__(self, net, drawn, given, masks, constraint, self_connections):
        self.net = weakref.proxy(net)
        self.check_signs(given, constraint)
        drawn = {
            name: thinned(values, masks[name]) if name in masks and name in NORMALIZED else values
            for name, values in drawn.items()
        }
        signs = self.signs()
        if signs is not None:
            drawn["recurrent"] = balanced(drawn["recurrent"], signs, masks.get("recurrent"))
        back = given.get("feedback", drawn["feedback"])
        drawn["current"] = np.where(np.isnan(back), drawn["feedback"], back)
        self.shapes = shapes_of(net)
        drawn |= {
            name: np.zeros((net.networks, *self.shapes[name]))
            for name in BIASES
            if name in self.shapes
        }
        check_names(given, self.shapes)
        chosen = {name: (drawn | given)[name] for name in self.shapes}
        if not self_connections:
            chosen["recurrent"] = chosen["recurrent"] * (1 - np.eye(chosen["recurrent"].shape[-1]))
        self.initial = {
            name: np.where(masks[name], values, np.nan) if name in masks else values
            for name, values in chosen.items()
        }

    def check_signs(self, given, constraint):
        """Raise if given weights break Dale's law, which the constraint holds."""
        if (
            DALE in constraint
            and "recurrent" in given
            and (given["recurrent"] * self.signs() < 0).any()
        ):
            raise ValueError(
                "initial['recurrent'] breaks Dale's law: the weights of excitatory"
                " neurons must not be negative, those of inhibitory ones not positive;"
                " leave it out to draw such weights"
            )

    def signs(self):
        """Return the signs of the neurons as ``[network, 1, pre]``, or None if they have none."""
        net = self.net
        if "excitatory" not in net.neurons.variables:
            return None
        if not net.neurons.variables["excitatory"].is_boolean:
            raise ValueError(
                f"'{net.neurons.name}' has a variable 'excitatory', which gives initial weights"
                " their signs; write 'excitatory : boolean (constant)', or rename it"
            )
        try:
            return np.where(np.asarray(net.neurons.excitatory[:]), 1, -1).reshape(
                net.blocks, 1, -1
            )[:: net.copies]
        except NotImplementedError as error:
            raise ValueError(
                f"'{net.neurons.name}': C++ standalone does not know 'excitatory' before it runs;"
                " set it from an array of True and False, not from a string"
            ) from error

    @property
    def parts(self):
        """Projections by the name of their weights; others carry none of their own."""
        parts = {name: getattr(self.net, role) for name, role in ROLES.items()}
        return {name: part for name, part in parts.items() if is_projection(part)}

    def blocks(self, name):
        """Return the number of blocks of a projection: networks times copies, but the inputs of
        networks with one copy are those of all networks.
        """
        return 1 if name == "input" and self.net.copies == 1 else self.net.blocks

    def connect(self):
        """Connect all projections, with the initial weights."""
        for name, part in self.parts.items():
            weights = np.repeat(self.initial[name], self.net.copies, axis=0)
            weights = weights.reshape(self.blocks(name), -1, weights.shape[-1])
            if part.networks:
                part.w = entries(weights, np.nan)[2]
            else:
                part.connect_matrix(weights if len(weights) > 1 else weights[0], absent=np.nan)

    def now(self, absent):
        """Return the present weights by name, and `absent` for pairs without a synapse."""
        net = self.net
        if is_standalone() and not get_device().has_been_run:
            weights = {
                name: np.where(np.isnan(values), absent, values)
                for name, values in self.initial.items()
            }
        else:
            weights = {name: self.matrix(name, absent) for name in self.parts}
        if net.is_symmetric:
            weights["feedback"] = weights["output"].swapaxes(1, 2)
        none = np.zeros((net.networks, *self.shapes["input"]))
        order = ("recurrent", "output", "feedback", "input", "current", *BIASES)
        return {name: weights.get(name, none) for name in order if name in {*weights, "input"}}

    def matrix(self, name, absent):
        """Return the weights of a projection, of one copy of each network."""
        net, blocks = self.net, self.blocks(name)
        matrix = self.parts[name].matrix(blocks, absent)
        return matrix.reshape(net.networks, -1, *self.shapes[name])[:, 0]

    def begin_with(self, state):
        """Take the initial weights of a standalone program from the state it begins with, for
        `now`.
        """
        net = self.net
        for name, values in self.initial.items():
            if f"{ROLES[name]}.w" not in state:
                continue
            repeated = np.repeat(values, net.copies, axis=0)
            columns = repeated.reshape(self.blocks(name), -1, values.shape[-1]).swapaxes(1, 2)
            columns[~np.isnan(columns)] = state[f"{ROLES[name]}.w"]
            matrix = columns.swapaxes(1, 2).reshape(net.networks, -1, *values.shape[1:])
            self.initial[name] = matrix[:, 0]
