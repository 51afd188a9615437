"""Neurons and integrators with the values of a node of NIR, in its own units.

With I what enters in a step, spikes as 1 in one step, and a = dt/tau (forward Euler) or
1 - exp(-dt/tau) (exact), both for each time constant:

    x(t) = (1 - a_syn) x(t-1) + a_syn w_in I(t)               CubaLIF, CubaLI; else x = I
    v(t) = (1 - a) v(t-1) + a (v_leak + r x(t))               IF, without tau: v(t-1) + dt r x(t)
    z(t) = 1 where v(t) > v_threshold; then v = v_reset       LIF, IF, CubaLIF

Other resets subtract v_threshold: at once, or, as snnTorch does by default, from v(t+1).

With tau = dt/(1 - beta) and r = tau/dt the first is ``mem = beta*mem + I``. Gain is the
pseudo-derivative of Bellec et al. 2020 (Nature Communications 11:3625), and what traces read, psp,
is the exact derivative of v by a weight, except for the reset.
"""

from __future__ import annotations

import numpy as np
from brian2 import NeuronGroup, second

from .. import schedule
from ..brian.borrowed import word_substitute
from ..brian.component import Component
from ..steps import Mechanism, Step
from .graph import uniform

#: The part by which a value approaches what drives it in a step, by the name of the integrator.
SHARES = {"euler": "dt/{0}", "exact": "1 - exp(-dt/{0})"}
#: Values with units of time.
TIMES = ("tau_mem", "tau_syn")
#: Values that determine the effect of a spike on the membrane.
TRACED = (*TIMES, "r", "w_in")
SLOPE = "gain = height*clip(1 - abs(v - v_threshold)/width, 0, 1)/width"
#: What a spike does to the membrane: in its own step, and in the next one.
RESETS = {
    "to_value": ("v = v_reset", ""),
    "subtract": ("v -= v_threshold", ""),
    "subtract_later": ("", " - v_threshold*activity"),
}
FIRED = "activity = 1\nspike_count += 1"


def places_of(layer):
    """Return the phases of the neurons of a layer: the first one has those of all neurons, others
    act within the same step, behind the spikes of those before.
    """
    if not layer:
        return dict(
            sums=schedule.DRIVE,
            state=schedule.STATE,
            slope=schedule.SLOPE,
            traces=schedule.SPIKING_TRACE,
        )
    first = schedule.LAYER.behind(schedule.LAYER.order * (layer - 1))
    names = ("arrival", "sums", "state", "slope", "traces", "threshold")
    return {name: first.behind(1000 * number) for number, name in enumerate(names)}


class Stepped(Component, NeuronGroup):
    """Base of both groups.

    Parameters
    ----------
    node : Node
    integrator : {"euler", "exact"}
    spike_length : float
        Seconds for which a spike is 1.
    layer : int
        0, or the number of layers that it reads within the same step.
    name : str
    """

    #: Spikes of this step, and of the last one.
    events_onto = ("I_now", "I_rec")
    inputs = ("I_in", "I_bias")
    #: What the last step does to the variable of the node.
    late = ""
    #: The variable of the node.
    membrane = "activity"

    #: Whether the spikes of one layer drive the next one in the same step.
    same_step = False

    def __init__(self, node, integrator, spike_length, layer, name, more="", **neurongroup_args):
        self.integrator, self.layer = integrator, layer
        self.spike_length, self.places = spike_length, places_of(layer)
        self.sum_phase = self.places["sums"]
        self.trace_phase = self.places["traces"]
        self.trace_method = "euler" if integrator == "euler" else "exponential_euler"
        self.node = node
        self.values = {name_of(value): array for value, array in node.values.items()}
        lines = [
            f"{value} : {'second' if value in TIMES else 1} (constant)" for value in self.values
        ]
        lines += [f"{self.membrane}_initial : 1", "bias : 1"]
        lines += [f"{current} : 1" for current in (*self.events_onto, *self.inputs, *self.currents)]
        super().__init__(
            node.size,
            "\n".join([f"{self.membrane} : 1", *lines, more]),
            namespace={"spike_length": spike_length * second},
            name=name,
            **neurongroup_args,
        )
        self.integrate_what_is_there()
        for value, array in self.values.items():
            setattr(self, value, array * second if value in TIMES else array)
        self.run_regularly(self.code, **self.places["state"], name=f"{self.name}_state")
        begin = node.metadata.get("initial", self.at_rest(node))
        setattr(self, self.membrane, begin)
        setattr(self, f"{self.membrane}_initial", begin)

    @staticmethod
    def at_rest(node):
        """Return where a node begins, if its graph does not say so."""
        rest = node.values.get("v_leak", np.zeros(node.size))
        if "v_threshold" in node.values:
            rest = np.where(rest < node.v_threshold, rest, node.v_reset)
        return rest

    @property
    def currents(self):
        """The synaptic current, of nodes that have one."""
        return ("I_syn",) if "tau_syn" in self.values else ()

    @property
    def code(self):
        """Statements of a time step."""
        area = "" if self.integrator == "euler" else "spike_length/dt*"
        lines = [f"_input = {area}(I_now + I_rec) + I_in + (bias + I_bias)"]
        lines += self.filtered("_input", self.currents, self.membrane)
        lines[-1] += self.late
        return "\n".join([*lines, "I_now = 0", "I_rec = 0"])

    def filtered(self, source, currents, state, leak=" + _share*v_leak"):
        """Return the statements by which what enters changes the state."""
        share, lines = SHARES[self.integrator].format, []
        for current in currents:
            gate = f"_gate = {share('tau_syn')}"
            lines += [gate, f"{current} = (1 - _gate)*{current} + (_gate*w_in)*{source}"]
            source = current
        if "tau_mem" not in self.values:
            return [*lines, f"{state} = {state} + (dt/second*r)*{source}"]
        return [
            *lines,
            f"_share = {share('tau_mem')}",
            f"{state} = (1 - _share)*{state}{leak} + (_share*r)*{source}",
        ]

    @property
    def trial_start(self):
        """Statements at the beginning of a trial."""
        zero = "".join(f"\n{name} = 0" for name in (*self.events_onto, *self.currents))
        return f"{self.membrane} = {self.membrane}_initial{zero}"

    def before_run(self, run_namespace):
        """Raise if the time step is another than that of the graph, where it must not be."""
        if self.integrator == "euler" and not np.isclose(
            float(self.clock.dt), self.spike_length, rtol=1e-9, atol=0
        ):
            raise ValueError(
                f"'{self.name}' steps by Euler, in steps of {self.spike_length * second} as its"
                f" graph does, and the simulation has dt = {self.clock.dt}; write defaultclock.dt"
                f" = {self.spike_length * 1e3:g}*ms"
            )
        super().before_run(run_namespace)


class NodeIntegrators(Stepped):
    """LI and CubaLI: ``activity``."""

    def __init__(self, node, integrator, spike_length, layer, name):
        super().__init__(node, integrator, spike_length, layer, name)


class NodeNeurons(Stepped):
    """LIF, IF and CubaLIF.

    Attributes
    ----------
    v : state variable
        Membrane.
    activity : state variable
        1 in the step of a spike, else 0.
    gain, feedback, spike_count : state variables
        Pseudo-derivative, learning signal, and spikes of this trial so far.
    height, width : state variables
        The pseudo-derivative is ``height/width`` at the threshold, and 0 in a distance of `width`
        from it.
    """

    membrane = "v"
    #: The activity is the spike itself, which only a readout filters.
    sends_bare_spikes = True

    def __init__(self, node, integrator, spike_length, layer, name, reset="to_value"):
        self.reset_of_graph = reset
        super().__init__(
            node,
            integrator,
            spike_length,
            layer,
            name,
            "activity : 1\ngain : 1\nfeedback : 1\nspike_count : 1\nheight : 1\nwidth : 1",
            threshold="v > v_threshold",
            reset=f"{RESETS[reset][0]}\n{FIRED}",
        )
        self.run_regularly(SLOPE, **self.places["slope"], name=f"{self.name}_slope")
        if layer:
            schedule.move(self.thresholder["spike"], self.places["threshold"])
        leak = node.values.get("v_leak", node.v_reset)
        self.width = node.v_threshold - np.where(leak < node.v_threshold, leak, node.v_reset)
        self.height = 0.3

    @property
    def code(self):
        """Statements of a time step."""
        return f"{super().code}\nactivity = 0"

    @property
    def late(self):
        """Effect of the spikes of the last step on the membrane."""
        return RESETS[self.reset_of_graph][1]

    @property
    def trial_start(self):
        """Statements at the beginning of a trial."""
        return f"{super().trial_start}\nactivity = 0\nspike_count = 0\nfeedback = 0"

    def psp_for(self, synapses):
        """Return what keeps the effect of a unit of what a projection sends, in cells beside its
        source.
        """
        return Driving(self, synapses.onto, synapses.sends)


class Driving(Mechanism):
    """The `psp` of a source in `NodeNeurons`: the derivative of the membrane by the weight."""

    def __init__(self, neurons, onto, sends):
        fires = onto in neurons.events_onto
        filtered = ["filtered"] if neurons.currents else []
        own = ["psp", *filtered, *(["spiked"] if fires else [])]
        lines = neurons.filtered("spiked" if fires else sends, filtered, "psp", leak="")
        if fires and neurons.integrator == "exact":
            lines = [f"spiked = spiked*{neurons.spike_length!r}*second/dt", *lines]
        constants = shared_values(neurons)
        code = "\n".join([*lines, *(["spiked = 0"] if fires else [])])
        code = word_substitute(code, {name: f"{name}_of_target" for name in constants})
        steps = [Step(code, neurons.places["state"], "pre")]
        if fires:
            at = neurons.places["arrival"] if onto == "I_now" else schedule.LATER
            steps.append(Step("spiked = 1", at, "pre", "spike"))
        steps.append(
            Step("; ".join(f"{name} = 0" for name in own), schedule.RESET, "pre", "trial_start")
        )
        for name, value in dict(
            variables={"pre": "\n".join(f"{name} : 1" for name in own)},
            steps=tuple(steps),
            resets=tuple(steps[-1:]),
            constants={f"{name}_of_target": value for name, value in constants.items()},
        ).items():
            object.__setattr__(self, name, value)


def shared_values(neurons):
    """Return the values of neurons that traces contain; raise unless all neurons share them."""
    values = {name: array for name, array in neurons.values.items() if name in TRACED}
    for name, array in values.items():
        if not uniform(array):
            raise ValueError(
                f"'{neurons.name}' has neurons with {name} from {array.min():g} to"
                f" {array.max():g}, and what traces read of a presynaptic cell is the same for all"
                " of them; train weights onto nodes in which all neurons have one value"
            )
    return {
        name: float(array[0]) * second if name in TIMES else float(array[0])
        for name, array in values.items()
    }


def name_of(value):
    """Return the name of a value of a node in its group: that of its membrane where it has two time
    constants.
    """
    return "tau_mem" if value == "tau" else value
