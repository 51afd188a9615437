"""A computed part: networks that are shown a trajectory, and average both phases along it."""

from dataclasses import dataclass

import numpy as np
from brian2 import defaultclock, ms

from brian_rflo import LossMonitor
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import TwoPhases
from brian_rflo.tasks import ArrayTask

from .training import Kind, build, masks

#: Hidden neurons, strength of the teacher, length of a step in time constants, learning rate.
HIDDEN, STRENGTH, H, RATE = 10, 0.5, 0.1, 2.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory(ArrayTask):
    """Arrays with the phases of a teacher."""

    phases: dict


@dataclass(frozen=True, kw_only=True)
class Along(Kind):
    """Settings of a teacher that averages both phases over a window of so many steps."""

    window: int

    @property
    def teacher(self):
        """The teacher, with steps of a millisecond."""
        return TwoPhases(self.free * ms, self.taught * ms, self.strength, self.window * ms)


def course(period):
    """Return inputs ``[step, input]`` and target ``[step]`` of a period: a turn, and two."""
    phase = 2 * np.pi * np.arange(period) / period
    inputs = np.stack([np.sin(phase), np.cos(phase), np.ones(period)], axis=1)
    return inputs, 0.5 + 0.35 * np.sin(2 * phase)


def start(networks, seed):
    """Return initial weights, recurrent and of inputs."""
    rng, n = np.random.default_rng((7, seed)), HIDDEN + 1
    mask, mask_in = masks(HIDDEN, 1, 2, False)
    lower = np.tril(rng.standard_normal((networks, n, n)) * mask)
    return lower + lower.swapaxes(1, 2), 2 * rng.standard_normal((networks, n, 3)) * mask_in


def trajectory_trained(progress, device, period, networks, trials, seed):
    """A part: the mean squared errors of free outputs along a period of so many time constants,
    ``[network, trial]``, beside the variance of the target.
    """
    steps = round(period / H)
    kind = Along(STRENGTH, H, 2 * steps, 2 * steps, rate=RATE, batch=1, window=steps)
    inputs, target = course(steps)
    counts = np.zeros(4 * steps)
    counts[steps : 2 * steps] = 1
    task = Trajectory(
        inputs=np.tile(inputs, (4, 1)),
        target=np.tile(target, 4),
        mask=counts,
        phases=kind.teacher.phases,
        dt=1 * ms,
    )
    with on(device):
        defaultclock.dt = task.dt
        shapes = masks(HIDDEN, 1, 2, False)
        net, *_, clock = build(task, kind, start(networks, seed), *shapes)
        losses = LossMonitor(clock)
        net.add(losses)
        net.run(trials * task.duration, namespace={}, **progress.report(device))
        return {"errors": 8 * np.array(losses.loss), "variance": target.var()}
