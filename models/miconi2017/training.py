"""Computed parts: networks that learn delayed non-match by exploration.

Settings are those of the paper and of its author's code; see README.md.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import defaultclock, get_device, ms

from brian_rflo import LearningNetwork, PerTrial, Readout
from brian_rflo.brian.conditional import ConditionalMonitor
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import ScaledBaseline
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.readouts import Linear
from brian_rflo.rules import Exploration
from brian_rflo.schedule import RECORD, STATE
from brian_rflo.tasks import DelayedNonMatch
from brian_rflo.updates import ClippedSGD

N, GAIN, TAU = 200, 1.5, 30 * ms
#: Learning rate, largest change of a weight, trials before the first one that learns, and the
#: fraction by which expected errors follow.
RATE, LARGEST, FIRST, FOLLOWS = 0.1, 3e-4, 100, 0.25
#: Potentials of the neurons that are held, by their numbers.
HELD = {1: 1, 10: 1, 11: -1}
HOLD = " + ".join(
    [
        f"u*{'*'.join(f'int(i != {i})' for i in HELD)}",
        *(f"{u}*int(i == {i})" for i, u in HELD.items()),
    ]
)
#: Trials at the end whose outputs are kept: one of each kind.
SHOWN = 4


def non_match():
    """Return the task: four pairs of cues in turn, in trials of a second."""
    return DelayedNonMatch(
        start=1 * ms,
        cue=200 * ms,
        delay=199 * ms,
        wait=200 * ms,
        go=200 * ms,
        n_inputs=2,
        height=0.98,
        order="in turn",
    )


class DistanceReadout(Readout):
    """A readout whose loss is the mean distance from the target in the steps that count, a fifth of
    a trial.
    """

    error_code = """_weight = mask_of(t_in_timesteps, _trial)
               error = _weight*(target - output)
               loss += abs(error)*5/n_steps"""


@dataclass(frozen=True)
class Distance(Linear):
    """The readout with a distance as loss."""

    group = DistanceReadout


def network(task, rule, weights, tau=TAU, start="0.1*(2*rand() - 1)", **learns):
    """Return a network whose recurrent weights learn, and whose output is the activity of its first
    neuron.
    """
    n = len(weights["recurrent"])
    learns = dict(largest=LARGEST, first=FIRST, follows=FOLLOWS) | learns
    neurons = PotentialNeurons(n, tau=tau)
    neurons.run_regularly(f"u = {HOLD}", **STATE.behind(1))
    optimizer = ClippedSGD(decay=f"int(update >= {learns['first']})", largest=learns["largest"])
    net = LearningNetwork(
        task,
        neurons,
        rule,
        readout=Distance(),
        credit=ScaledBaseline(learns["follows"], kinds=task.n_kinds),
        learn=PerTrial(optimizer),
        trained=("recurrent",),
        initial=weights | {"output": np.eye(1, n)},
    )
    net.trials.at_start(neurons, f"u = {start}\nu = {HOLD}\nactivity = tanh(u)")
    return net


def initial_weights(seed):
    """Return weights of a network: recurrent ones, which learn, and of the cues."""
    rng = np.random.default_rng(seed)
    return {
        "recurrent": GAIN * rng.standard_normal((N, N)) / np.sqrt(N),
        "input": rng.uniform(-1, 1, (N, 2)),
    }


def trained(progress, device, trials, seed):
    """A part: a network of one seed; its errors ``[trial]``, and outputs in the last trials,
    ``[trial, step]``.
    """
    with on(device):
        task = non_match()
        defaultclock.dt = task.dt
        get_device().seed(seed)
        net = network(task, Exploration(RATE), initial_weights(seed))
        last = f"{{step}} >= {max(trials - SHOWN, 0) * task.n_steps}"
        shown = ConditionalMonitor(net.readout, "output", True, last, RECORD)
        net.add(shown)
        result = net.train(trials, namespace={}, **progress.report(device))
        return {
            "errors": result.losses[0],
            "outputs": np.array(shown.output).reshape(-1, task.n_steps),
        }
