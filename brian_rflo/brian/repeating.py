"""Steps of a run that run a second time within it, to the bit: on the runtime targets."""

import numpy as np
from brian2 import CodeRunner, Synapses, get_device

from .borrowed import ArrayVariable, SynapticPathway
from .conditional import is_conditional
from .private import has_state
from .random_numbers import drawn_ahead, tells_what_is_ahead


class State:
    """State on which the steps of a run depend: variables, spikes on their way, random numbers, the
    time.

    Parameters
    ----------
    objects : list of BrianObject
        The objects of the network of which it is the state.
    clocks : list of Clock
    left_out : set of int
        Variables that are not a part of it, by `id`.
    others : list of ArrayVariable
        Further variables.
    """

    def __init__(self, objects, clocks, left_out=frozenset(), others=()):
        owners = [obj for obj in objects if has_state(obj)]
        found = [clock.variables[name] for clock in clocks for name in ("timestep", "t")]
        found += others
        found += [variable for owner in owners for variable in changing_of(owner)]
        by_id = {id(variable): variable for variable in found if id(variable) not in left_out}
        self.variables = list(by_id.values())
        self.queues = [
            obj.queue
            for obj in objects
            if isinstance(obj, SynapticPathway) and obj.queue is not None
        ]

    @property
    def size(self) -> int:
        """Return the number of bytes that each copy takes: synapses rarely change within a run, and
        copies share what does not change.
        """
        values = [
            np.asarray(variable.get_value())
            for variable in self.variables
            if not isinstance(variable.owner, Synapses)
        ]
        return sum(array.nbytes for array in values)

    def copy(self, before=None):
        """Return a copy; what is as in the copy `before` is shared with it."""
        values = [np.asarray(variable.get_value()) for variable in self.variables]
        values += random_numbers_ahead()
        known = [None] * len(values) if before is None else before[0]
        kept = [
            old if old is not None and same(new, old) else np.array(new)
            for new, old in zip(values, known)
        ]
        random = random_state()
        if tells_what_is_ahead(get_device()):
            random |= {"rand_buffer": kept[-2], "randn_buffer": kept[-1]}
        return kept, random, [queue._full_state() for queue in self.queues]

    def give_back(self, copied) -> None:
        """Let the network be as when it was copied."""
        values, random, waiting = copied
        for variable, value in zip(self.variables, values):
            variable.get_value()[...] = value
        for queue, state in zip(self.queues, waiting):
            queue._restore_from_full_state(state)
        device = get_device()
        ahead = {name: numbers.copy() for name, (numbers, _) in drawn_ahead(device).items()}
        device.set_random_state(random)
        if not tells_what_is_ahead(device):
            for (numbers, _), known in zip(drawn_ahead(device).values(), ahead.values()):
                numbers[:] = known  # the memory stays where it is
        for memory, value in zip(random_numbers_ahead(), values[len(self.variables) :]):
            memory[: len(value)] = value


def changing_of(owner):
    """Return the variables of a group that may change in a run."""
    return [
        variable
        for variable in owner.variables.values()
        if isinstance(variable, ArrayVariable)
        and getattr(variable.owner, "name", None) == owner.name
        and not (variable.constant and variable.read_only)
    ]


def same(new, old):
    """Return whether two arrays are the same to the bit, as numbers; NaN is the same as NaN."""
    return new.shape == old.shape and bool(
        np.array_equal(new, old, equal_nan=np.issubdtype(new.dtype, np.floating))
    )


def random_numbers_ahead():
    """Return the memory of the random numbers that Cython code has drawn ahead, if Brian2 tells."""
    device = get_device()
    if not tells_what_is_ahead(device):
        return []
    return [numbers for numbers, _ in drawn_ahead(device).values()]


def random_state():
    """Return the state of the random numbers. Before Brian2 2.11, which does not tell what Cython
    code has drawn ahead, that is left out, and the code draws anew.
    """
    device = get_device()
    if not tells_what_is_ahead(device):
        for _, used in drawn_ahead(device).values():
            used[:] = 0
    return device.get_random_state()


def clocks_of(objects, dt):
    """Return the clocks of some objects that have a time step."""
    found = {obj.clock.name: obj.clock for obj in objects}
    return [clock for clock in found.values() if clock.dt_ == dt]


def runners_of(objects, dt):
    """Return the objects that run code in each step, in order."""
    return [
        obj for obj in objects if isinstance(obj, CodeRunner) and obj.active and obj.clock.dt_ == dt
    ]


def run_again(runners, clocks, steps: int) -> None:
    """Run some steps from the present state; each condition is asked by itself."""
    times = [
        (clock.variables["timestep"].get_value(), clock.variables["t"].get_value(), clock.dt_)
        for clock in clocks
    ]
    for _ in range(steps):
        for runner in runners:
            if not is_conditional(runner):
                runner.run()
            elif runner.holds(runner.timestep[0]):
                runner.work()
        for timestep, t, dt in times:
            timestep[0] += 1
            t[0] = timestep[0] * dt
