"""The strings of rules as a reader wants to see them."""

import dataclasses

from brian2 import ms

from brian_rflo import RFLO

#: Strings of a rule, in the order of a step.
STRINGS = (
    "transmits",
    "explores",
    "brings",
    "pre_traces",
    "pre_advance",
    "post_traces",
    "post_advance",
    "traces",
    "advance",
    "summed",
    "update",
    "rate_gradient",
    "reset",
)

#: Of those, what a rule need not say.
DEFAULTS = {"transmits": "w"}

#: Arguments of rules whose fields are no numbers.
OTHERS = {"ModProp": dict(tau=10 * ms, types=(8, 2), weights=[[0.1, 0.1], [-0.4, -0.4]])}


def made(kind):
    """A rule of a class, whatever the numbers; what they are is nowhere shown."""
    needed = [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is field.default_factory is dataclasses.MISSING
    ]
    if kind.__name__ in OTHERS:
        return kind(0.03, **OTHERS[kind.__name__])
    values = {name: 10 * ms if name.startswith("tau") else 0.03 for name in needed}
    return kind(**values | ({"rule": RFLO(0.03, tau=10 * ms)} if "rule" in needed else {}))


def strings_of(rule):
    """The strings of a rule as a reader wants to see them."""
    there = {}
    for name in STRINGS:
        given = getattr(rule, name)
        if isinstance(given, dict):
            there |= {f"{name}, {key}": text.strip() for key, text in given.items() if text}
        elif given and given != DEFAULTS.get(name):
            there[name] = given.strip()
    return "\n\n".join(
        f"{name}:\n"
        + "\n".join(f"    {line.strip()}" for line in text.replace("; ", "\n").splitlines())
        for name, text in there.items()
    )
