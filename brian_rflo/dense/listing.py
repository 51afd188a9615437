"""A pass over the synapses of a projection that is not connected all to all, in Brian2's own order:
where somebody looks at them in every step, and on targets without a private copy (slices.py).

Runs of synapses from one presynaptic neuron follow one another, and in a run several synapses are
taken at a time; what belongs to postsynaptic neurons comes in pairs, and sums are scattered.
Weights and traces stay where Brian2 has them.
"""

import numpy as np
from brian2 import prefs

from ..brian.borrowed import c_data_type
from ..brian.conditional import is_standalone
from .code import POST, PRE
from .runners import pointer


def problems(parts):
    """Yield reasons why a projection cannot run as a pass over the synapses that there are."""
    synapses, indices = parts.synapses, parts.synapses.variables.indices
    if synapses.geometry is not None:
        yield "it is connected all to all"
    elif not parts.ordinary:
        yield "it does nothing in each step"
    elif any(indices[name] in (PRE, POST) for name in parts.changed):
        yield "its statements write to variables of neurons"
    elif any(indices[name] not in ("_idx", "0", PRE, POST) for name in parts.names & set(indices)):
        yield "it reads variables of more than its synapses and neurons"


class Listing:
    """The synapses in Brian2's order, for the pass and sums of their projection."""

    loops = "listed.cpp"

    def __init__(self, synapses):
        self.synapses = synapses

    def seen_by(self, runner):
        """Return the template arguments for a runner."""
        return list_of(self.synapses, runner) | dict(loops=self.loops, tile=0) | self._runs(runner)

    def _runs(self, runner):
        """Return where the runs begin; C++ standalone programs, which make the synapses, find that
        themselves.
        """
        if is_standalone():
            return dict(runs="")
        pre = self.synapses.variables["_synaptic_pre"].get_value()
        starts = np.flatnonzero(np.diff(pre, prepend=-1)).astype(np.int32)
        name = f"runs_{len(starts)}"
        array = runner.history(name, max(len(starts), 1), dtype=np.int32)
        self.synapses.variables[f"_history_{name}"].set_value(starts if len(starts) else 0)
        return dict(runs=array, n_runs=len(starts))


def list_of(synapses, runner):
    """Return template arguments that tell what the synapses connect, and what a vector holds."""
    number = np.dtype(prefs["core.default_float_dtype"])
    return dict(
        real=c_data_type(number),
        whole=f"int{8 * number.itemsize}_t",
        size=number.itemsize,
        pre=pointer(runner.variable("_synaptic_pre")),
        post=pointer(runner.variable("_synaptic_post")),
        count=f"{pointer(runner.variable('N'))}[0]",
        first_pre=synapses.source.start,
        n_pre=len(synapses.source),
        first_post=synapses.target.start,
        n_post=len(synapses.target),
    )
