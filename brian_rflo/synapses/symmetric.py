"""Weights that must be symmetric, since their rule says so: of a projection within a group, and of
two projections between two groups.
"""

import numpy as np

from ..brian.conditional import is_standalone
from ..brian.construction import networks_with
from ..brian.declared import declared
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


def check_way_back(synapses):
    """Raise unless the projection back between two groups, where both learn by a rule that needs
    symmetric weights, has the same weights and learns as fast; C++ standalone may not know them.
    """
    if not synapses.rule.core.symmetric or must_be_symmetric(synapses):
        return
    found = {other.name: other for net in networks_with(synapses) for other in net.objects}
    for other in found.values():
        rule = getattr(declared(other, "rule"), "core", None)
        is_alike = rule is not None and rule.symmetric
        if is_alike and ends_of(other) == ends_of(synapses)[::-1]:
            compare(synapses, other)


def ends_of(synapses):
    """Return what names the two groups that a projection connects."""
    return [
        (parent_group(end).name, end.start, end.stop) for end in (synapses.sender, synapses.target)
    ]


def compare(synapses, other):
    """Raise unless two projections are each other's transpose."""
    title = f"{synapses.rule.title} on '{synapses.name}' and '{other.name}'"
    there, back = pairs_of(synapses), pairs_of(other)
    if there is None or back is None:
        return
    one, two = np.lexsort(there[::-1]), np.lexsort(back)
    pairs = [np.array([there[0][one], there[1][one]]), np.array([back[1][two], back[0][two]])]
    if not np.array_equal(*pairs):
        raise ValueError(
            f"{title}: there must be a synapse back for each synapse, or there is no energy to"
            f" descend; got {len(one)} and {len(two)} synapses. Write mask.T for one of them"
        )
    for name in ("w", "plasticity", "learning_rate"):
        values = [value_of(name, synapses, one), value_of(name, other, two)]
        if any(one is None for one in values):
            continue
        apart = np.abs(np.subtract(*values)).max(initial=0)
        if apart > ROUNDING * np.abs(values[0]).max(initial=0):
            raise ValueError(
                f"{title}: {'weights' if name == 'w' else name} must be the same in both"
                f" directions, or there is no energy to descend; got a difference of {apart:g}."
                " Write matrix and matrix.T"
            )


def value_of(name, synapses, order):
    """Return values of a variable in an order of its synapses, as an array; None if C++ standalone
    does not know them before it runs.
    """
    if name not in synapses.variables:
        return np.ones(1)
    try:
        values = np.asarray(synapses.variables[name].get_value(), dtype=float)
    except NotImplementedError:
        return None
    return values[order] if np.size(values) == len(order) else values


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
