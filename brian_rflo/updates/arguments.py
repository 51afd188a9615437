"""Checks of arguments about weight changes, shared by Brian2 components and NumPy baselines."""

import ast

from ..brian.quantities import is_number, is_whole
from ..brian.statements import assigned

UPDATES = ("step", "trial")
#: The plastic projections of a standard network.
PLASTIC = ("recurrent", "input", "output")
#: Those of the constant unit, which a network has if its connectivity names them.
BIASES = ("bias", "output_bias")


def check_update(update, batch):
    """Raise unless `update` is "step" or "trial", and `batch` a number of trials that fits it."""
    if update not in UPDATES:
        raise ValueError(f"update must be 'step' or 'trial'; got {update!r}")
    if not is_whole(batch) or batch < 1:
        raise ValueError(f"batch must be a whole number of trials, at least 1; got {batch!r}")
    if batch > 1 and update != "trial":
        raise ValueError(
            f"batch={batch} sums the changes of several trials and needs update='trial'; got"
            f" update={update!r}"
        )


def check_clip_norm(clip_norm, update):
    """Raise unless `clip_norm` is a positive number and changes are applied per trial."""
    if not is_number(clip_norm) or clip_norm <= 0:
        raise ValueError(f"clip_norm must be a positive number; got {clip_norm!r}")
    if update != "trial":
        raise ValueError(
            "clip_norm scales the change of a whole trial and needs update='trial'; got"
            f" update={update!r}"
        )


def check_trained(trained):
    """Raise unless `trained` names plastic projections."""
    known = (*PLASTIC, *BIASES)
    if not isinstance(trained, (list, tuple, set)) or not all(name in known for name in trained):
        raise ValueError(
            f"trained must be some of {known}, for example trained=('output',); got {trained!r}"
        )


def check_constraint(constraint):
    """Raise unless a constraint is a string of statements that change w."""
    if not isinstance(constraint, str):
        raise TypeError(
            "constraint must be a string of statements, for example 'w = clip(w, 0, 1)'; got"
            f" {constraint!r}"
        )
    try:
        tree = ast.parse("\n".join(line.strip() for line in constraint.splitlines()))
    except SyntaxError as error:
        raise ValueError(
            f"constraint must be statements, for example 'w = clip(w, 0, 1)'; got {constraint!r}"
            f" ({error.msg})"
        ) from error
    if constraint.strip() and "w" not in assigned(tree):
        raise ValueError(
            "constraint must change w, for example 'w = clip(w, 0, 1)', or be DALE; got"
            f" {constraint!r}"
        )


def check_statements(group, statements):
    """Raise unless `statements` is a string of assignments to variables of the group.

    A misspelt name would define a new variable that is never read.
    """
    if not isinstance(statements, str):
        raise TypeError(
            f"statements of '{group.name}' must be a string, for example 'v = 0'; got"
            f" {statements!r}"
        )
    try:
        tree = ast.parse("\n".join(line.strip() for line in statements.splitlines()))
    except SyntaxError as error:
        raise ValueError(
            f"statements of '{group.name}' must be assignments, for example 'v = 0'; got"
            f" {statements!r} ({error.msg})"
        ) from error
    lone = next((node for node in tree.body if isinstance(node, ast.Expr)), None)
    if lone is not None:
        raise ValueError(
            f"statements of '{group.name}' must be assignments, for example 'v = 0'; got"
            f" {ast.unparse(lone)!r}, which assigns nothing"
        )
    read = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    lost = sorted(assigned(tree) - read - set(group.variables))
    if lost:
        raise ValueError(
            f"'{group.name}' has no variable {', '.join(map(repr, lost))}, to which {statements!r}"
            " assigns; check the spelling"
        )


#: Arguments of a learning schedule that are looked for elsewhere, with what to write.
OF_SCHEDULES = dict.fromkeys(
    ("update", "optimizer", "batch", "clip_norm", "averaged_over", "parallel", "copies"),
    "learn=PerStep(Adam()), or learn=PerTrial(Adam(), batch=10, clip_norm=1)",
)
#: What the classes are whose names say it to nobody who has not read the code.
NOUNS = {
    "CreditPath": "a credit path",
    "LearningRule": "a learning rule",
    "Linear": "one of brian_rflo.readouts",
    "Mechanism": "a credit path",
    "Murray2019": "Murray2019 or a dictionary of matrices",
    "PerStep": "a learning schedule",
    "SGD": "an optimizer",
    "Task": "a task",
}


def check_instance(name, value, kind, example):
    """Raise unless `value` is an instance of `kind`; its class itself is a common mistake."""
    if not isinstance(value, kind):
        expected = NOUNS.get(kind.__name__, f"a {kind.__name__}")
        is_class = isinstance(value, type) and issubclass(value, kind)
        advice = f". Write {value.__name__}(...)." if is_class else ""
        raise TypeError(f"{name} must be {expected}, for example {example}; got {value!r}{advice}")
