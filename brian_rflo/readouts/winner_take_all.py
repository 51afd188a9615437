"""Selection: units of which one wins at each decision, and sends what the network does next.

Murray 2019, eLife 8:e43299, figure 4. At the end of a movement z = W^s h; the unit with the
greatest z is chosen, or with probability `exploration` one at random, and is the network's tonic
input of the next movement.
"""

from itertools import count

import numpy as np
from brian2 import NeuronGroup

from .. import schedule
from ..brian.component import Component, OwnSynapses
from ..brian.names import OwnNames
from ..brian.occasional import OccasionalMonitor, OccasionalRunner
from ..brian.quantities import check_count, is_number, whole_steps
from ..brian.where import where
from ..neurons.base import check_group
from ..updates.arguments import check_statements

__all__ = ["ChoiceMonitor", "WinnerTakeAll"]

EQUATIONS = """
z : 1
winner : 1
before : 1
activity : 1
allowed : 1
deciding : 1
reward : 1
exploration : 1 (shared)
height : 1 (shared)
explores : 1
exploring : 1
score : 1
beaten : 1
"""

#: Each step, before anything is summed: what is sent on, and whether the step ends in a decision.
SEND = """activity = height*winner*int(t_in_timesteps % n_period < n_active)
          deciding = int(t_in_timesteps % n_period == n_active - 1)"""
#: A decision. The first unit of a network draws for all of them whether to explore.
DRAW = "explores = int(rand() < exploration)"
SCORE = "score = where(exploring > 0, rand(), z)"
SELECT = """before = winner
            winner = int(allowed > 0 and beaten == 0)"""
#: Among the units of a network. In this form a z that is no number wins against all, itself
#: included, so that nobody is chosen.
LATERAL = (
    "exploring_post = explores_pre*int(i % n_units == 0) : 1 (summed)\n"
    "beaten_post = int(allowed_pre > 0 and not (score_post > score_pre or"
    " (score_post == score_pre and j <= i))) : 1 (summed)"
)


class WinnerTakeAll(Component, NeuronGroup):
    """Groups of units of which one is on, chosen anew in each period (Murray 2019, figure 4).

    From the start of each period the winner of the last decision is on for a time, `active`; in the
    last step of that time the allowed unit with the greatest `z` is chosen to be the next, or with
    probability `exploration` any allowed one. Of equal ones the first is chosen. A network whose
    units are all forbidden, or have a `z` that is no number, chooses none.

    Parameters
    ----------
    n_units : int
        Units of each network.
    period : Quantity
        Time from one decision to the next.
    active : Quantity, optional
        How long in each period the winner is on; the whole period by default.
    networks : int
        Independent networks side by side: ``networks*n_units`` units, those of a network one after
        the other.
    exploration : float
        Probability that a network chooses at random.
    height : float
        Activity of the winner.
    initial : int or array, shape (networks,)
        The unit that is on in the first period.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Attributes
    ----------
    z : state variable
        What a projection with ``onto="z"`` sums into it.
    winner, before : state variables
        1 for the unit chosen last, and for the one chosen before it, else 0.
    activity : state variable
        What a unit sends: `height` while it is the winner and on.
    allowed : state variable
        Units where it is 0 are never chosen; 1 until you change it.
    deciding : state variable
        1 in the step of a decision.
    reward : state variable
        For you to set, in the phase REWARD: a rule such as `RewardHebbian` reads it in the phase
        LEARN of the same step.
    exploration, height : shared variables
        As above.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range, or a time no whole number of time steps.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> units = WinnerTakeAll(4, period=400*ms, active=200*ms, exploration=0.1, height=5)
    """

    sum_phase = schedule.READOUT

    def __init__(
        self,
        n_units,
        period,
        active=None,
        networks=1,
        exploration=0.0,
        height=1.0,
        initial=0,
        name="winnertakeall*",
        **neurongroup_args,
    ):
        check_count("WinnerTakeAll: n_units", n_units, least=2)
        check_count("WinnerTakeAll: networks", networks)
        self.n_units, self.networks, self.period, self.active_time, self.numbers = (
            n_units,
            networks,
            period,
            period if active is None else active,
            count(1),
        )
        self.n_period, self.n_active = None, None
        check_numbers(exploration, height)
        winner = one_hot(initial, n_units, networks)
        namespace = {**(neurongroup_args.pop("namespace", None) or {}), "where": where}
        super().__init__(
            networks * n_units, EQUATIONS, namespace=namespace, name=name, **neurongroup_args
        )
        self.integrate_what_is_there()
        self.n_period, self.n_active = self._steps()
        self.namespace |= {"n_period": self.n_period, "n_active": self.n_active}
        self.run_regularly(SEND, **schedule.INPUT, name=f"{self.name}_send")
        for code, phase in ((DRAW, "DRAW"), (SCORE, "SCORE"), (SELECT, "SELECT")):
            self._decide(self, code, getattr(schedule, phase), phase.lower())
        self._connect()
        self.exploration, self.height, self.winner, self.allowed = (
            exploration,
            height,
            winner.ravel(),
            1,
        )

    @property
    def checks(self):
        """Values that the constructor checks too."""
        return {
            "exploration": lambda value: check_numbers(value, 0),
            "height": lambda value: check_numbers(0, value),
        }

    def _steps(self):
        """Period and active time in steps."""
        dt = self.clock.dt
        period, active = (
            whole_steps("WinnerTakeAll: period", self.period, dt),
            whole_steps("WinnerTakeAll: active", self.active_time, dt),
        )
        if not 1 <= active <= period:
            raise ValueError(
                f"WinnerTakeAll: active = {self.active_time} must be at least one time step, and no"
                f" longer than period = {self.period}"
            )
        return period, active

    def _connect(self):
        """Synapses among the units of each network, which compare them."""
        lateral = OwnSynapses(
            self, self, LATERAL, namespace={"n_units": self.n_units}, name=f"{self.name}_lateral"
        )
        lateral.connect(
            j="k for k in range((i//n_units)*n_units, (i//n_units + 1)*n_units)",
            namespace={"n_units": self.n_units},
        )
        schedule.move(lateral.summed_updaters["exploring_post"], schedule.SHARE)
        schedule.move(lateral.summed_updaters["beaten_post"], schedule.COMPARE)
        self.contained_objects.append(lateral)

    @property
    def decides(self):
        """Condition: a step that ends in a decision."""
        return f"{{step}} % {self.n_period} == {self.n_active - 1}"

    def _decide(self, group, statements, phase, name):
        OccasionalRunner(group, statements, self.decides, phase, f"{group.name}_{name}*")

    def at_decision(self, group, statements):
        """Run statements of `group` at each decision, when the choice is known, in the phase
        OUTCOME; several in the order in which they were asked for.
        """
        check_group(f"'{self.name}': what runs at a decision", group)
        check_statements(group, statements)
        if group.clock.dt != self.clock.dt:
            raise ValueError(
                f"'{group.name}' runs at {group.clock.dt}, but '{self.name}' at {self.clock.dt};"
                " give both the same clock"
            )
        if isinstance(group, OwnNames):
            group.spell(statements)
        self._decide(group, statements, schedule.OUTCOME.behind(next(self.numbers)), "decision")

    def before_run(self, run_namespace):
        """Check the steps once more: the clock may have changed."""
        if self._steps() != (self.n_period, self.n_active):
            raise ValueError(
                f"'{self.name}' was made for periods of {self.n_period} time steps, but runs at"
                f" {self.clock.dt}; write defaultclock.dt = ... before it is built"
            )
        super().before_run(run_namespace)


class ChoiceMonitor(OccasionalMonitor):
    """Records each decision: ``monitor.winner[unit]`` and ``monitor.reward[unit]``, one value a
    decision, and ``monitor.t``.

    Parameters
    ----------
    units : WinnerTakeAll
    **statemonitor_args
        Any argument of `brian2.StateMonitor`, for example ``name``.
    """

    def __init__(self, units, **statemonitor_args):
        if not isinstance(units, WinnerTakeAll):
            raise TypeError(
                f"ChoiceMonitor needs a WinnerTakeAll; got {getattr(units, 'name', units)!r}"
            )
        super().__init__(
            units, ["winner", "reward"], True, units.decides, schedule.RECORD, **statemonitor_args
        )


def check_numbers(exploration, height):
    """Raise unless `exploration` is a probability and `height` a finite number."""
    if not is_number(exploration) or not 0 <= exploration <= 1:
        raise ValueError(
            f"WinnerTakeAll: exploration must be a probability, from 0 to 1; got {exploration!r}"
        )
    if not is_number(height):
        raise ValueError(f"WinnerTakeAll: height must be a finite number; got {height!r}")


def one_hot(initial, n_units, networks):
    """The unit `initial` of each network as ``[network, unit]``."""
    initial = np.asarray(initial)
    if (
        initial.dtype.kind not in "iu"
        or initial.shape not in ((), (networks,))
        or (initial < 0).any()
        or (initial >= n_units).any()
    ):
        raise ValueError(
            f"WinnerTakeAll: initial must be the number of a unit, from 0 to {n_units - 1}, or one"
            f" for each of {networks} network(s); got {initial.tolist()!r}"
        )
    return np.eye(n_units)[np.broadcast_to(initial, (networks,))]
