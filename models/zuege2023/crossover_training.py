"""Computed parts: linear perceptrons in trials shorter or longer than the number of inputs."""

import numpy as np
from brian2 import ms

from brian_rflo.rules import NodePerturbation, WeightPerturbation
from brian_rflo.tasks import ArrayTask

from .training import TEACHER, M, run, time_courses

#: Inputs, the standard deviation of an output by perturbation, and the trials of the task, which
#: come back in turn.
ACTIVE, NOISE, SHOWN = 20, 0.01, 2000


def slowness(rule, steps):
    """Return the number of trials in which the loss falls by a factor e, and by which 1 is divided
    to have the learning rate.
    """
    drawn = min(steps, ACTIVE)
    learns = M * (drawn if rule == "NP" else ACTIVE) + 2
    return ACTIVE / drawn * learns


def task_of(steps):
    """Return the task: all inputs with orthogonal time courses, or one in each step of those that
    are drawn for a trial. Mean squares are 1.
    """
    if steps >= ACTIVE:
        inputs = np.sqrt(steps) * time_courses(steps)[:ACTIVE].T
    else:
        rng = np.random.default_rng(0)
        inputs = np.zeros((SHOWN, steps, ACTIVE))
        for one in inputs:
            one[np.arange(steps), rng.permutation(ACTIVE)[:steps]] = np.sqrt(ACTIVE)
    return ArrayTask(inputs=inputs, target=inputs @ np.full((ACTIVE, M), TEACHER), dt=1 * ms)


def trained(progress, device, rule, steps, networks, trials, seed):
    """A part: perceptrons that start at 0; their losses ``[network, trial]``."""
    rate = 1 / slowness(rule, steps)
    learns = (
        NodePerturbation(rate, sigma=NOISE)
        if rule == "NP"
        else WeightPerturbation(rate, sigma=NOISE / np.sqrt(ACTIVE))
    )
    losses, _ = run(progress, device, task_of(steps), learns, networks, trials, seed)
    return {"losses": losses}
