"""Batched updates at the end of a trial: factors are stored instead of traces, and a matrix product
replaces the loop over synapses in each step.

With traces p of a synapse, p(t) = A(t) p(t-1) + f(t) g(t), where A (a small matrix) and f (a
vector) are of the postsynaptic and g (a number) is of the presynaptic neuron, and the update
h(t).p(t), h of the postsynaptic neuron, the change of a weight over the steps s0 to s1 is a sum
over products of neurons:

    sum_t h(t).p(t) = sum_s [e(s).f(s)] g(s) + [A(s0)' e(s0)].p(s0 - 1),
    e(s) = h(s) + A(s + 1)' e(s + 1)

So the neurons' histories are recorded in each step, and the sum is computed when the trial or the
run is over; several sums over one history have an h each. Rules without a trace whose update is a
product f(t) g(t) are the same with A = 0 and h = 1. This is exact; only the order of additions
differs.
"""

import numpy as np

from .. import schedule
from ..brian.borrowed import sympy_to_str, word_substitute
from ..brian.statements import overwrites, written
from . import threads
from .choice import problems_within_trials, random_names
from .code import POST, PRE
from .factors import factors, has_factors, is_constant
from .reading import Reading, read, stepwise
from .runners import Completing, DenseRunner, pointer

LARGEST = 2**23  # largest history, in steps times neurons


PADDING = 32  # numbers; the widest tile of the matrix product


def problems(parts, objects, run_namespace):
    """Yield reasons against keeping histories in the coming run."""
    synapses = parts.synapses
    found = read(synapses) if parts.learner is not None else Reading()
    if parts.learner is None and not stepwise(synapses):
        yield "its synapses do nothing in each step"
        return
    if not found.late or set(found.late) != set(found.kept) or synapses.trials is None:
        code = parts.learner.abstract_code if parts.learner is not None else ""
        changes = synapses.trials is None or "w" in written(code)
        yield (
            "weights do not change at the end of trials"
            if changes
            else "what it does in each step is more than to add up"
        )
    elif not set(found.read_at) <= {"trial_start", "stream_start", "trial_end"}:
        yield "what it adds up is read within a trial"
    elif random_names(parts, run_namespace):
        yield "it draws random numbers"
    elif not has_factors(synapses, late_sums(synapses)):
        yield "its update is not a sum of products of neurons"
    elif synapses.geometry.inner == PRE:
        yield "it has too few postsynaptic neurons"
    elif synapses.trial_length * (len(synapses.source) + len(synapses.target)) > LARGEST:
        yield f"a trial has more than {LARGEST} steps times neurons"
    else:
        yield from problems_of_others(parts, objects, found.late)


def runners(parts):
    """Return the runners that record steps and complete them."""
    return [
        parts.copies,
        HistoryRecord(parts.synapses, parts.learner, parts.copies),
        HistoryFlush(parts.synapses),
    ]


def problems_of_others(parts, objects, late):
    """Yield conflicts with other objects that use what exists only at the end of a trial, or that
    change what must stay constant.
    """
    synapses = parts.synapses
    shared = {name for name in synapses.variables if synapses.variables.indices[name] == "0"}
    return problems_within_trials(
        parts, objects, {*late, *parts.trace_written}, parts.names & shared
    )


def late_sums(synapses):
    """Return what is added, in each step, to the sums that are computed late."""
    found = read(synapses)
    return {name: found.kept[name] for name in found.late}


class Entries:
    """The factors as C++ code: numbers and shared constants as they are, everything that changes
    from step to step as an array.

    Parameters
    ----------
    synapses : PlasticSynapses
    found : Factors
    kept, constant : str
        C++ of a value in the step at hand, and of a constant, with ``{}`` for its name.
    always : str
        First letters of names that are kept as arrays in any case.
    """

    def __init__(self, synapses, found, kept="_kept_{}[_place]", constant="_{}", always=""):
        self.synapses, self.traces = synapses, found.traces
        self.forms = kept, constant, tuple(always)
        self.arrays = {"g": found.g}  # expressions by the name of their history
        self.constants = {}  # expressions by their name in the code
        self.f = [self.entry(f"f{k}", value) for k, value in enumerate(found.f)]
        self.h = {
            name: [self.entry(f"h{number}_{k}", value) for k, value in enumerate(row)]
            for number, (name, row) in enumerate(found.h.items())
        }
        self.A = [
            [self.entry(f"A{k}{column}", value) for column, value in enumerate(row)]
            for k, row in enumerate(found.A)
        ]

    def entry(self, name, value):
        """Return C++ for a value in the step at hand; None for zero."""
        kept, constant, always = self.forms
        if value == 0:
            return None
        if not name.startswith(always) and is_constant(self.synapses, value):
            self.constants[f"_{name}"] = sympy_to_str(value)
            return constant.format(name)
        self.arrays[name] = value
        return kept.format(name)


def late_entries(synapses):
    """Return the factors of the sums that are computed late, as C++."""
    return Entries(synapses, factors(synapses, late_sums(synapses)))


class HistoryRecord(DenseRunner):
    """Records the factors of a step, in place of the `DensePass`."""

    def __init__(self, synapses, learner, copies):
        super().__init__(synapses, "history", schedule.place_of(learner))
        self.copies = copies

    def compose(self, run_namespace):
        entries, shape = late_entries(self.group), Shape(self.group)
        self.rows = f"{self.history('rows', 1, dtype=np.int32)}[0]"
        for name, value in entries.arrays.items():
            text = sympy_to_str(value)
            is_late = name[0] == "h" or not entries.traces  # read in the phase LEARN
            index, stride = (PRE, shape.pre) if name == "g" else (POST, shape.post)
            self.keep(
                name,
                text if is_late else word_substitute(text, self.copies.names),
                index,
                stride,
                shape.n_steps * shape.networks * stride,
                self.rows,
            )
        self.opening = f"if ({self.rows} >= {shape.n_steps}) {self.rows} = 0;"
        self.closing = f"{self.rows} += 1;"

    def keep(self, name, expression, index, stride, size, row):
        """Record an expression of the neurons on one side."""
        self.abstract_code[name] = f"_value_{name} = {expression}"
        self.kept[name] = dict(index=index, stride=stride, array=self.history(name, size), row=row)


def reset_of(synapses):
    """Return the statements of the synapses at the beginning of a trial."""
    return "\n".join(
        step.code for step in synapses.placed if step.site == "own" and step.when == "trial_start"
    )


class HistoryFlush(Completing):
    """Compute the sums over the history when a trial or a run is over: weight changes, and traces
    and sums if anything may read them.
    """

    def __init__(self, synapses):
        super().__init__(synapses, "flush")

    def problems_of_threads(self):
        """Yield reasons against several threads in the coming run."""
        yield from threads.problems(self.group.geometry, uses=self.group.trial_length)

    def compose(self, run_namespace):
        entries, shape = late_entries(self.group), Shape(self.group)
        width, order = shape.networks * shape.post, len(entries.f)
        sizes = {
            name: shape.n_steps * (shape.networks * shape.pre if name == "g" else width)
            for name in [*entries.arrays, "c"]
        } | {"e": width * order**2}
        arrays = {name: self.history(name, size) for name, size in sizes.items()}
        self.abstract_code = {
            "flush": "\n".join(
                [
                    "_on = int(plastic)",
                    *(f"{name} = {expression}" for name, expression in entries.constants.items()),
                ]
            )
        }
        self.flush = dict(
            arrays | self.boundaries(),
            arrays=arrays,
            entries=entries,
            shape=shape,
            padding=PADDING,
            traces=[pointer(self.variable(name)) for name in entries.traces],
            sums={pointer(self.variable(name)): row for name, row in entries.h.items()},
            finite=pointer(self.variable("finite_network")),
            keeps_traces=not all(overwrites(reset_of(self.group), name) for name in entries.traces),
        )


class Shape:
    """Sizes of the histories of a projection: neurons per block on either side, padded."""

    def __init__(self, synapses):
        geometry = synapses.geometry
        self.networks, self.n_pre, self.n_post, self.first_post = (
            geometry.networks,
            geometry.n_pre,
            geometry.n_post,
            geometry.first_post,
        )
        self.n_steps, self.pre, self.post = (
            synapses.trial_length,
            padded(geometry.n_pre),
            padded(geometry.n_post),
        )


def padded(size):
    """Return the next multiple of the padding."""
    return -(-size // PADDING) * PADDING
