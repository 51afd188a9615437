"""A relay: besides its own error, each neuron hears what neurons of each type are told.

Liu, Smith, Mihalas, Shea-Brown & Sumbul 2021, PNAS 118:e2111821118 (MDGL, multidigraph learning):
neurons secrete a modulator of their type, in proportion to their slope times their learning signal,
and weights of types, W, say how much of it acts on neurons of each type. With the slope h = gain,
L_j = sum_k B_jk e_k what feedback brings, and i in a the neurons of type a:

    direct   s_a(t) = sum_{i in a} h_i(t) L_i(t)
             feedback_j(t) = L_j(t) + sum_a W_ja s_a(t)
    all      s_a(t) = sum_{i in a} h_i(t-1) feedback_i(t-1)         0 in the first step of a trial
             feedback_j(t) = L_j(t) + sum_a W_ja s_a(t)

In the paper an error passes from cell to cell once, and what it brings meets the eligibility of the
step before, since it takes a step along a synapse: "direct", with the rule `Relayed`. With "all"
the modulators are passed on, and errors travel over many steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from brian2 import BrianObject
from numpy.typing import ArrayLike, NDArray

from .. import schedule
from ..brian.quantities import check_count
from ..steps import Step
from .base import Credit, CreditPath, Path
from .random import RandomFeedback
from .rewriting import Rewriting, check_matrix, in_networks

__all__ = ["Relay"]

SIGNALS = ("direct", "all")


@dataclass(frozen=True)
class Relay(Rewriting):
    """Signals between types of neurons, beside the error of each neuron (Liu et al. 2021).

    Parameters
    ----------
    types : tuple of int
        Numbers of neurons of each type, one type after the other in each network.
    weights : array, shape (n_types, n_types)
        How much the signal of each type acts on neurons of each type, ``[onto, from]``; see
        `mean_weights`.
    signal : {"direct", "all"}
        What neurons pass on: what feedback brings them, or that and what they hear.
    feedback : CreditPath
        How the error comes back: `RandomFeedback`, `SymmetricFeedback` or `AdaptiveFeedback`.

    Raises
    ------
    TypeError, ValueError
        If the types are not numbers of neurons, or do not add up to the neurons of a network; if
        the weights do not fit.

    Notes
    -----
    Where a neuron lets in a part of its input, dt/tau for `RateNeurons`, the weights contain it.
    The projections are ``net.credit.projections["types"]`` (1 from the neurons of a type to its
    unit) and ``"relay"`` (the weights). With weights of 0 all is as without it, to the bit.

    Examples
    --------
    >>> Relay((80, 20), weights=[[0.1, -0.2], [0.1, -0.1]], signal="all").units
    2
    """

    types: tuple[int, ...]
    weights: ArrayLike
    signal: str = "direct"
    feedback: CreditPath = field(default_factory=RandomFeedback)

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "types", sizes_of("Relay", self.types))  # the dataclass is frozen
        weights = check_matrix("Relay: weights", self.weights, (len(self.types),) * 2)
        object.__setattr__(self, "weights", weights)
        if self.signal not in SIGNALS:
            raise ValueError(
                f"Relay: signal must be 'direct' or 'all'; got {self.signal!r}. Write"
                " signal='direct' for MDGL as published"
            )

    @property
    def is_late(self) -> bool:
        """True if what it brings is for the eligibility of the step before."""
        return self.signal == "direct"

    @property
    def units(self) -> int:
        """One unit for each type."""
        return len(self.types)

    @property
    def variables(self) -> dict[str, str]:
        """Variables that each neuron sends and hears, and the signal of each type."""
        return {"post": "sent : 1\nrelayed : 1", "own": "signal : 1"}

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps that set what is sent, and what is added to the feedback."""
        hears = "feedback = feedback + relayed"
        sends = "sent = gain*feedback"
        if self.signal == "direct":
            return (
                Step(sends, schedule.LABEL, "post"),
                Step(hears, schedule.CREDIT, "post"),
            )
        return (*self.resets, Step(f"{hears}\n{sends}", schedule.CREDIT, "post"))

    @property
    def resets(self) -> tuple[Step, ...]:
        """No signal of the step before in the first step of a trial."""
        if self.signal == "direct":
            return ()
        return (Step("signal = 0", schedule.RESET, "own", "trial_start"),)

    @property
    def paths(self) -> dict[str, Path]:
        """The sums over the neurons of each type, and the weights of types."""
        gathered = schedule.BACK if self.signal == "direct" else schedule.CREDIT_SUM
        return {
            "types": Path("post", "own", "signal", sends="sent", sum_at=gathered),
            "relay": Path("own", "post", "relayed", sends="signal", sum_at=schedule.CREDIT_DRIVE),
        }

    def build(self, credit: Credit) -> dict[str, BrianObject]:
        """Return the projections with their weights."""
        neurons, networks = credit.ends["post"], credit.networks
        check_sizes("Relay", self.types, len(neurons) // networks)
        made, kinds = super().build(credit), kinds_of(self.types)
        ones = (np.arange(self.units)[:, None] == kinds).astype(float)
        set_matrices(made["types"], ones, networks)
        set_matrices(made["relay"], np.array(self.weights)[kinds], networks)
        return made

    @staticmethod
    def mean_weights(matrix: ArrayLike, types: tuple[int, ...]) -> NDArray:
        """Return the mean of recurrent weights between types, backwards along the synapses.

        Parameters
        ----------
        matrix : array, shape (N, N)
            Weights ``[post, pre]`` of one network, 0 where there is no synapse.
        types : tuple of int
            Numbers of neurons of each type.

        Returns
        -------
        array, shape (n_types, n_types)
            ``[onto, from]``: the mean of the weights from neurons of the type `onto` to neurons of
            the type `from`.

        Examples
        --------
        >>> Relay.mean_weights([[1, 2], [3, 4]], (1, 1)).tolist()
        [[1.0, 3.0], [2.0, 4.0]]
        """
        types = sizes_of("Relay", types)
        matrix = np.array(check_matrix("Relay: matrix", matrix, (sum(types),) * 2))
        starts = np.cumsum((0, *types[:-1]))
        sums = np.add.reduceat(np.add.reduceat(matrix, starts, axis=0), starts, axis=1)
        return (sums / np.outer(types, types)).T


def sizes_of(kind, types):
    """Return numbers of neurons as a tuple; raise, in the name of `kind`, unless they are whole
    numbers above 0.
    """
    if isinstance(types, str) or not np.iterable(types) or not len(tuple(types)):
        raise TypeError(
            f"{kind}: types must be numbers of neurons of each type; got {types!r}. Write"
            " types=(80, 20)"
        )
    for size in types:
        check_count(f"{kind}: each of types", size)
    return tuple(map(int, types))


def check_sizes(kind, types, n_neurons):
    """Raise unless the types are those of all neurons of a network."""
    if sum(types) != n_neurons:
        raise ValueError(
            f"{kind}: types must add up to the {n_neurons} neurons of a network; got {types!r}"
        )


def kinds_of(types):
    """Return the number of the type of each neuron of a network."""
    return np.repeat(np.arange(len(types)), types)


def set_matrices(projection, matrix, networks):
    """Set the same weights ``[post, pre]`` in each of some networks."""
    projection.set_matrix(in_networks(matrix, networks) if networks > 1 else matrix)
