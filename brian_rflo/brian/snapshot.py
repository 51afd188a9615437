"""The state of a network on the runtime targets, kept in memory and given back: what the next time
step depends on, to the bit.
"""

from contextlib import contextmanager

from brian2 import get_device

from .random_numbers import drawn_ahead, tells_what_is_ahead

#: Memory of random numbers that Cython code has drawn ahead while other numbers were set aside, by
#: kind. Brian2 before 2.11 keeps pointers to it; it is used again, so that none is lost.
SPARE = {}


@contextmanager
def nothing_changes(network, monitors):
    """Context of a run after which a network is as it was before: time, variables, spikes on their
    way and random numbers.

    Parameters
    ----------
    network : Network
    monitors : list of Monitor
        Monitors that record in the context and forget it afterwards.
    """
    state, time = state_of(network, monitors), network.t_
    lengths = [(monitor, len(monitor.t)) for monitor in monitors if monitor.active]
    with random_numbers_set_aside():
        try:
            yield
        finally:
            for monitor, length in lengths:
                monitor.resize(length)
            for obj, values in state:
                obj._restore_from_full_state(values)
            network.t_ = time


def state_of(network, monitors):
    """Return the objects and clocks of a network but for monitors, with copies of what changes in
    them.
    """
    objects = [obj for obj in network.sorted_objects if not any(obj is one for one in monitors)]
    clocks = list({obj.clock.name: obj.clock for obj in objects}.values())
    return [(obj, changing(obj)) for obj in (*objects, *clocks) if hasattr(obj, "_full_state")]


def changing(obj):
    """Return the state of an object, without connections, which do not change."""
    variables = getattr(obj, "variables", {})
    return {
        name: value
        for name, value in obj._full_state().items()
        if not (name in variables and variables[name].constant and variables[name].read_only)
    }


@contextmanager
def random_numbers_set_aside():
    """Context after which random numbers go on as if none had been drawn in it."""
    device = get_device()
    state = device.get_random_state()
    for name, (numbers, used) in drawn_ahead(device).items():
        if not tells_what_is_ahead(device):
            numbers[:] = SPARE.get(name, 0)  # the code frees it before it draws others
        used[:] = 0
    try:
        yield
    finally:
        if not tells_what_is_ahead(device):
            SPARE.update(
                {name: int(numbers[0]) for name, (numbers, _) in drawn_ahead(device).items()}
            )
        device.set_random_state(state)
