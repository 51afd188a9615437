"""Integrate-and-fire neurons in discrete time with instantaneous synapses, as in e-prop papers.

Bellec et al. 2020, Nature Communications 11:3625, equations 6 to 10, with alpha = exp(-dt/tau),
rho = exp(-dt/tau_adapt), and I the sum of the weights of the spikes z(t-1) of other neurons and of
the inputs x(t):

    v(t) = alpha v(t-1) + zeta I(t) - threshold z(t-1)
    a(t) = rho a(t-1) + z(t-1)                                   A(t) = threshold + beta a(t)
    gain = psi(t) = height max(0, 1 - |v(t) - A(t)|/width)       0 while refractory
    z(t) = 1 where v(t) >= A(t), and not refractory              refractory membranes integrate too
    psp(t) = alpha psp(t-1) + zeta z(t-1)                        the derivative of v of another
                                                                 neuron by the weight

Published models differ in zeta (1 or 1 - alpha), in the height of psi, in refractoriness and in the
reset: some replace v(t-1) by v(t-1) (1 - z(t-1)) and omit the last term. See `PRESETS` and the
arguments.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from brian2 import NeuronGroup, Quantity, second
from numpy.typing import ArrayLike

from .. import schedule
from ..brian.component import Component, namespace_with
from ..brian.conditional import is_standalone
from ..brian.quantities import check_flag, check_number, check_tau, check_time
from ..rules import LearningRule
from .arriving import ArrivingSpikes
from .lif import check_finite
from .values import assign, check_excitatory

__all__ = ["DiscreteLIFNeurons", "PRESETS"]

EQUATIONS = """
v : 1
activity : 1
wait : 1
a : 1
beta : 1
psp : 1
gain : 1
feedback : 1
spike_count : 1
I_rec : 1
I_in : 1
"""
RESETS = {
    "subtract": "v = _alpha*v + _zeta*(I_rec + I_in) - threshold*activity",
    "zero": "v = _alpha*v*(1 - activity) + _zeta*(I_rec + I_in)",
}
STATE = """
psp = _alpha*psp + _zeta*activity
a = _rho*a + activity
wait = clip(wait - 1, 0, inf)
activity = 0
I_rec = 0
"""
SLOPE = "gain = height*clip(1 - abs(v - (threshold + beta*a))/width, 0, 1)*int(wait <= 0)"

#: Settings of published models, for both tasks: those of NEST's `eprop_*_bsshslm_2020` tutorials
#: and of the code of Bellec et al. 2020.
PRESETS = {
    "pattern_generation": dict(threshold=0.03, scale_input=True, height=0.3 / 0.03, width=0.03),
    "evidence_accumulation": dict(threshold=0.6, scale_input=False, height=0.3 / 0.6, width=0.6),
}


class DiscreteLIFNeurons(Component, NeuronGroup):
    """Integrate-and-fire neurons of discrete time, with or without an adaptive threshold (Bellec et
    al. 2020).

    A recurrent spike arrives in the next time step. For a population of LIF and adaptive neurons,
    set `beta` to 0 for the former.

    Parameters
    ----------
    N : int
        Number of neurons.
    tau : Quantity
        Membrane time constant.
    tau_adapt : Quantity, optional
        Time constant of the adaptation; required if `beta` is not 0.
    beta : float or array, shape (N,)
        Increase of the threshold by a spike.
    threshold : float
        Threshold at rest.
    refractory : Quantity
        Time after a spike without further spikes, a whole number of time steps. Meanwhile the
        membrane is integrated and the gain is 0.
    scale_input : bool
        Scale the input by ``zeta = 1 - alpha``; else ``zeta = 1``.
    reset_by : {"subtract", "zero"}
        Effect of a spike on the membrane: subtract the threshold, or set it to 0.
    height, width : float, optional
        Height and half width of the pseudo-derivative; ``0.3/threshold`` and `threshold` by
        default.
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
    v, a : state variables
        Membrane before the reset by a spike, and adaptation.
    activity : state variable
        1 in the step of a spike, else 0.
    gain, feedback, psp, spike_count : state variables
        Pseudo-derivative, learning signal, filtered spikes for the traces of outgoing synapses, and
        spikes of this trial so far.

    Raises
    ------
    TypeError, ValueError
        If a time is invalid or shorter than the time step, or a number is out of its range.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> neurons = DiscreteLIFNeurons(100, tau=30*ms, **PRESETS["pattern_generation"])
    """

    #: Variables that may differ between neurons but not between copies of a network.
    per_neuron = ("beta", "excitatory")

    #: The activity is the spike itself, which only a readout filters.
    sends_bare_spikes = True

    #: Variables without a derivative, and those whose reset to a value counts in gradients.
    counters, attached = ("wait",), ("activity",)

    events_onto, inputs = ("I_rec",), ("I_in",)

    #: Variables of noise that a rule may add, and how.
    opens = {"noise": ("I_rec += noise", schedule.EXPLORE)}

    trial_start = (
        "v = 0; activity = 0; wait = 0; a = 0; psp = 0; spike_count = 0; I_rec = 0; feedback = 0"
    )

    def __init__(
        self,
        N: int,
        tau: Quantity,
        tau_adapt: Quantity | None = None,
        beta: ArrayLike = 0.0,
        threshold: float = 1.0,
        refractory: Quantity = 0 * second,
        scale_input: bool = False,
        reset_by: str = "subtract",
        height: float | None = None,
        width: float | None = None,
        excitatory: ArrayLike | None = None,
        name: str = "discretelifneurons*",
        **neurongroup_args: Any,
    ):
        kind = type(self).__name__
        self.tau, self.tau_adapt, self.refractory_time = tau, tau_adapt, refractory
        check_time(f"{kind}: refractory", refractory, zero_allowed=True)
        check_adaptation(kind, N, tau, tau_adapt, beta)
        check_number(kind, "threshold", threshold)
        height = 0.3 / threshold if height is None else height
        width = threshold if width is None else width
        check_number(kind, "height", height)
        check_number(kind, "width", width)
        check_choices(kind, scale_input, reset_by)
        self.scale_input, self.reset_by = bool(scale_input), reset_by
        signs = {} if excitatory is None else {"excitatory": excitatory}
        if signs:
            check_excitatory(kind, N, excitatory)
        constants = dict(
            tau=tau,
            tau_adapt=tau if tau_adapt is None else tau_adapt,
            threshold=float(threshold),
            height=float(height),
            width=float(width),
        )
        namespace = namespace_with(neurongroup_args, **constants)
        super().__init__(
            N,
            EQUATIONS + "".join(f"{name} : boolean (constant)\n" for name in signs),
            threshold="v >= threshold + beta*a and wait <= 0",
            reset="activity = 1; spike_count += 1; wait = t_refractory",
            namespace=namespace,
            name=name,
            **neurongroup_args,
        )
        self._check_times()
        self.namespace["t_refractory"] = self.refractory_steps
        scale = "1 - _alpha" if scale_input else "1.0"
        self.run_regularly(
            f"_alpha = exp(-dt/tau)\n_zeta = {scale}\n_rho ="
            f" exp(-dt/tau_adapt)\n{RESETS[reset_by]}{STATE}",
            **schedule.STATE,
            name=f"{self.name}_state",
        )
        self.run_regularly(SLOPE, **schedule.SLOPE, name=f"{self.name}_slope")
        self.beta = beta
        assign(self, signs)

    @property
    def checks(self) -> dict[str, Callable]:
        """Checks of values that are assigned later, by name."""
        return {"beta": partial(check_beta, f"'{self.name}'", len(self))}

    @property
    def refractory_steps(self) -> float:
        """Number of steps after a spike without further spikes."""
        return float(np.round(float(self.refractory_time / self.clock.dt)))

    @property
    def arriving(self) -> ArrivingSpikes:
        """The `psp` of spikes that sources without one send to these neurons."""
        return ArrivingSpikes(
            "spiked_before : 1\npsp : 1",
            "psp = exp(-dt/tau_of_membrane)*psp + scale_of_membrane*spiked_before\n"
            "spiked_before = 0",
            "spiked_before = 1",
            dict(
                tau_of_membrane=self.tau,
                scale_of_membrane=(
                    1 - np.exp(-float(self.clock.dt / self.tau)) if self.scale_input else 1.0
                ),
            ),
        )

    @property
    def driving(self) -> ArrivingSpikes:
        """Amount that spikes add to the drive in each step, for each unit of weight: those of the
        step before.
        """
        return ArrivingSpikes("arriving : 1", "arriving = 0", "arriving = 1", {})

    @property
    def input_scale(self) -> float:
        """Factor of an input's `psp` that makes it the effect on a membrane (see `TaskInput`)."""
        return (
            1.0 if self.scale_input else float(1 / (1 - np.exp(-float(self.clock.dt / self.tau))))
        )

    def check_projection(self, rule: LearningRule, onto: str) -> None:
        """Raise unless tau_adapt of a rule, if it has one, equals that of the neurons."""
        assumed = rule.parameters.get("tau_adapt")
        if assumed is not None and self.tau_adapt is not None and assumed != self.tau_adapt:
            raise ValueError(
                f"tau_adapt of {rule.title} ({assumed}) must equal that of '{self.name}'"
                f" ({self.tau_adapt}), since eligibility decays like the adaptation"
            )

    def _check_times(self):
        kind = f"{type(self).__name__} '{self.name}'"
        check_tau(kind, self.tau, self.clock.dt)
        if self.tau_adapt is not None:
            check_tau(kind, self.tau_adapt, self.clock.dt, "tau_adapt")
        steps = float(self.refractory_time / self.clock.dt)
        if abs(steps - round(steps)) > 1e-6:
            raise ValueError(
                f"{kind}: refractory = {self.refractory_time} must be a whole number of time steps"
                f" of {self.clock.dt}"
            )

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Check the times and `beta` again, since clock and values may have changed."""
        self._check_times()
        if (
            self.tau_adapt is None
            and not is_standalone()
            and np.any(self.variables["beta"].get_value())
        ):
            raise ValueError(
                f"{type(self).__name__} '{self.name}' needs tau_adapt, since its beta is not 0;"
                " write tau_adapt=200*ms where it is made"
            )
        self.namespace["t_refractory"] = self.refractory_steps
        super().before_run(run_namespace)


def check_choices(kind, scale_input, reset_by):
    """Raise unless the choices of scaling and of reset are among those there are."""
    check_flag(f"{kind}: scale_input", scale_input)
    if reset_by not in RESETS:
        raise ValueError(f"{kind}: reset_by must be 'subtract' or 'zero'; got {reset_by!r}")


def check_adaptation(kind, N, tau, tau_adapt, beta):
    """Raise unless time constants are valid and tau_adapt is given if beta is not 0."""
    check_tau(kind, tau, tau)
    check_beta(kind, N, beta)
    if tau_adapt is not None:
        check_tau(kind, tau_adapt, tau_adapt, "tau_adapt")
    elif np.any(beta):
        raise ValueError(f"{kind}: beta = {beta!r} needs tau_adapt, for example tau_adapt=200*ms")


def check_beta(kind, N, beta):
    """Raise unless beta is finite and not negative."""
    check_finite(kind, N, beta=beta)
    if (np.asarray(beta) < 0).any():
        raise ValueError(f"{kind}: beta must not be negative; got {beta!r}")
