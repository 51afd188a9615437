"""Products with weights, all to all within networks or by single synapses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..brian.conditional import is_standalone
from ..brian.declared import declared
from .operations import BLOCK

if TYPE_CHECKING:
    from brian2 import Synapses
    from numpy.typing import NDArray

#: Largest number of values that are gathered at once.
CHUNK = 2**22


@dataclass(frozen=True)
class Layout:
    """Blocks of all-to-all synapses: `networks` of `copies` each, which have the same weights.

    `networks` is 0 for other patterns.
    """

    networks: int
    copies: int
    n_pre: int
    n_post: int


def layout_of(synapses: Synapses, tape) -> Layout:
    """Return the layout of synapses."""
    geometry = declared(synapses, "geometry", None)
    if geometry is None:
        return Layout(0, 1, len(synapses.source), len(synapses.target))
    blocks = synapses.networks
    copies = tape.copies if blocks % tape.copies == 0 and blocks > 1 else 1
    n_pre, n_post = len(synapses.source) // blocks, len(synapses.target) // blocks
    return Layout(blocks // copies, copies, n_pre, n_post)


class Connections:
    """The synapses of a projection, and sums over them towards either end.

    Parameters
    ----------
    synapses : Synapses
    layout : Layout
    side : {"post", "pre"}
        The end into which the forward sum goes.
    """

    def __init__(self, synapses: Synapses, layout: Layout, side: str = "post"):
        self.layout, self.side, self.other = layout, side, "pre" if side == "post" else "post"
        self.synapses, self.size = synapses, len(synapses)
        self.sizes = {"pre": len(synapses.source), "post": len(synapses.target)}
        self.is_dense = layout.networks > 0 and side == "post"

    @cached_property
    def ends(self):
        """Return the numbers of the units at both ends of each synapse."""
        return {
            "pre": np.asarray(self.synapses.i[:], dtype=np.intp),
            "post": np.asarray(self.synapses.j[:], dtype=np.intp),
        }

    def matrix(self, values: NDArray) -> NDArray:
        """Return values of synapses, prepared for `back`."""
        if not self.is_dense:
            return values
        of = self.layout
        blocks = values.reshape(of.networks, of.copies, of.n_pre, of.n_post)
        if of.copies > 1 and (blocks[:, :1] == blocks).all():
            return np.ascontiguousarray(blocks[:, 0].swapaxes(-1, -2))
        return np.ascontiguousarray(blocks.reshape(-1, of.n_pre, of.n_post).swapaxes(-1, -2))

    def back(self, matrix: NDArray, values: NDArray) -> NDArray:
        """Return the sums, over the synapses of each unit of the other end, of ``c value``."""
        if not self.is_dense:
            return self.gathered(matrix, values, self.other)
        shaped = values.reshape(len(matrix), -1, self.layout.n_post)
        return (shaped @ matrix).ravel()

    def gathered(self, by_synapse: NDArray, values: NDArray, side: str) -> NDArray:
        """Return the sums of ``c value`` at one end, by single synapses."""
        weighted = by_synapse * values[self.ends[self.side]]
        return np.bincount(self.ends[side], weighted, minlength=self.sizes[side])

    def outer(self, post: NDArray, pre: NDArray) -> ByWeight:
        """Return the sums over steps of the products of values at both ends, ``[step, unit]``."""
        if self.is_dense:
            of = self.layout
            left = arranged(pre, of.networks, of.copies)
            right = arranged(post, of.networks, of.copies)
            return ByWeight(left.swapaxes(1, 2) @ right, of)
        total, width = np.zeros(self.size), max(1, CHUNK // max(len(post), 1))
        for first in range(0, self.size, width):
            part = slice(first, first + width)
            one, other = post[:, self.ends[self.side][part]], pre[:, self.ends[self.other][part]]
            total[part] = np.einsum("ts,ts->s", one, other)
        return ByWeight(total, None)

    def by_synapse(self, values: NDArray) -> ByWeight:
        """Return values of single synapses."""
        return ByWeight(values, None)


def arranged(values, networks, copies):
    """Return ``[step, network x copy x unit]`` as ``[network, step x copy, unit]``."""
    shaped = values.reshape(len(values), networks, copies, -1)
    return np.moveaxis(shaped, 1, 0).reshape(networks, -1, shaped.shape[-1])


@dataclass
class ByWeight:
    """Derivatives by weights: of all-to-all synapses ``[network, pre, post]``, summed over copies;
    of others by synapse.
    """

    values: NDArray
    layout: Layout | None

    def times(self, factor: NDArray) -> ByWeight:
        """Return the product with a factor of each synapse."""
        if np.ndim(factor) == 0 or (factor == factor[0]).all():
            first = float(np.ravel(factor)[0])
            return self if first == 1 else ByWeight(first * self.values, self.layout)
        if self.layout is None:
            return ByWeight(factor * self.values, None)
        of = self.layout
        shaped = factor.reshape(of.networks, of.copies, of.n_pre, of.n_post)
        return ByWeight(self.values * shaped[:, 0], of)

    def __add__(self, other: ByWeight) -> ByWeight:
        return ByWeight(self.values + other.values, self.layout)


def room_of(synapses: Synapses) -> int:
    """Return the number of values that products with the weights of synapses need room for; a
    program does not know the number of its synapses before it runs.
    """
    ends = len(synapses.source) + len(synapses.target)
    return 2 * BLOCK * ends + (0 if is_standalone() else 3 * len(synapses))


def existing(part) -> NDArray:
    """Return 1 for each synapse, 0 for those that are lesioned, or held at 0."""
    exist = np.ones(len(part.i[:]))
    if declared(part, "is_lesioned", False):
        exist = exist * (part.variables["intact"].get_value() > 0)
    if declared(part, "has_no_self_connections", False):
        exist = exist * (np.asarray(part.i[:]) != np.asarray(part.j[:]))
    return exist
