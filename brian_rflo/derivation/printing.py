"""Readable description of a derived rule: its quantities, where they are stored, and their
equations in the order of a time step.
"""

from ..brian.borrowed import word_substitute

LONGEST = 24
MODES = {
    "ignore": "ignored",
    "detach": "detached: the trace sees it with the time of the spike held fixed",
    "surrogate": "follows the pseudo-derivative",
}


def printed(rule):
    """Return the text of a derived rule."""
    text, found = rule.text, rule.derivation
    title = f"Rule of weights w onto {rule.onto} of '{text.name}', which sends {text.activity}"
    parts = [
        (f"on each presynaptic cell ({listed(found.placement.on_cells)})", found.pre_advance),
        (
            "once for each neuron, before the step",
            shortened(found.code("before"), found.stored["before"]),
        ),
        (
            "once for each neuron, before threshold and reset",
            "\n".join([*gain(text), found.code("slope")]),
        ),
        ("once for each neuron, before its reset", found.code("reset")),
        (
            "resets",
            "\n".join(
                f"{name}: {MODES[mode]}" for name, mode in modes(text, found.placement).items()
            ),
        ),
        (f"on each synapse ({listed(found.placement.on_synapses)})", rule.advance),
        ("once for each neuron, at the end of the step", found.code("end")),
        ("weight change of a step", f"learning_rate*{rule.update}"),
    ]
    sections = [f"{heading}:\n{indented(body.strip())}" for heading, body in parts if body.strip()]
    return "\n".join([title, *sections])


def gain(text):
    """Return the pseudo-derivative as text, if there is one."""
    if not text.surrogate:
        return []
    gates = "".join(f"*int({condition})" for condition in text.conditions[1])
    return [f"gain = {word_substitute(text.surrogate, {'u': f'({text.distance})'})}{gates}"]


def modes(text, placement):
    """Return the treatment of resets by the trace of each variable, as text."""
    traced = (*placement.on_cells, *placement.on_synapses)
    return {name: mode_of(text, placement, name) for name in text.resets if name in traced}


def mode_of(text, placement, name):
    """Return the treatment of resets by the trace of a variable."""
    return "ignore" if name in text.ignore else "surrogate" if name in placement.jumps else "detach"


def listed(names):
    """Return traces by name, as text."""
    return ", ".join(names) or "no trace"


def shortened(code, outputs):
    """Return code; if it is long, the number of its lines."""
    lines = code.splitlines()
    return (
        code
        if len(lines) <= LONGEST
        else (
            f"{', '.join(outputs)}: {len(lines)} lines of code, the integrator's own,"
            " differentiated (derivation.code('before'))"
        )
    )


def indented(text):
    """Return a text with every line indented."""
    return "\n".join(f"    {line}" for line in text.splitlines())
