"""Integrate-and-fire neurons with synaptic conductances and an after-hyperpolarisation (Buonomano
2005, J Neurophysiol 94:2275).

    tau dv/dt = (E_leak - v) + g_exc (E_exc - v) + g_inh (E_inh - v) + g_ahp (E_ahp - v)
    tau_exc dg_exc/dt = -g_exc,   tau_inh dg_inh/dt = -g_inh,   tau_ahp dg_ahp/dt = -g_ahp

with exponential Euler steps. Spikes of excitatory projections add their weight to g_exc (AMPA),
those of inhibitory ones to g_inh (GABA); a neuron's own spike adds `ahp` to g_ahp. At the end of a
trial, before weights change, the running average of spikes per trial follows:

    average += average_rate (spike_count - average)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from brian2 import NeuronGroup, Quantity, ms, mV, volt

from .. import schedule
from ..brian.component import Component, namespace_with
from ..brian.quantities import (
    check_number,
    check_tau,
    check_time,
    dimensions_of,
    is_number,
    per_neuron,
)
from ..steps import Step

__all__ = ["ConductanceNeurons"]

EQUATIONS = """dv/dt = ((E_leak - v) + g_exc*(E_exc - v) + g_inh*(E_inh - v)
         + g_ahp*(E_ahp - v))/tau : volt (unless refractory)
dg_exc/dt = -g_exc/tau_exc : 1
dg_inh/dt = -g_inh/tau_inh : 1
dg_ahp/dt = -g_ahp/tau_ahp : 1
spike_count : 1
average : 1
goal : 1
fires_in : integer"""
#: Time constants and potentials, by the names in the equations (Buonomano 2005).
CONSTANTS = {
    "E_leak": -60 * mV,
    "E_exc": 0 * mV,
    "E_inh": -70 * mV,
    "E_ahp": -80 * mV,
    "v_threshold": -45 * mV,
}


class ConductanceNeurons(Component, NeuronGroup):
    """Integrate-and-fire neurons with conductances, which count their spikes over trials.

    Parameters
    ----------
    N : int
        Number of neurons.
    tau, refractory : Quantity
        Membrane time constant and refractory time; 30 and 3 ms for excitatory neurons of Buonomano
        (2005), 10 and 2 ms for inhibitory ones.
    ahp : float
        What a spike adds to the after-hyperpolarisation: 1 in excitatory, 0 in inhibitory neurons.
    goal : float
        Spikes per trial that scaling aims at, above 0.
    noise : Quantity
        Standard deviation of the potential that white noise alone would bring in the time `tau`,
        over the root of 2.
    average_rate : float
        Fraction by which the running average follows the spikes of a trial, above 0 and at most 1.
    tau_exc, tau_inh, tau_ahp : Quantity
        Time constants of the conductances.
    potentials : dict of str to Quantity, optional
        Those that differ from Buonomano (2005): "E_leak" (-60 mV), "E_exc" (0), "E_inh" (-70),
        "E_ahp" (-80), "v_threshold" (-45).
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    v, g_exc, g_inh, g_ahp : state variables
        Membrane potential, and conductances in units of the leak.
    spike_count, average, goal : state variables
        Spikes of this trial, their running average over trials, and its goal.
    fires_in : state variable
        Steps until the neuron is made to fire, 0 in this step; negative for never. Set it at the
        beginning of trials: ``trials.at_start(neurons, "fires_in = int(10*ms/dt)")``.

    Raises
    ------
    TypeError, ValueError
        If a time is not positive, a potential has no units of volt or an unknown name, or a number
        is out of its range.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> defaultclock.dt = 0.25*ms
    >>> excitatory = ConductanceNeurons(400, tau=30*ms, refractory=3*ms)
    >>> inhibitory = ConductanceNeurons(100, tau=10*ms, refractory=2*ms, ahp=0, goal=2)
    """

    #: Scaling begins where neurons are silent.
    may_be_silent = True

    trial_start = "v = E_leak; g_exc = 0; g_inh = 0; g_ahp = 0; spike_count = 0; fires_in = -1"
    steps = (
        Step(
            "average += average_rate*(spike_count - average)",
            schedule.FLUSH.behind(500),
            when="trial_end",
        ),
    )

    def __init__(
        self,
        N: int,
        tau: Quantity,
        refractory: Quantity,
        ahp: float = 1.0,
        goal: float = 1.0,
        noise: Quantity = 0 * mV,
        average_rate: float = 0.05,
        tau_exc: Quantity = 5 * ms,
        tau_inh: Quantity = 10 * ms,
        tau_ahp: Quantity = 25 * ms,
        potentials: dict[str, Quantity] | None = None,
        name: str = "conductanceneurons*",
        **neurongroup_args: Any,
    ):
        check_time("ConductanceNeurons: refractory", refractory)
        check_number("ConductanceNeurons", "ahp", ahp, zero_allowed=True)
        check_number("ConductanceNeurons", "goal", goal)
        check_average_rate("ConductanceNeurons: average_rate", average_rate)
        times = dict(tau=tau, tau_exc=tau_exc, tau_inh=tau_inh, tau_ahp=tau_ahp)
        for label, time in times.items():
            check_time(f"ConductanceNeurons: {label}", time)
        numbers = dict(ahp=float(ahp), average_rate=float(average_rate), noise=noise)
        constants = CONSTANTS | checked_potentials((potentials or {}) | {"noise": noise})
        self.times = times
        super().__init__(
            N,
            EQUATIONS,
            threshold="v > v_threshold or fires_in == 0",
            reset="v = E_leak; g_ahp += ahp; spike_count += 1",
            refractory=refractory,
            method="exponential_euler",
            namespace=namespace_with(neurongroup_args, **constants, **times, **numbers),
            name=name,
            **neurongroup_args,
        )
        schedule.take_part(self)
        self.v, self.goal, self.fires_in = constants["E_leak"], goal, -1
        self.run_regularly("fires_in -= 1", **schedule.SENT, name=f"{self.name}_forced")
        if noise > 0 * mV:
            self.run_regularly(
                "v += noise*sqrt(dt/tau)*randn()*int(not_refractory)",
                **schedule.SLOPE,
                name=f"{self.name}_noise",
            )

    @property
    def checks(self) -> dict[str, Callable]:
        """Checks of values that are assigned later, by name."""
        return {"goal": partial(check_goals, f"'{self.name}': goal", N=len(self))}

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Raise if a time constant is shorter than the time step."""
        for label, time in self.times.items():
            check_tau("ConductanceNeurons", time, self.clock.dt, label)
        super().before_run(run_namespace)


def check_average_rate(name, value):
    """Raise unless a running average with this fraction follows."""
    if not is_number(value) or not 0 < value <= 1:
        raise ValueError(
            f"{name} must be above 0 and at most 1, the fraction by which the average follows a"
            f" trial; got {value!r}"
        )


def check_goals(name, values, N):
    """Raise unless the goals of neurons are positive."""
    if not (per_neuron(name, values, N) > 0).all():
        raise ValueError(f"{name} must be positive, in spikes per trial; got {values!r}")


def checked_potentials(potentials):
    """Return potentials without the noise; raise unless all have units of volt and known names."""
    for label, value in potentials.items():
        if label not in CONSTANTS and label != "noise":
            raise ValueError(
                f"ConductanceNeurons: potentials must be some of {', '.join(CONSTANTS)}; got"
                f" {label!r}"
            )
        if dimensions_of(value) is not volt.dim:
            raise TypeError(
                f"ConductanceNeurons: {label} must be a potential, for example -60*mV; got"
                f" {value!r}"
            )
    if potentials["noise"] < 0 * mV:
        raise ValueError(
            f"ConductanceNeurons: noise must not be negative; got {potentials['noise']!r}"
        )
    return {label: value for label, value in potentials.items() if label != "noise"}
