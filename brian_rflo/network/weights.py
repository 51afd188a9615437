"""Weights of a network as matrices ``[network, post, pre]``: initial and present ones."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from brian2 import get_device

from ..brian.conditional import is_standalone
from ..brian.quantities import check_number, check_seed, numbers
from ..synapses.kinds import is_projection
from ..updates import DALE

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Murray2019:
    """Initial weights as in Murray 2019: recurrent N(0, gain^2/N), readout U(-1, 1)/sqrt(N), inputs
    U(-1, 1), feedback N(0, 1).

    Parameters
    ----------
    gain : float
        Recurrent weights are normal with variance ``gain**2/N``.
    seed : int
        Network `k` draws from a generator seeded with ``(seed, k)``.
    weights : dict of array, optional
        Weights ``[post, pre]`` or ``[network, post, pre]`` by name ("recurrent", "output",
        "feedback", "input", "current") that take the place of those drawn.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range.
    """

    gain: float = 1.5
    seed: int = 0
    weights: dict | None = None

    def __post_init__(self):
        check_number("Murray2019", "gain", self.gain, zero_allowed=True)
        check_seed("Murray2019: seed", self.seed)
        object.__setattr__(self, "weights", {} if self.weights is None else self.weights)

    def draw(
        self, n_neurons: int, n_inputs: int, n_outputs: int, networks: int
    ) -> dict[str, NDArray]:
        """Return matrices ``[network, post, pre]`` by name."""
        return initial_weights(n_neurons, n_inputs, n_outputs, networks, self.gain, self.seed)


def initial_weights(
    n_neurons: int,
    n_inputs: int,
    n_outputs: int,
    networks: int,
    gain: float,
    seed: int | tuple[int, ...],
) -> dict[str, NDArray]:
    """Return Murray 2019's initial weights, ``[network, post, pre]`` by name; network `k` is drawn
    with the seed ``(seed, k)``.
    """
    drawn = []
    for network in range(networks):
        rng = np.random.default_rng((seed, network))
        drawn.append(
            {
                "recurrent": (
                    gain * rng.standard_normal((n_neurons, n_neurons)) / np.sqrt(n_neurons)
                ),
                "output": rng.uniform(-1, 1, (n_outputs, n_neurons)) / np.sqrt(n_neurons),
                "feedback": rng.standard_normal((n_neurons, n_outputs)),
                "input": rng.uniform(-1, 1, (n_neurons, n_inputs)),
            }
        )
    return {name: np.stack([weights[name] for weights in drawn]) for name in drawn[0]}


class Weights:
    """The weight matrices of a `LearningNetwork`.

    Parameters
    ----------
    net : LearningNetwork
    drawn : dict
        Weights by name, as `initial_weights` draws them.
    given : dict
        The user's weights, which replace those drawn.
    constraint : str
        Constraint of the recurrent weights.
    self_connections : bool
        Whether neurons may have weights onto themselves.

    Attributes
    ----------
    initial : dict
        The initial weights.

    Raises
    ------
    TypeError, ValueError
        If given weights do not fit.
    """

    def __init__(self, net, drawn, given, constraint, self_connections):
        self.net = weakref.proxy(net)
        chosen = (
            drawn | {"recurrent": self.signed(drawn["recurrent"])} | self.checked(given, constraint)
        )
        chosen = {
            name: values
            for name, values in chosen.items()
            if name in self.shapes() or name == "input"
        }
        if not self_connections:
            chosen["recurrent"] = chosen["recurrent"] * (1 - np.eye(chosen["recurrent"].shape[-1]))
        if net.current is not None and "current" not in chosen:
            chosen["current"] = chosen.get("feedback", drawn["feedback"])
        self.initial = chosen

    def shapes(self):
        """Return the shapes ``(post, pre)`` of the network's weights, by name."""
        net = self.net
        block, n_outputs = len(net.neurons) // net.blocks, net.task.n_outputs
        shapes = {
            "recurrent": (block, block),
            "output": (n_outputs, block),
            "feedback": (block, n_outputs),
            "input": (block, net.n_inputs),
            "current": (block, n_outputs),
        }
        has = {"output": net.output, "feedback": net.feedback, "current": net.current}
        return {name: shape for name, shape in shapes.items() if has.get(name, net) is not None}

    def checked(self, weights, constraint):
        """Return the user's weights as ``[network, post, pre]``, checked."""
        net, shapes = self.net, self.shapes()
        if not isinstance(weights, dict):
            raise TypeError(
                "weights must be a dictionary of matrices by name, for example {'recurrent':"
                f" matrix}}; got {type(weights).__name__}"
            )
        checked = {}
        for name, values in weights.items():
            if name not in shapes:
                raise ValueError(f"weights has no '{name}'; the names are {', '.join(shapes)}")
            values = numbers(f"weights['{name}']", values, "give a matrix")
            values = values[None] if values.ndim == 2 and net.networks == 1 else values
            if values.shape != (net.networks, *shapes[name]):
                raise ValueError(
                    f"weights['{name}'] must have shape {(net.networks, *shapes[name])}, [network,"
                    f" post, pre]; got {values.shape}"
                )
            if not np.isfinite(values).all():
                raise ValueError(
                    f"weights['{name}'] must be finite; got"
                    f" {np.count_nonzero(~np.isfinite(values))} that are not"
                )
            checked[name] = values
        if (
            DALE in constraint
            and "recurrent" in checked
            and (checked["recurrent"] * self.signs() < 0).any()
        ):
            raise ValueError(
                "weights['recurrent'] breaks Dale's law: the weights of excitatory"
                " neurons must not be negative, those of inhibitory ones not positive;"
                " leave it out to draw such weights"
            )
        return checked

    def signed(self, recurrent):
        """Return weights with the signs of their presynaptic neurons, if neurons are excitatory or
        inhibitory (Murray 2019, Dale's law).
        """
        signs = self.signs()
        return recurrent if signs is None else signs * np.abs(recurrent)

    def signs(self):
        """Return the signs of the neurons as ``[network, 1, pre]``, or None if they have none."""
        net = self.net
        if "excitatory" not in net.neurons.variables:
            return None
        try:
            return np.where(np.asarray(net.neurons.excitatory[:]), 1, -1).reshape(
                net.blocks, 1, -1
            )[:: net.copies]
        except NotImplementedError as error:
            raise ValueError(
                f"'{net.neurons.name}': C++ standalone does not know 'excitatory' before it runs;"
                " set it from an array of True and False, not from a string"
            ) from error

    def connect(self):
        """Connect all projections, with the initial weights."""
        net, weights = self.net, self.initial
        for part, name in (
            (net.recurrent, "recurrent"),
            (net.output, "output"),
            (net.feedback, "feedback"),
            (net.current, "current"),
        ):
            if is_projection(part):
                if not part._connected:
                    part.connect(networks=net.blocks)
                part.set_matrix(
                    np.repeat(weights[name], net.copies, axis=0)
                    if net.blocks > 1
                    else weights[name]
                )
        if net.inputs is not None and net.copies > 1:
            net.input_synapses.connect(networks=net.blocks)
            net.input_synapses.set_matrix(np.repeat(weights["input"], net.copies, axis=0))
        elif net.inputs is not None:
            net.input_synapses.connect()
            net.input_synapses.set_matrix(weights["input"].reshape(-1, net.n_inputs))

    def now(self):
        """Return the present weights by name."""
        net = self.net
        if is_standalone() and not get_device().has_been_run:
            initial = {name: values.copy() for name, values in self.initial.items()}
            return initial | (
                {"feedback": initial["output"].swapaxes(1, 2)} if net.is_symmetric else {}
            )
        block, n_outputs = len(net.neurons) // net.blocks, net.task.n_outputs
        weights = {"recurrent": self.matrix(net.recurrent, block)}
        if net.output is not None:
            weights["output"] = self.matrix(net.output, n_outputs)
        if is_projection(net.feedback):
            weights["feedback"] = self.matrix(net.feedback, block)
        elif net.is_symmetric:
            weights["feedback"] = weights["output"].swapaxes(1, 2)
        weights["input"] = (
            self.matrix(net.input_synapses, block, networks=net.blocks if net.copies > 1 else 1)
            if net.inputs is not None
            else np.zeros((net.networks, block, 0))
        )
        return weights | (
            {} if net.current is None else {"current": self.matrix(net.current, block)}
        )

    def matrix(self, synapses, n_post, networks=None):
        """Return the weights of a projection, of one copy of each network."""
        net = self.net
        matrix = synapses.matrix(networks=networks or net.blocks)
        return matrix.reshape(net.networks, -1, n_post, matrix.shape[-1])[:, 0]

    def begin_with(self, state):
        """Take the initial weights of a standalone program from the state it begins with, for
        `now`.
        """
        net, roles = (
            self.net,
            {
                "recurrent": "recurrent",
                "output": "output",
                "feedback": "feedback",
                "input": "input_synapses",
                "current": "current",
            },
        )
        for name, role in roles.items():
            if name in self.initial and f"{role}.w" in state:
                (_, n_post, n_pre), blocks = (
                    self.initial[name].shape,
                    (1 if name == "input" and net.copies == 1 else net.blocks),
                )
                matrix = state[f"{role}.w"].reshape(blocks, n_pre, -1).swapaxes(1, 2)
                self.initial[name] = matrix.reshape(net.networks, -1, n_post, n_pre)[:, 0]
