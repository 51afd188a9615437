"""Initial weights of the standard network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..brian.quantities import check_number, check_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Murray2019:
    """Initial weights as in Murray 2019: recurrent N(0, gain^2/N), readout U(-1, 1)/sqrt(N), inputs
    U(-1, 1), feedback N(0, 1).

    Where synapses are absent, N is the mean number of synapses of a neuron, so that the spectral
    radius of random recurrent weights is about `gain` with any probability of a synapse. Weights of
    excitatory and inhibitory neurons are balanced (see `balanced`).

    Parameters
    ----------
    gain : float
        Recurrent weights are normal with variance ``gain**2/N``.
    seed : int
        Network `k` draws from a generator seeded with ``(seed, k)``.
    weights : dict of array, optional
        Weights ``[post, pre]`` or ``[network, post, pre]`` by name ("recurrent", "output",
        "feedback", "input", "current") that take the place of those drawn. A pair whose weight is
        NaN, or that a scipy.sparse matrix does not store, has no synapse; one whose weight is 0 has
        one, which learns.

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


#: Projections whose drawn weights fall with the root of the number of synapses of a neuron.
NORMALIZED = ("recurrent", "output")


def thinned(weights: NDArray, mask: NDArray) -> NDArray:
    """Return weights ``[network, post, pre]``, drawn for all pairs, of the pairs in `mask`: larger
    by the root of all pairs per pair in the mask.
    """
    share = mask.mean(axis=(1, 2), keepdims=True)
    return weights / np.sqrt(np.where(share > 0, share, 1))


def balanced(weights: NDArray, signs: NDArray, mask: NDArray | None = None) -> NDArray:
    """Return drawn weights with the signs of their presynaptic neurons (Dale's law), and with
    inhibition that balances excitation.

    With a fraction `f` of excitatory synapses, inhibitory weights are multiplied by ``f/(1 - f)``,
    so that the mean weight is 0; otherwise an eigenvalue would grow with sqrt(N) and saturate the
    neurons (Rajan & Abbott 2006, Phys Rev Lett 97:188104). All are then divided by
    ``sqrt((1 - 2 p/pi) f/(1 - f))``, where `p` is the probability of a synapse, so that the
    spectral radius of random weights, normal before, stays what it was. Without neurons of both
    kinds there is nothing to balance.

    Parameters
    ----------
    weights : array, shape (networks, post, pre)
        The matrices to be balanced.
    signs : array, shape (networks, 1, pre)
        1 for excitatory, -1 for inhibitory neurons.
    mask : array of bool, shape (networks, post, pre), optional
        Pairs with a synapse; all by default.
    """
    mask = np.broadcast_to(True if mask is None else mask, weights.shape)
    counts = [(mask & (signs == sign)).sum(axis=(1, 2), keepdims=True) for sign in (1, -1)]
    has_both = np.minimum(*counts) > 0
    ratio = np.where(has_both, counts[0] / np.maximum(counts[1], 1), 1)
    spread = (1 - 2 * mask.mean(axis=(1, 2), keepdims=True) / np.pi) * ratio
    scale = np.where(signs > 0, 1, ratio) / np.where(has_both, np.sqrt(spread), 1)
    return signs * np.abs(weights) * scale
