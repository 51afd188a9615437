"""Groups for NIR nodes other than `LIFNeurons`, and the units of the latter."""

import re
from dataclasses import dataclass

import numpy as np
from brian2 import NeuronGroup, second

from .. import schedule
from ..brian.component import Component
from .graph import uniform


class GraphInput(Component, NeuronGroup):
    """Channels of an Input node for which no group was given: ``activity``, 0 until it is set."""

    def __init__(self, n, name):
        super().__init__(n, "activity : 1", name=name)


class LeakyIntegrators(Component, NeuronGroup):
    """``tau dactivity/dt = rest - activity + r (I + bias)``; a spike adds ``r dt/tau``. Without
    spikes, inputs act in the step in which they arrive.
    """

    events_onto = ("activity",)
    on_pre = {"activity": "activity_post += w*jump_post"}

    def __init__(self, node, spike_length, sums, spiking, name):
        self.sum_phase = schedule.DRIVE if spiking else schedule.READOUT
        self.node, self.spike_length = node, spike_length
        total = " + ".join([*sums, "bias"])
        model = (
            f"dactivity/dt = (rest + r*({total}) - activity)/tau : 1\ntau : second (constant)\nr :"
            " 1 (constant)\nrest : 1 (constant)\njump : 1 (constant)\nactivity_initial : 1\n"
            "bias : 1\n" + "".join(f"{sum} : 1\n" for sum in sums)
        )
        super().__init__(node.size, model, method="exponential_euler", name=name)
        if not spiking:
            schedule.move(self.state_updater, schedule.READOUT_TRACE)
        self.tau, self.r, self.rest = node.tau * second, node.r, node.v_leak
        self.jump = node.r * spike_length / node.tau
        self.activity = self.activity_initial = node.metadata.get("initial", node.v_leak)

    #: Statements at the beginning of a trial.
    trial_start = "activity = activity_initial"


class Pulses(Component, NeuronGroup):
    """Weighted spikes of the last step for a group, ``activity``, for one step."""

    events_onto = ("activity",)
    trial_start = "activity = 0"

    def __init__(self, served, name):
        self.served = served
        super().__init__(len(served), "activity : 1", name=name)
        self.run_regularly("activity = 0", **schedule.GAIN, name=f"{name}_end")


class Outputs(Component, NeuronGroup):
    """The input of an Output node: ``output``."""

    sum_phase = schedule.LOSS  # integrators have been integrated

    def __init__(self, n, sums, name):
        super().__init__(
            n,
            f"output = {' + '.join([*sums, 'bias'])} : 1\nbias : 1\n"
            + "".join(f"{sum} : 1\n" for sum in sums),
            name=name,
        )


def is_pulses(group):
    """Return whether a group holds the spikes of a step for another."""
    return isinstance(group, Pulses)


def is_output(group):
    """Return whether a group is the input of an Output node."""
    return isinstance(group, Outputs)


@dataclass
class Units:
    """Conversion of NIR membranes to those of `LIFNeurons`: ``v = offset + scale*membrane``, with
    threshold `threshold`, and so on.

    Levels that all neurons share are kept. Otherwise, and if neurons rest above their threshold,
    the unit is threshold minus reset.
    """

    threshold: float
    rest: float
    reset: float
    offset: np.ndarray
    scale: np.ndarray
    drive: np.ndarray
    bias: np.ndarray

    @classmethod
    def of(cls, node):
        shared = (
            all(uniform(level) for level in (node.v_leak, node.v_threshold, node.v_reset))
            and node.v_threshold[0] > node.v_leak[0]
        )
        if shared:
            threshold, rest, reset = (
                float(level[0]) for level in (node.v_threshold, node.v_leak, node.v_reset)
            )
            return cls(
                threshold,
                rest,
                reset,
                np.zeros(node.size),
                np.ones(node.size),
                node.r / (threshold - rest),
                np.zeros(node.size),
            )
        scale = node.v_threshold - node.v_reset
        return cls(
            1.0, 0.0, 0.0, node.v_reset, scale, node.r / scale, (node.v_leak - node.v_reset) / scale
        )

    def begin(self, node):
        """Return the initial membrane potentials: those of the graph, or at rest."""
        v = node.metadata.get(
            "initial", np.where(node.v_leak < node.v_threshold, node.v_leak, node.v_reset)
        )
        return (v - self.offset) / self.scale


def named(name):
    """Return a name in a form that Brian2 allows."""
    name = re.sub(r"\W", "_", name, flags=re.ASCII)
    return name if name[:1].isalpha() else f"node_{name}"
