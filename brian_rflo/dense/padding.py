"""A private copy of the synapses whose rows are padded to whole cache lines, used while nothing
else reads them.

Brian2 stores the rows of a projection without gaps, so that most of them begin and end within a
cache line: vectors cross lines, and the numbers after the last whole vector are processed one by
one. In the copy each row begins and ends with a whole line; its last places repeat the last synapse
of the row and are never read. The statements are the same as in the ordinary loop, in the same
order, so the numbers are equal up to rounding. C++ standalone only. The copy is made when a pass or
a sum first needs it, and written back at trial boundaries at which other objects use these
variables, and at the end of the run.
"""

import numpy as np
from brian2 import prefs

from ..brian.borrowed import ArrayVariable, get_identifiers_recursively
from ..brian.conditional import is_standalone
from ..brian.processors import layout
from . import threads
from .choice import problems_within_trials, random_names, touches
from .code import POST, PRE
from .reading import boundary_runners
from .runners import Completing, pointer

LONGEST = 8192  # largest row; lanes are allocated on the stack


def problems(parts, objects, run_namespace):
    """Yield reasons against a padded copy in the coming run."""
    geometry = parts.synapses.geometry
    wanted = prefs["brian_rflo.padded_rows"]
    if not is_standalone():
        yield (
            "after an error within a run, which can happen on this target, updates would"
            " be lost in the copy"
        )
    elif wanted is False:
        yield "the preference brian_rflo.padded_rows is off"
    elif not has_lanes(geometry) and any(threads.problems(geometry)):
        is_whole = width(geometry) == geometry.n_post
        yield "its rows are whole lines" if is_whole else "on this processor it gains nothing"
    elif not has_lanes(geometry) and parts.transmitted:
        yield "what its synapses transmit is computed when it changes"
    elif geometry.inner == PRE:
        yield "it has too few postsynaptic neurons"
    elif geometry.n_post > LONGEST:
        yield f"its rows have more than {LONGEST} synapses"
    elif random_names(parts, run_namespace):
        yield "it draws random numbers"
    elif any(parts.synapses.variables.indices[name] in (PRE, POST) for name in parts.changed):
        yield "its statements write variables of neurons"
    else:
        used, changed = used_by(parts)
        yield from problems_within_trials(parts, objects, changed, used - changed)


def has_lanes(geometry):
    """Return whether rows of the copy are whole lines where Brian2's are not."""
    wanted = prefs["brian_rflo.padded_rows"]
    gains = geometry.n_post < layout().padded_below if wanted is None else wanted
    return bool(gains) and width(geometry) != geometry.n_post


def is_used_between_trials(parts, objects):
    """Return whether statements at the boundaries of trials use the copied variables."""
    used, _ = used_by(parts)
    ours = boundary_runners(parts.synapses)
    return any(
        obj.active and id(obj) in ours and touches(obj, parts.synapses)[0] & used for obj in objects
    )


def used_by(parts):
    """Return the synaptic variables that traces, learning and sums use, and those that they
    change.
    """
    variables = parts.synapses.variables
    names = get_identifiers_recursively(sorted(parts.names & set(variables)), variables)
    used = {
        name
        for name in names
        if name in variables
        and variables.indices[name] == "_idx"
        and isinstance(variables[name], ArrayVariable)
    }
    return used, used & parts.changed


def width(geometry):
    """Return the length of a row of the copy, in numbers: whole cache lines."""
    return threads.lines(geometry) * threads.per_line()


class Padding:
    """The padded copy of a projection, for its pass and sums."""

    loops, back = "padded.cpp", "write_back.cpp"

    def __init__(self, parts):
        self.synapses, (self.used, self.changed) = parts.synapses, used_by(parts)
        geometry = parts.synapses.geometry
        self.in_lanes = has_lanes(geometry)
        places = width(geometry) if self.in_lanes else geometry.n_post
        self.ranges = threads.Ranges.of(places, geometry.networks, threads.number_for(geometry))

    def seen_by(self, runner):
        """Return the template arguments for a runner; the arrays are made at the first call."""
        room = threads.LINE  # for the beginning of the first line
        geometry, stride = self.synapses.geometry, self.ranges.widest
        size = geometry.networks * self.ranges.count * geometry.n_pre * stride + room
        arrays = [
            (
                pointer(runner.variable(name)),
                runner.history(
                    f"padded_{size}_{name}", size, dtype=self.synapses.variables[name].dtype
                ),
                name in self.changed,
            )
            for name in sorted(self.used)
        ]
        return dict(
            loops=self.loops,
            back=self.back,
            in_lanes=self.in_lanes,
            stride=stride,
            places=self.ranges.places,
            ranges=self.ranges,
            line=threads.LINE,
            arrays=arrays,
            is_there=runner.history("is_padded", 1, dtype=np.int32),
            there="",
            looked="",
        )


class WriteBack(Completing):
    """Write the copy back at the end of a trial whose boundary uses it, and at the end of the
    run.
    """

    def __init__(self, synapses):
        super().__init__(synapses, "write_back")
        self.trial = 0

    def compose(self, run_namespace):
        self.padded = self.boundaries() | dict(trial=self.trial)
        self.history("is_padded", 1, dtype=np.int32)
        self.group.variables["_history_is_padded"].set_value(0)
