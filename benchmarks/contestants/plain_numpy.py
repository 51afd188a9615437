"""NumPy as one writes it down, in place where that is easy."""

import numpy as np

from ..problem import INITIAL, RATE, RISE
from .base import Contestant, timed


class PlainNumpy(Contestant):
    """The equations, line by line."""

    name, title, quick = "numpy", "NumPy", True

    def prepare(self, problem, folder):
        """Nothing to build."""
        self.problem, self.target = problem, problem.cast(problem.target())[0]
        self.run(1)

    def run(self, periods):
        """Periods of the mode."""
        state = self.start()
        period = self.trial if self.problem.is_trial else self.online
        with timed() as run:
            for _ in range(periods):
                output = period(*state)
        run.change, run.output = self.problem.change(state[0]), float(output)
        return run

    def start(self):
        """Weights, activity and trace at the beginning."""
        recurrent, readout, feedback = self.problem.cast(*self.problem.weights())
        return recurrent, readout, feedback, np.full_like(readout, INITIAL), np.zeros_like(recurrent)

    def online(self, recurrent, readout, feedback, activity, trace):
        """A period with a weight change in every step."""
        for target in self.target:
            output, error = step(recurrent, readout, activity, trace, target)
            recurrent += (RATE * error * feedback)[:, None] * trace
            readout += RATE * error * activity
        return output

    def trial(self, recurrent, readout, feedback, activity, trace):
        """A period with a weight change at its end."""
        activity[:], trace[:] = INITIAL, 0
        changes, readout_changes = np.zeros_like(recurrent), np.zeros_like(readout)
        for target in self.target:
            output, error = step(recurrent, readout, activity, trace, target)
            changes += (error * feedback)[:, None] * trace
            readout_changes += error * activity
        recurrent += RATE * changes
        readout += RATE * readout_changes
        return output


def step(recurrent, readout, activity, trace, target):
    """One step without learning: trace and activity, in place; returns output and error."""
    rate = np.tanh(recurrent @ activity)
    trace *= 1 - RISE
    trace += np.outer(RISE * (1 - rate**2), activity)
    activity += RISE * (rate - activity)
    output = readout @ activity
    return output, target - output
