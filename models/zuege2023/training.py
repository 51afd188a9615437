"""Computed parts: linear perceptrons that learn by perturbation."""

import numpy as np
from brian2 import Network, defaultclock, get_device, ms

from brian_rflo import LossMonitor, PlasticSynapses, Readout, Trials
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import PairDifference
from brian_rflo.readouts import TaskInput
from brian_rflo.rules import (
    ActiveWeightPerturbation,
    HybridPerturbation,
    NodePerturbation,
    WeightPerturbation,
)
from brian_rflo.tasks import ArrayTask

#: Outputs, inputs and weight of the teacher.
M, N, TEACHER = 10, 100, 0.1


def time_courses(steps):
    """Return orthonormal time courses ``[course, step]``: a constant, then sines and cosines."""
    phase = 2 * np.pi * np.arange(steps) / steps
    rows = [(np.sin if k % 2 else np.cos)((k + 1) // 2 * phase) for k in range(steps)]
    return np.linalg.qr(np.array(rows).T + 1e-12)[0].T


def power_of(active):
    """Return the mean square of an active input, so that all inputs have the power of `N`."""
    return N / active


def perceptron_task(steps, active, unrealizable):
    """Return the task: `active` orthogonal inputs of equal power, all others silent, and a linear
    teacher; beside it the loss `unrealizable`, which no weights reach below.
    """
    courses = time_courses(steps)
    inputs = np.zeros((steps, N))
    inputs[:, :active] = np.sqrt(steps * power_of(active)) * courses[:active].T
    target = inputs @ np.full((N, M), TEACHER)
    if unrealizable:
        target += np.sqrt(2 * unrealizable / M * steps) * courses[active + 1][:, None]
    return ArrayTask(inputs=inputs, target=target, dt=1 * ms)


def best_rate(active):
    """Return the learning rate at which the loss falls fastest."""
    return 1 / ((M * active + 2) * power_of(active))


def rules(steps, active, noise):
    """Return all rules by name; `noise` is the standard deviation that a weight's perturbation, or
    a unit's noise, gives an output in a step.
    """
    rate, power = best_rate(active), power_of(active)
    sigma = noise / np.sqrt(power * active)
    return {
        "WP": WeightPerturbation(rate, sigma=sigma),
        "NP": NodePerturbation(rate, sigma=noise),
        "WP0": ActiveWeightPerturbation(rate, sigma=sigma),
        "HP": HybridPerturbation(rate, sigma=sigma, power=steps * power),
    }


def trained(progress, device, rule, steps, active, unrealizable, noise, networks, trials, seed):
    """A part: perceptrons that start at 0; their losses ``[network, trial]``, and the standard
    deviation of the weights of silent inputs.
    """
    task = perceptron_task(steps, active, unrealizable)
    losses, weights = run(
        progress, device, task, rules(steps, active, noise)[rule], networks, trials, seed
    )
    return {"losses": losses, "silent": np.array(weights[:, :, active:].std())}


def run(progress, device, task, rule, networks, trials, seed):
    """Train linear readouts of the inputs of a task, in pairs; return the losses of the free copies
    ``[network, trial]`` and the weights at the end ``[network, post, pre]``.
    """
    with on(device):
        defaultclock.dt = 1 * ms
        get_device().seed(seed)
        blocks = 2 * networks
        inputs, readout = TaskInput(task, networks=blocks), Readout(task, networks=blocks)
        weights = PlasticSynapses(inputs, readout, rule, onto="output")
        weights.connect(networks=blocks)
        in_trials = Trials(task, readout, weights, PairDifference(), networks=networks)
        losses = LossMonitor(in_trials)
        Network(inputs, readout, weights, in_trials, losses).run(
            trials * task.duration, namespace={}, **progress.report(device)
        )
        return np.array(losses.loss)[::2], weights.matrix(blocks)[::2]
