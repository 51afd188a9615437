"""The integrator with which Brian2 solves the equations of a group."""

from brian2 import StateUpdateMethod

from .borrowed import UnsupportedEquationsException


def integrator_of(group, run_namespace):
    """Return the integrator of a group in a run: of several, the first one that can solve the
    equations, as Brian2 chooses. A name in small letters, or the user's own; None where nothing is
    integrated.
    """
    if not getattr(getattr(group, "equations", None), "diff_eq_names", ()):
        return None
    chosen = group.method_choice
    if isinstance(chosen, (list, tuple)):
        chosen = next(method for method in chosen if solves(method, group, run_namespace))
    return chosen.lower() if isinstance(chosen, str) else names_of_brian().get(chosen, chosen)


def names_of_brian():
    """Return the names of Brian2's integrators, by integrator."""
    return {integrator: name for name, integrator in StateUpdateMethod.stateupdaters.items()}


def solves(method, group, run_namespace):
    """Return whether an integrator of Brian2 can solve the equations of a group."""
    try:
        solve(method, group, run_namespace)
    except UnsupportedEquationsException:
        return False
    return True


def solve(method, group, run_namespace, options=None):
    """Let an integrator write its code for the equations of a group; raise what it raises."""
    names = group.equations.names | group.equations.identifiers | {"dt"}
    variables = group.resolve_all(names, run_namespace, user_identifiers=set())
    return StateUpdateMethod.apply_stateupdater(group.equations, variables, method, options)
