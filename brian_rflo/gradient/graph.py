"""The operations of a network's time step, in order, and what of them the gradient needs.

Active are the variables that something asked for can change and on which the loss depends. What an
object does to an active variable must be known; else it is refused, with its statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from brian2 import CodeRunner, EventMonitor, PopulationRateMonitor, StateMonitor

from ..brian.borrowed import (
    ArrayVariable,
    Resetter,
    SummedVariableUpdater,
    SynapticPathway,
    Thresholder,
    get_identifiers,
)
from ..brian.conditional import is_conditional
from ..brian.declared import declared
from ..brian.private import is_python
from ..brian.statements import written
from ..derivation.calculus import assignments
from ..neurons.base import parent_group
from ..synapses.delays import is_delayed
from ..synapses.ends import at_any_time
from ..synapses.kinds import is_plastic
from ..synapses.missing import code_of
from ..synapses.sums import is_addition, is_summing
from .arrivals import arrivals, is_synapses
from .delays import Delayed
from .operations import Key, Operation, key_of, spikes_of
from .recorder import Recorder
from .refusals import refuse_cut, refuse_python, refuse_unknown
from .spikes import Reset, Threshold
from .statements import Statements
from .sums import Sum
from .text import GroupText, is_part

if TYPE_CHECKING:
    from brian2 import BrianObject
    from numpy.typing import NDArray


MONITORS = (EventMonitor, PopulationRateMonitor, StateMonitor)


class Unknown(Operation):
    """An object that cannot be run backwards, which matters only if it changes an active variable.

    Parameters
    ----------
    runner : BrianObject
    changes : dict of Key to set of Key
        What it changes, with all that the new value may depend on.
    why : str
        What is wrong with it, and what to write.
    """

    def __init__(self, runner, changes, why):
        super().__init__(runner)
        self.changes, self.why = changes, why

    def edges(self):
        """Return what it changes, with all that the new value may depend on."""
        return self.changes


class Graph:
    """The operations of a time step.

    Parameters
    ----------
    objects : list of BrianObject
        The network's objects, in the order of a step.
    n_steps : int
        Steps of a trial.
    dt : float
        The time step, in seconds.
    namespace : dict
        The namespace of the run.
    asked : dict of str to dict
        Constants by which derivatives were asked for: keys by name, by the name of the group.
    resets : dict
        Modes of resets by ``(group, variable)``.
    cut : set
        Links without a derivative: ``(group, variable, by)``, and ``(projection,)``.
    """

    def __init__(self, objects, n_steps, dt, namespace, asked, resets, cut=frozenset()):
        self.objects, self.n_steps, self.dt, self.namespace = objects, n_steps, dt, namespace
        self.asked, self.resets, self.cut = asked, resets, cut
        self.texts, self.thresholds, self.recorders = {}, {}, {}
        self.guarded = None
        self.operations = []
        for obj in objects:
            self.operations += self._with_its_time_step(obj, self._read(obj))
        self.active, self.needed = set(), []

    # ------------------------------------------------------------ reading
    def text(self, group) -> GroupText:
        """Return the names in the code of a group."""
        if group.name not in self.texts:
            asked = self.asked.get(group.name, {})
            self.texts[group.name] = GroupText(strong(group), self.namespace, asked)
        return self.texts[group.name]

    def group_of(self, variable):
        """Return the group that a variable belongs to."""
        return strong(variable.owner)

    def _read(self, obj: BrianObject) -> list[Operation]:
        """Return the operations of an object."""
        if is_python(obj):
            refuse_python(obj)
        runs = is_summing(obj) if isinstance(obj, SummedVariableUpdater) else obj.active
        if not isinstance(obj, CodeRunner) or not runs or self.rests(obj):
            return []
        if isinstance(obj, MONITORS) or getattr(obj, "group", None) is None:
            return []
        if isinstance(obj, SummedVariableUpdater):
            return [Sum(obj, self.text(obj.group))]
        if isinstance(obj, Thresholder):
            return self._threshold(obj)
        if isinstance(obj, Resetter):
            return self._reset(obj)
        if isinstance(obj, SynapticPathway):
            return self._pathway(obj)
        return self._statements(obj)

    def _with_its_time_step(self, obj, operations):
        """Return the operations of an object, which must have the time step of the trials."""
        if not operations or obj.clock.dt_ == self.dt:
            return operations
        changes = {}
        for operation in operations:
            for key, by in operation.edges().items():
                changes[key] = changes.get(key, set()) | by
        return [Unknown(obj, changes, "give it the time step of the trials, without dt=")]

    def rests(self, obj):
        """Return whether an object is part of the learning of a projection, which rests."""
        if self.guarded is None:
            parts = [one for one in self.objects if is_plastic(one)]
            own = [one for part in parts for one in (*part.placed.values(), *part.dense.own)]
            sums = {id(one) for part in parts for one in part.dense.sums}
            self.guarded = {
                id(one) for one in own if not isinstance(one, SummedVariableUpdater)
            } - sums
        return id(obj) in self.guarded or declared(obj, "is_learning", False)

    def _threshold(self, obj):
        if obj.event != "spike":
            return []
        found = Threshold(obj, self.text(obj.group))
        self.thresholds[obj.group.name] = found
        return [found]

    def _reset(self, obj):
        if obj.event != "spike":
            return self._unknown(obj, code_of(obj), "events other than spikes change it")
        return [Reset(obj, self.text(obj.group), self.thresholds[obj.group.name])]

    def _pathway(self, obj):
        code, text = code_of(obj), self.text(obj.synapses)
        if obj.prepost == "post" or "spike" not in obj.event:
            return self._unknown(obj, code, "let presynaptic spikes add to it")
        try:
            found = arrivals(obj, text, at_any_time(code))
        except (ValueError, SyntaxError) as error:
            return self._unknown(obj, code, str(error).removeprefix("gradient: "))
        indices = obj.synapses.variables.indices
        own = self._unknown(obj, code, "spikes change it, and what they transmit is constant")
        own[0].changes = {
            key: by
            for key, by in own[0].changes.items()
            if key.owner == obj.synapses.name
            or all(key != key_of(obj.synapses.variables[name]) for name in targets(code, indices))
        }
        return [*found, *own]

    def _statements(self, obj):
        """Return statements of a group."""
        code = code_of(obj)
        if not code and obj is getattr(obj.group, "state_updater", None):
            obj.update_abstract_code(self.namespace)
            code = obj.abstract_code
        if is_addition(obj):
            code = obj.statement(self.objects)
        if is_delayed(obj.group):
            return [
                Delayed(obj, strong(obj.group), name)
                for name, taker in obj.group.takers.items()
                if taker is obj
            ]
        if not code or not isinstance(code, str):
            return []
        if is_synapses(obj.group):
            return self._unknown(obj, code, "statements of synapses change it")
        group, part = obj.group, None
        if is_part(group):
            if {"i", "N"} & get_identifiers(code):
                return self._unknown(obj, code, "in a part of a group, i and N are its own")
            group, part = parent_group(group), slice(group.start, group.stop)
        try:
            found = Statements(obj, code, self.text(group), part)
        except (ValueError, SyntaxError) as error:
            return self._unknown(obj, code, str(error).removeprefix("gradient: "))
        if is_conditional(obj):
            holds = eval(f"lambda step: bool({obj.condition.format(step='step')})")
            steps = [step for step in range(2 * self.n_steps) if holds(step)]
            first = [step for step in steps if step < self.n_steps]
            if [step + self.n_steps for step in first] != steps[len(first) :]:
                return self._unknown(obj, code, "it runs in some trials only")
            found.holds, found.is_at_start = set(first).__contains__, first == [0]
        return [found]

    def _unknown(self, obj, code, why):
        """Return an object that must not change an active variable."""
        group, lines = obj.group, []
        if isinstance(obj, SynapticPathway):
            group = obj.synapses
            if group.event_driven is not None:
                lines = [(name, str(value)) for name, value in group.event_driven.eq_expressions]
        variables, when = group.variables, self._when(obj)
        changes = {
            key_of(variables[name]): by | when
            for name, by in self.text(group).followed([*lines, *assignments(code)]).items()
            if isinstance(variables.get(name), ArrayVariable)
        }
        return [Unknown(obj, changes, why)]

    def _when(self, obj):
        """Return what the events depend on at which an object runs."""
        sender = strong(parent_group(getattr(obj, "source", obj.group)))
        condition = getattr(sender, "events", {}).get(getattr(obj, "event", None))
        if condition is None:
            return set()
        return {spikes_of(sender), *self.text(sender).graded(condition).values()}

    # ------------------------------------------------------------ choosing
    def choose(self, sources: set[Key], ends: set[Key]) -> None:
        """Choose the active variables and the operations on them; refuse what is not known."""
        links = {}
        for operation in self.operations:
            for key, by in operation.edges().items():
                links.setdefault(key, set()).update(by)
        wanted = closure(ends, links)
        backwards = {}
        for key, by in links.items():
            for other in by:
                backwards.setdefault(other, set()).add(key)
        reached = closure(sources, backwards)
        self.active, self.wanted = wanted & reached, wanted
        for operation in self.operations:
            found = set(operation.edges()) if isinstance(operation, Unknown) else ()
            wrong = [key for key in found if self._matters(key)]
            if wrong:
                refuse_unknown(operation, wrong)
        self.needed = [one for one in self.operations if set(one.edges()) & self.active]
        links = [key for key in self.cut if len(key) == 3]
        for name, by in sorted({key[1:] for key in links}):
            owners = sorted(key[0] for key in links if key[1:] == (name, by))
            if not any(self.cut_at(owner, name, by) for owner in owners):
                refuse_cut(owners, name, by)

    def _matters(self, key):
        """Return whether a variable must be changed by nothing unknown: an active one, and one of
        synapses on which derivatives depend, since it is read on the way back, where it must be as
        it was in each step.
        """
        sums = [one for one in self.operations if getattr(one, "synapses", None) is not None]
        is_factor = any(
            (by - {target}) & self.active
            for one in sums
            if one.synapses.name == key.owner and (key in self.wanted or key in one.discrete)
            for target, by in one.edges().items()
            if target in self.wanted
        )
        return is_factor or key in self.active

    def written(self, key: Key, size: int) -> NDArray:
        """Return which units of a variable anything writes; in others it is constant."""
        found = np.zeros(size, dtype=bool)
        for operation in self.operations:
            if key in operation.edges():
                found[operation.part or slice(None)] = True
        return found

    # ------------------------------------------------------------ what operations ask
    def cuts(self, group):
        """Return the links that are cut, ``(variable, by)``."""
        name = self.text(group).canonical
        links = [key[1:] for key in self.cut if len(key) == 3 and key[0] == group.name]
        return {(name(one), name(other)) for one, other in links}

    def cut_at(self, owner, name, by):
        """Return the statements of a group in which a dependence can be cut."""
        return [
            one
            for one in self.operations
            if getattr(one, "group", None) is not None
            and one.group.name == owner
            and one.depends(name, by)
        ]

    def is_cut(self, synapses):
        """Return whether what synapses carry has no derivative; their weights have one."""
        return (synapses.name,) in self.cut

    def modes(self, group):
        """Return the modes of resets that were chosen, by variable."""
        return {key[1]: mode for key, mode in self.resets.items() if key[0] == group.name}

    def prepare(self, span) -> None:
        """Differentiate all operations that are needed, and make their recorders, which keep what
        `span` says as soon as they are placed.
        """
        self.span = span
        for operation in self.needed:
            operation.prepare(self)

    def recorder(self, group) -> Recorder:
        """Return the recorder of a group."""
        if group.name not in self.recorders:
            # the same name in each run: compiled code, which contains it, is found again
            name = f"gradient_of_{group.name}"
            name += "*" * any(obj.name == name for obj in self.objects)
            self.recorders[group.name] = Recorder(group, self.span, name)
        return self.recorders[group.name]

    def record(self, operation, group, code, names):
        """Record values directly before an operation; None if there are none."""
        if not names:
            return None
        return self.recorder(strong(group)).record(
            operation.runner, code, names, operation.is_at_start
        )

    def record_spikes(self, group):
        """Record the spikes of a group."""
        return self.recorder(strong(group)).record_spikes()


def strong(group):
    """Return a strong reference to a group."""
    return group.before_run.__self__ if hasattr(group, "before_run") else group


def closure(known, links):
    """Return all keys that lead to, or from, some keys."""
    found, waiting = set(known), list(known)
    while waiting:
        for other in links.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def targets(code, indices):
    """Return the variables of postsynaptic neurons that statements of a pathway change."""
    return [name for name in written(code) if indices.get(name) == "_postsynaptic_idx"]
