"""Checks that the parts of a network fit together."""

import numpy as np
from brian2 import Equations

from ..brian.declared import declared
from ..brian.quantities import check_count
from ..brian.statements import loaded
from ..credit import PairDifference
from ..credit.base import paths_of
from ..neurons.base import check_group, parent_group, receives, receives_spikes, spikes
from ..readouts.base import TASK_EXAMPLE, check_clock
from ..readouts.linear import Linear
from ..readouts.task_input import TaskInput
from ..rules import LearningRule
from ..steps import Mechanism
from ..steps.cells import NETWORK
from ..tasks import Task
from ..updates.arguments import BIASES, check_instance


def check_parts(task, neurons, rule, readout, readout_rule):
    """Raise unless the parts of a network have the right types and each rule fits its place."""
    check_instance("LearningNetwork: task", task, Task, TASK_EXAMPLE)
    check_group("LearningNetwork: neurons", neurons)
    check_clock(task, parent_group(neurons))
    check_instance("rule", rule, LearningRule, "RFLO(learning_rate=0.03, tau=10*ms)")
    check_instance("readout", readout, Linear, "Leaky(tau=20*ms)")
    if "error" in rule.reads("post") and "error" not in neurons.variables:
        raise ValueError(
            f"rule={type(rule).__name__} is for readout weights: it reads their error, and"
            " recurrent weights need a rule that reads feedback, for example"
            f" RFLO(learning_rate={rule.learning_rate:g}, tau=10*ms); write"
            f" readout_rule={type(rule).__name__}(...) for the readout"
        )
    if readout_rule is None:
        return
    check_instance("readout_rule", readout_rule, LearningRule, "Delta(learning_rate=0.03)")
    if {"gain", "feedback"} & set(readout_rule.reads("post")) or "error" in readout_rule.reads(
        "pre"
    ):
        raise ValueError(
            f"readout_rule={type(readout_rule).__name__} is not for readout weights, which learn"
            " from the error itself; write for example"
            f" readout_rule=Delta(learning_rate={readout_rule.learning_rate:g}), or LeakyDelta with"
            " readout=Leaky(tau)"
        )


def asks_for_readout(chosen, path, modulators, trained):
    """Return whether a network needs its readout: it learns or is sent back, or nothing learns."""
    learns = {"output", "output_bias"} & {*trained, *(set(chosen) & set(BIASES))}
    sent = path is not None or "current" in chosen or bool(modulators)
    return bool(learns) or sent or not trained


def credit_of(credit, *rules):
    """Return the credit path and the modulators among `credit`, by default those that rules ask
    for; raise if there is anything else, or more than one path.
    """
    given = () if credit is None else credit if isinstance(credit, tuple) else (credit,)
    for one in given:
        check_instance(
            "credit", one, Mechanism, "SymmetricFeedback(), or a tuple of a path and modulators"
        )
    paths = paths_of(given)
    if len(paths) > 1:
        raise ValueError(
            "credit must have one credit path; got"
            f" {' and '.join(type(path).__name__ for path in paths)}"
        )
    modulators = [one for one in given if one not in paths]
    return paths[0] if paths else None, modulators or default_modulators(*rules)


def default_modulators(*rules):
    """Return the modulator of rules if one compares pairs of trials; else nothing."""
    compare = any(rule.pairs and "modulator" in rule.reads("network") for rule in rules)
    return [PairDifference()] if compare else []


def check_readers(credit, trials):
    """Raise if parts of the credit compute numbers of the networks, and nothing reads one."""
    steps = [(one, step) for one in trials.mechanisms for step in one.steps]
    read = {name for part in trials.projections for name in part.rule.reads("network")}
    read |= {
        name.removesuffix(NETWORK)
        for _, step in steps
        for name in loaded(step.code)
        if name.endswith(NETWORK)
    }
    for one in credit:
        numbers = list(Equations(one.variables.get("network", "")))
        elsewhere = {
            name
            for other, step in steps
            if step.site == "network" and other is not one
            for name in loaded(step.code)
        }
        if numbers and not set(numbers) & (read | elsewhere):
            kind = type(one).__name__
            raise ValueError(
                f"{kind} computes {', '.join(map(repr, numbers))} of each network, and no rule"
                f" reads it; write a rule that reads {numbers[0]}{NETWORK}, or another credit than"
                f" {kind}"
            )


def check_blocks(neurons, networks, copies):
    """Raise unless the neurons divide into networks, and each network into equal copies for trials
    side by side.
    """
    check_count("networks", networks)
    if len(neurons) % (networks * copies):
        raise ValueError(
            f"'{neurons.name}' must have networks x copies x N units; got {len(neurons)} units for"
            f" networks={networks} and copies={copies}"
        )
    for name in declared(neurons, "per_neuron", ()) if copies > 1 else ():
        if name not in neurons.variables:
            continue
        try:
            values = np.asarray(neurons.variables[name].get_value()).reshape(networks, copies, -1)
        except NotImplementedError:
            continue  # set from a string: C++ standalone does not know it before it runs
        if (values != values[:, :1]).any():
            raise ValueError(
                f"'{neurons.name}' has {copies} copies of each network, for trials side by side,"
                f" and '{name}' must be the same in all of them; write for example"
                f" {name}=np.tile(values, {copies})"
            )


def variable_of_inputs(neurons, inputs):
    """Return the variable of neurons that receives the inputs; for a source that only sends spikes
    and neurons whose input variable receives sums, the one to which recurrent spikes add.
    """
    names = receives(neurons)
    if "activity" in inputs.variables or not spikes(inputs):
        return names["input"]
    events = [name for name in names.values() if receives_spikes(neurons, name)]
    return names["input"] if names["input"] in events or not events else events[0]


def variable_of_bias(neurons):
    """Return the variable of neurons that receives a bias: ``I_bias`` if they have it, else the
    first of those for recurrent weights and inputs that receives sums.
    """
    if "I_bias" in neurons.variables:
        return "I_bias"
    names = [name for name in receives(neurons).values() if name in neurons.variables]
    sums = [name for name in names if not receives_spikes(neurons, name)]
    kind = type(parent_group(neurons)).__name__
    if not sums:
        raise ValueError(
            f"connectivity['bias']: only spikes enter '{neurons.name}' ({', '.join(names)}), and a"
            f" constant unit sends none; write {kind}(..., inputs=('I_bias',))"
        )
    if not declared(parent_group(neurons), "takes_more_sums", False):
        raise ValueError(
            f"connectivity['bias']: '{neurons.name}' has no variable for it; write 'I_bias : 1' in"
            f" its equations, and {sums[0]} + I_bias in place of {sums[0]}"
        )
    return sums[0]


def check_inputs(inputs, task, copies, seen):
    """Raise unless inputs of the user's own have what the trials of a task need."""
    if copies > seen:
        raise ValueError(
            f"'{inputs.name}' is one group of inputs, and a rule that compares pairs of trials"
            f" needs one for each of {copies} copies; let the task show them"
            " (ArrayTask(inputs=...)), or build the network part by part"
        )
    if copies > 1:
        raise ValueError(
            "inputs of your own see one trial at a time; leave connectivity['input'] out, or"
            " write copies=1"
        )
    group = parent_group(inputs)
    if isinstance(group, TaskInput) and group.task.n_steps != task.n_steps:
        raise ValueError(
            f"'{inputs.name}' has the inputs of trials of {group.task.n_steps} steps, but those of"
            f" this task have {task.n_steps}; give TaskInput the network's own task, or one with as"
            " many steps"
        )
    if task.n_inputs and len(inputs) != task.n_inputs:
        raise ValueError(
            f"{type(task).__name__} has {task.n_inputs} inputs, but '{inputs.name}'"
            f" has {len(inputs)} units; give it {task.n_inputs}"
        )
