"""Leaky integrate-and-fire neurons with exponential synaptic currents and ports of rate neurons.

Bellec et al. 2020, Nature Communications 11:3625, for the pseudo-derivative psi; in units in which
the threshold is 1 and rest is 0:

    tau dv/dt = -v + spike_amplitude I_rec + I_in + bias    a spike where v > 1, then v = 0
    tau_syn dI_rec/dt = -I_rec                              a spike of presynaptic j adds w_ij
    tau_syn dr/dt = -r                                      its own spike adds spike_amplitude
                                                            = 1/(tau_syn rate_unit), so that
                                                            r = 1 at that rate
    tau d(psp)/dt = r - psp
    gain = psi = max(0, 1 - |v - 1|/width)/width    0 while refractory

With activity = r - baseline. Since spike_amplitude I_rec is the sum of w_ij r_j (while the weights
do not change), dv_i/dw_ij is the filtered r_j, exact except for the reset. RFLO's trace, psi_i
psp_j filtered with tau_syn, is therefore the derivative of r_i without the recurrence.
"""

import reprlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from brian2 import Hz, NeuronGroup, Quantity, get_dimensions, get_logger, second
from numpy.typing import ArrayLike

from .. import schedule
from ..brian.basics import as_numbers
from ..brian.borrowed import DIMENSIONLESS
from ..brian.component import Component, namespace_with
from ..brian.quantities import (
    check_number,
    check_tau,
    check_time,
    dimensions_of,
    per_neuron,
    unit_text,
)
from .arriving import ArrivingSpikes
from .base import input_names
from .values import assign, check_excitatory

__all__ = ["LIFNeurons"]

logger = get_logger(__name__)

EQUATIONS = """
dv/dt = (rest + scale*({drive}) - v)/tau : {unit} (unless refractory)
dactivity/dt = -(activity + baseline)/tau_syn : 1
dpsp/dt = (activity + baseline - psp)/tau : 1
gain : 1
feedback : 1
bias : 1
v_initial : {unit}
activity_initial : 1
noise_input : 1
spike_count : 1
"""
RESET = "v = reset_to\nactivity += spike_amplitude\nspike_count += 1"
SLOPE = "gain = clip(1 - abs(v - {threshold})/(width*scale), 0, 1)/width*int(not_refractory)"


class LIFNeurons(Component, NeuronGroup):
    """Leaky integrate-and-fire neurons that learn by the rules of rate neurons, with the
    pseudo-derivative of Bellec et al. 2020.

    Parameters
    ----------
    N : int
        Number of neurons.
    tau : Quantity
        Membrane time constant.
    tau_syn : Quantity
        Time constant of synaptic currents and of the filtered spikes.
    threshold, rest, reset : float or Quantity
        All dimensionless or all voltages. Drive, bias and pseudo-derivative are in units of
        threshold minus rest.
    refractory : Quantity
        Time after a spike during which the membrane stays at `reset` and the gain is 0.
    bias : float or array, shape (N,)
        Constant drive; with 1 the membrane approaches the threshold.
    noise : float
        Standard deviation of the membrane under white noise alone, in units of threshold minus
        rest.
    width : float
        Half width of the pseudo-derivative, in units of threshold minus rest.
    rate_unit : Quantity
        Firing rate at which the filtered spikes are 1.
    baseline : float
        Constant that `activity` subtracts from the filtered spikes.
    initial, initial_activity : float or array, shape (N,)
        Membrane above rest, in units of threshold minus rest, and filtered spikes at the beginning
        of each trial.
    events, inputs : tuple of str
        Names of the synaptic currents to which spikes add, and of the input variables that receive
        sums.
    excitatory : array of bool, shape (N,), optional
        True for excitatory neurons, False for inhibitory ones; for projections with the constraint
        `DALE`.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    v : state variable
        Membrane.
    activity, gain, feedback : state variables
        Filtered spikes minus `baseline`, pseudo-derivative, and the error projected onto the
        neuron.
    psp : state variable
        Filtered spikes after the filter of a postsynaptic membrane; traces read it.
    spike_count : state variable
        Spikes of this trial so far.

    Raises
    ------
    TypeError, ValueError
        If a time is invalid or shorter than the time step, the threshold is not above rest and
        reset, units differ, or noise is negative.

    Notes
    -----
    Brian2 rounds a refractory time that is not a multiple of the time step; the log reports it.

    Examples
    --------
    >>> from brian2 import ms, mV, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> neurons = LIFNeurons(100, tau=20*ms, tau_syn=50*ms, bias=1.2)
    >>> in_millivolts = LIFNeurons(
    ...     100, tau=20*ms, tau_syn=50*ms, threshold=-50*mV, rest=-70*mV, reset=-70*mV)
    """

    def __init__(
        self,
        N: int,
        tau: Quantity,
        tau_syn: Quantity,
        threshold: float | Quantity = 1.0,
        rest: float | Quantity = 0.0,
        reset: float | Quantity = 0.0,
        refractory: Quantity = 0 * second,
        bias: ArrayLike = 1.2,
        noise: float = 0.0,
        width: float = 1.0,
        rate_unit: Quantity = 20 * Hz,
        baseline: float = 1.0,
        initial: ArrayLike = 0.0,
        initial_activity: ArrayLike = 1.0,
        events: str | Sequence[str] = ("I_rec",),
        inputs: str | Sequence[str] = ("I_in",),
        excitatory: ArrayLike | None = None,
        name: str = "lifneurons*",
        **neurongroup_args: Any,
    ):
        kind = type(self).__name__
        self.tau, self.tau_syn, self.refractory_time = tau, tau_syn, refractory
        self.events_onto = input_names(kind, "events", events)
        self.inputs = input_names(kind, "inputs", inputs)
        check_all_times(kind, refractory, rate_unit, tau=tau, tau_syn=tau_syn)
        check_levels(kind, threshold, rest, reset)
        own = dict(bias=bias, initial=initial, initial_activity=initial_activity)
        check_finite(kind, N, **own, baseline=baseline)
        check_number(kind, "noise", noise, zero_allowed=True)
        check_number(kind, "width", width)
        signs = {} if excitatory is None else {"excitatory": excitatory}
        if signs:
            check_excitatory(kind, N, excitatory)
        constants = dict(tau=tau, tau_syn=tau_syn, rest=rest, reset_to=reset, threshold=threshold)
        constants |= dict(scale=threshold - rest, width=width, baseline=baseline)
        constants["spike_amplitude"] = float(1 / (tau_syn * rate_unit))
        namespace = namespace_with(neurongroup_args, **constants | self.constants())
        super().__init__(
            N,
            self.equations_text(threshold, noise)
            + "".join(f"{name} : boolean (constant)\n" for name in signs),
            threshold=f"v > {self.threshold_text}",
            reset=RESET + self.reset_text,
            refractory=refractory,
            method="exponential_euler",
            namespace=namespace,
            name=name,
            **neurongroup_args,
        )
        schedule.take_part(self)
        self._check_times()
        self._run(noise)
        self.bias = bias
        self.v = self.v_initial = rest + np.asarray(initial) * (threshold - rest)
        self.activity = self.activity_initial = np.asarray(initial_activity) - baseline
        assign(self, signs)

    def _run(self, noise):
        """Compute the gain in each step, and draw noise if it is not 0."""
        code = SLOPE.format(threshold=self.threshold_text)
        self.run_regularly(code, **schedule.SLOPE, name=f"{self.name}_slope")
        if noise:
            self.namespace["noise_sd"] = noise_per_step(noise, self.tau, self.clock.dt)
            self.run_regularly(
                "noise_input = noise_sd*randn()", **schedule.GAIN, name=f"{self.name}_noise"
            )

    #: Additions of a subclass to threshold, reset, equations and statements at the beginning of a
    #: trial.
    threshold_text, reset_text, more_equations, more_start = "threshold", "", "", ""

    #: Variables that may differ between neurons but not between copies of a network.
    per_neuron = ("bias", "v_initial", "activity_initial", "excitatory")

    #: Variables of noise that a rule may add, and how: as a current of this step, which is the same
    #: as noise in the drive. It does nothing while a neuron is refractory.
    opens = {"noise": ("v += scale*(1 - exp(-dt/tau))*noise", schedule.STATE)}

    #: Names of the time constants.
    times = ("tau", "tau_syn")
    #: Arguments of Brian2 that models which inherit from this one may pass on.
    taken_by_subclasses = ("refractory",)

    def _check_times(self):
        for name in self.times:
            check_tau(
                f"{type(self).__name__} '{self.name}'", getattr(self, name), self.clock.dt, name
            )

    def constants(self) -> dict[str, float | Quantity]:
        """Return further constants of the equations."""
        return {}

    def equations_text(self, threshold: float | Quantity, noise: float) -> str:
        """Return the equations for these inputs and units."""
        drive = " + ".join(
            [
                *(f"spike_amplitude*{name}" for name in self.events_onto),
                *self.inputs,
                "bias",
                *(["noise_input"] if noise else []),
            ]
        )
        unit = unit_text(get_dimensions(threshold))
        currents = "".join(f"d{name}/dt = -{name}/tau_syn : 1\n" for name in self.events_onto)
        return (
            EQUATIONS.format(drive=drive, unit=unit)
            + currents
            + "".join(f"{name} : 1\n" for name in self.inputs)
            + self.more_equations
        )

    @property
    def checks(self) -> dict[str, Callable]:
        """Checks of values that are assigned later, by name."""
        numbers = [name for name in self.per_neuron if name != "excitatory"]
        return {name: partial(check_values, f"'{self.name}': {name}") for name in numbers}

    @property
    def arriving(self) -> ArrivingSpikes:
        """The `psp` of spikes that sources without one send to these neurons."""
        return ArrivingSpikes(
            "filtered_spikes : 1\npsp : 1",
            "psp = filtered_spikes + (psp - filtered_spikes)*exp(-dt/tau_of_membrane)\n"
            "filtered_spikes = filtered_spikes*exp(-dt/tau_of_current)",
            "filtered_spikes += current_of_spike",
            dict(
                tau_of_membrane=self.tau,
                tau_of_current=self.tau_syn,
                current_of_spike=self.namespace["spike_amplitude"],
            ),
        )

    @property
    def driving(self) -> ArrivingSpikes:
        """Amount that spikes add to the drive in each step, for each unit of weight."""
        return ArrivingSpikes(
            "arriving : 1",
            "arriving = arriving*exp(-dt/tau_of_current)",
            "arriving += current_of_spike",
            dict(tau_of_current=self.tau_syn, current_of_spike=self.namespace["spike_amplitude"]),
        )

    @property
    def slope_unit(self) -> float:
        """Threshold minus rest, in units of which the gain is the derivative of a spike."""
        return float(self.namespace["scale"])

    @property
    def activity_tau(self) -> Quantity:
        """Time constant with which the activity decays."""
        return self.tau_syn

    @property
    def trial_start(self) -> str:
        """Statements at the beginning of a trial. They end refractoriness first, since Brian2 does
        not change `v` of refractory neurons.
        """
        currents = "".join(f"{name} = 0\n" for name in self.events_onto)
        return (
            "not_refractory = True\nlastspike = -1e4*second\nv = v_initial\nactivity ="
            f" activity_initial\npsp = 0\nspike_count = 0\n{currents}{self.more_start}"
        )

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Check the times again, since the clock may have changed."""
        self._check_times()
        dt = self.clock.dt
        steps = float(self.refractory_time / dt)
        if abs(steps - round(steps)) > 1e-6:
            logger.info(
                f"'{self.name}': the refractory time {self.refractory_time} is not a whole number"
                f" of time steps of {dt}; Brian2 rounds it to {np.floor(steps) * dt}",
                "refractory",
                once=True,
            )
        super().before_run(run_namespace)


def check_all_times(kind, refractory, rate_unit, **time_constants):
    """Raise unless all times are valid and the unit of rates is a rate."""
    check_time(f"{kind}: refractory", refractory, zero_allowed=True)
    for name, tau in time_constants.items():
        check_tau(kind, tau, tau, name)
    is_rate = dimensions_of(rate_unit) is Hz.dim and np.isfinite(rate_unit)
    if not is_rate or rate_unit <= 0 * Hz:
        raise ValueError(
            f"{kind}: rate_unit must be a positive rate, for example 20*Hz; got {rate_unit!r}"
        )


def check_levels(kind, threshold, rest, reset):
    """Raise unless the three levels have the same units and the threshold is the highest."""
    dimensions = {dimensions_of(level) for level in (threshold, rest, reset)}
    if len(dimensions) > 1 or None in dimensions:
        raise TypeError(
            f"{kind}: threshold, rest and reset must all be plain numbers or all be voltages; got"
            f" {threshold!r}, {rest!r}, {reset!r}"
        )
    if not threshold > rest or not threshold > reset:
        raise ValueError(
            f"{kind}: the threshold must lie above rest and reset; got threshold={threshold!r},"
            f" rest={rest!r}, reset={reset!r}"
        )


def check_finite(kind, N, **values):
    """Raise unless numbers, or arrays of one per neuron, are finite and without units."""
    for name, value in values.items():
        array = as_numbers(value)
        if (
            dimensions_of(value) is not DIMENSIONLESS
            or array is None
            or not np.isfinite(array).all()
        ):
            raise ValueError(
                f"{kind}: {name} must be finite and dimensionless (in units of threshold minus"
                f" rest, or of the filtered spikes); got {value!r}"
            )
        per_neuron(f"{kind}: {name}", value, N)


def check_values(name, values):
    """Raise unless all values are finite."""
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite; got {reprlib.repr(values)}")


def noise_per_step(noise, tau, dt):
    """Return the standard deviation of `noise_input` in a step for that of the membrane, `noise`,
    with v(t+1) = a v(t) + (1 - a) noise_input.
    """
    decay = np.exp(-float(dt / tau))
    return noise * np.sqrt(1 - decay**2) / (1 - decay)
