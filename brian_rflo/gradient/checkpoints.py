"""Trials that are too long to keep all of their steps: only the last segment is recorded, with the
state at the beginning of each segment, from which earlier segments run once more on the way back.

With T steps of which each takes r bytes, segments of S steps, and states of s bytes, that is
``S r + T s/S`` bytes in place of ``T r``.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from brian2 import BrianObject

from .. import schedule
from ..brian.conditional import Conditional, is_standalone
from ..brian.quantities import is_number
from ..brian.repeating import State, clocks_of, run_again, runners_of
from ..synapses.kinds import plastic_of
from .graph import MONITORS
from .operations import BLOCK, Key
from .recorder import Recorder

if TYPE_CHECKING:
    from .graph import Graph

#: Bytes that are kept of a trial unless the user says how many.
MEMORY = 1e9
#: How far a segment that runs again in compiled code may lie from when it ran first, relatively.
CLOSE = 1e-9
#: Before all steps.
FIRST = schedule.ARRANGE.behind()


class Checkpoints(Conditional, BrianObject):
    """The states of a network at the beginning of each segment of a trial.

    Parameters
    ----------
    net : TrialNetwork
    graph : Graph
    segment : int
        Number of steps of a segment.
    """

    add_to_magic_network = False
    #: Fast loops ignore it.
    touches_synapses = False

    def __init__(self, net, graph: Graph, segment: int):
        self.run_when(f"{{step}} % {net.task.n_steps} % {segment} == 0")
        BrianObject.__init__(self, clock=net.trials.clock, name="gradient_checkpoints*", **FIRST)
        self.net, self.graph, self.segment = net, graph, segment
        self.state, self.copies, self.runners = None, [], []

    def __del__(self):
        """Silence Brian2's unused-object warning: a run that is refused is an error."""

    def before_run(self, run_namespace):
        """Begin with nothing."""
        super().before_run(run_namespace)
        self.state, self.copies, self.runners = None, [], []

    def work(self):
        """Keep the state where a segment begins."""
        if self.state is None:
            self.state = state_of(self.net)
        before = self.copies[-1] if self.copies else None
        if self.timestep[0] % self.net.task.n_steps == 0:
            self.copies.clear()
        self.copies.append(self.state.copy(before))

    @contextmanager
    def returning(self):
        """Context in which segments run again; afterwards the network is as it was before."""
        now = self.state.copy(self.copies[-1])
        try:
            yield
        finally:
            self.state.give_back(now)

    def bring(self, segment: int) -> None:
        """Let recorders have what they recorded in a segment, other than the last one, by running
        it once more.

        Raises
        ------
        RuntimeError
            If it does not end as when it ran first.
        """
        if segment == len(self.copies) - 1:
            return
        if not self.runners:
            runners = runners_of(self.net.sorted_objects, self.clock.dt_)
            self.runners = [one for one in runners if self._runs(one)]
        self.state.give_back(self.copies[segment])
        run_again(self.runners, clocks_of(self.runners, self.clock.dt_), self.segment)
        self._check(segment)

    def _runs(self, runner):
        """Return whether an object runs again: neither monitors, nor what learns, nor recorders of
        another gradient of the same trials.
        """
        is_other = isinstance(runner.group, Recorder) and not self._is_own(runner.group)
        return not isinstance(runner, MONITORS) and not self.graph.rests(runner) and not is_other

    def _is_own(self, recorder):
        return any(recorder.name == one.name for one in self.graph.recorders.values())

    def _check(self, segment):
        """Raise unless what the loss depends on is as where the next segment began first."""
        for variable, was in zip(self.state.variables, self.copies[segment + 1][0]):
            now, key = variable.get_value(), Key(variable.owner.name, variable.name)
            if key not in self.graph.wanted:
                continue
            size = np.abs(was).max(initial=0.0)
            if not np.allclose(now, was, rtol=0, atol=CLOSE * size, equal_nan=True):
                raise RuntimeError(
                    f"gradient: {key} is not the same when steps run a second time, which bounds"
                    " the memory; something outside the network's own statements changes it. Write"
                    f" memory={memory_of(self.graph, self.graph.span.steps):.2g} to keep all steps."
                )


def state_of(net, others=()) -> State:
    """Return the state of a network, without what has been recorded, and without what learns, which
    rests, but for some other variables.
    """
    objects = net.sorted_objects
    owners = [one for one in objects if not isinstance(one, (*MONITORS, Recorder))]
    left_out = resting_of(owners) - {id(variable) for variable in others}
    return State(owners, clocks_of(owners, net.trials.clock.dt_), left_out, others)


def resting_of(objects):
    """Return the variables that have a value for each synapse of projections that learn, and that
    do not change within a trial, or do not matter: by `id`.
    """
    return {
        id(variable)
        for one in plastic_of(objects)
        for name, variable in one.variables.items()
        if one.variables.indices[name] == "_idx"
    }


def memory_of(graph: Graph, segment: int, state: int = 0) -> int:
    """Return the bytes that are kept of a trial, with segments of some steps and states of some
    bytes.
    """
    recorders, span = graph.recorders.values(), graph.span
    rows = segment if segment < span.steps else span.steps * span.trials
    values = rows * sum(recorder.size(False) for recorder in recorders)
    values += span.trials * sum(recorder.size(True) for recorder in recorders)
    values += sum(len(recorder) for recorder in recorders) + sum(one.room for one in graph.needed)
    segments = -(-span.steps // segment)
    return 8 * values + (state * (segments + 1) if segments > 1 else 0)


def segment_for(memory: float, graph: Graph, state: int) -> int:
    """Return the largest number of steps of a segment with which a trial takes at most `memory`
    bytes.

    Raises
    ------
    ValueError
        If there is none.
    """
    steps = graph.span.steps
    if is_standalone():
        lengths = [steps]
    else:
        blocks = -(-steps // BLOCK)
        shorter = {-(-blocks // parts) * BLOCK for parts in range(2, blocks + 1)}
        lengths = [steps, *sorted((one for one in shorter if one < steps), reverse=True)]
    sizes = [memory_of(graph, length, state) for length in lengths]
    for length, size in zip(lengths, sizes):
        if size <= memory:
            return length
    unit = 10 ** (len(str(min(sizes))) - 2)
    least = (min(sizes) // unit + 1) * unit
    why = " C++ standalone keeps all steps of all trials." if is_standalone() else ""
    raise ValueError(
        f"gradient: memory must be at least {min(sizes):,} bytes for {graph.span.trials} trial(s)"
        f" of {steps} steps of this network; got {memory:g}.{why} Write memory={float(least):g}."
    )


def check_memory(memory) -> None:
    """Raise unless a number of bytes is one."""
    if not is_number(memory) or memory <= 0:
        raise ValueError(
            f"memory must be a number of bytes, above 0; got {memory!r}. Write memory={MEMORY:g}."
        )
