"""Scenarios in which synapses rest, are interrupted and rest again; and what they leave."""

import numpy as np
from brian2 import SpikeMonitor, StateMonitor, defaultclock, ms, prefs

from brian_rflo.brian.devices import device

#: Variables of synapses that a scenario is compared by, and of neurons, in each step.
OF_SYNAPSES = "w", "trace", "eps", "eligibility", "p", "q", "first_moment", "second_moment"
OF_NEURONS = "v", "activity", "I_rec"


def whole(net):
    net.train(2)


def in_pieces(net):
    for steps in (1, 30, 2, 44, 73):
        net.run(steps * ms)


def frozen(net):
    net.run(33 * ms)
    net.recurrent.plastic = False
    net.run(13 * ms)
    net.recurrent.plastic = True
    net.recurrent.learning_rate = 0.1
    net.run(104 * ms)


def writes_between(net):
    net.run(33 * ms)
    net.recurrent.w["i == 3"] = 0.5
    net.recurrent.trace = 0.1
    net.run(117 * ms)


def restored(net):
    net.run(33 * ms)
    net.store()
    net.run(25 * ms)
    net.restore()
    net.run(90 * ms)


def outcome(build, scenario, target, rests=True):
    """Return what a scenario leaves in the synapses and what neurons did in each step, by name; and
    `recurrent.dense` of the network. Without `rests` the dense pass is off.
    """
    prefs["brian_rflo.dense_pass"] = rests
    try:
        with device(target):
            defaultclock.dt = 1 * ms
            net = build()
            monitors = watch(net)
            before = net.recurrent.matrix(net.networks) if target != "cpp_standalone" else None
            scenario(net)
            found = records(net, monitors)
            assert (
                before is None or np.abs(net.recurrent.matrix(net.networks) - before).max() > 1e-4
            )
            return found, net.recurrent.dense
    finally:
        prefs["brian_rflo.dense_pass"] = True


def watch(net):
    """Add monitors of the neurons; return them."""
    names = [name for name in OF_NEURONS if name in net.neurons.variables]
    monitors = [StateMonitor(net.neurons, names, record=True, name="states")]
    if "spike" in net.neurons.events:
        monitors.append(SpikeMonitor(net.neurons, name="spikes"))
    net.add(*monitors)
    return monitors


def records(net, monitors):
    """Return variables of all projections, and what the monitors recorded."""
    return {
        f"{part}.{name}": np.array(getattr(synapses, name))
        for part in ("recurrent", "incoming", "output")
        if (synapses := vars(net).get(part)) is not None
        for name in OF_SYNAPSES
        if name in synapses.variables
    } | {
        f"{monitor.name}.{name}": np.array(getattr(monitor, name))
        for monitor in monitors
        for name in monitor.record_variables
    }


def assert_equal(rested, walked):
    """Same spikes, more than a few; all else equal to rounding, relative to the largest number."""
    for name, values in walked.items():
        if name.startswith("spikes."):
            assert len(values) > 20
            np.testing.assert_array_equal(rested[name], values)
        else:
            off = np.abs(rested[name] - values).max() / (np.abs(values).max() or 1)
            assert off <= 1e-12, (name, off)
