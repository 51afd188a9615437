"""One network of a sweep: a part that runs in a fresh Brian2."""

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

#: Preferences that do not affect numbers: those of messages, and one that is always off here,
#: because Control-C would otherwise shorten a training silently.
INDIFFERENT = ("logging.", "core.stop_on_keyboard_interrupt")


@dataclass(frozen=True)
class SweptNetwork(Part):
    """One network of a sweep: a `Part` that calls a function of the user's.

    Parameters
    ----------
    device : str or None
        Device of Brian2.
    preferences : dict
        Preferences of Brian2.
    errors : dict
        NumPy's handling of divisions by zero and overflows, as for `numpy.errstate`.
    """

    device: str | None = None
    preferences: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)

    def common(self):
        """Return everything that decides the numbers of all networks of the sweep, as text by
        name.
        """
        chosen = {
            name: repr(value)
            for name, value in self.preferences.items()
            if not name.startswith(INDIFFERENT) and value != default_preference(name)
        }
        surroundings = {"preferences of Brian2": repr(chosen), "the device": str(self.device)}
        return super().common() | surroundings

    def compute(self, progress):
        """Call the function in a fresh Brian2, and return its result as arrays."""
        first = self.first_random()
        with np.errstate(**self.errors), new_brian(self.device, self.preferences, first):
            arrays = arrays_of(
                self.function(**{name: copied(value) for name, value in self.arguments.items()}),
                self.function,
            )  # which may change what it is given
        return arrays | {"about": np.array(json.dumps(self.began))}

    def first_random(self):
        """Return the seed of Brian2's random numbers: the argument ``seed``, else a digest of all
        arguments.
        """
        given = self.arguments.get("seed")
        return (
            given
            if type(given) is int and 0 <= given < 2**32
            else int(digest(described(self.arguments)), 16) % 2**32
        )


def networks_of(function, settings, device):
    """Return the networks of a sweep, each with a unique name."""
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
    """Return a copy of an argument, which the function may change; the value itself if it cannot be
    copied, such as a module.
    """
    try:
        return deepcopy(value)
    except Exception:
        return value


def default_preference(name):
    """Return the default value of a preference of Brian2."""
    category, _, last = name.rpartition(".")
    return prefs.pref_register[category][0][last].default


@contextmanager
def new_brian(device, preferences, number):
    """Run the context in a Brian2 as in a new Python process, with given preferences and seed;
    restore everything afterwards.
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
    """Run the context on a device, if given; each program is built in the folder of the previous
    one.
    """
    if not name:
        return nullcontext()
    return devices.device(name, devices.own_folder(os.getpid()) / "program")


@contextmanager
def new_clock():
    """Provide a default clock at its start, with a time step of 0.1 ms."""
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
    """Name objects as in a new Python process; Brian2 breaks ties by name."""
    tracked = Nameable.__instances__()
    others = set(tracked)
    tracked.clear()
    try:
        yield
    finally:
        tracked.update(one for one in others if one() is not None)


@contextmanager
def own_random_numbers():
    """Restore the random generators of Python and NumPy (which is Brian2's) afterwards."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        devices.runtime().seed()  # for numbers that Brian2 has drawn in advance
        np.random.set_state(numpy)


def set_preferences(values):
    """Set the given preferences, as far as they exist here."""
    for name, value in values.items():
        if name in prefs and prefs[name] != value:
            prefs[name] = value
