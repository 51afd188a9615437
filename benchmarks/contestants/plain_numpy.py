"""Straightforward NumPy, in place where that is easy."""

import numpy as np

from ..problem import DT_MS, INITIAL, KINDS, MEMBRANE_MS, REFRACTORY_MS, RISE, STEPS, SYNAPSE_MS
from .base import Contestant, timed


class PlainNumpy(Contestant):
    """The equations, line by line."""

    name, title, quick, kinds = "numpy", "NumPy", True, KINDS

    def prepare(self, problem, folder):
        """Do nothing; there is nothing to build."""
        self.problem, self.target, self.rate = (
            problem,
            problem.cast(problem.target())[0],
            problem.rate,
        )
        self.run(1)

    def run(self, periods):
        """Compute periods in the mode of the problem."""
        recurrent, readout, feedback = self.problem.cast(*self.problem.weights())
        network = NETWORKS[self.problem.kind](self.problem)
        period = self.trial if self.problem.is_trial else self.online
        with timed() as run:
            for _ in range(periods):
                output = period(recurrent, readout, feedback, network)
        run.change, run.output, run.hertz = (
            self.problem.change(recurrent),
            float(output),
            network.hertz(periods),
        )
        return run

    def online(self, recurrent, readout, feedback, network):
        """Compute a period with a weight change in every step."""
        for target in self.target:
            output, error = network.step(recurrent, readout, target)
            recurrent += (self.rate * error * feedback)[:, None] * network.trace
            readout += self.rate * error * network.activity
        return output

    def trial(self, recurrent, readout, feedback, network):
        """Compute a period with a weight change at its end."""
        network.reset()
        changes, readout_changes = np.zeros_like(recurrent), np.zeros_like(readout)
        for target in self.target:
            output, error = network.step(recurrent, readout, target)
            changes += (error * feedback)[:, None] * network.trace
            readout_changes += error * network.activity
        recurrent += self.rate * changes
        readout += self.rate * readout_changes
        return output


class RateNetwork:
    """Activity and trace of the rate network."""

    def __init__(self, problem):
        self.activity = np.zeros(problem.size, problem.dtype)
        self.trace = np.zeros((problem.size, problem.size), problem.dtype)
        self.reset()

    def reset(self):
        """Set the state at the beginning of a trial."""
        self.activity[:], self.trace[:] = INITIAL, 0

    def step(self, recurrent, readout, target):
        """Compute one step without learning; return output and error."""
        rate = np.tanh(recurrent @ self.activity)
        self.trace *= 1 - RISE
        self.trace += np.outer(RISE * (1 - rate**2), self.activity)
        self.activity += RISE * (rate - self.activity)
        output = readout @ self.activity
        return output, target - output

    def hertz(self, periods):
        """Return None; rate neurons do not spike."""


class SpikingNetwork:
    """Membranes, currents, filtered spikes and trace of the spiking network."""

    keep, forget = np.exp(-DT_MS / MEMBRANE_MS), np.exp(-DT_MS / SYNAPSE_MS)

    def __init__(self, problem):
        self.bias, self.initial = problem.membranes()
        self.trace, self.spikes = np.zeros((problem.size, problem.size)), 0
        self.reset()

    def reset(self):
        """Set the state at the beginning of a trial."""
        self.membrane, self.current, self.psp = (
            self.initial.copy(),
            np.zeros_like(self.bias),
            np.zeros_like(self.bias),
        )
        self.activity, self.waiting = np.zeros_like(self.bias), np.zeros(len(self.bias), int)
        self.trace[:] = 0

    def step(self, recurrent, readout, target):
        """Compute one step without learning; return output and error."""
        gain = self.integrate()
        self.trace *= self.forget
        self.trace += np.outer((1 - self.forget) * gain, self.psp)
        self.fire(recurrent)
        output = readout @ self.activity
        return output, target - output

    def integrate(self):
        """Update membranes and traces; return the gain."""
        free = self.waiting == 0
        self.psp += (1 - self.keep) * (self.activity + 1 - self.psp)
        self.membrane += free * (1 - self.keep) * (self.current + self.bias - self.membrane)
        return free * np.maximum(0, 1 - np.abs(self.membrane - 1))

    def fire(self, recurrent):
        """Detect spikes, and deliver them."""
        spikes = self.membrane > 1
        self.waiting = np.where(spikes, REFRACTORY_MS // DT_MS - 1, np.maximum(self.waiting - 1, 0))
        self.membrane[spikes] = 0
        self.activity = self.forget * (self.activity + 1) + spikes - 1
        self.current = self.forget * self.current + recurrent @ spikes
        self.spikes += np.count_nonzero(spikes)

    def hertz(self, periods):
        """Return the mean firing rate so far."""
        return self.spikes / (len(self.bias) * periods * STEPS * DT_MS * 1e-3)


NETWORKS = {"rate": RateNetwork, "spiking": SpikingNetwork}
