"""Parts that a network lacks, or that run at the wrong time in a step: seen from what runs, and
said once, where it first runs.

Nothing here changes anything: a network without feedback is a network. But that its weights stay,
or that numbers come from the step before, is hardly meant.
"""

import ast
from contextlib import suppress

import numpy as np
from brian2 import CodeRunner, Synapses

from .. import schedule
from ..brian.borrowed import (
    Resetter,
    SummedVariableUpdater,
    SynapticPathway,
    get_identifiers_recursively,
)
from ..brian.construction import networks_with
from ..brian.occasional import Occasional
from ..brian.statements import assigned, written
from ..dense.choice import is_python
from ..neurons.base import parent_group, spikes

#: What a rule may read of its target, and what to do where nothing writes it.
REMEDIES = {
    "feedback": "put a FeedbackSynapses(readout, {group}) into the network",
    "gain": "write {group}.run_regularly('gain = ...', **schedule.{phase})",
    "error": "use a Readout, or write {group}.run_regularly('error = ...', **schedule.LOSS)",
}


def never_written(synapses):
    """Sentences on what a projection's rule reads of its target, is 0, and no object of its
    networks sets.
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
            f"'{synapses.name}' learns from the {name} of '{target.name}', which nothing in this"
            f" network sets, and it is 0. To let it learn, {remedy}."
        )


def belated_gain(synapses):
    """A sentence on the object that sets the gain of a projection's target at another time than its
    traces need, if there is one.

    What the gain is made of must not change any more until the trace reads it, be it in this step
    or, where the gain is set behind the trace, in the next one.
    """
    target = parent_group(synapses.target)
    name = phase_of_gain(target)
    phase = getattr(schedule, name)
    for objects in objects_with(synapses) if "gain" in names_read(synapses) else ():
        writers = [
            number
            for number, obj in enumerate(objects)
            if not isinstance(obj, Occasional) and writes(obj, target.variables["gain"])
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
                f" order={runner.order}: '{synapses.name}' learns with that of the step before."
                f" Write {target.name}.run_regularly('gain = ...', **schedule.{name})."
            )


def premature_feedback(synapses):
    """A sentence on a sum that brings feedback to a projection's target before what it sums is set,
    so that it is that of the step before.
    """
    target = parent_group(synapses.target)
    for objects in objects_with(synapses) if "feedback" in names_read(synapses) else ():
        learners = [number for number, obj in enumerate(objects) if obj is synapses.dense.learner]
        for number, obj in enumerate(objects):
            if (
                not learners
                or not isinstance(obj, SummedVariableUpdater)
                or obj.target_var is not target.variables["feedback"]
            ):
                continue
            sent = [
                name
                for name in sorted(obj.expression.identifiers)
                if obj.group.variables.indices.get(name) == "_presynaptic_idx"
            ]
            late = [
                (name, other)
                for name in sent
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
                    f" {name.removesuffix('_pre')}: '{synapses.name}' learns with that of the step"
                    f" before. {remedy}"
                )


def never_reset(trials):
    """Sentences on groups that have a memory and learn in trials, and begin each in the state in
    which the last one ended.
    """
    objects = [obj for network in objects_with(trials) for obj in network]
    driven = {parent_group(obj.target).name for obj in objects if isinstance(obj, Synapses)}
    groups = {
        group.name: group
        for part in trials.projections
        for group in (parent_group(part.source), parent_group(part.target))
        if "activity" in group.variables
    }
    for name in sorted(driven & set(groups)):
        state = memory(groups[name], objects)
        if state and not any(is_python(obj) or resets(obj, groups[name], state) for obj in objects):
            remedy = (
                f"Trials(task, ..., {name})"
                if hasattr(groups[name], "trial_start") and name not in trials.members
                else (
                    f"{trials.name}.at_start({name},"
                    f" '{'; '.join(f'{variable} = ...' for variable in state)}')"
                )
            )
            yield (
                f"Nothing resets '{name}' at the beginning of a trial, so that it goes on from"
                f" where the last one ended. Write {remedy}."
            )


def objects_with(obj):
    """The objects of each network that `obj` is in, in the order in which a step runs them."""
    return [network.sorted_objects for network in networks_with(obj)]


def names_read(synapses):
    """Variables of the target that the strings of its rule name."""
    return set(synapses.rule.reads("post"))


def phase_of_gain(group):
    """Name of the phase in which a group's gain is to be set."""
    return "SLOPE" if spikes(group) else "GAIN"


def is_integrated(group, name):
    """Whether a variable of a group has a differential equation."""
    return name in getattr(getattr(group, "equations", None), "diff_eq_names", ())


def is_zero(variable):
    """Whether a variable is known to be 0 for all neurons; C++ standalone may not know it."""
    try:
        return not np.any(variable.get_value())
    except NotImplementedError:
        return False


def code_of(obj):
    """The statements of an object, as far as they are known before it runs."""
    if isinstance(obj, Resetter):
        return obj.group.event_codes[obj.event]
    code = obj.code if isinstance(obj, SynapticPathway) else obj.abstract_code or ""
    return "\n".join(code.values()) if isinstance(code, dict) else code


def writes(obj, variable, names=written):
    """Whether the statements of an object set a variable, under one of the `names` that they assign
    to.
    """
    if isinstance(obj, SummedVariableUpdater):
        return obj.target_var is variable
    with suppress(SyntaxError):  # which Brian2 will report
        return isinstance(obj, CodeRunner) and any(
            obj.group.variables.get(name) is variable for name in names(code_of(obj))
        )


def overwritten(code):
    """Names that statements give a new value without looking at the old one."""
    new, old = set(), set()
    for statement in statements_of(code):
        nodes = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        old |= {
            node.id
            for node in nodes
            if isinstance(node.ctx, ast.Load) or isinstance(statement, ast.AugAssign)
        } - new
        new |= assigned(statement)
    return new - old


def more_than_zero(code):
    """Names that statements assign to, but not those that they set to 0, as resets do."""
    return set().union(
        *(
            assigned(statement)
            for statement in statements_of(code)
            if getattr(getattr(statement, "value", None), "value", None) != 0
        )
    )


def statements_of(code):
    """Statements as syntax trees, in their order."""
    return ast.parse("\n".join(line.strip() for line in code.splitlines())).body


def changes(obj, runner):
    """Whether an object changes, in each step, what the statements of a runner read."""
    group = runner.group
    names = get_identifiers_recursively([code_of(runner)], group.variables) & set(group.variables)
    is_integration = obj is getattr(group, "state_updater", None)
    return not isinstance(obj, Occasional) and any(
        (is_integration and is_integrated(group, name)) or writes(obj, group.variables[name])
        for name in names
    )


def memory(group, objects):
    """Variables of a group that a step takes over from the last one: those that are integrated, and
    an activity that is made of itself.
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
    return sorted(kept | set(getattr(getattr(group, "equations", None), "diff_eq_names", ())))


def resets(obj, group, state):
    """Whether an object gives a group's state other values than integration, spikes and synapses
    do.
    """
    is_usual = obj is getattr(group, "state_updater", None) or isinstance(
        obj, (Resetter, SummedVariableUpdater, SynapticPathway)
    )
    return not is_usual and any(
        writes(obj, group.variables[name], written if is_integrated(group, name) else overwritten)
        for name in state
    )
