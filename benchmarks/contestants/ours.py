"""This package: its parts, one by one, as in `examples/periodic.py`."""

import numpy as np
from brian2 import defaultclock, ms

from ... import (
    RFLO,
    Delta,
    FeedbackSynapses,
    LIFNeurons,
    LossMonitor,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
)
from ...tasks import ArrayTask, PeriodicOutput
from ..brian import Model, Runtime, Standalone, flat
from ..problem import DT_MS, INITIAL, KINDS, MEMBRANE_MS, REFRACTORY_MS, STEPS, SYNAPSE_MS, TAU_MS


def rate_neurons(problem, networks):
    """Return the neurons of the rate network, and the time constant of its traces."""
    return RateNeurons(networks * problem.size, tau=TAU_MS * ms, initial=INITIAL), TAU_MS * ms


def spiking_neurons(problem, networks):
    """Return the neurons of the spiking network, and the time constant of its traces."""
    bias, initial = (np.tile(values, networks) for values in problem.membranes())
    return (
        LIFNeurons(
            networks * problem.size,
            MEMBRANE_MS * ms,
            SYNAPSE_MS * ms,
            refractory=REFRACTORY_MS * ms,
            bias=bias,
            initial=initial,
        ),
        SYNAPSE_MS * ms,
    )


NEURONS = {"rate": rate_neurons, "spiking": spiking_neurons}


def parts(problem, task, rate, update, networks):
    """Return neurons, readout, recurrent, output and feedback projections, with the timed network's
    weights.
    """
    defaultclock.dt = task.dt
    learn = PerTrial() if update == "trial" else PerStep()
    neurons, tau = NEURONS[problem.kind](problem, networks)
    readout = Readout(task, networks=networks)
    recurrent = PlasticSynapses(
        neurons, neurons, RFLO(learning_rate=rate, tau=tau), onto="I_rec", learn=learn
    )
    output = PlasticSynapses(
        neurons, readout, Delta(learning_rate=rate), onto="output", learn=learn
    )
    feedback = FeedbackSynapses(readout, neurons)
    for projection, weights in zip((recurrent, output, feedback), flat(problem, networks)):
        projection.connect(networks=networks)
        projection.w = weights
    return neurons, readout, recurrent, output, feedback


def model(self, problem, networks):
    """Return the timed network; in the mode "trial" with this package's trials, whose learning rate
    includes the paper's 1/T.
    """
    task = ArrayTask(target=problem.target(), dt=DT_MS * ms)
    rate, update = (problem.rate * STEPS, "trial") if problem.is_trial else (problem.rate, "step")
    made = neurons, readout, recurrent, output, _feedback = parts(
        problem, task, rate, update, networks
    )
    trials = (
        [Trials(task, neurons, readout, recurrent, output, networks=networks)]
        if problem.is_trial
        else []
    )
    return Model(
        [*made, *trials],
        recurrent.variables["w"],
        readout.variables["output"],
        spike_count=neurons.variables["spike_count"]
        if problem.is_spiking and problem.is_trial
        else None,
    )


class Ours(Standalone):
    """One network, C++ standalone."""

    name, title, quick = "ours", "brian_rflo, standalone", True
    kinds = KINDS
    model = model


class OursSideBySide(Standalone):
    """Nine networks side by side in one program: time per network."""

    name, title, networks, quick = "ours-9", "brian_rflo, standalone, 9 networks, each", 9, True
    model = model


class OursCython(Runtime):
    """One network, Cython."""

    name, title = "ours-cython", "brian_rflo, Cython"
    model = model


class PaperRun(Standalone):
    """A training as in the paper: trials with reset, a loss for each, a weight change in every
    step; periods are trials.
    """

    name, title = "paper", "brian_rflo, training with trials and losses"

    def model(self, problem, networks):
        """Return the network of Murray's figure 2."""
        task = PeriodicOutput(period=STEPS * DT_MS * ms, dt=DT_MS * ms)
        made = neurons, readout, recurrent, output, _feedback = parts(
            problem, task, 0.03, "step", networks
        )
        trials = Trials(task, neurons, readout, recurrent, output)
        return Model(
            [*made, trials, LossMonitor(trials)],
            recurrent.variables["w"],
            readout.variables["output"],
        )
