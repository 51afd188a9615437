"""Checks of a projection's rule, made where the user writes the projection."""

import numpy as np
from brian2 import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS, Equations

from ..brian.borrowed import get_identifiers
from ..brian.conditional import is_standalone
from ..brian.declared import declared, declares
from ..brian.quantities import check_tau
from ..brian.statements import varied, written
from ..neurons.base import ARRIVING, PORTS, PSP, check_port, parent_group, spikes
from ..rules.base import without_comments
from ..steps import equations_of, steps_of
from ..steps.cells import FIRST, NETWORK
from .ends import check_spikes, own_on_pre, reads_arriving

#: Flags that traces may have, and what to write in place of others.
TRACE_FLAGS = {"clock-driven", "constant"}
ADVICE = {"differential equation": "Write (clock-driven)."}
#: Names that synapses define before a run.
DEFINED_LATER = {"trial_steps"}


def check_rule_strings(rule, reader):
    """Raise unless a rule has an update, and traces of one kind: equations or statements."""
    if not rule.updates:
        raise ValueError(
            f"{reader}: it has no update; write one in a subclass of LearningRule, for example"
            " update = 'feedback_post*activity_pre'"
        )
    for traces in (rule.traces, rule.pre_traces, rule.post_traces):
        check_flags(Equations(traces), reader)
    equations = Equations(rule.traces)
    if rule.advance and equations.diff_eq_names:
        raise ValueError(
            f"{reader}: its traces must be either differential equations"
            f" ({', '.join(sorted(equations.diff_eq_names))}) or statements of advance, not both;"
            " write all as statements, for example 'p = exp(-dt/tau)*p +"
            " gain_post*activity_pre'"
        )
    assigned = {
        name
        for step in rule.steps
        if step.site == "own"
        for name in (varied if step.when == "trial_start" else written)(step.code)
    }
    forgotten = set(equations.names) - assigned if rule.advance else set()
    if forgotten:
        raise ValueError(
            f"{reader}: its traces declare {', '.join(map(repr, sorted(forgotten)))}, but its"
            " advance never assigns it; check the spelling"
        )


def check_flags(equations, reader):
    """Raise if traces have flags of Brian2 that mean something else than a value of each synapse,
    or cell, that is updated in each step.
    """
    for equation in equations.values():
        flags = [flag for flag in equation.flags if flag not in TRACE_FLAGS]
        if flags:
            raise ValueError(
                f"{reader}: its trace '{equation.varname}' must be updated in each step, in which"
                f" it is read; got ({', '.join(flags)})."
                f" {ADVICE.get(equation.type, 'Leave the flag out.')}"
            )


def check_ports(synapses, source, target, reader):
    """Raise unless both groups have the variables that a projection and its rule need, and the
    source emits spikes if the target receives them.
    """
    if declares(parent_group(target), "check_projection"):
        parent_group(target).check_projection(synapses.rule, synapses.onto)
    if synapses.sends_spikes:
        check_spikes(source, target, synapses.onto)
    if not (synapses.sends_spikes and own_on_pre(target, synapses.onto)):
        check_port(target, synapses.onto, f"onto='{synapses.onto}'")
    if not synapses.sends_spikes:
        check_sent(source, target, synapses.sends, synapses.onto, reader)
    kept = Equations(equations_of(synapses.mechanisms, "pre")).names
    read = {side: {*synapses.rule.reads(side)} for side in ("pre", "post")}
    read["pre"] |= {ARRIVING} if reads_arriving(synapses.rule) else set()
    for side, group in (("pre", source), ("post", target)):
        for name in sorted(read[side]):
            if side == "pre" and (name in kept or is_what_is_sent(name, source, synapses)):
                continue
            name = "activity" if name == PSP and PSP not in group.variables else name
            check_can_have(name, group, reader)
            if name in PORTS and name not in synapses.rule.core.with_units:
                check_port(group, name, reader, with_units=name in synapses.rule.with_units)


def is_what_is_sent(name, source, synapses):
    """Return whether a name means what a projection sends: what arrives, or a name of the activity
    of a source without activity.
    """
    in_its_place = name in ("activity", PSP) and not {name, "activity"} & set(source.variables)
    return not synapses.sends_spikes and (name == ARRIVING or in_its_place)


def check_sent(source, target, sends, onto, reader):
    """Raise unless a group has the variable that a projection sums."""
    group, kind = parent_group(source), type(parent_group(source)).__name__
    own = declared(group, "sent", "activity")
    if sends not in source.variables and sends == "activity" != own:
        raise ValueError(
            f"'{source.name}', a {kind}, has no variable '{sends}', which {reader} needs. It sends"
            f" its {own}: write sends='{own}'."
        )
    if sends not in source.variables and only_spikes(group):
        raise ValueError(
            f"'{source.name}', a {kind}, sends spikes and no {sends}, and '{target.name}' sums into"
            f" '{onto}'. Spikes add to a variable with a differential equation: write"
            f" {receiving_spikes(parent_group(target))}."
        )
    check_port(source, sends, reader)


def receiving_spikes(group):
    """Return the argument for spikes onto a group, or neurons that receive them."""
    names = declared(group, "events_onto", ())
    own = " or ".join(f"onto='{name}'" for name in names)
    return own or "for example LIFNeurons(..., events=('I_rec', 'I_spikes')) and onto='I_spikes'"


def check_can_have(name, group, reader):
    """Raise if a rule reads a variable of a group that sends spikes and nothing else."""
    if name not in group.variables and name in PORTS and only_spikes(parent_group(group)):
        raise ValueError(
            f"'{group.name}', a {type(parent_group(group)).__name__}, sends spikes and no {name},"
            f" which {reader} needs. Let the rule read psp_pre, the filtered spikes, and let the"
            " target be LIFNeurons, ALIFNeurons or DiscreteLIFNeurons; or make the source a"
            f" NeuronGroup with the variable {name}."
        )


def only_spikes(group):
    """Return whether a group sends spikes and has no equations, which a variable could join."""
    return spikes(group) and not declares(group, "equations")


def check_names(synapses, reader):
    """Raise unless all names in a rule's strings are defined."""
    rule = synapses.rule
    hidden = sorted(set(rule.constants) & set(synapses.variables))
    if hidden:
        raise ValueError(
            f"{reader}: the neurons' constant '{hidden[0]}' has the name of a variable of the"
            " synapses, which would hide it; rename the constant, or write its value into the"
            " equations"
        )
    known = {
        *DEFINED_LATER,
        *synapses.variables,
        *synapses.namespace,
        *DEFAULT_FUNCTIONS,
        *DEFAULT_CONSTANTS,
        *DEFAULT_UNITS,
    }
    for part, names in names_by_part(synapses).items():
        unknown = ", ".join(
            repr(name) for name in sorted(names - known) if not name.endswith((NETWORK, FIRST))
        )
        if unknown:
            remedy = (
                "give the neurons excitatory= with True and False"
                if unknown == "'excitatory_pre'"
                else "write a number instead"
                if part == "constraint"
                else "make it a parameter or a trace of the rule"
            )
            raise ValueError(
                f"{reader}: its {part} {'contain' if part == 'traces' else 'contains'} {unknown},"
                f" which is undefined; {remedy}, or make it a variable of a group (with the ending"
                " _pre or _post)"
            )


def names_by_part(synapses):
    """Return the names in each of a rule's strings, by the name of the string."""
    rule, advance = synapses.rule, without_comments(synapses.rule.advance)
    names = {
        "traces": set(synapses.equations.identifiers),
        "advance": get_identifiers(advance) - written(advance),
    }
    texts = {
        "update": "\n".join(f"({update})" for update in rule.updates.values()),
        "rate_gradient": rule.rate_gradient,
        "summed": rule.summed,
        "reset": rule.reset,
        "transmits": rule.transmits,
        "brings": "\n".join(f"({text})" for text in rule.brings.values()),
        "constraint": synapses.constraint,
    }
    return (
        names
        | {part: set(get_identifiers(without_comments(text))) for part, text in texts.items()}
        | {"constraint": get_identifiers(synapses.constraint) - written(synapses.constraint)}
    )


def check_times(synapses):
    """Raise if a time constant of the rule is shorter than the time step.

    Other times, such as a delay or a window, may have any length, including 0.
    """
    for name, value in synapses.rule.time_constants.items():
        check_tau(synapses.rule.title, value, synapses.clock.dt, name)


def check_spikes_in_time(synapses, is_delaying):
    """Raise if a rule has steps at spikes that arrive with delays, perhaps in the next trial."""
    for side, cells in (("pre", "presynaptic"), ("post", "postsynaptic")):
        steps = steps_of(synapses.mechanisms, "own")
        if any(step.when == f"{side}_spike" for step in steps) and is_delaying(
            getattr(synapses, side)
        ):
            raise ValueError(
                f"{synapses.rule.title} on '{synapses.name}' has steps at {cells} spikes, which in"
                " trials must not have delays: those of the last trial would count. Write"
                f" {synapses.name}.{'' if side == 'pre' else 'post.'}delay = 0*ms."
            )


def check_no_delays(synapses):
    """Raise if a rule reads what arrives in a step, but spikes arrive with delays."""
    if synapses.has_delays:
        raise ValueError(
            f"{synapses.rule.title} on '{synapses.name}' reads what arrives in each step, which is"
            " kept for each neuron of the source, so its spikes must not have delays. Write"
            f" {synapses.name}.delay = 0*ms."
        )


def check_copies(synapses):
    """Raise unless copies of a network, which share their weights, begin with equal weights, and
    learn equally fast.
    """
    copies = synapses.learn.copies
    if copies == 1 or synapses.trials is None or is_standalone():
        return
    first = synapses.variables["first_idx"].get_value()
    for name, what, setter in (
        ("w", "weights", "set_matrix"),
        ("plasticity", "plasticity", "set_plasticity"),
    ):
        values = synapses.variables[name].get_value() if name in synapses.variables else first
        if not np.array_equal(values, values[first], equal_nan=True):
            raise ValueError(
                f"'{synapses.name}' must have equal {what} in all {copies} copies of a network;"
                f" write {synapses.name}.{setter}(np.repeat(matrices, {copies}, axis=0)) with"
                " matrices [network, post, pre]"
            )
