"""Connectivity of the standard network's projections: which pairs of neurons have a synapse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from brian2 import Group

from ..brian.quantities import check_flag, check_seed, is_number
from ..neurons.base import check_group
from ..updates.arguments import check_instance

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Projections whose connectivity can be given: "input" also takes the user's group in place of the
#: task's inputs. Those of `IF_NAMED` exist only if they are named: "current" feeds the output back
#: as a current, and biases are weights of a constant unit. Draws of `Sparse` depend on the order.
PROJECTIONS = ("recurrent", "input", "output", "feedback", "current", "bias", "output_bias")
IF_NAMED = ("current", "bias", "output_bias")


class Connectivity:
    """Pairs of neurons of a projection that have a synapse; the base of the classes below."""

    #: Whether neurons may have synapses onto themselves.
    self_connections = True
    #: Whether the synapses of neurons onto themselves exist, with weights that are held at 0.
    holds_diagonal = False

    def masks(self, name: str, shape: tuple[int, int], networks: int, seed: int) -> NDArray | None:
        """Return True for each pair with a synapse, ``[network, post, pre]``; None for all pairs.

        Parameters
        ----------
        name : str
            The projection, one of `PROJECTIONS`.
        shape : (int, int)
            Numbers of post- and presynaptic neurons of a network.
        networks, seed : int
            Number of networks, and seed of the initial weights.
        """
        return None


@dataclass(frozen=True)
class AllToAll(Connectivity):
    """All-to-all connectivity.

    Parameters
    ----------
    self_connections : bool
        Whether neurons have weights onto themselves; without, these are 0 and stay so. For
        recurrent connections.
    """

    self_connections: bool = True

    def __post_init__(self):
        check_flag("AllToAll: self_connections", self.self_connections)

    @property
    def holds_diagonal(self) -> bool:
        return not self.self_connections


@dataclass(frozen=True)
class Sparse(Connectivity):
    """Sparse random connectivity: each pair has a synapse with a given probability.

    Parameters
    ----------
    probability : float
        Probability of a synapse, above 0.
    seed : int, optional
        Network `k` draws its synapses from a generator seeded with this number, `k` and the number
        of the projection; by default with the seed of the initial weights.
    self_connections : bool
        Whether neurons may have synapses onto themselves. For recurrent connections.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> net = LearningNetwork(task, RateNeurons(50, tau=10*ms), RFLO(0.03, tau=10*ms),
    ...                       connectivity={"recurrent": Sparse(0.1)})
    >>> len(net.recurrent)
    271
    """

    probability: float
    seed: int | None = None
    self_connections: bool = True

    def __post_init__(self):
        if not is_number(self.probability) or not 0 < self.probability <= 1:
            raise ValueError(
                "Sparse: probability must be a number above 0 and at most 1; got"
                f" {self.probability!r}"
            )
        if self.seed is not None:
            check_seed("Sparse: seed", self.seed)
        check_flag("Sparse: self_connections", self.self_connections)

    def masks(self, name: str, shape: tuple[int, int], networks: int, seed: int) -> NDArray | None:
        """Return the pairs with a synapse; see `Connectivity.masks`."""
        seed = seed if self.seed is None else self.seed
        place = PROJECTIONS.index(name)
        rngs = [np.random.default_rng((seed, network, place)) for network in range(networks)]
        masks = np.stack([rng.random(shape) < self.probability for rng in rngs])
        return masks if self.self_connections else masks & ~np.eye(shape[0], dtype=bool)


@dataclass(frozen=True, eq=False)
class Masked(Connectivity):
    """Connectivity as an array of True and False; the array alone means the same.

    Parameters
    ----------
    mask : array of bool, shape (n_post, n_pre) or (networks, n_post, n_pre)
        True where there is a synapse.

    Raises
    ------
    TypeError
        If it is not an array of True and False.
    """

    mask: ArrayLike

    def __post_init__(self):
        mask = np.array(self.mask)
        if mask.dtype != bool:
            raise TypeError(
                "Masked: mask must be an array of True and False, for example matrix != 0; got"
                f" {mask.dtype}"
            )
        object.__setattr__(self, "mask", mask)

    def masks(self, name: str, shape: tuple[int, int], networks: int, seed: int) -> NDArray | None:
        """Return the pairs with a synapse; see `Connectivity.masks`."""
        if self.mask.shape not in (shape, (networks, *shape)):
            raise ValueError(
                f"connectivity['{name}'] must have shape {shape}, [post, pre], or"
                f" {(networks, *shape)}, [network, post, pre]; got {self.mask.shape}"
            )
        return np.broadcast_to(self.mask, (networks, *shape))


def connectivity_of(given):
    """Return the connectivity by projection, as far as it was given, and the user's group of inputs
    or None.
    """
    named = given if isinstance(given, dict) else {} if given is None else {"recurrent": given}
    if not set(named) <= set(PROJECTIONS) or not isinstance(given, (*NAMED, type(None))):
        raise TypeError(
            "connectivity must be AllToAll(...), Sparse(probability=0.1), an array of True and"
            f" False, or a dictionary of {', '.join(map(repr, PROJECTIONS))}; got {given!r}"
        )
    chosen = {name: connectivity_named(name, value) for name, value in named.items()}
    groups = [chosen.pop(name) for name in list(chosen) if isinstance(chosen[name], Group)]
    return chosen, groups[0] if groups else None


def all_named(chosen, inputs):
    """Return the argument that means the same with as few names as possible."""
    others = {name: one for name, one in chosen.items() if one != AllToAll() or name in IF_NAMED}
    return {"recurrent": AllToAll()} | others | ({} if inputs is None else {"input": inputs})


#: Types of the argument.
NAMED = (Connectivity, np.ndarray, list, dict)


def connectivity_named(name, value):
    """Return the connectivity of a projection, or the group that is given in place of inputs."""
    if isinstance(value, (np.ndarray, list)) and (
        name != "input" or np.asarray(value).dtype == bool
    ):
        return Masked(value)
    if name == "input" and not isinstance(value, Connectivity):
        check_group("LearningNetwork: connectivity['input']", value)
        return value
    check_instance(
        f"connectivity['{name}']", value, Connectivity, "AllToAll(), or an array of True and False"
    )
    if name != "recurrent" and not value.self_connections:
        raise ValueError(
            f"connectivity['{name}']: self_connections=False is for recurrent connections; omit it"
        )
    return value
