"""Action selection: at each decision one unit wins and becomes the network's input.

Murray 2019, eLife 8:e43299, figure 4. At the end of a movement z = W^s h; the unit with the largest
z is chosen, or with probability `exploration` a random one. Its activity is the network's tonic
input in the next movement.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from brian2 import Group, NeuronGroup, Quantity
from numpy.typing import ArrayLike

from .. import schedule
from ..brian.component import Component, OwnSynapses, namespace_with
from ..brian.conditional import ConditionalMonitor, ConditionalRunner
from ..brian.names import spell
from ..brian.passed import check_passed
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

#: Statements of each step, before any sum: activity, and the flag of a decision.
SEND = """activity = height*winner*int(t_in_timesteps % n_period < n_active)
          deciding = int(t_in_timesteps % n_period == n_active - 1)"""
#: Statements of a decision. The first unit of a network draws for all its units.
DRAW = "explores = int(rand() < exploration)"
SCORE = "score = where(exploring > 0, rand(), z)"
SELECT = """before = winner
            winner = int(allowed > 0 and beaten == 0)"""
#: Sums over the units of a network. In this form a NaN score beats all scores, including itself, so
#: that no unit is chosen.
LATERAL = (
    "exploring_post = explores_pre*int(i % n_units == 0) : 1 (summed)\n"
    "beaten_post = int(allowed_pre > 0 and not (score_post > score_pre or"
    " (score_post == score_pre and j <= i))) : 1 (summed)"
)


class WinnerTakeAll(Component, NeuronGroup):
    """Units of which one per network is on, chosen in each period (Murray 2019, figure 4).

    From the start of each period the winner of the last decision is on for the time `active`. In
    the last step of that time the allowed unit with the largest `z` is chosen as the next winner,
    or with probability `exploration` a random allowed one. Of equal units the first is chosen. A
    network chooses none if no unit is allowed, or a `z` is NaN.

    Parameters
    ----------
    n_units : int
        Number of units of each network.
    period : Quantity
        Time from one decision to the next.
    active : Quantity, optional
        Time for which the winner is on in each period; the whole period by default.
    networks : int
        Number of independent networks; their units are consecutive, ``networks*n_units`` in all.
    exploration : float
        Probability of a random choice.
    height : float
        Activity of the winner.
    initial : int or array, shape (networks,)
        The unit that is on in the first period.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    z : state variable
        Sum of the projection with ``onto="z"``.
    winner, before : state variables
        1 for the last chosen unit, and for the one before it, else 0.
    activity : state variable
        `height` while the unit is the winner and on, else 0.
    allowed : state variable
        0 for units that must not be chosen; initially 1.
    deciding : state variable
        1 in the step of a decision.
    reward : state variable
        Reward, which you set in the phase REWARD; a rule such as `RewardHebbian` reads it in the
        phase LEARN of the same step.
    exploration, height : shared variables
        The parameters.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range, or a time is not a whole number of time steps.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> units = WinnerTakeAll(4, period=400*ms, active=200*ms, exploration=0.1, height=5)
    """

    sum_phase = schedule.READOUT

    def __init__(
        self,
        n_units: int,
        period: Quantity,
        active: Quantity | None = None,
        networks: int = 1,
        exploration: float = 0.0,
        height: float = 1.0,
        initial: ArrayLike = 0,
        name: str = "winnertakeall*",
        **neurongroup_args: Any,
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
        namespace = namespace_with(neurongroup_args, where=where)
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
    def checks(self) -> dict[str, Callable]:
        """Checks of values that are assigned later, by name."""
        return {
            "exploration": lambda value: check_numbers(value, 0),
            "height": lambda value: check_numbers(0, value),
        }

    def _steps(self):
        """Return period and active time in steps."""
        dt = self.clock.dt
        period, active = (
            whole_steps("WinnerTakeAll: period", self.period, dt),
            whole_steps("WinnerTakeAll: active", self.active_time, dt),
        )
        if not 1 <= active <= period:
            raise ValueError(
                f"WinnerTakeAll: active = {self.active_time} must be at least one time step and at"
                f" most period = {self.period}"
            )
        return period, active

    def _connect(self):
        """Add synapses that compare the units of each network."""
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
    def decides(self) -> str:
        """Condition under which a step ends in a decision."""
        return f"{{step}} % {self.n_period} == {self.n_active - 1}"

    def _decide(self, group, statements, phase, name):
        ConditionalRunner(group, statements, self.decides, phase, f"{group.name}_{name}*")

    def at_decision(self, group: Group, statements: str) -> None:
        """Run statements of `group` after each decision, in the phase OUTCOME.

        Statements of several calls run in the order of the calls.
        """
        check_group(f"'{self.name}': the group of at_decision", group)
        check_statements(group, statements)
        if group.clock.dt != self.clock.dt:
            raise ValueError(
                f"'{group.name}' runs at {group.clock.dt}, but '{self.name}' at {self.clock.dt};"
                " give both the same clock"
            )
        spell(group, statements)
        self._decide(group, statements, schedule.OUTCOME.behind(next(self.numbers)), "decision")

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Check the steps again, since the clock may have changed."""
        if self._steps() != (self.n_period, self.n_active):
            raise ValueError(
                f"'{self.name}' was made for periods of {self.n_period} time steps, but runs at"
                f" {self.clock.dt}; write defaultclock.dt = ... before it is built"
            )
        super().before_run(run_namespace)


class ChoiceMonitor(ConditionalMonitor):
    """Record each decision: ``monitor.winner[unit]`` and ``monitor.reward[unit]``, one value per
    decision, and ``monitor.t``.

    Parameters
    ----------
    units : WinnerTakeAll
        The units whose choices are recorded.
    **statemonitor_args
        Arguments of `brian2.StateMonitor` that leave the time as it is, for example ``name``.
    """

    def __init__(self, units: WinnerTakeAll, **statemonitor_args: Any):
        if not isinstance(units, WinnerTakeAll):
            raise TypeError(
                f"ChoiceMonitor needs a WinnerTakeAll; got {getattr(units, 'name', units)!r}"
            )
        check_passed(self, ChoiceMonitor.__init__, statemonitor_args)
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
    """Return the unit `initial` of each network as ``[network, unit]``."""
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
