"""Numba, fused by hand: trace, weight change and next drive in one loop over the weights."""

import numpy as np

from ..problem import INITIAL, RATE, RISE
from .base import Contestant, timed


class FusedNumba(Contestant):
    """Compiled loops, one thread."""

    name, title, packages = "numba", "Numba, fused by hand", ("numba",)

    def prepare(self, problem, folder):
        """Compile for the precision."""
        from numba import njit

        self.problem = problem
        options = dict(fastmath=True, boundscheck=False)
        self.function = (
            njit(trials(njit(advance, **options)), **options)
            if problem.is_trial
            else njit(online, **options)
        )
        self.run(1)

    def run(self, periods):
        """Compute all periods in one call."""
        recurrent, readout, feedback, target = self.problem.cast(
            *self.problem.weights(), self.problem.target()
        )
        constants = self.problem.cast(RISE, RATE, INITIAL)
        rise, rate, initial = (value[()] for value in constants)
        arrays = (
            recurrent,
            np.zeros_like(recurrent),
            readout,
            feedback,
            np.full_like(readout, initial),
            target,
        )
        with timed() as run:
            run.output = float(self.function(periods, *arrays, rise, rate, initial))
        run.change = self.problem.change(recurrent)
        return run


def online(periods, recurrent, trace, readout, feedback, activity, target, rise, rate, initial):
    """Compute periods with a weight change in every step."""
    size, keep = len(activity), 1 - rise
    before, gain, output = np.empty_like(activity), np.empty_like(activity), target[0]
    drive = recurrent @ activity
    for _ in range(periods):
        for goal in target:
            output = 0 * target[0]
            for post in range(size):
                respond = np.tanh(drive[post])
                before[post] = activity[post]
                gain[post] = rise * (1 - respond * respond)
                activity[post] += rise * (respond - activity[post])
                output += readout[post] * activity[post]
            error = goal - output
            for post in range(size):
                readout[post] += rate * error * activity[post]
            for post in range(size):
                slope, change, total = gain[post], rate * error * feedback[post], drive[post] * 0
                for pre in range(size):
                    now = keep * trace[post, pre] + slope * before[pre]
                    weight = recurrent[post, pre] + change * now
                    trace[post, pre] = now
                    recurrent[post, pre] = weight
                    total += weight * activity[pre]
                drive[post] = total
    return output


def advance(recurrent, trace, changes, drive, before, gain, signal, rise):
    """Update trace and accumulated change for one step, in one loop."""
    keep = 1 - rise
    for post in range(len(drive)):
        slope, error = rise * gain[post], signal[post]
        for pre in range(len(drive)):
            now = keep * trace[post, pre] + slope * before[pre]
            trace[post, pre] = now
            changes[post, pre] += error * now


def trials(advance):
    """Return the function for the mode "trial", with the compiled `advance`."""

    def trial(periods, recurrent, trace, readout, feedback, activity, target, rise, rate, initial):
        before, output = np.empty_like(activity), target[0]
        for _ in range(periods):
            activity[:], trace[:] = initial, 0
            changes, readout_changes = np.zeros_like(recurrent), np.zeros_like(readout)
            for goal in target:
                before[:] = activity
                respond = np.tanh(recurrent @ activity)
                activity += rise * (respond - activity)
                output = np.dot(readout, activity)
                error = goal - output
                readout_changes += error * activity
                advance(
                    recurrent,
                    trace,
                    changes,
                    respond,
                    before,
                    1 - respond * respond,
                    error * feedback,
                    rise,
                )
            recurrent += rate * changes
            readout += rate * readout_changes
        return output

    return trial
