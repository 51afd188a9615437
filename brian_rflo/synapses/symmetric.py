"""Weights of a projection within a group that must be symmetric, since its rule says so."""

import numpy as np

from ..brian.conditional import is_standalone
from ..neurons.base import parent_group

#: Differences of the weights of a pair that rounding leaves, beside the largest weight.
ROUNDING = 1e-6


def must_be_symmetric(synapses):
    """Return whether a projection connects neurons among themselves by a rule that needs symmetric
    weights.
    """
    source, target = synapses.sender, synapses.target
    return (
        synapses.rule.core.symmetric
        and parent_group(source) is parent_group(target)
        and (source.start, source.stop) == (target.start, target.stop)
    )


def check_symmetric(synapses, what, values, pairs):
    """Raise unless each synapse has one back, with the same value.

    Parameters
    ----------
    synapses : PlasticSynapses
    what : str
        Name of the values.
    values : number or array, shape (n_synapses,)
    pairs : tuple of array, shape (n_synapses,), or None
        Numbers of the neurons that send and that receive; None if they are not known, in which case
        nothing is checked.
    """
    if pairs is None or not must_be_symmetric(synapses):
        return
    pre, post = (np.asarray(side, dtype=np.int64) for side in pairs)
    there, back = np.lexsort((pre, post)), np.lexsort((post, pre))
    title = f"{synapses.rule.title} on '{synapses.name}'"
    alone = (post[there] != pre[back]) | (pre[there] != post[back])
    if alone.any():
        k = there[np.argmax(alone)]
        raise ValueError(
            f"{title}: the mask must be symmetric, with a synapse back for each synapse; got one"
            f" from {pre[k]} to {post[k]} or back, not both. Write mask & mask.T"
        )
    values = np.broadcast_to(np.asarray(values, dtype=float), pre.shape)
    apart = np.abs(values[there] - values[back])
    wrong = apart > ROUNDING * np.abs(values).max(initial=0)
    if wrong.any():
        k, other = there[np.argmax(wrong)], back[np.argmax(wrong)]
        raise ValueError(
            f"{title}: {what} must be symmetric, or there is no energy to descend; got"
            f" {values[k]:g} from {pre[k]} to {post[k]}, and {values[other]:g} back. Write"
            " (matrix + matrix.T)/2"
        )


def pairs_of(synapses):
    """Return the numbers of the neurons that send and that receive, of each synapse; None if C++
    standalone does not know them before it runs.
    """
    networks = synapses._connected
    if networks > 0:
        n_pre = synapses.block_of(synapses.source, networks)
        n_post = synapses.block_of(synapses.target, networks)
        pre = np.repeat(np.arange(len(synapses.source)), n_post)
        post = np.tile(np.arange(len(synapses.target)).reshape(networks, 1, n_post), (n_pre, 1))
        return pre, post.ravel()
    if not is_standalone():
        return np.asarray(synapses.i), np.asarray(synapses.j)
    return None if synapses.pairs is None else synapses.pairs[:2]


def refuse_unknown(synapses, is_text):
    """Raise where C++ standalone would know only when it runs whether weights are symmetric."""
    if is_text and is_standalone() and must_be_symmetric(synapses):
        raise ValueError(
            f"{synapses.rule.title} on '{synapses.name}' needs symmetric weights, and C++"
            f" standalone evaluates a string when it runs; write {synapses.name}.set_matrix(matrix)"
        )
