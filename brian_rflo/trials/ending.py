"""What Python does at the end of a trial on the runtime targets: it looks at firing rates, and stops where no network is left."""

import weakref

import numpy as np
from brian2 import BrianObject, stop

from .. import schedule
from ..occasional import is_standalone


class TrialEnd(BrianObject):
    """Runs at the end of each trial; in C++ standalone it does nothing.

    Parameters
    ----------
    trials : Trials
    """

    add_to_magic_network = False
    #: It touches no synapse, so fast loops need not mind it.
    touches_synapses = False

    def __init__(self, trials):
        BrianObject.__init__(self, clock=trials.clock, name=f"{trials.name}_end*", **schedule.STOP)
        self.trials, self.n_steps, self.timestep = weakref.proxy(trials), trials.task.n_steps, None

    def __del__(self):
        """Silence Brian2's warning of unused objects; the Trials raises it."""

    def before_run(self, run_namespace):
        """Know the clock of this run."""
        self.timestep = self.clock.variables["timestep"].get_value() if not is_standalone() else None
        super().before_run(run_namespace)

    def run(self):
        """Look at rates, and stop."""
        if self.timestep is None or (self.timestep[0] + 1) % self.n_steps:
            return
        self.trials.check_rates()
        if (np.asarray(self.trials.variables["diverged_in"].get_value()) >= 0).all():
            stop()
