"""Rate neurons.

Murray 2019, eLife 8:e43299, equation 1, with activity = h:

    u = sum of the input variables               (the drive)
    tau dh/dt = -h + phi, phi = tanh(u)          forward Euler:
                                                 h(t+1) = h(t) + dt/tau (-h(t) + tanh(u(t+1)))
    gain = tanh'(u) = 1 - phi^2
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from brian2 import NeuronGroup, Quantity
from numpy.typing import ArrayLike

from .. import schedule
from ..brian.component import Component, namespace_with
from ..brian.quantities import check_tau, per_neuron
from .base import input_names

__all__ = ["RateNeurons"]

EQUATIONS = """
dactivity/dt = (phi - activity)/tau : 1
drive = {drive} : 1
phi : 1
gain : 1
feedback : 1
initial : 1
"""


class RateNeurons(Component, NeuronGroup):
    """Leaky rate neurons with a tanh nonlinearity (Murray 2019, equation 1).

    Parameters
    ----------
    N : int
        Number of neurons.
    tau : Quantity
        Time constant.
    initial : float or array, shape (N,)
        Activity at the beginning of each trial; a network that starts at 0 stays at 0.
    inputs : tuple of str
        Names of the input variables; the drive is their sum. Each needs its own projection, since
        in Brian2 two projections cannot sum into one variable.
    excitatory : array of bool, shape (N,), optional
        True for excitatory neurons, False for inhibitory ones; for projections with the constraint
        `DALE`.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Attributes
    ----------
    activity, gain, feedback : state variables
        Activity (the rate), slope of the nonlinearity, and error projected onto the neuron.
    phi : state variable
        Steady state of the activity: tanh of the drive.

    Raises
    ------
    TypeError, ValueError
        If `tau` is not a positive time, or shorter than the time step; if `initial` is not finite.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> neurons = RateNeurons(30, tau=10*ms, initial=0.1)
    """

    #: Variables that may differ between neurons but not between copies of a network.
    per_neuron = ("initial", "excitatory")

    trial_start = "activity = initial"

    def __init__(
        self,
        N: int,
        tau: Quantity,
        initial: ArrayLike = 0.1,
        inputs: str | Sequence[str] = ("I_rec", "I_in"),
        excitatory: ArrayLike | None = None,
        name: str = "rateneurons*",
        **neurongroup_args: Any,
    ):
        self.tau = tau
        self.inputs = input_names("RateNeurons", "inputs", inputs, least=1)
        check_tau("RateNeurons", tau, tau)
        per_neuron(
            "RateNeurons: initial",
            initial,
            N,
            "for a string that Brian2 evaluates, assign neurons.initial = 'rand()' afterwards",
        )
        if excitatory is not None:
            check_excitatory(N, excitatory)
        equations = (
            EQUATIONS.format(drive=" + ".join(self.inputs))
            + "".join(f"{name} : 1\n" for name in self.inputs)
            + ("" if excitatory is None else "excitatory : boolean (constant)\n")
        )
        namespace = namespace_with(neurongroup_args, tau=tau)
        super().__init__(
            N, equations, method="euler", namespace=namespace, name=name, **neurongroup_args
        )
        schedule.take_part(self)
        check_tau(f"RateNeurons '{self.name}'", tau, self.clock.dt)
        self.run_regularly(
            "phi = tanh(drive); gain = 1 - phi**2", **schedule.GAIN, name=f"{self.name}_gain"
        )
        self.initial = initial
        self.activity = initial
        if excitatory is not None:
            self.excitatory = excitatory

    @property
    def checks(self) -> dict[str, Callable]:
        """Checks of values that are assigned later, by name."""
        return {"initial": lambda values: per_neuron(f"'{self.name}': initial", values, len(self))}

    @property
    def activity_tau(self) -> Quantity:
        """Time constant with which the activity decays."""
        return self.tau

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Check the time constant again, since the clock may have changed."""
        check_tau(f"RateNeurons '{self.name}'", self.tau, self.clock.dt)
        super().before_run(run_namespace)


def check_excitatory(N, excitatory):
    """Raise unless `excitatory` has True or False for each neuron."""
    excitatory = np.asarray(excitatory)
    if excitatory.dtype != bool or excitatory.shape != (N,):
        raise ValueError(
            f"RateNeurons: excitatory must be an array of True and False of shape ({N},), for"
            f" example signs > 0; got {excitatory.dtype} of shape {excitatory.shape}"
        )
