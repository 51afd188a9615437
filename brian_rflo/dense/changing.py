"""Changes of the weights of a projection in a step, and effects of its spikes, read off its
statements (blocked.py).
"""

import ast
from dataclasses import dataclass, replace

from ..brian.borrowed import str_to_sympy
from ..brian.statements import parsed
from .code import POST
from .factors import NOT_LINEAR, is_postsynaptic, linear
from .reading import with_values

#: The constraint of projections without synapses of neurons onto themselves.
NO_SELF_CONNECTIONS = "w = where(i != j, w, 0)"


def names(text):
    """Return the names in an expression."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


@dataclass(frozen=True)
class Change:
    """A change of weights, ``w = where(condition, w + term, w)``; if it is masked, those of neurons
    onto themselves are set to 0 where the others change. Before it, shared variables may count.
    """

    condition: str
    term: str
    is_masked: bool = False
    counting: str = ""


def change_of(synapses, learner):
    """Return the change that statements make in a step; None if they are of another form."""
    values, counting, body = {}, [], parsed(learner.abstract_code).body
    texts = [ast.unparse(node) for node in body]
    for number, node in enumerate(body):
        if not isinstance(node, ast.Assign):
            if values or not is_shared(synapses, node):
                return None
            counting.append(texts[number])
            continue
        name = node.targets[0].id
        if name == "w":
            change = added_where(node.value, values)
            if change is None or not is_of_target(synapses, change.condition):
                return None
            behind = texts[number + 1 :]
            masks = mask_of(texts[number]) if behind else []
            is_whole = behind == masks and (not masks or has_own(synapses))
            more = dict(is_masked=bool(masks), counting="\n".join(counting))
            return replace(change, **more) if is_whole else None
        if name in synapses.variables:
            return None
        values[name] = f"({with_values(node.value, values)})"
    return None


def is_shared(synapses, node):
    """Return whether a statement adds shared variables to a shared variable."""
    indices = synapses.variables.indices
    known = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} & set(
        synapses.variables
    )
    return isinstance(node, ast.AugAssign) and all(indices[name] == "0" for name in known)


def mask_of(text):
    """Return the statements that set weights of neurons onto themselves to 0 where the others
    change, in ``w = where(condition, ...)``.
    """
    condition = ast.unparse(ast.parse(text).body[0].value.args[0])
    return [
        f"_kept_w = where({condition}, 0, w)",
        NO_SELF_CONNECTIONS,
        f"w = where({condition}, w, _kept_w)",
    ]


def has_own(synapses):
    """Return whether synapses of equal numbers i and j lie on the diagonal of each network."""
    geometry = synapses.geometry
    return geometry.networks == 1 or geometry.n_pre == geometry.n_post


def added_where(node, values):
    """Return the change of ``where(condition, w + term, w)``; None for another expression."""
    if not (isinstance(node, ast.Call) and node.func.id == "where"):
        return None
    condition, sum_, otherwise = node.args
    is_sum = isinstance(sum_, ast.BinOp) and isinstance(sum_.op, ast.Add)
    if not is_sum or ast.unparse(sum_.left) != "w" or ast.unparse(otherwise) != "w":
        return None
    return Change(with_values(condition, values), with_values(sum_.right, values))


def is_of_target(synapses, text):
    """Return whether an expression reads nothing but shared variables and the postsynaptic
    neuron.
    """
    indices = synapses.variables.indices
    read = names(text) & set(synapses.variables) - {"w"}
    return all(indices[name] in (POST, "0") for name in read)


def arriving(synapses):
    """Return the variable to which a spike adds, and the factor of the weight; None if it does
    something else.
    """
    statements = parsed(synapses.pre.code).body
    if len(statements) != 1 or not isinstance(statements[0], ast.AugAssign):
        return None
    statement, weight = statements[0], str_to_sympy("w")
    try:
        ((factor,),), (rest,) = linear([str_to_sympy(ast.unparse(statement.value))], [weight])
    except NOT_LINEAR:
        return None
    name = statement.target.id
    adds = isinstance(statement.op, ast.Add) and synapses.variables.indices[name] == POST
    return (name, factor) if adds and rest == 0 and is_postsynaptic(synapses, factor) else None


def flow(found):
    """Return which traces matter, by number: those of which the last value is needed; those with
    such a value behind a weight's change; those behind a change at all; stored ones that are a sum
    over a block, and others, which depend on the last step alone.
    """
    order = range(len(found.f))
    fed = [one for one in order if any(row[one] for row in found.A)]
    seen = [k for k in order if found.h["w"][k]]
    for k in seen:
        seen += [one for one in order if found.A[k][one] and one not in seen]
    momentary = [k for k in range(len(found.traces)) if k not in fed and not any(found.A[k])]
    stored = [k for k in range(len(found.traces)) if k not in momentary]
    return dict(
        fed=fed,
        going=[k for k in fed if k in seen],
        seen=sorted(seen),
        stored=stored,
        momentary=momentary,
    )
