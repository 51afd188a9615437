"""Computed parts: networks in which weights scale, and what linear units read from them.

Settings are those of an earlier implementation of ours, see README.md; none was chosen on the
seeds of the tables.
"""

import numpy as np
from brian2 import Network, SpikeMonitor, defaultclock, get_device, ms

from brian_rflo import Delta, PerStep, PlasticSynapses, Readout
from brian_rflo.brian.conditional import ConditionalMonitor
from brian_rflo.brian.devices import device as on
from brian_rflo.readouts import SpikeTraces
from brian_rflo.rules import PresynapticScaling, SynapticScaling
from brian_rflo.schedule import RECORD
from brian_rflo.tasks import ArrayTask, EmptyTask
from brian_rflo.trials import TrialMonitor
from brian_rflo.updates import SGD

from .network import BOUNDS, DT, N_EXC, N_STIMULUS, Circuit, Parts

#: Rules, their rate, and the length of a trial in milliseconds.
RULES, RATE, LENGTH = {"PSD": PresynapticScaling, "SS": SynapticScaling}, 0.01, 250
#: Trials at the end in which latencies are measured.
TIMED = 25
#: Readout: length of a trial in milliseconds, time constant of the traces, learning rate, and
#: trials at the end without learning.
READ_LENGTH, TAU_TRACE, READ_RATE, TESTED = 50, 5 * ms, 0.5, 50


def scaled(progress, device, rule, trials, seed, circuit=Circuit()):
    """A part: a network in which weights scale by a rule. What it returns is of the excitatory
    neurons without those of the stimulus: spikes per neuron and the share that fires exactly once
    ``[trial]``, latencies and their standard deviations in milliseconds, NaN of neurons that do
    not fire in most trials; spikes of the first and the last trial; and the weights at the end.
    """
    with on(device):
        defaultclock.dt = DT
        get_device().seed(seed)
        task = EmptyTask(length=LENGTH * ms, dt=DT)
        parts = Parts(seed, RULES[rule](RATE), circuit=circuit)
        in_trials, objects = parts.in_trials(task)
        counts = TrialMonitor(in_trials, parts.excitatory, "spike_count")
        spikes = SpikeMonitor(parts.excitatory)
        Network(*objects, counts, spikes).run(
            trials * task.duration, namespace={}, **progress.report(device)
        )
        found = np.array(counts.spike_count)[N_STIMULUS:].T
        weights = {name: np.array(parts.projections[name].w) for name in BOUNDS}
        steps, neurons = np.round(np.asarray(spikes.t / DT)).astype(int), np.array(spikes.i)
    latency, jitter = timed(steps, neurons, task.n_steps, max(trials - TIMED, 0), trials)
    rasters = {
        name: raster(steps, neurons, task.n_steps, trial)
        for name, trial in (("first", 0), ("last", trials - 1))
    }
    return (
        weights
        | rasters
        | {
            "mean": found.mean(axis=1),
            "once": (found == 1).mean(axis=1),
            "latency": latency,
            "jitter": jitter,
        }
    )


def raster(steps, neurons, n_steps, trial):
    """Return the spikes of a trial ``[time or neuron, spike]``, times in milliseconds."""
    of_trial = steps // n_steps == trial
    return np.array([steps[of_trial] % n_steps * float(DT / ms), neurons[of_trial]])


def timed(steps, neurons, n_steps, begin, end):
    """Return the mean and the standard deviation of the time of the first spike of a trial, in
    milliseconds, over the trials from `begin` to `end`; NaN where most have no spike.
    """
    first = np.full((end - begin, N_EXC), np.nan)
    there = (steps >= begin * n_steps) & (steps < end * n_steps)
    steps, neurons = steps[there][::-1], neurons[there][::-1]  # so that the first one stays
    first[steps // n_steps - begin, neurons] = steps % n_steps * float(DT / ms)
    first = first[:, N_STIMULUS:]
    fires = np.isfinite(first).sum(axis=0)
    mean = np.nansum(first, axis=0) / np.maximum(fires, 1)
    spread = np.sqrt(np.nansum((first - mean) ** 2, axis=0) / np.maximum(fires, 1))
    return tuple(np.where(fires > 0.5 * len(first), values, np.nan) for values in (mean, spread))


def read(progress, device, trials, read_trials, seed):
    """A part: presynaptic-dependent scaling, with what `scaled` returns; then linear units that
    learn to tell time and a curve from the spikes of the network with the scaled weights, and of
    that with its initial ones, side by side: targets ``[target, step]`` between the first and the
    last latency, and outputs in trials without learning ``[network, trial, target, step]``.
    """
    made = scaled(progress.between(0, 0.7), device, "PSD", trials, seed)
    latency = made["latency"][np.isfinite(made["latency"])]
    span = (latency.min(), latency.max()) if len(latency) else (10.0, 30.0)
    task, inside = read_task(span, seed)
    weights = ({name: made[name] for name in BOUNDS}, {})
    outputs = outputs_of(progress.between(0.7, 1), device, task, weights, read_trials, seed)
    times = np.flatnonzero(inside) * float(DT / ms)
    return made | {
        "times": times,
        "targets": task.target[inside].T,
        "span": np.array(span),
        "outputs": outputs[..., inside],
    }


def read_task(span, seed):
    """Return the task, time and a curve from the beginning to the end of `span` in milliseconds,
    and which steps are within.
    """
    times = np.arange(round(READ_LENGTH / float(DT / ms))) * float(DT / ms)
    part = (times - span[0]) / (span[1] - span[0])
    inside = (part >= 0) & (part <= 1)
    rng = np.random.default_rng((2005, seed, 2))
    waves, phases = rng.standard_normal(5), rng.uniform(0, 2 * np.pi, 5)
    curve = np.sin(np.pi * np.outer(np.clip(part, 0, 1), np.arange(1, 6)) + phases) @ waves
    curve = (curve - curve[inside].mean()) / curve[inside].std()
    target = np.transpose([np.clip(part, 0, 1), curve])
    return ArrayTask(target=target, mask=inside.astype(float), dt=DT), inside


def outputs_of(progress, device, task, weights, trials, seed):
    """Return outputs of networks side by side with different weights, in trials that follow
    `trials` in which they learn, ``[network, trial, target, step]``.
    """
    with on(device):
        defaultclock.dt = DT
        get_device().seed(seed + 1)
        parts, networks = Parts(seed, weights=weights), len(weights)
        traces, readout = SpikeTraces(parts.excitatory, TAU_TRACE), Readout(task, networks=networks)
        learn = PerStep(SGD(decay=f"int(update < {trials * task.n_steps})"))
        output = PlasticSynapses(traces, readout, Delta(READ_RATE), onto="output", learn=learn)
        output.connect(networks=networks)
        _, objects = parts.in_trials(task, traces, readout, output)
        last = f"{{step}} >= {trials * task.n_steps}"
        shown = ConditionalMonitor(readout, "output", True, last, RECORD)
        Network(*objects, shown).run(
            (trials + TESTED) * task.duration, namespace={}, **progress.report(device)
        )
        values = np.array(shown.output).reshape(networks, task.n_outputs, -1, task.n_steps)
    return values.swapaxes(1, 2)
