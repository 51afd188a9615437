"""What a projection's rule must hold, said where the projection is written."""

import numpy as np
from brian2 import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS, Equations

from ..brian.borrowed import get_identifiers
from ..brian.occasional import is_standalone
from ..brian.quantities import check_tau
from ..brian.statements import written
from ..neurons.base import PORTS, PSP, check_port, parent_group
from ..rules.base import without_comments
from ..steps.cells import FIRST, NETWORK
from .ends import check_spikes, own_on_pre

#: What synapses know once they run: the steps of a trial.
KNOWN = {"trial_steps"}


def check_rule_strings(rule, reader):
    """Raise unless a rule learns, and its traces are differential equations or else statements."""
    if not rule.updates:
        raise ValueError(
            f"{reader}: it has no update, so nothing would be learned; write its expression in a"
            " subclass of LearningRule, for example update = 'feedback_post*activity_pre'"
        )
    equations = Equations(rule.traces)
    if rule.advance and equations.diff_eq_names:
        raise ValueError(
            f"{reader}: its traces are differential equations"
            f" ({', '.join(sorted(equations.diff_eq_names))}) and its advance has statements too;"
            " write all of them as statements, for example 'p = exp(-dt/tau)*p +"
            " gain_post*activity_pre'"
        )
    statements = "\n".join(
        step.code for step in rule.steps if step.site == "own" and step.when != "trial_start"
    )
    forgotten = set(equations.names) - written(statements) if rule.advance else set()
    if forgotten:
        raise ValueError(
            f"{reader}: its advance never writes {', '.join(map(repr, sorted(forgotten)))}, which"
            " its traces declare; a misspelt name?"
        )


def check_ports(synapses, source, target, reader):
    """Raise unless both groups have the variables that a projection and its rule need, and spikes
    can be sent where they must be.
    """
    if hasattr(parent_group(target), "check_projection"):
        parent_group(target).check_projection(synapses.rule, synapses.onto)
    if synapses.sends_spikes:
        check_spikes(source, target, synapses.onto)
    if not (synapses.sends_spikes and own_on_pre(target, synapses.onto)):
        check_port(target, synapses.onto, f"onto='{synapses.onto}'")
    if not synapses.sends_spikes:
        check_port(source, synapses.sends, reader)
    for side, group in (("pre", source), ("post", target)):
        for name in synapses.rule.reads(side):
            name = "activity" if name == PSP and PSP not in group.variables else name
            if name in PORTS and name not in synapses.rule.core.with_units:
                check_port(group, name, reader, with_units=name in synapses.rule.with_units)


def check_names(synapses, reader):
    """Raise unless all that a rule's strings name is known."""
    rule = synapses.rule
    hidden = sorted(set(rule.constants) & set(synapses.variables))
    if hidden:
        raise ValueError(
            f"{reader}: the neurons' constant '{hidden[0]}' has the name of a variable of the"
            " synapses, which its strings would read in its place; call the constant otherwise, or"
            " write its value into the equations"
        )
    known = {
        *KNOWN,
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
                "write a number in its place; or, for DALE, give RateNeurons excitatory="
                if part == "constraint"
                else "make it a parameter or a trace of the rule"
            )
            raise ValueError(
                f"{reader}: its {part} {'name' if part == 'traces' else 'names'} {unknown}, which"
                f" neither the rule, the synapses nor the two groups have; {remedy}, or make it a"
                " variable of a group (with _pre or _post behind its name)"
            )


def names_by_part(synapses):
    """Return the names in each of a rule's strings, by what the string is called."""
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
        "constraint": synapses.constraint,
    }
    return (
        names
        | {part: set(get_identifiers(without_comments(text))) for part, text in texts.items()}
        | {"constraint": get_identifiers(synapses.constraint) - written(synapses.constraint)}
    )


def check_times(synapses):
    """Raise if a time constant of the rule is shorter than the time step.

    Other times, as a delay or a window that is compared with, may be of any length, 0 too.
    """
    for name, value in synapses.rule.time_constants.items():
        check_tau(synapses.rule.title, value, synapses.clock.dt, name)


def check_copies(synapses):
    """Raise if the copies of a network, which are to share their weights, begin with other ones."""
    copies = synapses.learn.copies
    if copies == 1 or synapses.trials is None or is_standalone():
        return
    values = (
        synapses.variables["w"]
        .get_value()
        .reshape(-1, copies, synapses.geometry.n_pre * synapses.geometry.n_post)
    )
    if not np.array_equal(values, np.broadcast_to(values[:, :1], values.shape), equal_nan=True):
        raise ValueError(
            f"'{synapses.name}' has other weights in each of the {copies} copies of a network,"
            " which are to share them; set them with"
            f" {synapses.name}.set_matrix(np.repeat(matrices, {copies}, axis=0)), matrices being"
            " [network, post, pre]"
        )
