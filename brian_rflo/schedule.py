"""The order of work inside one time step.

Brian2 breaks ties between objects of equal (``when``, ``order``) by object *name*. Every object of
this package therefore gets its place from this file, and no name can change a result. A phase holds
the two Brian2 arguments, to be unpacked where an object is made::

    neurons.run_regularly("gain = 1 - tanh(I)**2", **schedule.GAIN)

A time step from ``t`` to ``t + dt`` runs through the phases from top to bottom. What a monitor with
``when="end"`` records is the finished step; Brian2's default, ``when="start"``, records the step
before.

Brian2 takes its own sums at order -1 of ``groups`` and integrates groups at order 0, and between
the two there is no whole number. So the integration of each group that takes part moves to STATE
(`take_part`); its ``order`` stays 0.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phase:
    """A place in the time step; ``**LEARN`` unpacks it as Brian2's two arguments.

    Parameters
    ----------
    when : str
        Slot of Brian2's schedule.
    order : int
        Place in the slot. Phases stand a thousand apart, so that there is room behind each.
    """

    when: str
    order: int

    def keys(self):
        """Names of the arguments."""
        return ("when", "order")

    def __getitem__(self, name):
        return getattr(self, name)

    def behind(self, places=1):
        """Return the place so many places behind this phase, in front of the next one."""
        return Phase(self.when, self.order + places)


ARRANGE = Phase("start", -1000000)  # nothing in a step; first in line when a run is prepared
BEGIN = Phase("start", -40000)  # first step of a trial: numbers of each network
RESET = Phase(
    "start", -30000
)  # first step of a trial: state and traces return to their initial values
INPUT = Phase("groups", -5000)  # input groups take the task's value of this step
DRIVE = Phase("groups", -4000)  # summed input, from the activity that the last step left
GAIN = Phase(
    "groups", 1000
)  # output and slope of each neuron at this drive; Brian2's own sums, at order -1, are in it
JACOBIAN = Phase(
    "groups", 1200
)  # derived rules: how the step about to be taken depends on the neurons' state and input
CELL_TRACE = Phase("groups", 1400)  # traces that live on presynaptic cells
TRACE = Phase("groups", 2000)  # eligibility: activity that drove this step, gain of this step
STATE = Phase("groups", 4000)  # neurons integrate
SLOPE = Phase(
    "groups", 5000
)  # spiking neurons: pseudo-derivative, after integration and before threshold and reset
SPIKING_TRACE = Phase(
    "groups", 6000
)  # eligibility where it ends in spiking neurons: slope and low-passed activity of this step
CATCH_UP = Phase("before_synapses", 0)  # lazy weights are updated before spikes read them
ARRIVAL = Phase(
    "synapses", -1
)  # presynaptic spikes, counted cell by cell; spikes reach synapses in Brian2's own place
OWN_SPIKES = Phase(
    "synapses", 1000
)  # what cells keep of their own spikes, behind what synapses do at spikes
JUMP = Phase(
    "before_resets", 0
)  # derived rules: how the reset about to happen depends on the state
JUMP_TRACE = Phase(
    "before_resets", 1000
)  # their traces, through integration, spikes, arrivals and reset at once
SENT = Phase("after_resets", -41000)  # neurons that send an expression of their state: its value
READOUT = Phase("after_resets", -40000)  # summed output, from the new activity
SENT_TRACE = Phase(
    "after_resets", -39000
)  # derived rules that filter their eligibility: their traces, with the slope of what was sent
READOUT_TRACE = Phase(
    "after_resets", -37000
)  # leaky readouts: their output, and traces of what it is made of
NORMALIZE = Phase("after_resets", -33000)  # classification: softmax
LOSS = Phase("after_resets", -30000)  # target, error, loss
DRAW = Phase("after_resets", -29000)  # decision: whether to explore
SHARE = Phase("after_resets", -28000)  # decision: one draw for all units of a network
SCORE = Phase("after_resets", -27000)  # decision: what the units are compared by
COMPARE = Phase("after_resets", -26000)  # decision: every unit with every other
SELECT = Phase("after_resets", -25000)  # decision: the winner
ACTION = Phase(
    "after_resets", -24000
)  # decision: your sums that bring the winner to its environment
OUTCOME = Phase(
    "after_resets", -23000
)  # decision: your statements, what becomes of it (`WinnerTakeAll.at_decision`)
REWARD = Phase("after_resets", -22000)  # decision: your reward of it
FEEDBACK = Phase("after_resets", -20000)  # error projected back onto the neurons
CREDIT = Phase(
    "after_resets", -19000
)  # cells of a credit path, between the error and the feedback made of it
CREDIT_SUM = Phase("after_resets", -18000)  # and what they send to the neurons
CLEAR = Phase("after_resets", -17000)  # numbers of the network: to 0
TALLY = Phase("after_resets", -16000)  # numbers of the network: added up
MODULATE = Phase("after_resets", -15000)  # numbers of the network: modulators
LEARN = Phase("after_resets", -10000)  # weight change, at once or accumulated
FLUSH = Phase(
    "end", -49000
)  # what fast loops kept of the steps is added up, where somebody reads it
TRIAL_LEARN = Phase("end", -48000)  # updates that are read at a boundary of the trial
COMBINE = Phase(
    "end", -47000
)  # trials side by side: changes are added up in the first copy of a network
HAND_BACK = Phase("end", -46000)  # trials side by side: the sum is the change of each copy
MEASURE = Phase("end", -45000)  # gradient clipping: sizes of the changes
UNIT = Phase("end", -44000)  # gradient clipping: the unit of the squares
SQUARES = Phase("end", -43000)  # gradient clipping: squares of the changes
SCALE = Phase("end", -42000)  # gradient clipping: what is left of the changes
APPLY = Phase(
    "end", -40000
)  # last step of a trial: accumulated changes become changes of the weights
VERDICT = Phase("end", -30000)  # last step of a trial: is everything finite?
JUDGE = Phase("end", -29000)  # last step of a trial: the networks in which it is not
STOP = Phase("end", -28000)  # last step of a trial: the simulation ends where no network is left
RESTORE = Phase(
    "end", -20000
)  # last step of a trial: where a network has diverged, the weights from before the trial
RECORD = Phase("end", -10000)  # this package's own monitors; the user's, at order 0, come after
ARRANGED = Phase("end", 1000000)  # nothing in a step; last in line when a run is prepared

#: Places behind a phase for what adds to numbers of the network, which is added up in one order
#: whatever the names of objects are: projections in the order in which their Trials has them, then
#: what they have added in the cells of each group, then cells of their own.
TURNS, SUMS = {"own": 0, "pre": 700, "post": 800}, 500


def place_of(runner):
    """Return the phase that a Brian2 object is in."""
    return Phase(runner.when, runner.order)


def move(runner, phase):
    """Put a Brian2 object that already exists into `phase`."""
    runner.when, runner.order = phase.when, phase.order


def take_part(group):
    """Let a group integrate in the phase STATE, unless its integration has been moved already."""
    updater = getattr(group, "state_updater", None)
    if updater is not None and (updater.when, updater.order) == ("groups", group.order):
        move(updater, STATE)
