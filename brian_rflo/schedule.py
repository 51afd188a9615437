"""The order of work inside one time step.

Brian2 breaks ties between objects of equal (``when``, ``order``) by object *name*. Every object of this package therefore
gets its place from this file, and no name can change a result. A phase is a dictionary of the two Brian2 arguments, to be
unpacked where an object is made::

    neurons.run_regularly("gain = 1 - tanh(I)**2", **schedule.GAIN)

A time step from ``t`` to ``t + dt`` runs through the phases from top to bottom. What a monitor with ``when="end"`` records
is the finished step; Brian2's default, ``when="start"``, records the step before.
"""

ARRANGE = dict(when="start", order=-1000)  # nothing in a step; first in line when a run is prepared
RESET = dict(when="start", order=-30)  # first step of a trial: state and traces return to their initial values
INPUT = dict(when="groups", order=-5)  # input groups take the task's value of this step
DRIVE = dict(when="groups", order=-4)  # summed input, from the activity that the last step left
GAIN = dict(when="groups", order=-0.5)  # output and slope of each neuron at this drive; Brian2's own sums, at order -1, are in it
JACOBIAN = dict(when="groups", order=-0.4)  # derived rules: how the step about to be taken depends on the neurons' state and input
CELL_TRACE = dict(when="groups", order=-0.375)  # traces that live on presynaptic cells
TRACE = dict(when="groups", order=-0.25)  # eligibility: activity that drove this step, gain of this step
STATE = dict(when="groups", order=0)  # neurons integrate (Brian2's default place)
SLOPE = dict(when="groups", order=0.25)  # spiking neurons: pseudo-derivative, after integration and before threshold and reset
SPIKING_TRACE = dict(when="groups", order=0.5)  # eligibility where it ends in spiking neurons: slope and low-passed activity of this step
WAKE = dict(when="before_synapses", order=0)  # weights that rested are caught up where spikes will read them
ARRIVAL = dict(when="synapses", order=-1)  # presynaptic spikes, counted cell by cell
JUMP = dict(when="before_resets", order=0)  # derived rules: how the reset about to happen depends on the state
JUMP_TRACE = dict(when="before_resets", order=1)  # their traces, through integration, spikes, arrivals and reset at once
SENT = dict(when="after_resets", order=-41)  # neurons that send an expression of their state: its value
READOUT = dict(when="after_resets", order=-40)  # summed output, from the new activity
SENT_TRACE = dict(when="after_resets", order=-39)  # derived rules that filter their eligibility: their traces, with the slope of what was sent
READOUT_TRACE = dict(when="after_resets", order=-37)  # leaky readouts: their output, and traces of what it is made of
NORMALIZE = dict(when="after_resets", order=-33)  # classification: softmax
LOSS = dict(when="after_resets", order=-30)  # target, error, loss
DRAW = dict(when="after_resets", order=-29)  # decision: whether to explore
SHARE = dict(when="after_resets", order=-28)  # decision: one draw for all units of a network
SCORE = dict(when="after_resets", order=-27)  # decision: what the units are compared by
COMPARE = dict(when="after_resets", order=-26)  # decision: every unit with every other
SELECT = dict(when="after_resets", order=-25)  # decision: the winner
ACTION = dict(when="after_resets", order=-24)  # decision: your sums that bring the winner to its environment
OUTCOME = dict(when="after_resets", order=-23)  # decision: your statements, what becomes of it (`WinnerTakeAll.at_decision`)
REWARD = dict(when="after_resets", order=-22)  # decision: your reward of it
FEEDBACK = dict(when="after_resets", order=-20)  # error projected back onto the neurons
LEARN = dict(when="after_resets", order=-10)  # weight change, at once or accumulated
FLUSH = dict(when="end", order=-45)  # last step of a trial: what was kept of its steps is added up
REGULARIZE = dict(when="end", order=-44)  # last step of a trial: what holds firing rates near their target is added
COMBINE = dict(when="end", order=-43)  # last step of trials side by side: their changes are added up
CLIP = dict(when="end", order=-42)  # last step of a trial: how much of the accumulated change is left by gradient clipping
APPLY = dict(when="end", order=-40)  # last step of a trial: accumulated weight change
VERDICT = dict(when="end", order=-30)  # last step of a trial: is everything finite?
RESTORE = dict(when="end", order=-20)  # last step of a trial: where it is not, the weights from before the trial
RECORD = dict(when="end", order=-10)  # this package's own monitors; the user's, at order 0, come after


def move(runner, phase):
    """Put a Brian2 object that already exists into `phase`."""
    runner.when, runner.order = phase["when"], phase["order"]
