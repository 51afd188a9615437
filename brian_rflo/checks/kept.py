"""Values of what a gradient cuts, kept as they were, to compare it with finite differences.

Sums of synapses that are cut see what their neurons sent, and statements of which a dependence is
cut find the value that they found, in each step of the run before. All else moves with the weights.
"""

from contextlib import nullcontext

import numpy as np
from brian2 import BrianObject

from ..brian.borrowed import SummedVariableUpdater
from ..gradient.asked import cuts_of
from ..gradient.graph import Graph
from ..gradient.text import FUNCTIONS, has_random
from ..neurons.base import parent_group
from .gradient import undisturbed
from .held import constants_of

#: Just before, and just after, an object of the step.
BEFORE, AFTER = -0.25, 0.25
ENDS = {"_presynaptic_idx": "_synaptic_pre", "_postsynaptic_idx": "_synaptic_post"}


class Beside(BrianObject):
    """Work beside an object of the step.

    Parameters
    ----------
    runner : BrianObject
    side : float
    n_steps : int
    work : callable
        Called with the number of the step in the trial.
    """

    add_to_magic_network = False
    touches_synapses = False

    def __init__(self, runner, side, n_steps, work):
        place = dict(when=runner.when, order=runner.order + side)
        super().__init__(clock=runner.clock, name="beside*", **place)
        self.n_steps, self.work = n_steps, work

    def run(self):
        """Do it."""
        self.work(int(self.clock.variables["timestep"].get_value()[0]) % self.n_steps)


class CutSum:
    """The sum of a projection that is cut.

    Parameters
    ----------
    net : TrialNetwork
    updater : SummedVariableUpdater
    """

    def __init__(self, net, updater):
        self.net, self.updater, self.synapses = net, updater, updater.group
        self.expression = str(updater.expression)
        names = self.synapses.variables.indices
        read = [name for name in updater.expression.identifiers if name in names]
        self.own = [name for name in read if names[name] not in ENDS]
        self.sent = [name for name in read if names[name] in ENDS]
        self.values = []

    def watch(self):
        """Record what neurons send."""
        variables = self.synapses.variables

        def record(_):
            self.values.append({n: np.array(variables[n].get_value()) for n in self.sent})

        self.net.add(Beside(self.updater, BEFORE, self.net.task.n_steps, record))

    def keep(self, was):
        """Sum what neurons sent."""
        variables, target = self.synapses.variables, self.updater.target
        side = self.updater.template_kwds["_index_var"]

        def add_up(step):
            space = dict(FUNCTIONS) | constants_of(self.synapses)
            space |= {name: np.asarray(variables[name].get_value()) for name in self.own}
            for name in self.sent:
                end = variables[ENDS[variables.indices[name]]].get_value()
                space[name] = was[step][name][end]
            terms = np.broadcast_to(eval(self.expression, space), len(self.synapses))
            total = np.bincount(side.get_value(), terms, len(parent_group(target)))
            part = slice(target.start, target.stop)
            self.updater.target_var.get_value()[part] = total[part]

        self.net.add(Beside(self.updater, AFTER, self.net.task.n_steps, add_up))


class CutLink:
    """Statements that give a variable a value that depends on another, as that was.

    Parameters
    ----------
    net : TrialNetwork
    operation : Operation
        The statements.
    name, by : str
    """

    def __init__(self, net, operation, name, by):
        self.net, self.operation, self.runner = net, operation, operation.runner
        variables = operation.group.variables
        self.variable, self.by = variables[name], variables[by]
        self.written = [variables[n] for n, _ in operation.lines if n in variables]
        self.values = []

    def watch(self):
        """Record the value that they find."""
        record = lambda _: self.values.append(np.array(self.by.get_value()))  # noqa: E731
        self.net.add(Beside(self.runner, BEFORE, self.net.task.n_steps, record))

    def keep(self, was):
        """Run them once more before, with the value that was, and take over the variable."""
        taken = {}

        def before(step):
            start = [(one, np.array(one.get_value())) for one in (*self.written, self.by)]
            self.by.get_value()[:] = was[step]
            with undisturbed() if has_random(self.operation.code) else nullcontext():
                self.runner.run()
            taken["value"] = np.array(self.variable.get_value())
            for one, values in start:
                one.get_value()[:] = values

        def after(_):
            self.variable.get_value()[:] = taken["value"]

        for side, work in ((BEFORE, before), (AFTER, after)):
            self.net.add(Beside(self.runner, side, self.net.task.n_steps, work))


def cut_parts(net, cut):
    """Return what a gradient of a network cuts, but spikes, in the order of a step."""
    cuts = cuts_of(net, cut)
    dt = net.trials.clock.dt_
    graph = Graph(net.sorted_objects, net.task.n_steps, dt, {}, {}, {}, cuts)
    sums = [
        CutSum(net, obj)
        for obj in net.sorted_objects
        if isinstance(obj, SummedVariableUpdater) and graph.is_cut(obj.group)
    ]
    links = [
        CutLink(net, operation, name, by)
        for owner, name, by in sorted(link for link in cuts if len(link) == 3)
        for operation in graph.cut_at(owner, name, by)
    ]
    return [*sums, *links]
