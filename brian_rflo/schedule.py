"""The order of work inside one time step.

Brian2 breaks ties between objects of equal (``when``, ``order``) by object *name*. Every object of
this package takes its place from this file, so that names cannot change a result. A phase holds the
two arguments of Brian2; unpack it where you make an object::

    neurons.run_regularly("gain = 1 - tanh(I)**2", **schedule.GAIN)

A time step from ``t`` to ``t + dt`` runs through the phases from top to bottom. A monitor with
``when="end"`` records the finished step; Brian2's default, ``when="start"``, records the step
before.

Brian2 computes its own sums at order -1 of ``groups`` and integrates groups at order 0, which
leaves no whole number between them. `take_part` therefore moves the integration of a group to
STATE; its ``order`` stays 0.
"""

from dataclasses import dataclass

from brian2 import BrianObject, Group, Network


@dataclass(frozen=True)
class Phase:
    """A place in the time step; ``**LEARN`` unpacks it as Brian2's two arguments.

    Parameters
    ----------
    when : str
        Slot of Brian2's schedule.
    order : int
        Place in the slot. Phases are about a thousand apart, which leaves room behind each.
    """

    when: str
    order: int

    def keys(self) -> tuple[str, str]:
        """Return the names of the arguments."""
        return ("when", "order")

    def __getitem__(self, name: str) -> str | int:
        return getattr(self, name)

    def behind(self, places: int = 1) -> "Phase":
        """Return a phase of the same slot, `places` later in order."""
        return Phase(self.when, self.order + places)


ARRANGE = Phase("start", -1000000)  # not in a step: first when a run is prepared
BEGIN = Phase("start", -40000)  # first step of a trial: numbers of each network
RESET = Phase("start", -30000)  # first step of a trial: reset of state and traces
INPUT = Phase("groups", -5000)  # input groups take the task's value of this step
DRIVE = Phase("groups", -4000)  # summed input, from the activity of the last step
EXPLORE = Phase("groups", -3500)  # noise that rules draw into their targets
DRIVEN = Phase("groups", -3200)  # behind a projection's sum: what is sent is what drove this step
GAIN = Phase("groups", 1000)  # output and slope of each neuron at this drive
JACOBIAN = Phase("groups", 1200)  # derived rules: derivatives of the coming step by state and input
CELL_TRACE = Phase("groups", 1400)  # traces of presynaptic or postsynaptic cells
TRACE = Phase("groups", 2000)  # eligibility: activity that drove this step, gain of this step
STATE = Phase("groups", 4000)  # neurons integrate
SLOPE = Phase("groups", 5000)  # spiking neurons: pseudo-derivative, before threshold and reset
# eligibility where the target spikes: slope and psp of this step
SPIKING_TRACE = Phase("groups", 6000)
CATCH_UP = Phase("before_synapses", 0)  # lazy weights are brought up to date for spikes
ARRIVAL = Phase("synapses", -1)  # presynaptic spikes, counted by cell
OWN_SPIKES = Phase("synapses", 1000)  # what cells record of their own spikes
LAYER = Phase("synapses", 10000)  # the first layer that is driven by spikes of the same step
LATER = Phase("synapses", 1000000)  # behind all layers: spikes that act in the next step
JUMP = Phase("before_resets", 0)  # derived rules: derivatives of the coming reset by the state
JUMP_TRACE = Phase("before_resets", 1000)  # derived rules: traces, through step, spike and reset
SENT = Phase("after_resets", -41000)  # neurons that send an expression of their state: its value
READOUT = Phase("after_resets", -40000)  # summed output, from the new activity
SENT_TRACE = Phase("after_resets", -39000)  # derived rules with a filter: their traces
READOUT_TRACE = Phase("after_resets", -37000)  # leaky readouts: output, and traces
NORMALIZE = Phase("after_resets", -33000)  # classification: softmax
LOSS = Phase("after_resets", -30000)  # target, error, loss
DRAW = Phase("after_resets", -29000)  # decision: draw whether to explore
SHARE = Phase("after_resets", -28000)  # decision: one draw for all units of a network
SCORE = Phase("after_resets", -27000)  # decision: the number by which units are compared
COMPARE = Phase("after_resets", -26000)  # decision: each unit with each other
SELECT = Phase("after_resets", -25000)  # decision: the winner
ACTION = Phase("after_resets", -24000)  # decision: your sums that act on the environment
OUTCOME = Phase("after_resets", -23000)  # decision: your statements (`WinnerTakeAll.at_decision`)
REWARD = Phase("after_resets", -22000)  # decision: your reward
FILTER = Phase("after_resets", -21000)  # cells of a credit path: what it sends, filtered
FEEDBACK = Phase("after_resets", -20000)  # error projected back onto the neurons
PREDICT_LEARN = Phase("after_resets", -19900)  # cells of a credit path: what predicts them learns
LABEL_SUM = Phase("after_resets", -19800)  # sums with weights of a few steps ago
LABEL = Phase("after_resets", -19700)  # credit that will be expected here in the next step
BACK = Phase("after_resets", -19600)  # that credit, a step back
MISMATCH = Phase("after_resets", -19500)  # credit of the step before, less what it should have been
CREDIT_LEARN = Phase("after_resets", -19400)  # what makes credit learns
REFRESH = Phase("after_resets", -19300)  # copies of weights are renewed
CREDIT_DRIVE = Phase("after_resets", -19200)  # sums that make credit
CREDIT = Phase("after_resets", -19000)  # cells of a credit path, between error and feedback
CREDIT_SUM = Phase("after_resets", -18000)  # sums that these cells send to the neurons
CLEAR = Phase("after_resets", -17000)  # numbers of each network: set to 0
TALLY = Phase("after_resets", -16000)  # numbers of each network: summed
MODULATE = Phase("after_resets", -15000)  # numbers of each network: modulators
LEARN = Phase("after_resets", -10000)  # weight change, applied or accumulated
FLUSH = Phase("end", -49000)  # steps that fast loops have recorded are summed before they are read
TRIAL_LEARN = Phase("end", -48000)  # updates read at a boundary of the trial
COMBINE = Phase("end", -47000)  # copies of a network: changes are summed in the first copy
HAND_BACK = Phase("end", -46000)  # copies of a network: the sum becomes the change of each copy
MEASURE = Phase("end", -45000)  # gradient clipping: sizes of the changes
UNIT = Phase("end", -44000)  # gradient clipping: unit of the squares
SQUARES = Phase("end", -43000)  # gradient clipping: squares of the changes
SCALE = Phase("end", -42000)  # gradient clipping: factor of the changes
APPLY = Phase("end", -40000)  # last step of a trial: accumulated changes are applied to the weights
VERDICT = Phase("end", -30000)  # last step of a trial: check that loss and weights are finite
JUDGE = Phase("end", -29000)  # last step of a trial: mark the networks that have diverged
STOP = Phase("end", -28000)  # last step of a trial: stop if all networks have diverged
RESTORE = Phase("end", -20000)  # last step of a trial: restore the weights of diverged networks
RECORD = Phase("end", -10000)  # monitors of this package; the user's, at order 0, come after
ARRANGED = Phase("end", 1000000)  # not in a step: last when a run is prepared

#: Places behind a phase for objects that add to numbers of a network. The order of summation does
#: not depend on names: first projections, in the order in which `Trials` lists them, then the sums
#: in the cells of each group, then the projections' own cells.
TURNS, SUMS = {"own": 0, "pre": 700, "post": 800}, 500

#: Places behind a phase for statements of projections that draw random numbers, so that their order
#: does not depend on names.
DRAWS = {RESET: 500, EXPLORE: 0}


#: Places this far behind a phase are not near it.
NEAR = 1000


def name_of(phase: Phase) -> str | None:
    """Return the name of a phase in small letters; None for a place that has none."""
    names = {value: name for name, value in globals().items() if isinstance(value, Phase)}
    return names[phase].lower() if phase in names else None


def rank_of(place: Phase) -> int:
    """Return how many phases of this file come before a place in a step, or at it."""
    phases = [value for value in globals().values() if isinstance(value, Phase)]
    slots = list(dict.fromkeys(phase.when for phase in phases))
    key = (slots.index(place.when), place.order)
    return sum((slots.index(phase.when), phase.order) <= key for phase in phases)


def title_of(place: Phase) -> str:
    """Return the name of a phase as it is written, ``LEARN``; that of one shortly before a place,
    ``LEARN + 3``; or nothing, far behind all phases of its slot.
    """
    before = [
        (place.order - phase.order, name)
        for name, phase in globals().items()
        if isinstance(phase, Phase) and phase.when == place.when and phase.order <= place.order
    ]
    distance, name = min(before, default=(NEAR, ""))
    return "" if distance >= NEAR else f"{name} + {distance}" if distance else name


def table(network: Network) -> str:
    """Return the objects of a network in the order in which they run in a step, the user's among
    ours, with the names of their phases.

    Objects that do not run are left out, as are those of Brian2 and of this package that only
    prepare a run.

    Parameters
    ----------
    network : Network
        Any network of Brian2, before or after a run.

    Examples
    --------
    >>> from brian2 import Network, NeuronGroup, ms
    >>> from brian_rflo import schedule
    >>> group = NeuronGroup(1, "v : 1", dt=1*ms, name="mine")
    >>> operation = group.run_regularly("v += 1", name="count", **schedule.GAIN.behind(2))
    >>> print(schedule.table(Network(group)))
    phase     when    order  every  object             part of
    ----------------------------------------------------------
              groups      0  1 ms   mine_stateupdater  mine (NeuronGroup)
    GAIN + 2  groups   1002  1 ms   count              mine (NeuronGroup)
    """
    from .results.text import aligned

    if not isinstance(network, Network):
        raise TypeError(f"schedule.table: network must be a Network of Brian2; got {network!r}")
    rows = [
        (
            title_of(Phase(entry.when, entry.order)),
            entry.when,
            f"{entry.order}",
            f"{float(entry.dt) * 1e3:g} ms",
            entry.name,
            f"{entry.owner_name} ({entry.owner_type})" if entry.owner_name else entry.type,
        )
        for entry in network.scheduling_summary().entries
        if entry.active and abs(entry.order) < ARRANGED.order
    ]
    return aligned([("phase", "when", "order", "every", "object", "part of"), *rows], right=[2])


def place_of(runner: BrianObject) -> Phase:
    """Return the phase of a Brian2 object."""
    return Phase(runner.when, runner.order)


def move(runner: BrianObject, phase: Phase) -> None:
    """Move an existing Brian2 object to `phase`, and what follows it (`followers`)."""
    runner.when, runner.order = phase.when, phase.order
    for follow in getattr(runner, "followers", ()):
        follow(phase)


def take_part(group: Group) -> None:
    """Integrate a group in the phase STATE, unless its integration has been moved already."""
    updater = getattr(group, "state_updater", None)
    if updater is not None and (updater.when, updater.order) == ("groups", group.order):
        move(updater, STATE)
