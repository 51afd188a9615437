"""Trials without stored traces: where rates are summed, weights change in every step and traces
begin anew in each trial, weights rest for a whole trial, and sums are corrected for what they have
missed.

This is the form of blocked.py with a block of one trial. A sum over rates reads the weights at
rest, and the record of the trial is gone through once for all presynaptic neurons, with

    m(r) = sum_j g_j(r) s_j

in place of g, where s_j is what neuron j sends now. It costs, in a step, the numbers recorded so
far instead of a pass over all weights and traces, so it pays where trials are short and networks
are large. Where a run begins within a trial, traces are not 0: their sums are corrections too.
"""

import numpy as np

from .. import schedule
from ..brian.borrowed import get_compiler_and_args, str_to_sympy, sympy_to_str
from ..brian.statements import loaded, overwrites
from .blocked import (
    Blocked,
    BlockedCount,
    BlockedFlush,
    BlockedRecord,
    constants_in,
    why_not_linear,
)
from .changing import change_of
from .choice import own_names, problems_within_trials, random_names
from .code import PRE
from .factors import NOT_LINEAR, linear, sides
from .history import LARGEST, reset_of
from .runners import DenseRunner, pointer

LEAST = 500  # neurons of a row; with fewer, weights and traces are near anyway
SHARE = 3  # a trial has at most the presynaptic neurons over this number of steps


def problems(parts, objects, run_namespace):
    """Yield reasons against trials without stored traces in the coming run."""
    synapses = parts.synapses
    if parts.summed is None or parts.learner is None:
        yield "it sends spikes, or does not learn"
    elif synapses.trials is None or not synapses.trial_length:
        yield "it has no trials"
    elif synapses.geometry.n_post < LEAST:
        yield f"its rows have fewer than {LEAST} synapses"
    elif synapses.trial_length * SHARE > synapses.geometry.n_pre:
        yield f"a trial has more steps than its presynaptic neurons over {SHARE}"
    elif synapses.trial_length * (len(synapses.source) + len(synapses.target)) > LARGEST:
        yield f"a trial has more than {LARGEST} steps times neurons"
    elif random_names(parts, run_namespace):
        yield "it draws random numbers"
    elif get_compiler_and_args()[0] == "msvc":
        yield "its compiler has no vectors"
    else:
        yield from problems_of_strings(parts, objects)


def problems_of_strings(parts, objects):
    """Yield reasons in the statements of the projection, and of others that look within a trial."""
    synapses = parts.synapses
    change = change_of(synapses, parts.learner)
    if reason := why_not_linear(synapses, change):
        yield reason
    elif change.is_masked:
        yield "it has no synapses of neurons onto themselves"
    elif sent(parts) is None:
        yield "its sum is not of multiples of the weight"
    elif not all(overwrites(reset_of(synapses), name) for name in parts.trace_written):
        yield "its traces do not begin anew in each trial"
    else:
        resting = {
            name
            for name in parts.names & own_names(synapses)
            if synapses.variables.indices[name] == "_idx"
        }
        constants = constants_in(synapses) & parts.names
        yield from problems_within_trials(parts, objects, resting, constants)


def sent(parts):
    """Return what a presynaptic neuron sends, by which its weights are multiplied; None if the sum
    is of another form.
    """
    expression = str_to_sympy(parts.summed.expression.code)
    try:
        ((factor,),), (rest,) = linear([expression], [str_to_sympy("w")])
    except NOT_LINEAR:
        return None
    return factor if rest == 0 and sides(parts.synapses, factor) <= {PRE, "0"} else None


def runners(parts):
    """Return the runners that record steps, correct sums and complete synapses; none where no rates
    are summed.
    """
    if parts.summed is None:
        return []
    synapses, learner = parts.synapses, parts.learner
    return [
        parts.copies,
        BlockedCount(synapses, learner, "trial"),
        TrialRecord(synapses, learner, parts.copies, "trial"),
        Correction(synapses, parts),
        TrialFlush(synapses, "trial"),
    ]


class OfTrial:
    """Mixin: a block is a trial."""

    @property
    def steps(self):
        """Number of steps of a block, filled up to whole cache lines."""
        return -(-self.group.trial_length // 8) * 8

    def spikes_of_block(self, n_pre):
        """Return no spikes: rates are summed."""
        return dict(filter=None)


class TrialRecord(OfTrial, BlockedRecord):
    """Records the factors of a step."""


class TrialFlush(OfTrial, BlockedFlush):
    """Bring all synapses up to date when a trial or the run is over; traces at the end of the run
    alone, unless a statement reads them at the end of a trial.
    """

    @property
    def forgets(self):
        """True if traces are not needed before the end of the run."""
        return not any(
            self.group.dense.trace_written & loaded(step.code)
            for step in self.group.placed
            if step.site == "own" and step.when == "trial_end"
        )


class Correction(OfTrial, Blocked, DenseRunner):
    """Add to a sum with weights at rest what these have missed in this trial."""

    def __init__(self, synapses, parts):
        super().__init__(synapses, "correction", schedule.place_of(parts.summed).behind())
        self.parts = parts

    def compose(self, run_namespace):
        target = self.variable(self.parts.summed.target_varname)
        self.abstract_code = {
            "sent": f"_value_sent = {sympy_to_str(sent(self.parts))}",
            "send": "\n".join([*self.constants(), "_value_send = 1.0"]),
        }
        self.blocked = self.layout(
            part="correct",
            target=pointer(target),
            has_traces=self.history("has_traces", self.group.geometry.networks, dtype=np.int32),
        )
