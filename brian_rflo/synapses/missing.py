"""Warnings, at the first run, of parts that are missing or run at the wrong time in a step.

They are found from the objects that run. A network without feedback is legal, but constant weights,
or values from the previous step, are rarely intended.
"""

import ast
from contextlib import suppress
from functools import lru_cache

import numpy as np
from brian2 import CodeRunner, Synapses

from .. import schedule
from ..brian.borrowed import (
    Resetter,
    SummedVariableUpdater,
    SynapticPathway,
    get_identifiers_recursively,
)
from ..brian.conditional import is_conditional
from ..brian.construction import networks_with
from ..brian.declared import declared, declares
from ..brian.private import is_python
from ..brian.statements import assigned, written
from ..neurons.base import parent_group, spikes
from .sums import is_summing, parts_of

#: Variables that a rule may read from its target, and advice if nothing sets them.
REMEDIES = {
    "feedback": "put a FeedbackSynapses(readout, {group}) into the network",
    "gain": "write {group}.run_regularly('gain = ...', **schedule.{phase})",
    "error": "use a Readout, or write {group}.run_regularly('error = ...', **schedule.LOSS)",
}


def never_written(synapses):
    """Yield a sentence for each variable of the target that the rule reads, that is 0 and that no
    object of its networks sets.
    """
    target, networks = parent_group(synapses.target), objects_with(synapses)
    for name in (name for name in REMEDIES if name in names_read(synapses)):
        variable = target.variables[name]
        if (
            is_integrated(target, name)
            or not is_zero(variable)
            or any(
                is_python(obj) or writes(obj, variable, more_than_zero)
                for objects in networks
                for obj in objects
            )
        ):
            continue
        remedy = REMEDIES[name].format(group=target.name, phase=phase_of_gain(target))
        yield (
            f"'{synapses.name}' learns from the {name} of '{target.name}', which is 0 and which"
            f" nothing in this network sets. To let it learn, {remedy}."
        )


def belated_gain(synapses):
    """Yield a sentence for an object that sets the gain of the target in a phase that does not fit
    the traces.

    The variables in the gain must not change between its computation and the trace that reads it,
    in this step or, if the gain is set after the trace, in the next one.
    """
    target = parent_group(synapses.target)
    name = phase_of_gain(target)
    phase = getattr(schedule, name)
    for objects in objects_with(synapses) if "gain" in names_read(synapses) else ():
        writers = [
            number
            for number, obj in enumerate(objects)
            if not is_conditional(obj) and writes(obj, target.variables["gain"])
        ]
        readers = [number for number, obj in enumerate(objects) if obj is synapses.dense.advancer]
        if not writers or not readers:
            continue
        last, reader = max(writers, key=lambda number: (number < readers[0], number)), readers[0]
        runner, between = (
            objects[last],
            (
                objects[last + 1 : reader]
                if last < reader
                else objects[last + 1 :] + objects[:reader]
            ),
        )
        if schedule.place_of(runner) != phase and any(changes(obj, runner) for obj in between):
            yield (
                f"'{runner.name}' sets the gain of '{target.name}' at when='{runner.when}',"
                f" order={runner.order}: '{synapses.name}' learns with that of the previous step."
                f" Write {target.name}.run_regularly('gain = ...', **schedule.{name})."
            )


def premature_feedback(synapses):
    """Yield a sentence for each sum of feedback that runs before the summed variable is set and has
    the value of the previous step.
    """
    target = parent_group(synapses.target)
    summed_into = parts_of("feedback", target)
    for objects in objects_with(synapses) if "feedback" in names_read(synapses) else ():
        learners = [number for number, obj in enumerate(objects) if obj is synapses.dense.learner]
        for number, obj in enumerate(objects):
            if (
                not learners
                or not isinstance(obj, SummedVariableUpdater)
                or not any(obj.target_var is target.variables[name] for name in summed_into)
            ):
                continue
            summed = [
                name
                for name in sorted(obj.expression.identifiers)
                if obj.group.variables.indices.get(name) == "_presynaptic_idx"
            ]
            late = [
                (name, other)
                for name in summed
                for other in objects[number + 1 : learners[0]]
                if writes(other, obj.group.variables[name])
            ]
            if late:
                name, other = late[0]
                remedy = (
                    f"Write FeedbackSynapses({parent_group(obj.group.source).name}, {target.name}),"
                    " or schedule.move it to schedule.FEEDBACK."
                )
                yield (
                    f"'{obj.name}' sums the feedback of '{target.name}' before '{other.name}' sets"
                    f" {name.removesuffix('_pre')}: '{synapses.name}' learns with that of the"
                    f" previous step. {remedy}"
                )


def never_reset(trials):
    """Yield a sentence for each group with a state that trials do not reset."""
    objects = [obj for network in objects_with(trials) for obj in network]
    driven = {parent_group(obj.target).name for obj in objects if isinstance(obj, Synapses)}
    groups = {
        group.name: group
        for part in trials.projections
        for group in (parent_group(part.sender), parent_group(part.target))
        if "activity" in group.variables
    }
    for name in sorted(driven & set(groups)):
        state = memory(groups[name], objects)
        if state and not any(is_python(obj) or resets(obj, groups[name], state) for obj in objects):
            remedy = (
                f"Trials(task, ..., {name})"
                if declares(groups[name], "trial_start") and name not in trials.members
                else (
                    f"{trials.name}.at_start({name},"
                    f" '{'; '.join(f'{variable} = ...' for variable in state)}')"
                )
            )
            yield (
                f"Nothing resets '{name}' at the beginning of a trial, so it begins in the state in"
                f" which the last trial ended. Write {remedy}."
            )


def left_behind(trials):
    """Yield a sentence for each variable that keeps what projections summed into it in an earlier
    run of `trials`, and that nothing sets in this one.
    """
    for objects in objects_with(trials):
        running = [obj for obj in objects if runs(obj)]
        for (group, name), variable in trials.ever_summed.items():
            if is_known_not_to_be_zero(variable) and not any(
                is_python(obj) or writes(obj, variable) for obj in running
            ):
                yield (
                    f"Nothing sums into '{name}' of '{group}' any longer, so that it keeps the"
                    f" values of its last step. Write {group}.{name} = 0, unless you want them."
                )
        for obj in running:
            if isinstance(obj, SummedVariableUpdater):
                addition = declared(obj.group, "addition")  # to the total, which is read
                total = obj.target_var if addition is None else addition.total
                trials.ever_summed[parent_group(obj.target).name, total.name] = total


def runs(obj):
    """Return whether an object runs, a sum also by dense loops in its place."""
    return is_summing(obj) if isinstance(obj, SummedVariableUpdater) else obj.active


def objects_with(obj):
    """Return the objects of each network that contains `obj`, in the order of a step."""
    return [network.sorted_objects for network in networks_with(obj)]


def names_read(synapses):
    """Return the variables of the target that its rule reads."""
    return set(synapses.rule.reads("post"))


def phase_of_gain(group):
    """Return the name of the phase in which a group's gain must be set."""
    return "SLOPE" if spikes(group) else "GAIN"


def is_integrated(group, name):
    """Return True if a variable of a group has a differential equation."""
    return name in getattr(declared(group, "equations"), "diff_eq_names", ())


def is_zero(variable):
    """Return True if a variable is known to be 0 for all neurons; C++ standalone may not know."""
    try:
        return not np.any(variable.get_value())
    except NotImplementedError:
        return False


def is_known_not_to_be_zero(variable):
    """Return True if a variable is known not to be 0 for all neurons."""
    try:
        return bool(np.any(variable.get_value()))
    except NotImplementedError:
        return False


def code_of(obj):
    """Return the statements of an object, as far as they are known before it runs."""
    if isinstance(obj, Resetter):
        return obj.group.event_codes[obj.event]
    code = obj.code if isinstance(obj, SynapticPathway) else obj.abstract_code or ""
    return "\n".join(code.values()) if isinstance(code, dict) else code


def writes(obj, variable, names=written):
    """Return True if an object sets a variable; `names` lists the assigned names of code."""
    if isinstance(obj, SummedVariableUpdater):
        return obj.target_var is variable
    with suppress(SyntaxError):  # which Brian2 will report
        return isinstance(obj, CodeRunner) and any(
            obj.group.variables.get(name) is variable for name in names(code_of(obj))
        )


@lru_cache(1000)
def overwritten(code):
    """Return the names to which statements assign without reading the old value."""
    new, old = set(), set()
    for statement in statements_of(code):
        nodes = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        old |= {
            node.id
            for node in nodes
            if isinstance(node.ctx, ast.Load) or isinstance(statement, ast.AugAssign)
        } - new
        new |= assigned(statement)
    return frozenset(new - old)


@lru_cache(1000)
def more_than_zero(code):
    """Return the names to which statements assign, except those that they set to 0."""
    return frozenset().union(
        *(
            assigned(statement)
            for statement in statements_of(code)
            if getattr(getattr(statement, "value", None), "value", None) != 0
        )
    )


def statements_of(code):
    """Return statements as syntax trees, in their order."""
    return ast.parse("\n".join(line.strip() for line in code.splitlines())).body


def changes(obj, runner):
    """Return True if an object changes, in each step, a variable that a runner reads."""
    group = runner.group
    names = get_identifiers_recursively([code_of(runner)], group.variables) & set(group.variables)
    is_integration = obj is getattr(group, "state_updater", None)
    return not is_conditional(obj) and any(
        (is_integration and is_integrated(group, name)) or writes(obj, group.variables[name])
        for name in names
    )


def memory(group, objects):
    """Return the variables of a group that depend on the previous step: integrated ones, and an
    activity that is computed from its old value.
    """
    runners = [
        obj
        for obj in objects
        if writes(obj, group.variables["activity"]) and obj.group.variables is group.variables
    ]
    kept = (
        {"activity"}
        if not all("activity" in overwritten(code_of(obj)) for obj in runners)
        else set()
    )
    return sorted(kept | set(getattr(declared(group, "equations"), "diff_eq_names", ())))


def resets(obj, group, state):
    """Return True if an object resets a group's state, not by integration, spikes or synapses."""
    is_usual = obj is getattr(group, "state_updater", None) or isinstance(
        obj, (Resetter, SummedVariableUpdater, SynapticPathway)
    )
    return not is_usual and any(
        writes(obj, group.variables[name], written if is_integrated(group, name) else overwritten)
        for name in state
    )
