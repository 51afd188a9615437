"""ModProp: the gradient with a constant slope, and weights of types, where errors pass from neuron
to neuron.

Liu, Smith, Mihalas, Shea-Brown & Sumbul 2022, Adv Neural Inf Process Syst 35. For neurons with a
leaky potential, v(t) = d v(t-1) + (1-d) (W z(t-1) + ...), z = f(v), d = 1 - dt/tau. In the
gradient, messages of neuron j to p, which sends to it, have the slope of p. This is replaced by a
constant, mu, and w_jp by the mean W_ab over the types a of j and b of p. Forward in time and local:
S_a(t) = sum_{i in a} h_i(t) L_i(t) is sent to all (`TypeSignals`), n_a are the neurons of type a,
and each presynaptic cell q keeps what a weight from it onto neurons of type b will do to those of
type a:

    U_ab(t) = d U_ab(t-1) + mu (1-d) (W_ab low(t-1) + sum_c W_ac n_c U_cb(t-1))
    low(t) = d low(t-1) + (1-d) z_q(t-1)
    dw_pq = learning_rate sum_t (h_p(t) L_p(t) low_q(t) + sum_a S_a(t) U_(a, type of p),q(t))
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from brian2 import Group, Quantity
from numpy.typing import ArrayLike

from ..brian.declared import declared, declares, parent_group
from ..brian.quantities import check_count, check_number, check_time
from .base import LearningRule

if TYPE_CHECKING:
    from ..updates import PerStep

__all__ = ["ModProp"]


@dataclass(frozen=True)
class ModProp(LearningRule):
    """Errors that pass over any number of synapses, by traces of presynaptic cells and a signal of
    each type (Liu et al. 2022).

    For `PotentialNeurons`, or neurons of your own with a leaky potential behind which their
    function stands, and its slope as `gain`; beside the credit path `TypeSignals`.

    Parameters
    ----------
    learning_rate : float
        Factor of every update, see `LearningRule`.
    tau : Quantity
        Time constant of the neurons, which are integrated by Euler.
    types : tuple of int
        Numbers of neurons of each type, those of the path.
    weights : array, shape (n_types, n_types)
        Mean weights between types as in `Relay`, ``[onto, from]``: see ``Relay.mean_weights``.
    slope : float
        The constant mu, 0.25 in the paper; with 0 it is RFLO of such neurons.
    slope_name : str
        The neurons' variable with their slope; set when the rule is bound to a projection.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range, or the weights do not fit the types; at the projection, if
        the types do not add up to the neurons of a network, or the neurons spike or have their
        function inside the leak.

    Examples
    --------
    >>> from brian2 import ms
    >>> ModProp(1e-3, tau=20*ms, types=(8, 2), weights=[[0.1, 0.1], [-0.4, -0.4]]).reads("network")
    ('signal_0_of_8_2', 'signal_1_of_8_2')
    """

    tau: Quantity
    types: tuple[int, ...]
    weights: ArrayLike
    slope: float = 0.25
    slope_name: str = field(default="gain", kw_only=True)

    citation = (
        "Liu, Y. H., Smith, S., Mihalas, S., Shea-Brown, E. & Sumbul, U. (2022)."
        " Biologically-plausible backpropagation through arbitrary timespans via local"
        " neuromodulators. Advances in Neural Information Processing Systems"
        " 35:17528-17542"
    )

    def __post_init__(self):
        super().__post_init__()
        check_time("ModProp: tau", self.tau)
        check_number("ModProp", "slope", self.slope, zero_allowed=True)
        if isinstance(self.types, str) or np.ndim(self.types) != 1 or not np.size(self.types):
            raise TypeError(
                "ModProp: types must be numbers of neurons of each type; got"
                f" {self.types!r}. Write types=(80, 20)"
            )
        for size in self.types:
            check_count("ModProp: types", size)
        n, weights = len(self.types), np.asarray(self.weights)
        is_real = weights.dtype.kind in "iuf"
        if weights.shape != (n, n) or not is_real or not np.isfinite(weights).all():
            raise ValueError(
                "ModProp: weights must be finite numbers [onto, from] for each pair of types; got"
                f" {self.weights!r} for types={self.types!r}"
            )
        object.__setattr__(self, "types", tuple(map(int, self.types)))  # the dataclass is frozen
        object.__setattr__(self, "weights", tuple(map(tuple, weights.tolist())))

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> ModProp:
        """Return this rule with the name of the slope; raise unless the types are those of one or
        more whole networks of neurons whose function is outside the leak.
        """
        neurons = parent_group(target)
        n_neurons = len(neurons)
        check_is_potential(neurons)
        if n_neurons % sum(self.types):
            raise ValueError(
                f"ModProp: types must add up to the neurons of a network; got {self.types!r} for"
                f" the {n_neurons} neurons of '{target.name}'. Write the types of the path"
            )
        slope = declared(neurons, "slope_of_activity")
        if slope not in neurons.variables:
            return self
        neurons.differentiate()
        return replace(self, slope_name=slope)

    @property
    def needs_numbers(self) -> dict[str, str]:
        """The signals of types."""
        return dict.fromkeys(signals_of(self.types), f"credit=TypeSignals({self.types!r})")

    @property
    def pairs_of_types(self) -> list[tuple[int, int]]:
        """Pairs of types a, b."""
        return list(product(range(len(self.types)), repeat=2))

    @property
    def pre_traces(self) -> str:
        """Traces that presynaptic cells keep."""
        return "low : 1\n" + "\n".join(f"u{a}{b} : 1" for a, b in self.pairs_of_types)

    @property
    def pre_advance(self) -> str:
        """The traces of a step, of the values of the step before."""
        new = [
            f"_u{a}{b} = (1 - dt/tau)*u{a}{b} + slope*dt/tau*({self._arrives(a, b)})"
            for a, b in self.pairs_of_types
        ]
        set_ = [f"u{a}{b} = _u{a}{b}" for a, b in self.pairs_of_types]
        return "\n".join([*new, *set_, "low = (1 - dt/tau)*low + dt/tau*activity"])

    def _arrives(self, a, b):
        """Return what arrives at type a, from the presynaptic cell by way of type b."""
        by_others = (f"{self.weights[c][a] * size!r}*u{c}{b}" for c, size in enumerate(self.types))
        return " + ".join([f"{self.weights[b][a]!r}*low", *by_others])

    @property
    def pre_reset(self) -> str:
        """Reset of the presynaptic traces: nothing is kept over trials."""
        return "\n".join(line.replace(" : 1", " = 0") for line in self.pre_traces.splitlines())

    #: The number of the type of a postsynaptic cell.
    post_traces = "kind : 1"

    @property
    def post_reset(self) -> str:
        """The type of each cell."""
        ends = np.cumsum(self.types)
        return "kind = " + " + ".join(
            ["0", *(f"int(i % {ends[-1]} >= {end})" for end in ends[:-1])]
        )

    @property
    def update(self) -> str:
        """The neuron's own part, and that by way of others."""
        names = signals_of(self.types)
        others = (
            f"int(kind_post == {b})*{names[a]}_network*u{a}{b}_pre" for a, b in self.pairs_of_types
        )
        return " + ".join([f"feedback_post*{self.slope_name}_post*low_pre", *others])


def check_is_potential(neurons):
    """Raise if neurons spike, or have their function inside the leak."""
    if "spike" in declared(neurons, "events", ()) or declares(neurons, "activity_tau"):
        raise ValueError(
            "ModProp is for rates whose function is outside the leak, since errors pass through the"
            f" potential; got '{neurons.name}', {type(neurons).__name__}. Write"
            " PotentialNeurons(N, tau)"
        )


def signals_of(types):
    """Return the names of the signals of types, which say of which types, so that a rule and a path
    of other types do not meet.
    """
    sizes = "_".join(map(str, types))
    return tuple(f"signal_{number}_of_{sizes}" for number in range(len(types)))
