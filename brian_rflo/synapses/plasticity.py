"""The plasticity of single synapses: factors of the learning rate, given as matrices."""

import numpy as np
from brian2 import Equations

from ..brian.conditional import is_standalone
from ..brian.quantities import numbers

#: What has one value for all synapses of a projection.
SHARED = ("learning_rate", "plastic")


def learning_mechanisms(synapses, self_connections):
    """Return the mechanisms by which a projection learns, with factors of the learning rate if they
    were asked for; what does not learn does not contribute to the norm in gradient clipping.
    """
    rule, factor = synapses.rule, "" if synapses.factors is None else "plasticity"
    if factor in Equations(rule.variables["own"]).names:
        raise ValueError(
            f"{rule.title}: its variable '{factor}' has the name of the factors of the learning"
            " rate; rename it"
        )
    counts = [f"int({condition})" for condition in what_learns(synapses, self_connections)]
    counts = "*".join(counts or ["1"]) if synapses.is_gradient else "0"
    return synapses.learn.mechanisms(rule, synapses.constraint, counts, factor)


def what_learns(synapses, self_connections):
    """Return the conditions that all synapses fulfil that may learn."""
    conditions = [] if self_connections else ["i != j"]
    return conditions + ([] if synapses.factors is None else ["plasticity > 0"])


def check_factors(synapses, values):
    """Raise unless all factors are finite and not negative."""
    wrong = np.count_nonzero(~(np.isfinite(values) & (np.asarray(values) >= 0)))
    if wrong:
        raise ValueError(
            f"plasticity of '{synapses.name}' must be finite and not negative, 0 for synapses that"
            f" do not learn; got {wrong} other values"
        )


def check_plasticity(synapses, name, value):
    """Raise where a value for each synapse is assigned to what is shared, or to factors that the
    projection was made without, or as a matrix.
    """
    advice = (
        "PlasticSynapses(..., plasticity=matrix), or LearningNetwork(..., trained={'recurrent':"
        " matrix}), with factors [post, pre] of the learning rate"
    )
    if name in SHARED and not isinstance(value, str) and np.size(value) > 1:
        raise ValueError(
            f"'{synapses.name}': {name} must be one value for all synapses; got shape"
            f" {np.shape(value)}. For a learning rate of each synapse write {advice}."
        )
    if name != "plasticity":
        return
    if name not in synapses.variables:
        raise AttributeError(
            f"'{synapses.name}' was made with one learning rate for all synapses. Write {advice}."
        )
    if not isinstance(value, str) and np.ndim(value) > 1:
        raise ValueError(
            f"plasticity of '{synapses.name}' must be a number, a string or an array, one for each"
            f" synapse; got shape {np.shape(value)}. For a matrix [post, pre] write"
            f" {synapses.name}.set_plasticity(matrix)."
        )


def factors_by_synapse(synapses, matrix):
    """Return factors ``[post, pre]``, or ``[network, post, pre]``, as one number, or one for each
    synapse. A dimension of size 1 stands for all neurons.

    Of networks side by side a matrix is for each, and of trials side by side one is for all copies.
    """
    name = f"plasticity of '{synapses.name}'"
    matrix = numbers(name, matrix, "give factors [post, pre] of the learning rate")
    check_factors(synapses, matrix)
    if matrix.ndim == 0:
        return matrix
    copies, blocks = synapses.learn.copies, max(synapses._connected, 1)
    if synapses._connected < 0:
        blocks = synapses.pairs[2] if synapses.pairs else len(matrix) if matrix.ndim == 3 else 1
    if matrix.ndim == 3 and len(matrix) * copies == blocks:
        matrix = np.repeat(matrix, copies, axis=0)
    shape = synapses.block_of(synapses.target, blocks), synapses.block_of(synapses.source, blocks)
    try:
        if matrix.ndim == 1 or (matrix.ndim == 3 and len(matrix) != blocks):
            raise ValueError
        whole = np.broadcast_to(matrix, (blocks, *shape))
    except ValueError:
        networks = "" if blocks == 1 else f", or {(blocks // copies, *shape)}, [network, post, pre]"
        raise ValueError(
            f"{name} must have shape {shape}, [post, pre]{networks}; got {matrix.shape}. Write 1 in"
            " place of a size for a factor of all these neurons."
        ) from None
    return at_synapses(synapses, whole)


def at_synapses(synapses, matrices):
    """Return the entries of ``[network, post, pre]`` in the order of the synapses."""
    if synapses._connected > 0:
        return matrices.swapaxes(-1, -2).ravel()
    if synapses.pairs is None and is_standalone():
        raise NotImplementedError(
            f"'{synapses.name}': before it runs, C++ standalone does not know the synapses of this"
            f" pattern. Write {synapses.name}.plasticity = a string, for example 'int(i < 10)', or"
            " connect it with connect_matrix."
        )
    pre, post, _ = synapses.pairs or (np.asarray(synapses.i), np.asarray(synapses.j), 0)
    _, n_post, n_pre = matrices.shape
    return matrices[post // n_post, post % n_post, pre % n_pre]


def transposed(factors):
    """Return factors of feedback weights that get the changes of readout weights."""
    return factors if np.ndim(factors) < 2 else np.swapaxes(factors, -1, -2)


def check_transposed(feedback, output):
    """Raise unless feedback weights learn where, and as fast as, the readout weights do whose
    changes they get; C++ standalone does not know it before it runs.
    """
    if is_standalone() or "plasticity" not in {**feedback.variables, **output.variables}:
        return
    there, back = by_pair(output, "j", "i"), by_pair(feedback, "i", "j")
    if not np.array_equal(there, back):
        raise ValueError(
            f"'{feedback.name}' gets the changes of '{output.name}' and must have its plasticity,"
            f" transposed; write {feedback.name}.set_plasticity(matrix.T)"
        )


def by_pair(synapses, *ends):
    """Return the factors of synapses, ordered by the neurons at their ends."""
    order = np.lexsort([np.asarray(getattr(synapses, end)) for end in ends])
    known = "plasticity" in synapses.variables
    return synapses.variables["plasticity"].get_value()[order] if known else np.ones(len(order))
