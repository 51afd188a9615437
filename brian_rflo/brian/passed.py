"""Arguments of Brian2 that pass through the constructors of this package.

Those that would do nothing, or something else than they say, are refused where they are written.
All others are Brian2's: name, dt, clock, namespace, dtype, codeobj_class, multisynaptic_index, ...
One that nobody takes is an error of the class that the user wrote, not of Brian2's.
"""

import inspect
import re
from difflib import get_close_matches
from textwrap import shorten

from brian2 import NeuronGroup, StateMonitor, Synapses

OWN_SPIKES = (
    "what happens at a spike follows from onto and the rule. Write steps of a rule of your own"
    " (when='pre_spike'), or further Synapses beside it."
)
OWN_MODEL = (
    "equations, integrator and spikes belong to its model. Write DerivedNeurons(...), or a"
    " NeuronGroup, for a model of your own."
)
ONE_METHOD = "they are options of one integrator. Write method= too, for example method='exact'."
PLACES = "its parts have their places in the time step, see brian_rflo.schedule. Leave it out."
#: How Python says that a constructor does not take an argument, or is given it by a subclass.
REFUSAL = (
    r"(?:[\w.]+\.)?(\w+)\.__init__\(\) got (?:an unexpected|multiple values for) keyword argument"
    r" '(\w+)'"
)
#: Refused arguments, each with the reason, by the class of Brian2.
REFUSED = {
    Synapses: {
        **dict.fromkeys(("model", "on_pre", "on_post", "pre", "post", "on_event"), OWN_SPIKES),
        **dict.fromkeys(
            ("method", "method_options"),
            "its traces are integrated as its target is. Give it to the target.",
        ),
        "order": PLACES,
    },
    NeuronGroup: {
        **dict.fromkeys(
            ("model", "method", "method_options", "threshold", "reset", "refractory"), OWN_MODEL
        ),
        "order": PLACES,
    },
    StateMonitor: {
        **dict.fromkeys(
            ("dt", "clock", "when", "order"),
            "it records at a time of the trial. Write step= or every= of TrialMonitor for another"
            " one.",
        ),
        **dict.fromkeys(
            ("record", "variables"), "it records all. Write TrialMonitor(...) for a part."
        ),
    },
}


def check_passed(obj, init, arguments):
    """Raise if arguments of a constructor `init`, which it would pass on to Brian2, are refused."""
    reasons = next((found for kind, found in REFUSED.items() if isinstance(obj, kind)), {})
    if not set(arguments) & {*reasons, "events"}:
        return
    own = inspect.signature(init).parameters
    if inspect.Parameter.VAR_KEYWORD not in {one.kind for one in own.values()}:
        return
    if "method" in own:  # options of the integrator that the user chooses
        chosen = arguments.get("method")
        is_one = isinstance(chosen, str) or callable(chosen)
        reasons = reasons | {"method_options": None if is_one else ONE_METHOD}
    events = arguments.get("events")
    if isinstance(events, dict) and "spike" in events and "events" not in own:
        reasons = reasons | {"events": OWN_MODEL}
    taken = {*own, *getattr(type(obj), "taken_by_subclasses", ())}
    for name in arguments:
        if reasons.get(name) and name not in taken:
            value = arguments[name]
            raise TypeError(
                f"{type(obj).__name__} does not take {name} (got {name}={value!r}): {reasons[name]}"
            )


def unknown_argument(obj, arguments, error):
    """Return what to write in place of an argument that no constructor of a class takes, as text;
    None if an error says something else.

    A class may name arguments that are looked for in vain in `other_names`, with what to write.
    """
    found = re.match(REFUSAL, str(error))
    kind = type(obj)
    if found is None or found[1] not in {one.__name__ for one in kind.__mro__}:
        return None
    name = found[2]
    if name not in arguments:
        return None
    known = {
        one
        for each in kind.__mro__[:-1]
        for one, parameter in inspect.signature(each.__init__).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    near = get_close_matches(name, known - {"self"}, n=1)
    advice = getattr(kind, "other_names", {}).get(name) or (near and f"{near[0]}=") or ""
    shown = shorten(repr(arguments[name]), 60)
    told = f"{kind.__name__} has no argument {name} (got {name}={shown})"
    return f"{told}. Write {advice}." if advice else told
