"""Python work at the end of a trial on the runtime targets: check the activity, and stop if all
networks have diverged.
"""

import weakref

import numpy as np
from brian2 import BrianObject, stop

from .. import schedule
from ..brian.conditional import Conditional, last_step


class TrialEnd(Conditional, BrianObject):
    """Work at the end of each trial; none in C++ standalone.

    Parameters
    ----------
    trials : Trials
        The trials of the network.
    """

    add_to_magic_network = False
    #: Fast loops ignore it, since it does not access synapses.
    touches_synapses = False

    def __init__(self, trials):
        self.run_when(last_step(trials.task.n_steps))
        BrianObject.__init__(self, clock=trials.clock, name=f"{trials.name}_end*", **schedule.STOP)
        self.trials = weakref.proxy(trials)

    def __del__(self):
        """Silence Brian2's warning of unused objects; the Trials raises it."""

    def work(self):
        """Check the activity; stop if all networks have diverged."""
        self.trials.check_activity()
        if (np.asarray(self.trials.variables["diverged_in"].get_value()) >= 0).all():
            stop()
