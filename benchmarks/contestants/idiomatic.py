"""Plain Brian2, without this package, as a careful user writes it.

Quantities of a neuron are computed per neuron, sums are summed variables, orders are explicit. In
the mode "trial" the change is applied by a slow clock where the next trial begins. (On runs of many
minutes of simulated time that clock drifts by a rounding error from the fast one in C++ standalone;
its work, and so the time, stays the same.)
"""

from brian2 import NeuronGroup, Synapses, TimedArray, defaultclock, ms

from ..brian import Model, Runtime, Standalone, flat
from ..problem import DT_MS, INITIAL, RATE, STEPS, TAU_MS

NEURONS = """
dh/dt = (tanh(u) - h)/tau : 1
u : 1
gain : 1
feedback : 1
"""
READOUT = """
y : 1
error : 1
"""
RECURRENT = """
w : 1
dp/dt = (gain_post*h_pre - p)/tau : 1 (clock-driven)
u_post = w*h_pre : 1 (summed)
"""
OUTPUT = """
w : 1
y_post = w*h_pre : 1 (summed)
"""
FEEDBACK = """
w : 1
feedback_post = w*error_pre : 1 (summed)
"""
CHANGE = "change : 1\n"


def groups(problem):
    """Return neurons and readout."""
    defaultclock.dt = DT_MS * ms
    names = {
        "tau": TAU_MS * ms,
        "pattern": TimedArray(problem.target(), dt=DT_MS * ms),
        "steps": STEPS,
        "step": DT_MS * ms,
    }
    neurons = NeuronGroup(problem.size, NEURONS, method="euler", namespace=names)
    neurons.h = INITIAL
    neurons.run_regularly("gain = 1 - tanh(u)**2", when="groups", order=-2)
    readout = NeuronGroup(1, READOUT, namespace=names)
    readout.run_regularly(
        "error = pattern((t_in_timesteps % steps)*step) - y", when="after_resets", order=-2
    )
    return neurons, readout, names


def projections(neurons, readout, names, accumulates):
    """Return recurrent, output and feedback synapses, each summed in its place of the step."""
    extra = CHANGE if accumulates else ""
    recurrent = Synapses(
        neurons,
        neurons,
        RECURRENT + extra,
        method="euler",
        order=-1,
        namespace={**names, "rate": RATE},
    )
    output = Synapses(neurons, readout, OUTPUT + extra, namespace={"rate": RATE})
    feedback = Synapses(readout, neurons, FEEDBACK)
    recurrent.summed_updaters["u_post"].order = -3
    for updater, order in (
        (output.summed_updaters["y_post"], -3),
        (feedback.summed_updaters["feedback_post"], -1),
    ):
        updater.when, updater.order = "after_resets", order
    return recurrent, output, feedback


def learning(neurons, recurrent, output, accumulates):
    """Add weight changes in every step, or accumulate them and apply them at the beginning of the
    next trial.
    """
    variable = "change += " if accumulates else "w += rate*"
    recurrent.run_regularly(f"{variable}feedback_post*p", when="end")
    output.run_regularly(f"{variable}error_post*h_pre", when="end")
    if accumulates:
        recurrent.run_regularly(
            "w += rate*change; change = 0; p = 0", dt=STEPS * DT_MS * ms, when="start"
        )
        output.run_regularly("w += rate*change; change = 0", dt=STEPS * DT_MS * ms, when="start")
        neurons.run_regularly("h = initial", dt=STEPS * DT_MS * ms, when="start")


def model(self, problem, networks):
    """Return the timed network."""
    neurons, readout, names = groups(problem)
    names["initial"] = INITIAL
    recurrent, output, feedback = projections(neurons, readout, names, problem.is_trial)
    for synapses, weights in zip((recurrent, output, feedback), flat(problem, networks)):
        synapses.connect()
        synapses.w = weights
    learning(neurons, recurrent, output, problem.is_trial)
    pending = recurrent.variables["change"] if problem.is_trial else None
    return Model(
        [neurons, readout, recurrent, output, feedback],
        recurrent.variables["w"],
        readout.variables["y"],
        pending,
    )


class IdiomaticStandalone(Standalone):
    """C++ standalone."""

    name, title, quick = "brian2", "plain Brian2, standalone", True
    model = model


class IdiomaticCython(Runtime):
    """Cython."""

    name, title = "brian2-cython", "plain Brian2, Cython"
    model = model
