"""This package's e-prop, on the network of NEST's contestant: nanoseconds per plastic synapse and
step.
"""

import numpy as np
from brian2 import Hz, defaultclock, ms

from ... import (
    DerivedNeurons,
    DiscreteLIFNeurons,
    EProp,
    FeedbackSynapses,
    FiringRate,
    PerTrial,
    PlasticSynapses,
    Trials,
)
from ...neurons import PRESETS
from ...readouts import LeakyReadout
from ...rules import AdaptiveEProp, LeakyDelta
from ...tasks import ArrayTask
from ..brian import Model, Standalone, flat
from ..problem import DT_MS
from .nest_eprop import ADAPTATION, CURRENTS, HERTZ, MEMBRANE

TAU, RATE = (
    MEMBRANE["tau_m"] * ms,
    1e-8,
)  # so small that the network goes on to fire as it does at first


class OursEprop(Standalone):
    """LIF neurons of discrete time, regularised, weights change at the end of each period."""

    name, title = "ours-eprop", "brian_rflo, e-prop, LIF (network of NEST)"
    kinds, modes, dtypes, same_network = ("spiking",), ("trial",), ("float64",), False
    rule, adaptation, onto = EProp(RATE, tau=TAU), {}, "I_rec"

    def neurons(self, size):
        """Return the neurons."""
        return DiscreteLIFNeurons(size, tau=TAU, **PRESETS["pattern_generation"], **self.adaptation)

    def rule_of(self, neurons):
        """Return their rule."""
        return self.rule

    def model(self, problem, networks):
        """Return the network of `NestEprop`."""
        task = ArrayTask(target=problem.target(), dt=DT_MS * ms)
        defaultclock.dt = task.dt
        neurons = self.neurons(problem.size)
        neurons.I_in = (
            TAU
            / ms
            * np.array(
                [CURRENTS[0] + CURRENTS[1] * post / problem.size for post in range(problem.size)]
            )
        )
        readout, learn = LeakyReadout(task, tau=TAU), PerTrial(window=1)
        recurrent = PlasticSynapses(
            neurons,
            neurons,
            FiringRate(HERTZ * Hz, 300).around(self.rule_of(neurons)),
            onto=self.onto,
            learn=learn,
        )
        output = PlasticSynapses(
            neurons, readout, LeakyDelta(RATE, tau=TAU), onto="drive", learn=learn
        )
        feedback = FeedbackSynapses(readout, neurons)
        for projection, weights, scale in zip(
            (recurrent, output, feedback), flat(problem, networks), (1e-3 * TAU / ms, 1, 1)
        ):
            projection.connect(networks=networks)
            projection.w = scale * weights
        trials = Trials(task, neurons, readout, recurrent, output)
        return Model(
            [neurons, readout, recurrent, output, feedback, trials],
            recurrent.variables["w"],
            readout.variables["output"],
            spike_count=neurons.variables["spike_count"],
        )


class OursAdaptiveEprop(OursEprop):
    """The same with adaptive thresholds."""

    name, title = "ours-eprop-alif", "brian_rflo, e-prop, adaptive LIF"
    rule, adaptation = (
        AdaptiveEProp(RATE, tau=TAU, tau_adapt=ADAPTATION["adapt_tau"] * ms),
        dict(tau_adapt=ADAPTATION["adapt_tau"] * ms, beta=ADAPTATION["adapt_beta"] * 0.03),
    )


class OursDerived(OursEprop):
    """The same network, written in Brian2's language, with a derived rule."""

    name, title, onto = "ours-derived", "brian_rflo, derived rule, LIF (network of NEST)", "v"

    def neurons(self, size):
        """Return neurons in which a spike lowers v by the threshold and affects others; both act in
        the next step.
        """
        decay = float(np.exp(-DT_MS * ms / TAU))
        constants = dict(tau_m=TAU, theta=0.03, down=0.03 / decay, arriving=(1 - decay) / decay)
        options = dict(
            on_pre="v += w*arriving",
            input="I_in",
            threshold="v >= theta",
            reset="v -= down",
            ignore="v",
            surrogate="0.3/theta*clip(1 - abs(u)/theta, 0, 1)",
        )
        return DerivedNeurons(
            size,
            "dv/dt = (I_in - v)/tau_m : 1",
            method="exponential_euler",
            namespace=constants,
            **options,
        )

    def rule_of(self, neurons):
        """Return their rule, filtered as in e-prop."""
        return neurons.rule(RATE, tau_out=TAU)
