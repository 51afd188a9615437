"""One network of a sweep: a piece of work, in a Brian2 in which nothing has happened."""

import gc
import json
import os
import random
import re
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field, replace

import numpy as np
from brian2 import Clock, Nameable, get_device, ms, prefs, start_scope
from brian2 import seed as seed_brian

from ..brian import devices
from ..crews.part import Part
from ..identity import described, digest
from .returned import arrays_of
from .words import short

#: Preferences that decide no number: those of messages, and one that is always off here, lest
#: Control-C make a short training of a long one.
INDIFFERENT = ("logging.", "core.stop_on_keyboard_interrupt")


@dataclass(frozen=True)
class SweptNetwork(Part):
    """A network of a sweep: a `Part` whose function knows nothing of parts.

    Parameters
    ----------
    device : str or None
        Where Brian2 runs.
    preferences : dict
        Those of Brian2.
    errors : dict
        What NumPy does at a division by zero or an overflow, as `numpy.errstate` takes it.
    """

    device: str | None = None
    preferences: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)

    def common(self):
        """What decides the numbers of all networks of the sweep, as text by name."""
        chosen = {
            name: repr(value)
            for name, value in self.preferences.items()
            if not name.startswith(INDIFFERENT) and value != default_preference(name)
        }
        surroundings = {"preferences of Brian2": repr(chosen), "the device": str(self.device)}
        return super().common() | surroundings

    def compute(self, progress):
        """What the function returns, as arrays, from a Brian2 in which nothing has happened."""
        first = self.first_random()
        with np.errstate(**self.errors), new_brian(self.device, self.preferences, first):
            arrays = arrays_of(
                self.function(**{name: copied(value) for name, value in self.arguments.items()}),
                self.function,
            )  # which may change what it is given
        return arrays | {"about": np.array(json.dumps(self.began))}

    def first_random(self):
        """Where the random numbers of Brian2 begin: at the argument ``seed``; else at a number that
        stands for all arguments.
        """
        given = self.arguments.get("seed")
        return (
            given
            if type(given) is int and 0 <= given < 2**32
            else int(digest(described(self.arguments)), 16) % 2**32
        )


def networks_of(function, settings, device):
    """The networks of a sweep, each with a name of its own."""
    names = [
        re.sub(
            r"[^\w.=+-]+", "", "_".join(f"{name}={short(value)}" for name, value in one.items())
        )[:120]
        for one in settings
    ]
    if len({name.lower() for name in names}) < len(names):
        names = [f"{name}_{digest(described(one))[:6]}" for name, one in zip(names, settings)]
    preferences = {name: prefs[name] for name in prefs}
    here = {"device": device, "preferences": preferences, "errors": np.geterr()}
    networks = [
        SweptNetwork(name, function, one, 1.0, **here) for name, one in zip(names, settings)
    ]
    common = networks[0].common()
    return [replace(network, began=common | network.particular()) for network in networks]


def copied(value):
    """A copy of an argument, which the function may change; the value itself where there are no
    copies, as of modules.
    """
    try:
        return deepcopy(value)
    except Exception:
        return value


def default_preference(name):
    """What a preference of Brian2 is if nobody changes it."""
    category, _, last = name.rpartition(".")
    return prefs.pref_register[category][0][last].default


@contextmanager
def new_brian(device, preferences, number):
    """A Brian2 as in a new Python, but for its preferences, with random numbers that begin at
    `number`; afterwards it is as it was, in a new scope.
    """
    gc.collect()  # what networks before this one have left
    before = {name: prefs[name] for name in prefs}
    try:
        set_preferences(preferences | {"core.stop_on_keyboard_interrupt": False})
        with new_clock(), new_names(), own_random_numbers(), on_device(device):
            own = get_device()
            start_scope()
            random.seed(number)
            np.random.seed(number)  # which seed of a standalone device leaves alone
            seed_brian(number)
            yield
            if get_device() is not own:
                raise RuntimeError(
                    "the function has called set_device; leave that to the sweep, which gives "
                    "each process a folder of its own: sweep(..., device='cpp_standalone')"
                )
    finally:
        set_preferences(before)
        start_scope()


def on_device(name):
    """Run on a device, if one is given, each program in the folder of the last."""
    if not name:
        return nullcontext()
    return devices.device(name, devices.own_folder(os.getpid()) / "program")


@contextmanager
def new_clock():
    """A default clock of 0.1 ms at its beginning, whatever its time and time step were."""
    runtime = devices.runtime()
    before, runtime.defaultclock = runtime.defaultclock, Clock(dt=0.1 * ms, name="defaultclock")
    try:
        yield
    finally:
        if get_device() is not runtime:
            devices.reset()
        runtime.defaultclock = before


@contextmanager
def new_names():
    """Give objects the names that they have in a new Python: Brian2 breaks ties by name."""
    tracked = Nameable.__instances__()
    others = set(tracked)
    tracked.clear()
    try:
        yield
    finally:
        tracked.update(one for one in others if one() is not None)


@contextmanager
def own_random_numbers():
    """Let those of Python and NumPy, which are Brian2's, go on afterwards where they were."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        devices.runtime().seed()  # for numbers that Brian2 has drawn in advance
        np.random.set_state(numpy)


def set_preferences(values):
    """Set those of the preferences that exist here."""
    for name, value in values.items():
        if name in prefs and prefs[name] != value:
            prefs[name] = value
