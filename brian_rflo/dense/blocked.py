"""Blocked updates: where spikes read the weights and weights change in every step, weights and
traces rest for some steps, and spikes are corrected for what they have missed.

With the factors of history.py, traces and weights of a synapse from neuron j to i are

    p(t) = A(t) p(t-1) + f(t) g(t)        w(t) = w(t-1) + h(t).p(t)

A, f and h of the postsynaptic, g of the presynaptic neuron. All of it is linear, so the sum over
the neurons that spike needs no weight of these steps: the sums of weights and traces at rest, as if
they were those of one synapse, go through the recorded steps with the sum of g. That takes a time
proportional to neurons, not synapses. When a block is full, and when a trial or the run is over,
all synapses are brought up to date by a product of the record: with e backwards as in history.py,
once for the weight (e = sum of h) and once for each trace (e = 1 of the last step),

    w <- w + a.p + sum_r c(r) g(r),    p_k <- M_k.p + sum_r c_k(r) g(r),    c(r) = e(r).f(r)

and a, M_k what is left of e before the first step. This is exact; only the order of additions
differs.
"""

import numpy as np
from brian2 import prefs

from .. import schedule
from ..brian.borrowed import get_compiler_and_args, sympy_to_str, word_substitute
from ..brian.construction import networks_with
from . import lazy
from .changing import arriving, change_of, flow, names
from .choice import problems_within_trials
from .code import POST, PRE
from .factors import factors, has_factors
from .filters import MOST, filter_of
from .history import Entries
from .runners import Completing, DenseRunner, pointer

STEPS = 20  # steps of a block; 10 and 40 are slower at N = 100, 300 and 1000
TILE = 128  # bytes of postsynaptic neurons whose record lies together: two or four vectors
NEAR = 48  # rows that are visited for one tile after the other; their pages are at hand
ROWS = 8  # largest number of rows whose sums are in registers at the same time


def problems(parts, objects, run_namespace):
    """Yield reasons against blocks in the coming run."""
    yield from lazy.problems(parts, objects, run_namespace)
    synapses = parts.synapses
    change = change_of(synapses, parts.learner) if parts.learner is not None else None
    if get_compiler_and_args()[0] == "msvc":
        yield "its compiler has no vectors"
    elif not synapses.pre.active and not any(synapses.pre is one for one in parts.switched):
        yield f"'{synapses.pre.name}' was switched off"
    elif reason := why_not_linear(synapses, change):
        yield reason
    elif arriving(synapses) is None:
        yield "its spikes do more than to add multiples of the weight"
    elif synapses.variables[arriving(synapses)[0]].conditional_write is not None:
        yield "refractory neurons do not take in its spikes"
    else:
        constants = constants_in(synapses) & parts.names
        yield from problems_within_trials(parts, objects, set(), constants)


def why_not_linear(synapses, change):
    """Return why a change of weights is not that of the equations above; None if it is."""
    if change is None:
        return "its weights change in another form than w + term, where it learns"
    if "w" in names(change.condition) | names(change.term):
        return "its change of a weight depends on the weight"
    if not has_factors(synapses, {"w": change.term}):
        return "its change is not a sum of products of neurons, filtered linearly"
    return None


def constants_in(synapses):
    """Return the names of shared variables that must stay constant during a block."""
    return {name for text in entries(synapses).constants.values() for name in names(text)}


def runners(parts):
    """Return the runners that record steps, send spikes and complete synapses; none where no spikes
    are sent.
    """
    if not parts.synapses.sends_spikes:
        return []
    synapses, copies = parts.synapses, parts.copies
    return [
        copies,
        BlockedBegin(synapses, copies),
        BlockedCount(synapses, parts.learner),
        BlockedRecord(synapses, parts.learner, copies),
        BlockedSpikes(synapses),
        BlockedFlush(synapses),
    ]


def pathway(synapses):
    """Return the object that sends spikes otherwise."""
    return (synapses.pre,)


def entries(synapses):
    """Return the factors of the change of a weight in a step, as C++ of vectors."""
    term = change_of(synapses, synapses.dense.learner).term
    found = factors(synapses, {"w": term})
    return Entries(
        synapses,
        found,
        kept="*(const _vector*)(_kept_{} + _place)",
        constant="_real(_{})",
        always="h" if found.traces else "hf",  # what is read where weights change
    )


class Blocked:
    """Mixin: the record of a block in memory."""

    @property
    def steps(self):
        """Number of steps of a block."""
        return STEPS

    def layout(self, **more):
        """Return what all templates need."""
        found, geometry = entries(self.group), self.group.geometry
        tile = TILE // np.dtype(prefs["core.default_float_dtype"]).itemsize
        tiles, n_pre = -(-geometry.n_post // tile), -(-geometry.n_pre // ROWS) * ROWS
        self.sizes = {PRE: geometry.networks * n_pre, POST: geometry.networks * tiles * tile}
        masked = change_of(self.group, self.group.dense.learner).is_masked
        names = [*found.arrays, *(["on"] if masked else [])]
        arrays = {name: self.of_block(name, PRE if name == "g" else POST) for name in names}
        return dict(
            found=found,
            arrays=arrays,
            masked=masked,
            w=pointer(self.variable("w")),
            traces=[pointer(self.variable(name)) for name in found.traces],
            rows=self.history("rows", 1, dtype=np.int32),
            learned=self.history("learned", geometry.networks, dtype=np.int32),
            steps=self.steps,
            tile=tile,
            tiles=tiles,
            n_pre=n_pre,
            **flow(found),
            **self.spikes_of_block(geometry.networks * geometry.n_pre),
            **more,
        )

    def spikes_of_block(self, n_pre):
        """Return the C++ names of the spikes of a block: how many before each step; row, step, and
        the spike before of the same row, of each; the last of each row; and y where it began.
        """
        found = self.group.dense.spike_filter
        if found is None:
            return dict(filter=None)
        sizes = dict(counts=STEPS + 1, newest=n_pre) | dict.fromkeys(
            ("row_of", "step_of", "older"), STEPS * n_pre
        )
        return dict(
            {name: self.history(name, size, dtype=np.int32) for name, size in sizes.items()},
            filter=found,
            state=self.history("state", MOST * n_pre),
        )

    def of_block(self, name, side, steps=None):
        """Return the C++ name of an array with numbers of each neuron of one side and each step,
        and room for alignment.
        """
        return self.history(f"block_{name}", self.sizes[side] * (steps or self.steps) + 16)

    def constants(self):
        """Return statements for the shared constants of the factors."""
        return [f"{name} = {text}" for name, text in entries(self.group).constants.items()]


class BlockedBegin(Blocked, DenseRunner):
    """Keep the variables of which g is made where a block begins, if g is a filter of spikes; it
    runs where traces read g, before all others of a block.
    """

    def __init__(self, synapses, copies):
        super().__init__(synapses, "blocked_begin", schedule.place_of(copies))

    def compose(self, run_namespace):
        parts, found = self.group.dense, entries(self.group)
        networks = networks_with(parts)
        parts.spike_filter = (
            filter_of(parts, networks[0].sorted_objects, run_namespace, found.arrays["g"])
            if found.traces and len(networks) == 1
            else None
        )
        self.blocked = self.layout(part="begin")
        if parts.spike_filter is not None:
            names = parts.spike_filter.names
            self.blocked["states"] = {name: pointer(self.variable(name)) for name in names}


class BlockedCount(DenseRunner):
    """Counts, in shared variables, what the learning code counts before it changes weights."""

    def __init__(self, synapses, learner, kind="blocked"):
        super().__init__(synapses, f"{kind}_count", schedule.place_of(learner).behind(-1))
        self.learner = learner

    def compose(self, run_namespace):
        if counting := change_of(self.group, self.learner).counting:
            self.abstract_code = {"count": counting}


class BlockedRecord(Blocked, DenseRunner):
    """Records the factors of a step, in place of the `DensePass`."""

    def __init__(self, synapses, learner, copies, kind="blocked"):
        super().__init__(synapses, f"{kind}_record", schedule.place_of(learner))
        self.copies, self.learner = copies, learner

    def compose(self, run_namespace):
        self.blocked = self.layout(part="record")
        found, change = self.blocked["found"], change_of(self.group, self.learner)
        for name, value in found.arrays.items():
            text = sympy_to_str(value)
            if name[0] == "h":
                text = f"where({change.condition}, {text}, 0)"
            elif found.traces:  # as of the phase TRACE
                text = word_substitute(text, self.copies.names)
            self.abstract_code[name] = f"_value_{name} = {text}"
        if change.is_masked:
            self.abstract_code["on"] = f"_value_on = where({change.condition}, 1, 0)"


class BlockedSpikes(Blocked, DenseRunner):
    """Add the weights of the neurons that spike to the target, in place of Brian2's pathway."""

    def __init__(self, synapses):
        super().__init__(synapses, "blocked_spikes", schedule.ARRIVAL)
        if "_spikes_of_source" not in synapses.variables:
            synapses.variables.add_reference("_spikes_of_source", synapses.source, "_spikespace")

    def compose(self, run_namespace):
        spikes, (target, factor) = self.variable("_spikes_of_source"), arriving(self.group)
        self.abstract_code = {
            "send": "\n".join([*self.constants(), f"_value_send = {sympy_to_str(factor)}"])
        }
        self.blocked = self.layout(
            part="send",
            target=pointer(self.variable(target)),
            spikes=pointer(spikes),
            n_spikes=f"{pointer(spikes)}[{spikes.size - 1}]",
            spiking=self.history("spiking", self.group.geometry.n_pre, dtype=np.int32),
        )


class BlockedFlush(Blocked, Completing):
    """Bring all synapses up to date when a block is full, and when a trial or the run is over."""

    def __init__(self, synapses, kind="blocked"):
        super().__init__(synapses, f"{kind}_flush")

    @property
    def forgets(self):
        """True if traces are not needed before the end of the run."""
        return False

    def compose(self, run_namespace):
        if constants := self.constants():
            self.abstract_code = {"flush": "\n".join(constants)}
        blocked = self.layout(part="flush", trial=self.group.trial_length, near=NEAR)
        found, of_spikes = blocked["found"], blocked["filter"]
        rest = [f"e_{{}}_{k}" for k in range(len(found.f))]
        if of_spikes is not None:
            rest += ["drift_{}", *(f"eta_{{}}_{k}" for k in range(len(of_spikes.names)))]
        results = {}
        for sum_ in ("w", *blocked["stored"]):
            results[f"c_{sum_}"] = self.of_block(f"c_{sum_}", POST)
            for form in rest:
                results[form.format(sum_)] = self.of_block(form.format(sum_), POST, 1)
        geometry = self.group.geometry
        own = self.history("own", geometry.networks * min(geometry.n_pre, geometry.n_post))
        given = dict(results=results, own=own, forgets=self.forgets)
        self.blocked = blocked | self.boundaries() | given
        self.group.variables["_history_learned"].set_value(0)
