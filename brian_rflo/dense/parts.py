"""The ordinary and the dense objects of a projection, and the choice between them for the coming
run.
"""

from __future__ import annotations

import weakref
from itertools import chain
from typing import TYPE_CHECKING

from brian2 import BrianObject, get_logger

from .. import schedule
from ..brian import modules, vector_math
from ..brian.borrowed import get_identifiers
from ..brian.construction import networks_with
from ..brian.private import is_python
from ..brian.statements import written
from ..brian.step_loop import StepLoop
from . import filled, listing, padding, slices
from .choice import MARK, first, own_names, sets_its_own_activity, why_not_fused
from .reading import Reading
from .runners import Copies, DensePass, DenseSum, Transmitted, neuron_variables
from .ways import PASSING, WAYS

if TYPE_CHECKING:
    from ..brian.borrowed import SummedVariableUpdater
    from ..synapses.projection import Projection


logger = get_logger(__name__)


class DenseParts(BrianObject):
    """The dense replacements of a projection's ordinary objects. Before each run it activates one
    set or the other.

    Parameters
    ----------
    synapses : Projection
    summed : SummedVariableUpdater, optional
        Its sum; None for a projection that sends spikes.
    reading : Reading
        Properties of its steps, if it is plastic.

    Attributes
    ----------
    why_not_dense : str or None
        Reason why the last run used ordinary objects; None if it was dense.
    why_not_sparse : str or None
        Reason why it did not run as a pass over the synapses that there are; None if it did.
    why_not_sliced : str or None
        Reason why this pass was not in the order of a private copy (slices.py); None if it was.
    why_not_filled : str or None
        Reason why such a copy was not a full matrix (filled.py); None if it was.
    why_not_batched : str or None
        Reason why updates were not batched at the end of a trial; None if they were.
    why_not_blocked : str or None
        Reason why synapses that spikes read did not rest for blocks of steps; None if they did, or
        were batched.
    why_not_lazy : str or None
        Reason why all synapses were updated in each step; None if updates were lazy (at presynaptic
        spikes), blocked or batched. Each of the `WAYS` has such a reason.
    why_not_padded : str or None
        Reason why rows were not padded; None if they were.
    why_one_thread : str or None
        Reason why the loops that complete the synapses ran on one thread; None if threads shared
        them.
    """

    add_to_magic_network = False

    def __del__(self):
        """Silence Brian2's unused-object warning; the projection already raises it."""

    def __init__(
        self,
        synapses: Projection,
        summed: SummedVariableUpdater | None,
        reading: Reading = Reading(),
    ):
        BrianObject.__init__(
            self, clock=synapses.clock, name=f"{synapses.name}_dense*", **schedule.ARRANGE
        )
        learner, advancer = reading.learner, reading.advancer
        self.synapses, self.summed = weakref.proxy(synapses), summed
        self.learner, self.advancer = learner, advancer
        for name in ("dense", "sparse", "sliced", "filled", "padded", *(way.name for way in WAYS)):
            setattr(self, f"why_not_{name}", "it has not run yet")
        self.deferred = [runner for runner in (advancer, learner) if runner is not None]
        self.ordinary = [runner for runner in (summed, *self.deferred) if runner is not None]
        self.sums = [DenseSum(synapses, summed)] if summed is not None else []
        self.transmitted = [Transmitted(synapses, one) for one in transmits_more(synapses, summed)]
        self.padded, self.switched, self.way = [], [], None
        self.places = [(runner, (runner.when, runner.order)) for runner in self.ordinary]
        if learner is not None:
            self._add_runners()
        self.runners = {way.name: way.runners(self) if learner else [] for way in WAYS}
        # behind the ways, which make the reference to the spikes
        self.sliced = slices.made_for(synapses) if self.ordinary else []
        self.stand_ins = distinct(
            *self.transmitted,
            *self.sums,
            *self.padded,
            *self.sliced,
            *chain(*self.runners.values()),
        )
        vector_math.use_for(synapses, synapses.source, synapses.target)
        self.own = [self, *self.ordinary, *self.stand_ins]
        synapses.contained_objects.extend(
            [self, *self.stand_ins, *([StepLoop(synapses)] if learner is not None else [])]
        )

    def _add_runners(self):
        """Add what the ways share: copies of neurons as traces see them, and the pass."""
        synapses, advancer = self.synapses, self.advancer
        self.copies = Copies(
            synapses,
            "trace",
            neuron_variables(synapses, self.trace_names),
            schedule.TRACE if advancer is None else schedule.place_of(advancer),
        )
        self.dense_pass = DensePass(synapses, advancer, self.learner, self.sums, self.copies)
        self.padded = [padding.WriteBack(synapses)]

    @property
    def trace_code(self) -> list[str]:
        """Code that advances the traces, as strings."""
        if self.advancer is None:
            return []
        return (
            [str(expression) for _, expression in self.synapses.equations.eq_expressions]
            if self.advancer is self.synapses.state_updater
            else [self.advancer.abstract_code]
        )

    @property
    def trace_names(self) -> set[str]:
        """Names that the code of the traces reads or writes."""
        named = {name for code in self.trace_code for name in get_identifiers(code)} - {"t", "dt"}
        return self.trace_written | named & set(self.synapses.variables)

    @property
    def trace_written(self) -> set[str]:
        """Variables that the code of the traces writes."""
        if self.advancer is None:
            return set()
        equations = self.synapses.equations
        return (
            set(equations.diff_eq_names)
            if self.advancer is self.synapses.state_updater
            else written(self.advancer.abstract_code) & set(self.synapses.variables)
        )

    @property
    def changed(self) -> set[str]:
        """Variables that traces and learning write."""
        return self.trace_written | (
            written(self.learner.abstract_code) & set(self.synapses.variables)
            if self.learner
            else set()
        )

    @property
    def sum_names(self) -> set[str]:
        """Synaptic variables that the sum reads."""
        return self.sum_identifiers & own_names(self.synapses)

    @property
    def sum_identifiers(self) -> set[str]:
        """All names in the sum."""
        return self.summed.expression.identifiers if self.summed is not None else set()

    @property
    def code(self) -> list[str]:
        """Code of traces and learning, as strings."""
        return [*self.trace_code, self.learner.abstract_code if self.learner else ""]

    @property
    def names(self) -> set[str]:
        """All names in the projection's code."""
        return {name for code in self.code for name in get_identifiers(code)} | self.sum_identifiers

    def before_run(self, run_namespace: dict[str, object]) -> None:
        """Choose the objects of the coming run."""
        networks = [network.sorted_objects for network in networks_with(self)]
        modules.begin([obj for objects in networks for obj in objects])
        why_not = first(why_not_fused(self, objects, run_namespace) for objects in networks)
        is_sparse = self.synapses.geometry is None
        self.why_not_dense = "it is not connected all to all" if is_sparse else why_not
        self.why_not_sparse = first(listing.problems(self)) or why_not
        self.why_not_sliced = self.why_not_sparse or first(
            problem
            for objects in networks
            for problem in slices.problems(self, objects, run_namespace)
        )
        if self.learner is None:
            self.why_not_sparse = self.why_not_sliced
        self.why_not_filled = self.why_not_sliced or first(filled.problems(self))
        if self.why_not_filled is None:
            self.why_not_sliced = "it is in a full matrix"
        self.way = self._choose(networks, run_namespace)
        self.why_not_padded = (
            self.why_not_dense
            or self._why_no_pass
            or first(
                problem
                for objects in networks
                for problem in padding.problems(self, objects, run_namespace)
            )
        )
        self._activate()
        self._pad([obj for objects in networks for obj in objects])
        if self.is_fused:
            self._look_ahead([obj for objects in networks for obj in objects])
            self._keep_transmitted([obj for objects in networks for obj in objects])
        super().before_run(run_namespace)

    def _choose(self, networks, run_namespace):
        """Return the best way without a problem, and store the reasons: a pass where synapses are
        sparse, None for ordinary objects.
        """
        reason, best = self.why_not_dense, PASSING if self.why_not_sparse is None else None
        for way in WAYS:
            if best is None:
                reason = self.why_not_dense or first(
                    problem
                    for objects in networks
                    for problem in way.problems(self, objects, run_namespace)
                )
                best = way if reason is None else None
            setattr(self, f"why_not_{way.name}", reason)
        return best

    def _activate(self):
        """Activate the chosen objects and deactivate the others; those that the user switched off
        stay off.
        """
        chosen = (
            [
                *self.sums,
                *self.runners[self.way.name],
                *(self.padded if None in (self.why_not_padded, self.why_not_filled) else []),
                *(self.sliced if self.why_not_sliced is None else []),
            ]
            if self.is_fused
            else []
        )
        for runner in self.stand_ins:
            runner.active = any(runner is one for one in chosen)
        for runner in self.switched:
            runner.active = True
        self.switched = [*self.ordinary, *self.way.instead(self.synapses)] if self.is_fused else []
        for runner in self.switched:
            runner.active = False
        logger.debug(f"'{self.synapses.name}' runs as {self._description}", "dense")

    def _pad(self, objects):
        """Let pass and sums use the private copy that was chosen, or Brian2's list of synapses."""
        copy = self._copy(objects)
        passing = self.runners[PASSING.name][1:]
        for runner in (*self.sums, *passing, *self.padded, *self.sliced):
            runner.padding = copy
        for runner in (*self.padded, *self.sliced):
            runner.trial = (
                self.synapses.trial_length
                if runner.active and padding.is_used_between_trials(self, objects)
                else 0
            )

    def _copy(self, objects):
        """Return how the runners see the synapses; None for Brian2's own matrix."""
        if self.why_not_padded is None:
            return padding.Padding(self)
        if self.why_not_filled is None:
            return filled.Filled(self, objects)
        if self.why_not_sliced is None:
            return slices.Slices(self, objects)
        return listing.Listing(self.synapses) if self.why_not_sparse is None else None

    @property
    def _why_no_pass(self):
        """Return why the run has no dense pass over all synapses; only that can have padded
        rows.
        """
        return (
            None
            if self.way is not None and self.way.is_pass and self.learner is not None
            else "it takes no pass over all synapses in each step"
        )

    @property
    def is_fused(self) -> bool:
        """True if the last run had no ordinary objects."""
        return self.why_not_dense is None or self.why_not_sparse is None

    @property
    def why_one_thread(self) -> str | None:
        """Reason why the loops that complete the synapses ran on one thread; None if they were
        shared.
        """
        if self.learner is None:
            return self.sums[0].why_one_thread if self.sums else self.why_not_dense
        if self.way is None:
            return self.why_not_dense
        return self.runners[self.way.name][-1].why_one_thread

    @property
    def _description(self):
        """Describe how the coming run goes, and why not faster."""
        if self.why_not_sparse is None:
            return (
                f"a pass over its synapses; not in slices: {self.why_not_sliced}; not a full"
                f" matrix: {self.why_not_filled}"
            )
        if self.why_not_dense:
            return f"ordinary Brian2 objects: {self.why_not_dense}"
        better = [way.name for way in WAYS[: WAYS.index(self.way)]]
        reasons = [f"; not {name}: {getattr(self, f'why_not_{name}')}" for name in better]
        return self.way.described + "".join(reasons)

    def follow_sum(self) -> None:
        """Take the place of the sum, which the projection has moved."""
        place = schedule.place_of(self.summed)
        for runner in self.sums:
            schedule.move(runner, place)
        for runner in self.transmitted:
            schedule.move(runner, place.behind(-1))
        self.places = [
            (runner, (place.when, place.order) if runner is self.summed else at)
            for runner, at in self.places
        ]

    def _look_ahead(self, objects):
        """Let the pass compute the next sum, and let all code that changes the weights mark it as
        stale.
        """
        for dense_sum in self.sums:
            self._look_ahead_with(dense_sum, objects)

    def _look_ahead_with(self, dense_sum, objects):
        neurons = set(dense_sum.seen)
        dense_sum.is_ahead = (
            self.learner is not None
            and self.way.is_pass
            and self.summed.when == schedule.DRIVE.when
            and self.summed.order <= schedule.DRIVE.order
            and self.summed.expression.identifiers <= neurons | self.sum_names
            and not sets_its_own_activity(
                self.synapses.source, {name.removesuffix("_pre") for name in neurons}
            )
        )
        dense_sum.watched = [obj.clock for obj in objects if is_python(obj)]
        if dense_sum.is_ahead:
            dense_sum.is_ahead = self._watch(objects)

    def _keep_transmitted(self, objects):
        """Let an expression that synapses transmit be computed when it changes, not in each step,
        unless traces or learning change it, or Python code may.
        """
        for runner, dense_sum in zip(self.transmitted, self.sums):
            dense_sum.is_kept = runner.active = (
                not dense_sum.is_ahead
                and self.why_not_dense is None
                and self.why_not_padded is not None
                and not self.changed & self.sum_names
                and not any(is_python(obj) for obj in objects)
                and self._watch(objects)
            )

    def _watch(self, objects):
        """Let all code that changes what the sum reads mark it as stale; return False if some of it
        is compiled already.
        """
        self.synapses.variables["_stale"].set_value(True)
        here = next(number for number, obj in enumerate(objects) if obj is self)
        too_late = [
            self._mark(obj) and number < here
            for number, obj in enumerate(objects)
            if self._changes_sum(obj)
        ]
        return not any(too_late)

    def _changes_sum(self, obj):
        """Return whether an object runs statements of the synapses that change what the sum
        reads.
        """
        code = getattr(obj, "abstract_code", None)
        if any(obj is own for own in self.own) or not isinstance(code, str):
            return False
        return obj.group.variables is self.synapses.variables and bool(
            written(code) & self.sum_names
        )

    def _mark(self, obj):
        """Let statements mark the sum as stale; return True if they did not before. Objects before
        this one are already compiled.
        """
        if obj.abstract_code.startswith(MARK):
            return False
        obj.abstract_code = MARK + obj.abstract_code
        return True


def distinct(*objects):
    """Return each object once."""
    return list({id(one): one for one in objects}.values())


def transmits_more(synapses, summed):
    """Return the sum of a projection in a list, if what it transmits is an expression of variables
    of the synapses; else an empty list.
    """
    rule = getattr(synapses, "rule", None)
    names = get_identifiers(rule.transmits) if rule is not None and summed is not None else set()
    stored = {name for name in names if synapses.variables.indices[name] == "_idx"}
    return [summed] if len(names) > 1 and stored == names else []
