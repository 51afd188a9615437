"""Conditions under which a projection runs as a dense pass, and the reasons why not."""

import re
from contextlib import suppress

from brian2 import CodeRunner, Function, Group, StateMonitor, get_device, prefs

from .. import schedule
from ..brian.borrowed import (
    ArrayVariable,
    SummedVariableUpdater,
    get_identifiers,
    get_identifiers_recursively,
)
from ..brian.conditional import is_conditional, is_standalone
from ..brian.private import is_python
from ..brian.statements import written
from .code import CODE_OBJECTS, POST, PRE, DenseStandaloneCodeObject
from .reading import boundary_runners

#: First line of statements that change the weights: a sum computed ahead must be recomputed.
MARK = "_stale = True\n"


def why_not_fused(parts, objects, run_namespace):
    """Return the reason why traces, learning and sum of a projection cannot run as one pass,
    whatever it connects; None if they can.

    Parameters
    ----------
    parts : DenseParts
        The projection's ordinary objects and their replacements.
    objects : list of BrianObject
        The network's objects, in the order in which a step runs through them.
    run_namespace : dict
        The namespace of the run.
    """
    for problems in (
        problems_of_target,
        problems_of_places,
        problems_of_functions,
        problems_of_traces,
        problems_of_others,
    ):
        for problem in problems(parts, objects, run_namespace):
            return problem
    return None


def problems_of_target(parts, objects, run_namespace):
    """Yield problems with the preference, device or code generation target."""
    if not prefs["brian_rflo.dense_pass"]:
        yield "the preference brian_rflo.dense_pass is off"
    if parts.synapses.codeobj_class is not None:
        yield "it was given a code object class"
    if get_device().code_object_class() not in CODE_OBJECTS:
        yield "this code generation target has no dense loops"


def problems_of_places(parts, objects, run_namespace):
    """Yield problems with objects that the user has moved, switched off or given another
    clock.
    """
    if any(runner.clock is not parts.synapses.clock for runner in parts.ordinary):
        yield "its objects run on several clocks"
    for runner, place in parts.places:
        if (runner.when, runner.order) != place:
            yield f"'{runner.name}' was moved"
    for runner in parts.ordinary:
        if not runner.active and not any(runner is one for one in parts.switched):
            yield f"'{runner.name}' was switched off"


def problems_of_functions(parts, objects, run_namespace):
    """Yield functions that the loops cannot call, or would call in another order."""
    called, random = functions(parts, run_namespace), random_names(parts, run_namespace)
    if parts.sum_identifiers & random:
        yield "its sum draws random numbers"
    places = sum(len(re.findall(rf"\b{name}\b", code)) for name in random for code in parts.code)
    if places > 1 or (places and not is_standalone()):
        yield "it would draw its random numbers in another order"
    for name, function in called.items():
        try:
            implementation = function.implementations[DenseStandaloneCodeObject]
        except KeyError:
            yield f"function '{name}' has no implementation in C++"
        else:
            if not is_standalone() and implementation.get_namespace(parts.synapses):
                yield f"function '{name}' needs arrays of its own"


def random_names(parts, run_namespace):
    """Return the names in the projection's code that stand for random numbers."""
    stateful = {
        name for name, function in functions(parts, run_namespace).items() if not function.stateless
    }
    return stateful | set(parts.synapses.equations.stochastic_variables)


def functions(parts, run_namespace):
    """Return the functions that the projection's code calls, by name; unknown names are left to
    Brian2's own error.
    """
    found = {}
    for name in parts.names - set(parts.synapses.variables):
        with suppress(KeyError):
            found |= parts.synapses.resolve_all({name}, run_namespace, user_identifiers=set())
    return {name: value for name, value in found.items() if isinstance(value, Function)}


def problems_of_traces(parts, objects, run_namespace):
    """Yield neuron variables of an earlier phase that cannot be copied because they are not
    stored.
    """
    variables = parts.synapses.variables
    for name in parts.trace_names & set(variables):
        if variables.indices[name] in (PRE, POST) and not isinstance(
            variables[name], ArrayVariable
        ):
            yield f"its traces read '{name}', which is not stored"


def problems_of_others(parts, objects, run_namespace):
    """Yield conflicts with other objects that use the synapses before the pass has updated them."""
    places = [
        number
        for number, obj in enumerate(objects)
        if any(obj is runner for runner in parts.deferred)
    ]
    for number, obj in enumerate(objects):
        if (
            (isinstance(obj, Group) and not isinstance(obj, CodeRunner))
            or any(obj is own for own in parts.own)
            or not obj.active
        ):
            continue
        between = bool(places) and min(places) < number < max(places)
        yield from problems_of(obj, between, parts)


def problems_of(obj, between, parts):
    """Yield conflicts of the pass with one other object."""
    if is_python(obj) and between:
        yield f"'{obj.name}' runs Python code between traces and learning"
    if not isinstance(obj, CodeRunner):
        return
    touched, changed = touches(obj, parts.synapses)
    if between and touched & parts.trace_written:
        yield (
            f"'{obj.name}' reads {', '.join(sorted(touched & parts.trace_written))} between traces"
            " and learning"
        )
    if between and changed & parts.trace_names:
        yield (
            f"'{obj.name}' changes {', '.join(sorted(changed & parts.trace_names))} between traces"
            " and learning"
        )
    if changed & parts.sum_names and not can_mark_stale(obj, parts.synapses):
        yield f"'{obj.name}' changes {', '.join(sorted(changed & parts.sum_names))} from outside"


def problems_within_trials(parts, objects, momentary, constant=frozenset(), expected=()):
    """Yield conflicts with other objects that use what is complete only at the end of a trial, or
    change what must stay constant.

    Parameters
    ----------
    parts : DenseParts
    objects : list of BrianObject
    momentary, constant : set of str
        Variables of the synapses that no other object may use, and that none may change.
    expected : tuple of BrianObject
        Objects that are allowed to.
    """
    synapses = parts.synapses
    ours = boundary_runners(synapses)
    for obj in objects:
        if any(obj is one for one in (*parts.own, *expected)) or not obj.active or id(obj) in ours:
            continue
        if is_python(obj):
            yield f"'{obj.name}' runs Python code"
        if not isinstance(obj, CodeRunner):
            continue
        touched, changed = touches(obj, synapses)
        if touched & momentary or changed & constant:
            yield f"'{obj.name}' uses {', '.join(sorted(touched & momentary | changed & constant))}"


def can_mark_stale(obj, synapses):
    """Return whether an object's code can mark the weights as changed: only statements of the
    synapses themselves can.
    """
    return obj.group.variables is synapses.variables and obj.template in (
        "stateupdate",
        "conditional_stateupdate",
    )


def touches(obj, synapses):
    """Return the names of the synapses' variables that an object's code uses, and those that it
    writes.
    """
    if isinstance(obj, StateMonitor):
        names = (
            get_identifiers_recursively(obj.record_variables, synapses.variables)
            if obj.source.variables is synapses.variables
            else set()
        )
        return set(names), set()
    code = obj.abstract_code or ""
    named = {
        name
        for block in (code.values() if isinstance(code, dict) else [code])
        for name in get_identifiers(block)
    } | set(obj.needed_variables)
    used = named | set(get_identifiers_recursively(sorted(named), obj.group.variables))
    assigned = written(code)
    if isinstance(obj, SummedVariableUpdater):
        assigned |= {obj.target_varname}
    own = own_names(synapses)
    ours = {id(variable): name for name, variable in synapses.variables.items() if name in own}
    names = {name: ours.get(id(variable)) for name, variable in obj.group.variables.items()}
    return {names[name] for name in used if names.get(name)}, {
        names[name] for name in assigned if names.get(name)
    }


def own_names(synapses):
    """Return the variables of the synapses themselves, without those of their neurons."""
    return {
        name for name in synapses.variables if synapses.variables.indices[name] in ("_idx", "0")
    }


def sets_its_own_activity(group, names):
    """Return whether a group sets variables before each sum, so that no sum can be computed
    ahead.
    """
    runners = [
        obj
        for obj in getattr(group, "source", group).contained_objects
        if isinstance(obj, CodeRunner) and not is_conditional(obj)
    ]
    return any(
        written(runner.abstract_code or "") & names
        and runner.when == "groups"
        and runner.order < schedule.STATE.order
        for runner in runners
    )


def first(reasons):
    """Return the first reason that is not None, or None."""
    return next((reason for reason in reasons if reason), None)
