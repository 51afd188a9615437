"""The runners that replace a dense projection's state updater, sum and learning code."""

import numpy as np
from brian2 import CodeRunner, get_device

from .. import schedule
from ..brian.borrowed import ArrayVariable, CPPCodeGenerator, DynamicArrayVariable, word_substitute
from ..brian.conditional import is_standalone
from ..brian.private import run_end
from . import threads
from .code import CODE_OBJECTS, POST, PRE

#: What each synapse transmits, kept from step to step.
KEPT = "_transmitted"


def pointer(variable):
    """Return the C++ name of the memory of a variable."""
    return CPPCodeGenerator.get_array_name(variable)


def copy(to, source):
    """Return C++ that copies one neuron variable into another."""
    return f"for (int _n = 0; _n < {source.size}; _n++) {pointer(to)}[_n] = {pointer(source)}[_n];"


class DenseRunner(CodeRunner):
    """Nested loops over the synapses of a dense projection, with statements before and after them.

    `blocks` are abstract code by name, `sums` the arrays into which a block's ``_synaptic_var`` is
    summed; `padding` is the private copy of the synapses, if one is used, which may have a
    `geometry` of its own.
    """

    def __init__(self, synapses, kind, place):
        self.padding, self.why_one_thread = None, "it has not run yet"
        CodeRunner.__init__(
            self,
            synapses,
            "dense",
            clock=synapses.clock,
            name=f"{synapses.name}_{kind}*",
            check_units=False,
            **place,
        )
        self.active = False

    def variable(self, name):
        """Return a variable of the synapses, and make it available to the generated code."""
        if name not in self.needed_variables:
            self.needed_variables.append(name)
        return self.group.variables[name]

    def history(self, name, size, dtype=None):
        """Return the C++ name of an array of the synapses that outlives a step; it is made at the
        first call.
        """
        full = f"_history_{name}"
        if full not in self.group.variables:
            self.group.variables.add_array(full, size=size, dtype=dtype)
        return pointer(self.variable(full))

    def before_run(self, run_namespace):
        """Generate the code for this run."""
        self.codeobj_class, self.needed_variables = (
            CODE_OBJECTS[get_device().code_object_class()],
            [],
        )
        (
            self.abstract_code,
            self.opening,
            self.closing,
            self.sums,
            self.kept,
            self.rows,
            self.flush,
            self.lazy,
            self.padded,
            self.blocked,
        ) = ({}, "", "", {}, {}, "", None, None, None, None)
        self.compose(run_namespace)
        if self.padding is not None:
            self.padded = self.padding.seen_by(self) | (self.padded or {})
        self.template_kwds = {
            name: getattr(self, name)
            for name in (
                "opening",
                "closing",
                "sums",
                "kept",
                "rows",
                "flush",
                "lazy",
                "padded",
                "blocked",
            )
        } | {"geometry": getattr(self.padding, "geometry", self.group.geometry)}
        self.why_one_thread = next(self.problems_of_threads(), None)
        self.template_kwds |= threads.template_arguments(self)
        super().before_run(run_namespace)

    def problems_of_threads(self):
        """Yield reasons against several threads in the coming run."""
        if self.lazy or self.blocked:
            yield "its synapses rest between updates"
        yield from threads.problems(self.group.geometry)

    def compose(self, run_namespace):
        """Set `abstract_code` by block, and the template arguments around the blocks."""
        raise NotImplementedError


class Completing(DenseRunner):
    """Complete the recorded steps when a trial or the run is over, in the phase FLUSH."""

    def __init__(self, synapses, kind, *args):
        super().__init__(synapses, kind, schedule.FLUSH, *args)

    def boundaries(self):
        """Return the C++ names of the variables that tell the end of the run and the number of
        recorded steps; discard the record of an interrupted run.
        """
        names = {
            name: self.history(name, 1, dtype=dtype)
            for name, dtype in (("rows", np.int32), ("now", np.int32), ("end", np.int64))
        }
        self.group.variables["_history_end"].set_value(run_end(self.clock))
        self.group.variables["_history_rows"].set_value(0)
        return names | {"step": pointer(self.variable("t_in_timesteps"))}

    def after_run(self):
        """Complete the recorded steps of a run that was stopped within a trial."""
        super().after_run()
        if not is_standalone():
            self.group.variables["_history_now"].set_value(1)
            self.run()
            self.group.variables["_history_now"].set_value(0)


class Copies(DenseRunner):
    """Copies of neuron variables as of one phase, for code that runs in a later one:
    ``_at_KIND_NAME`` for NAME.
    """

    def __init__(self, synapses, kind, names, place):
        super().__init__(synapses, f"{kind}_copies", place)
        self.names = add_copies(synapses, kind, names)

    def compose(self, run_namespace):
        self.opening = "\n".join(
            copy(self.variable(kept), self.variable(name)) for name, kept in self.names.items()
        )


def add_copies(synapses, kind, names):
    """Add a variable for a copy of each of the neuron variables `names`; return the names of the
    copies by those of the originals.
    """
    copies = {}
    for name in sorted(names):
        original = synapses.variables[name]
        copies[name] = f"_at_{kind}_{name}"
        synapses.variables.add_array(
            copies[name],
            size=original.size,
            dimensions=original.dim,
            dtype=original.dtype,
            index=synapses.variables.indices[name],
        )
    return copies


class Transmitted(DenseRunner):
    """Compute what synapses transmit, an expression like ``w + pw``, whenever one of its variables
    has changed: the sum of each step then reads one number of a synapse.
    """

    def __init__(self, synapses, summed):
        super().__init__(synapses, "transmitted", schedule.place_of(summed).behind(-1))

    def compose(self, run_namespace):
        synapses = self.group
        if KEPT not in synapses.variables:
            blocks = synapses.geometry
            size = blocks.networks * blocks.n_pre * blocks.n_post
            synapses.variables.add_array(KEPT, size=size, index="_idx")
        stale = f"{pointer(self.variable('_stale'))}[0]"
        self.abstract_code = {"keep": f"{KEPT} = {synapses.rule.transmits}"}
        self.opening, self.closing = f"if ({stale})\n{{\n{stale} = 0;", "}"


class DenseSum(DenseRunner):
    """Sums ``w*activity_pre`` into the target, or delivers the sum that the `DensePass` of the last
    step computed ahead.

    With `is_kept`, what the synapses transmit is that which `Transmitted` has computed. A sum that
    was computed ahead is valid if nothing that it was computed from has changed: the weights are
    not marked as stale, and the activity is the one that the pass used. Otherwise the sum is
    recomputed.
    """

    def __init__(self, synapses, summed):
        super().__init__(synapses, "dense_sum", schedule.place_of(summed))
        self.summed, self.is_ahead, self.watched, self.ticks = summed, False, [], []
        self.is_kept = False
        self.seen = add_copies(
            synapses, "sum", neuron_variables(synapses, summed.expression.identifiers)
        )
        synapses.variables.add_array("_ahead", size=synapses.target.stop, index=POST)

    def compose(self, run_namespace):
        target = self.group.target
        into = self.variable("_ahead" if self.is_ahead else self.summed.target_varname)
        code = f"{KEPT}*{self.group.sends}_pre" if self.is_kept else self.summed.expression.code
        self.abstract_code = {"sum": f"_synaptic_var = {code}"}
        self.sums = {"sum": pointer(into)}
        zero = f"for (int _n = {target.start}; _n < {target.stop}; _n++) {pointer(into)}[_n] = 0;"
        self.opening, self.closing = zero, ""
        if self.is_ahead:
            self.opening = f"{self.compare()}\nif (_again)\n{{\n{self.remember()}\n{zero}"
            self.closing = f"}}\n{self.deliver()}"

    def run(self):
        """Recompute the sum in steps around Python code, which may have written to the weights;
        runtime targets only.
        """
        if self.is_ahead and self.watched and self._python_ran():
            self.group.variables["_stale"].set_value(True)
        super().run()

    def _python_ran(self):
        """Return whether Python code has run since the last sum, or runs in this step."""
        now, before = float(self.clock.variables["t"].get_value()[0]), self.ticks
        self.ticks = [int(clock.variables["timestep"].get_value()[0]) for clock in self.watched]
        return self.ticks != before or any(
            abs(clock.variables["t"].get_value()[0] - now) < 1e-9 * self.clock.dt_
            for clock in self.watched
        )

    def compare(self):
        """Return C++ that tests whether the sum computed ahead is out of date."""
        pairs = [(self.variable(name), self.variable(seen)) for name, seen in self.seen.items()]
        compared = [
            f"for (int _n = 0; _n < {now.size}; _n++) _again |= {pointer(now)}[_n] !="
            f" {pointer(then)}[_n];"
            for now, then in pairs
        ]
        return "\n".join([f"int _again = {pointer(self.variable('_stale'))}[0];", *compared])

    def remember(self):
        """Return C++ that stores the values from which a sum was computed."""
        return "\n".join(
            copy(self.variable(seen), self.variable(name)) for name, seen in self.seen.items()
        )

    def deliver(self):
        """Return C++ that copies the sum to the target."""
        target, ahead, into = (
            self.group.target,
            self.variable("_ahead"),
            self.variable(self.summed.target_varname),
        )
        return (
            f"for (int _n = {target.start}; _n < {target.stop}; _n++) {pointer(into)}[_n] ="
            f" {pointer(ahead)}[_n];\n{pointer(self.variable('_stale'))}[0] = 0;"
        )


class DensePass(DenseRunner):
    """Complete a step in one loop over the synapses: traces, learning code, and the sum for the
    next step.

    It runs in the phase LEARN. The traces use the neurons' state in the phase TRACE (`Copies`);
    weights and traces are complete at the end of every step, and only the sum is ahead of its time.
    """

    def __init__(self, synapses, advancer, learner, sums, copies):
        super().__init__(synapses, "dense_pass", schedule.place_of(learner))
        self.advancer, self.learner, self.sums_of_projection, self.copies = (
            advancer,
            learner,
            sums,
            copies,
        )

    def compose(self, run_namespace):
        self.abstract_code = self.code(run_namespace)
        for dense_sum in self.sums_of_projection:
            if dense_sum.is_ahead:
                self._sum_ahead(dense_sum)

    def problems_of_threads(self):
        """Yield reasons against several threads, which share only a copy that has their ranges
        apart: side by side they would take cache lines from each other.
        """
        yield from super().problems_of_threads()
        if self.padding is None:
            yield "its rows are not in a copy with padded rows"

    def code(self, run_namespace):
        """Return the abstract code of traces and learning, by block."""
        if self.advancer is None:
            return {"learn": self.learner.abstract_code}
        self.advancer.update_abstract_code(run_namespace)
        return {
            "trace": word_substitute(self.advancer.abstract_code, self.copies.names),
            "learn": self.learner.abstract_code,
        }

    def _sum_ahead(self, dense_sum):
        ahead, target = self.variable("_ahead"), self.group.target
        self.abstract_code["sum"] = f"_synaptic_var = {dense_sum.summed.expression.code}"
        self.sums = {"sum": pointer(ahead)}
        self.opening = (
            f"for (int _n = {target.start}; _n < {target.stop}; _n++) {pointer(ahead)}[_n] = 0;"
        )
        self.closing = "\n".join(
            copy(self.variable(seen), self.variable(name)) for name, seen in dense_sum.seen.items()
        )


def neuron_variables(synapses, names):
    """Return those of `names` that are stored for neurons of either side and may change during a
    run.
    """
    found = {
        name: synapses.variables[name]
        for name in names
        if synapses.variables.indices.get(name) in (PRE, POST) and name in synapses.variables
    }
    return {
        name
        for name, variable in found.items()
        if isinstance(variable, ArrayVariable)
        and not isinstance(variable, DynamicArrayVariable)
        and not variable.constant
    }
