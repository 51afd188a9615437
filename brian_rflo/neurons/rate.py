"""Rate neurons with their function inside the leak.

Murray 2019, eLife 8:e43299, equation 1, with activity = h and the drive u:

    u = sum of the input variables [+ bias] [+ noise]
    tau dh/dt = -h + phi [+ output_noise]        forward Euler:
                                                 h(t+1) = h(t) + dt/tau (-h(t) + phi(t+1))
    phi = f(u), by default tanh(u)               or f(steepness u)
    gain = dphi/du                               1 - phi^2 for tanh
    activity = h [+ rate_noise]                  what is sent

What stands in brackets exists where its argument is given. `PotentialNeurons` have their function
outside the leak.
"""

from collections.abc import Callable, Sequence
from typing import Any

from brian2 import NeuronGroup, Quantity
from numpy.typing import ArrayLike

from .. import schedule
from ..brian.component import Component, namespace_with
from ..brian.quantities import per_neuron
from ..rules import LearningRule
from . import noise
from .base import input_names
from .functions import OTHER_NAMES, refuse_own_names, transfer
from .values import (
    assign,
    check_excitatory,
    check_taus,
    check_time_step,
    checks_of,
    given_values,
    is_per_neuron,
    present_tau,
)

__all__ = ["RateNeurons"]

EQUATIONS = """
d{state}/dt = ({arrives} - {state})/tau : 1
drive = {drive} : 1
phi : 1
gain : 1
feedback : 1
initial : 1
"""


class RateNeurons(Component, NeuronGroup):
    """Leaky rate neurons with their function inside the leak (Murray 2019, equation 1).

    With the drive ``u``, the sum of the inputs, and what is given of bias and noise::

        u = I_rec + I_in + bias + noise
        tau dh/dt = -h + f(steepness*u) + output_noise       (forward Euler)
        activity = h + rate_noise

    Parameters
    ----------
    N : int
        Number of neurons.
    tau : Quantity
        Time constant, or an array of shape (N,) of those of each neuron, which `RFLO` reads with
        ``tau=None``.
    initial : float or array, shape (N,)
        Activity at the beginning of each trial; a network that starts at 0 stays at 0.
    inputs : tuple of str
        Names of the input variables; the drive is their sum.
    excitatory : array of bool, shape (N,), optional
        True for excitatory neurons, False for inhibitory ones; for projections with the constraint
        `DALE`.
    f : str
        "tanh", "relu", "rectified tanh", "sigmoid" (``1/(1 + exp(-u))``), or an expression of
        ``u``, such as ``"log(1 + exp(u))"``, which is differentiated. It may name numbers in
        `namespace`.
    bias : float or array, shape (N,), optional
        Constant drive.
    steepness : float or array, shape (N,), optional
        The gain g in ``f(g*u)``; the variable `gain` is the slope of the neuron's output, with this
        factor.
    noise_std, output_noise_std, rate_noise_std : float or array, shape (N,), optional
        Standard deviation of the noise of one step, drawn anew in each step for each neuron from a
        normal distribution: in the drive, behind the function (inside the leak), and on the rate
        that is sent. With 0 the variable exists and nothing draws it, so that a rule or your own
        statements may. No `rate_noise` is on the activity with which a trial begins.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    activity, gain, feedback : state variables
        Activity (the rate), slope of the function, and error projected onto the neuron.
    phi : state variable
        The function of the drive, which the activity approaches.
    noise, output_noise, rate_noise : state variables
        The noise of this step, where it is given. Rules read it like any input: it has no
        derivative.
    h : state variable
        With `rate_noise_std` only: the rate before this noise.

    Raises
    ------
    TypeError, ValueError
        If `tau` is not a positive time, or shorter than the time step; if a value is not finite or
        has another shape; if `f` is unknown, or cannot be differentiated.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> neurons = RateNeurons(30, tau=10*ms, initial=0.1)
    >>> noisy = RateNeurons(50, tau=10*ms, f="relu", bias=0.2, output_noise_std=0.5)
    """

    #: Variables that may differ between neurons but not between copies of a network.
    per_neuron = (
        "initial",
        "excitatory",
        "tau",
        "bias",
        "steepness",
        "noise_std",
        "output_noise_std",
        "rate_noise_std",
    )

    #: The variable whose mean in a network says whether its neurons are saturated, and how small it
    #: is then.
    slope, least_slope = "gain", 0.01

    trial_start = "activity = initial"

    #: Arguments that are looked for by other names.
    other_names = OTHER_NAMES

    #: Variables of noise that a rule may add, and how: to the sum of the projection (None), or by a
    #: statement behind a phase.
    opens = {"noise": None, "output_noise": ("phi += output_noise", schedule.GAIN)}

    #: Whether the derivative of the drive by the activity of the step before is the weight of a
    #: neuron onto itself, which rules may then read as `own_weight`.
    knows_own_weight = True

    def __init__(
        self,
        N: int,
        tau: Quantity,
        initial: ArrayLike = 0.1,
        inputs: str | Sequence[str] = ("I_rec", "I_in"),
        excitatory: ArrayLike | None = None,
        f: str = "tanh",
        bias: ArrayLike | None = None,
        steepness: ArrayLike | None = None,
        noise_std: ArrayLike | None = None,
        output_noise_std: ArrayLike | None = None,
        rate_noise_std: ArrayLike | None = None,
        name: str = "rateneurons*",
        **neurongroup_args: Any,
    ):
        kind = "RateNeurons"
        self.inputs, self.f = input_names(kind, "inputs", inputs, least=1), f
        check_taus(kind, tau, N)
        per_neuron(
            f"{kind}: initial",
            initial,
            N,
            "for a string that Brian2 evaluates, assign neurons.initial = 'rand()' afterwards",
        )
        if excitatory is not None:
            check_excitatory(kind, N, excitatory)
        stds = dict(noise=noise_std, output_noise=output_noise_std, rate_noise=rate_noise_std)
        self.noise_given = noise.checked(kind, N, stds)
        values = given_values(kind, N, bias=bias, steepness=steepness)
        function = transfer(kind, f, neurongroup_args.get("namespace") or {})
        own = {"tau": tau} if is_per_neuron(tau) else {}
        if not own:
            self.tau = tau
        if "rate_noise" in self.noise_given:
            self.trial_start = f"activity = initial\n{self.state_name} = initial"
        namespace = namespace_with(neurongroup_args, **({} if own else {"tau": tau}))
        super().__init__(
            N,
            self._equations(values, own, excitatory is not None),
            method="euler",
            namespace=namespace,
            name=name,
            **neurongroup_args,
        )
        schedule.take_part(self)
        refuse_own_names(kind, f, self.variables)
        self._run(function, "steepness" in values)
        assign(self, own | values | {"initial": initial, self.state_name: initial})
        self.activity = initial
        if excitatory is not None:
            self.excitatory = excitatory
        check_time_step(self)

    @property
    def state_name(self) -> str:
        """Name of the variable that leaks: the activity, unless noise is added to what is sent."""
        return "h" if "rate_noise" in self.noise_given else "activity"

    def _equations(self, values, own, has_signs):
        """Return the equations for what is given."""
        given = self.noise_given
        drive = [*self.inputs, *(name for name in ("bias",) if name in values)]
        arrives = "phi + output_noise" if "output_noise" in given else "phi"
        text = EQUATIONS.format(
            state=self.state_name,
            arrives=arrives,
            drive=" + ".join([*drive, *(name for name in ("noise",) if name in given)]),
        )
        lines = [*(f"{name} : 1" for name in (*self.inputs, *values))]
        lines += ["activity : 1"] if "rate_noise" in given else []
        lines += [f"{name} : second (constant)" for name in own]
        lines += ["excitatory : boolean (constant)"] if has_signs else []
        return text + "".join(f"{line}\n" for line in lines) + noise.equations(given)

    def _run(self, function, is_steep):
        """Compute function and slope in each step, and draw noise, as far as it is given."""
        argument = "(steepness*drive)" if is_steep else "drive"
        slope = function.slope_at(argument)
        gain = f"steepness*({slope})" if is_steep else slope
        code = f"phi = {function.of(argument)}; gain = {gain}"
        self.run_regularly(code, **schedule.GAIN, name=f"{self.name}_gain")
        noise.draw(self, self.noise_given)
        if "rate_noise" in self.noise_given:
            code = "activity = h + rate_noise"
            self.run_regularly(code, **schedule.SENT, name=f"{self.name}_sent")

    @property
    def described(self) -> tuple[str, ...]:
        """Attributes that describe it in files, beside equations and constants: `f`, unless it is
        tanh, so that files from before there was another one can be loaded.
        """
        return () if self.f == "tanh" else ("f",)

    @property
    def checks(self) -> dict[str, Callable]:
        """Checks of values that are assigned later, by name."""
        return checks_of(self)

    @property
    def activity_tau(self) -> Quantity:
        """Time constant with which the activity decays, or an array of those of each neuron."""
        return present_tau(self)

    def check_projection(self, rule: LearningRule, onto: str) -> None:
        """Raise if a rule draws noise that the neurons draw themselves."""
        noise.refuse_exploration(self, rule)

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Check the time constant again, since it and the clock may have changed."""
        check_time_step(self)
        super().before_run(run_namespace)
