"""Noise that rules draw into the neurons at the end of a projection, to explore.

A rule says what is drawn into which variable: `noise` in the drive, or `output_noise` behind the
neuron's function. Neurons whose equations have the variable read it there. Groups of this package
without it get it with the first rule that explores, and what it adds to is completed once per step:

    I_rec += noise, output += noise      behind the sum of the projection
    phi += output_noise                  behind the function
    v += scale*(1 - exp(-dt/tau))*noise  behind the integration, for noise in the drive of LIF

The projections onto a group that explore share one draw, that of the first of them. The noise is 0
while none of them learns (``plastic``).
"""

from __future__ import annotations

from brian2 import CodeRunner

from .. import schedule
from ..brian.borrowed import get_identifiers
from ..brian.construction import networks_with
from ..brian.declared import declared, declares
from ..neurons.base import parent_group, receives_spikes
from .sums import add_variable, overlap

#: Places of additions of noise behind what they complete.
BEHIND_SUM, BEHIND_FUNCTION = schedule.EXPLORE.order - schedule.DRIVE.order + 100, 100

#: Where noise adds to what, by the name of its variable.
ADDED = {"noise": "add it to the drive", "output_noise": "add it behind the function"}
#: What has it, by the name of the variable.
HAVE = {
    "noise": "rate neurons, LIF neurons and readouts",
    "output_noise": "rate neurons",
}


class Injection(CodeRunner):
    """Add noise to a variable of neurons whose equations do not read it.

    Parameters
    ----------
    owner : PlasticSynapses
        The projection whose rule explores, of which it is a part.
    target : group
    port, statement : str
        The variable with the noise, and how it is added.
    phase : Phase
    """

    add_to_magic_network = False

    def __init__(self, owner, target, port, statement, phase):
        self.port, self.part = port, target
        super().__init__(
            target,
            "stateupdate",
            code=statement,
            clock=target.clock,
            name=f"{owner.name}_{port}*",
            **phase,
        )
        owner.contained_objects.append(self)


def open_ports(rule, target, onto, summed_at, reader):
    """Add the variables into which a rule draws noise, where a group of this package has none;
    return the arguments of the injections. Raise if other neurons lack one.
    """
    return [
        (port, *place_of(port, target, onto, summed_at, reader))
        for port in rule.noises
        if port not in target.variables or port in opened(target)
    ]


def place_of(port, target, onto, summed_at, reader):
    """Return the statement that adds noise, and its phase; make the variable `port`."""
    group = parent_group(target)
    opens = declared(group, "opens", {})
    if port not in opens or (opens[port] is None and receives_spikes(group, onto)):
        raise ValueError(
            f"{reader} draws the variable '{port}' of '{group.name}', which must have it as"
            f" {HAVE.get(port, 'some neurons')} of this package do. In a NeuronGroup of your own,"
            f" write '{port} : 1', and {ADDED.get(port, 'read it')} in its equations."
        )
    if port not in group.variables:
        group.settle(opened=(*opened(group), port))
    add_variable(target, port)
    if opens[port] is None:
        return f"{onto} += {port}", summed_at.behind(BEHIND_SUM)
    statement, phase = opens[port]
    return statement, phase.behind(BEHIND_FUNCTION)


def opened(target):
    """Return the variables of noise that rules have added to a group."""
    return getattr(parent_group(target), "opened", ())


def share(synapses, runner, code):
    """Let the first of the projections that explore a group draw, and no other; raise if they
    would draw differently.

    Parameters
    ----------
    synapses : PlasticSynapses
    runner : BrianObject
        Draws its noise, by the statements `code`.
    """
    parts = explorers(synapses)
    for other in parts[1:]:
        check_equal(parts[0], other)
    runner.active = parts[0] is synapses
    runner.abstract_code = f"{code}\n{while_learning(runner.group, parts, synapses.rule.noises)}"
    for one in synapses.injections:
        earlier = [
            other
            for part in parts
            for other in part.injections
            if other.port == one.port and overlap(other.part, one.part)
        ]
        one.active = earlier[0] is one


def while_learning(cells, parts, noises):
    """Return statements that leave noise only while one of some projections is plastic."""
    flags = {f"_learns_{part.name}": part for part in parts}
    for flag, part in flags.items():
        if flag not in cells.variables:
            cells.variables.add_reference(flag, part, "plastic")
    learns = " or ".join(flags)
    return "\n".join(f"{name} = {name}*int({learns})" for name in noises)


def explorers(synapses):
    """Return the projections of its networks that explore a variable of its target as it does, in
    the order of their `Trials`, then of their names.
    """
    objects = [obj for network in networks_with(synapses) for obj in network.sorted_objects]
    found = {
        part.name: part
        for part in (*objects, synapses)
        if declares(part, "injections")
        and parent_group(part.target) is parent_group(synapses.target)
        and set(part.rule.noises) & set(synapses.rule.noises)
    }
    return sorted(found.values(), key=turn)


def turn(synapses):
    """Return the place of a projection among those that explore a group."""
    return synapses.turn, synapses.name


def check_equal(one, other):
    """Raise unless two projections draw the same noise."""
    if drawn(one) == drawn(other):
        return
    wordings = [
        f"'{part.name}' {', '.join(f'{name} = {text}' for name, text in drawn(part)[0].items())}"
        f"{''.join(f', {name} = {value:g}' for name, value in drawn(part)[1].items())}"
        for part in (one, other)
    ]
    raise ValueError(
        f"rules that explore '{parent_group(one.target).name}' share one draw, so they must draw"
        f" the same noise; got {' and '.join(wordings)}."
    )


def drawn(synapses):
    """Return the expressions of the noise of a projection, and the values of its parameters."""
    noises = synapses.rule.noises
    names = {name for text in noises.values() for name in get_identifiers(text)}
    return noises, {
        name: value_of(synapses, name) for name in synapses.rule.parameters if name in names
    }


def value_of(synapses, name):
    """Return the present value of a parameter of a rule; C++ standalone may know only the first."""
    try:
        return synapses.variables[name].get_value().item()
    except NotImplementedError:
        return float(synapses.rule.parameters[name])
