"""Rate neurons with their function outside the leak: the field's usual rate neuron.

    tau du/dt = -u + sum of the input variables [+ bias] [+ noise]
    activity = r = f(u) [+ output_noise]             or f(steepness u)

by forward Euler: u(t+1) = u(t) + dt/tau (-u(t) + bias + I(t+1) + noise(t+1)), where I(t+1) sums
weights times r(t), and r(t+1) = f(u(t+1)) + output_noise(t+1). What stands in brackets exists where
its argument is given. The rule that is derived from these equations is RFLO of such neurons (Kaleb,
Feulner, Gallego & Clopath 2024, NeurIPS): with the presynaptic neuron b, which sends r_b,

    tau dp_b/dt = -p_b + r_b                         a trace of each presynaptic cell
    dW_ab = learning_rate/T feedback_a f'(u_a) p_b   slope and trace of the end of the step

With time constants of single neurons, p_ab decays with that of the postsynaptic one.
"""

from collections.abc import Callable, Sequence
from typing import Any

from brian2 import Quantity
from numpy.typing import ArrayLike

from .. import schedule
from ..brian.component import namespace_with
from ..brian.quantities import per_neuron
from . import noise
from .base import input_names
from .derived import DerivedNeurons
from .functions import OTHER_NAMES, refuse_own_names, transfer
from .values import (
    assign,
    check_excitatory,
    check_taus,
    check_time_step,
    checks_of,
    given_values,
    is_per_neuron,
)

__all__ = ["PotentialNeurons"]


class PotentialNeurons(DerivedNeurons):
    """Rate neurons whose potential leaks and whose function is outside the leak.

    With what is given of bias and noise::

        tau du/dt = -u + I_rec + I_in + bias + noise
        activity = f(steepness*u) + output_noise

    Parameters
    ----------
    N : int
        Number of neurons.
    tau : Quantity
        Time constant, or an array of shape (N,) of those of each neuron.
    f : str
        "tanh", "relu", "rectified tanh", "sigmoid" (``1/(1 + exp(-u))``), or an expression of
        ``u``, such as ``"log(1 + exp(u))"``, which is differentiated. It may name numbers in
        `namespace`.
    initial : float or array, shape (N,)
        Potential at the beginning of each trial; a network without bias that starts at 0 stays at
        0, if f(0) is 0.
    inputs : tuple of str
        Names of the input variables, which are added up.
    excitatory : array of bool, shape (N,), optional
        True for excitatory neurons, False for inhibitory ones; for projections with the constraint
        `DALE`.
    bias : float or array, shape (N,), optional
        Constant drive.
    steepness : float or array, shape (N,), optional
        The gain g in ``f(g*u)``.
    noise_std, output_noise_std : float or array, shape (N,), optional
        Standard deviation of the noise of one step, drawn anew in each step for each neuron from a
        normal distribution: in the drive, and behind the function, on the rate that is sent. With 0
        the variable exists and nothing draws it, so that a rule or your own statements may. A trial
        begins without noise on the rate.
    method : str
        Integrator; the derived rule is exact for it.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    u : state variable
        Potential.
    activity, feedback : state variables
        The rate that is sent, and the error projected onto the neuron.
    noise, output_noise : state variables
        The noise of this step, where it is given. The rule reads it like any input: it has no
        derivative.

    Raises
    ------
    TypeError, ValueError
        If `tau` is not a positive time, or shorter than the time step; if a value is not finite or
        has another shape; if `f` is unknown, or cannot be differentiated.

    Notes
    -----
    `rule` is RFLO of these neurons. `brian_rflo.RFLO` is for neurons whose function is inside the
    leak, as Murray's (`RateNeurons`): its trace contains the slope of each moment, where here the
    slope of the present one multiplies the trace. It is refused.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.neurons import PotentialNeurons
    >>> defaultclock.dt = 1*ms
    >>> neurons = PotentialNeurons(30, tau=10*ms, f="relu", bias=0.2, noise_std=0.1)
    >>> rule = neurons.rule(learning_rate=0.03)
    >>> print(rule.update)
    feedback_post*(J_activity_u_post*trace_u_pre)
    """

    #: As for `RateNeurons`.
    least_slope = 0.01

    #: As for `RateNeurons`.
    opens = {"noise": None, "output_noise": ("activity += output_noise", schedule.SENT)}

    #: Attributes that describe it in files, beside equations and constants.
    described = ("f",)
    other_names = OTHER_NAMES

    #: The slope of what they send, computed from `differentiate` on.
    slope_of_activity = "J_activity_u"

    is_written_by_user = False
    why_no_gain = "their slope is outside the leak, and so outside the trace"

    def __init__(
        self,
        N: int,
        tau: Quantity,
        f: str = "tanh",
        initial: ArrayLike = 0.1,
        inputs: str | Sequence[str] = ("I_rec", "I_in"),
        excitatory: ArrayLike | None = None,
        bias: ArrayLike | None = None,
        steepness: ArrayLike | None = None,
        noise_std: ArrayLike | None = None,
        output_noise_std: ArrayLike | None = None,
        method: str = "euler",
        name: str = "potentialneurons*",
        **neurongroup_args: Any,
    ):
        kind = "PotentialNeurons"
        self.f = f
        inputs = input_names(kind, "inputs", inputs, least=1)
        check_taus(kind, tau, N)
        per_neuron(f"{kind}: initial", initial, N)
        stds = noise.checked(kind, N, dict(noise=noise_std, output_noise=output_noise_std))
        values = given_values(kind, N, bias=bias, steepness=steepness)
        function = transfer(kind, f, neurongroup_args.get("namespace") or {})
        refuse_own_names(kind, f, (*inputs, *values, *stds))
        own = {"tau": tau} if is_per_neuron(tau) else {}
        if not own:
            self.tau = tau
        signs = {} if excitatory is None else {"excitatory": excitatory}
        if signs:
            check_excitatory(kind, N, excitatory)
        rate = function.of("(steepness*u)" if "steepness" in values else "u")
        super().__init__(
            N,
            equations((*inputs, *values, *stds), (*inputs, *values), own, signs),
            input=inputs,
            activity=f"{rate} + output_noise" if "output_noise" in stds else rate,
            initial={"u": initial},
            noise=stds,
            method=method,
            namespace=namespace_with(neurongroup_args, **({} if own else {"tau": tau})),
            name=name,
            **neurongroup_args,
        )
        refuse_own_names(kind, f, self.variables)
        assign(self, own | values | signs)
        check_time_step(self)

    @property
    def slope(self) -> str | None:
        """Slope as for `RateNeurons`; None where no rule reads the slope, which is then not
        computed, or where f is linear.
        """
        is_computed = any(runner.active for runner in self.runners or ())
        return "J_activity_u" if is_computed else None

    @property
    def per_neuron(self) -> tuple[str, ...]:
        """Variables that may differ between neurons but not between copies of a network."""
        return (*super().per_neuron, "tau", "bias", "steepness", "excitatory")

    @property
    def checks(self) -> dict[str, Callable]:
        """Checks of values that are assigned later, by name."""
        return super().checks | checks_of(self)

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Check the time constant again, since it and the clock may have changed."""
        check_time_step(self)
        super().before_run(run_namespace)


def equations(drive, declared, own, signs):
    """Return the equations, with what drives the potential and with values of single neurons."""
    arrives = " + ".join(name for name in drive if name not in ("steepness", "output_noise"))
    lines = [f"du/dt = (-u + {arrives})/tau : 1", *(f"{name} : 1" for name in declared)]
    lines += [f"{name} : second (constant)" for name in own]
    lines += [f"{name} : boolean (constant)" for name in signs]
    return "\n".join(lines)
