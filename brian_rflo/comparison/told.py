"""Rules of a comparison that differ in how neurons are told what to change: one line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING

from ..brian.quantities import check_fraction
from ..credit import (
    CreditPath,
    Diffusion,
    RandomFeedback,
    Relay,
    SymmetricFeedback,
    SyntheticSignal,
    TypeSignals,
    WeightMirror,
)
from ..rules import LearningRule, ModProp, Relayed, SnAp1, UnfilteredEProp

if TYPE_CHECKING:
    from brian2 import Quantity
    from numpy.typing import NDArray

    from ..tasks import Task
    from .kinds import Kind


@dataclass(frozen=True)
class Networks:
    """Networks of one neuron model before they learn: what paths and rules are made from.

    Parameters
    ----------
    model : Kind
        The neuron model.
    own : LearningRule
        The rule "rflo" of its neurons.
    recurrent : array, shape (networks, n, n)
        Initial recurrent weights ``[network, post, pre]``.
    tau : Quantity
        Time constant of the rates, or of the filtered spikes.
    task : Task
        The task.
    """

    model: Kind
    own: LearningRule
    recurrent: NDArray
    tau: Quantity
    task: Task

    @property
    def rate(self) -> float:
        """The learning rate of recurrent and input weights."""
        return self.own.learning_rate

    @property
    def types(self) -> tuple[int, int]:
        """Numbers of excitatory and inhibitory neurons of a network."""
        return types_of(self.model, self.recurrent.shape[-1])

    @property
    def between(self) -> NDArray:
        """Mean weights between types, ``[onto, from]``, of all networks."""
        return Relay.mean_weights(self.recurrent.mean(axis=0), self.types)

    @property
    def arriving(self) -> NDArray:
        """Part of them that arrives in a step."""
        return self.between * float(self.task.dt / self.tau)

    @property
    def grid(self) -> tuple[int, int]:
        """The smallest square with a place for each neuron."""
        return (max(3, ceil(sqrt(self.recurrent.shape[-1]))),) * 2

    @property
    def mirror(self) -> WeightMirror:
        """The weight mirror that goes a part of the way in each trial."""
        return WeightMirror(MIRRORED / (MIRROR_DECAY * self.task.n_steps), MIRROR_DECAY)


#: How much of the way to the readout weights a weight mirror goes in a trial; and its decay, with
#: which the mirror of weights of a tenth has a size of 1, that of random feedback.
MIRRORED, MIRROR_DECAY = 0.01, 0.1


def types_of(model: Kind, n: int) -> tuple[int, int]:
    """Return numbers of excitatory and inhibitory neurons among `n`, at least one of each."""
    excitatory = min(max(round(model.excitatory * n), 1), n - 1)
    return excitatory, n - excitatory


@dataclass(frozen=True)
class Told:
    """One rule of a comparison.

    Parameters
    ----------
    title : str
        Its name in figures.
    path, rule : callable
        Make the credit path, and the rule of recurrent and input weights, of `Networks`.
    functions : tuple of str
        Where the function of neurons may stand (``Kind.function``).
    is_symmetric : bool
        Whether the readout weights, transposed, bring the error.
    has_types : bool
        Whether neurons must be of two types.
    needs : str
        What it needs, for errors.
    """

    title: str
    path: Callable[[Networks], CreditPath]
    rule: Callable[[Networks], LearningRule] = lambda at: at.own
    functions: tuple[str, ...] = ("inside", "outside", "spikes")
    is_symmetric: bool = False
    has_types: bool = False
    needs: str = ""

    def fits(self, model: Kind) -> bool:
        """Return whether the rule is for a neuron model; for the user's own its parts say it."""
        has_place = not model.function or model.function in self.functions
        return has_place and (model.excitatory > 0 or not self.has_types)


TYPES = "needs neurons of two types, excitatory and inhibitory"
RATES = "is for rates, whose trace is a derivative"
POTENTIAL = f"is for rates whose function is outside the leak, and {TYPES}"
SLOPE = "needs a slope for each neuron, beside its trace"

#: How neurons are told, by the name of the rule. Signals of types are sums of what feedback brings,
#: so that they mean something with the readout's own weights, as published.
TOLD = {
    "snap1": Told(
        "SnAp-1",
        lambda at: SymmetricFeedback(),
        lambda at: SnAp1(at.rate, at.tau),
        ("inside",),
        is_symmetric=True,
        needs=RATES,
    ),
    "mdgl": Told(
        "MDGL",
        lambda at: Relay(at.types, at.arriving, feedback=SymmetricFeedback()),
        lambda at: Relayed(at.rate, at.own),
        is_symmetric=True,
        has_types=True,
        needs=TYPES,
    ),
    "modprop": Told(
        "ModProp",
        lambda at: TypeSignals(at.types, SymmetricFeedback()),
        lambda at: ModProp(at.rate, at.tau, at.types, at.between),
        ("outside",),
        is_symmetric=True,
        has_types=True,
        needs=POTENTIAL,
    ),
    "diffusion": Told("diffusion", lambda at: Diffusion(at.grid)),
    "weight_mirror": Told("weight mirror", lambda at: at.mirror),
    "eprop3": Told(
        "e-prop 3",
        lambda at: SyntheticSignal(at.model.credit_rate, at.tau),
        lambda at: UnfilteredEProp(at.rate),
        ("inside", "spikes"),
        needs=SLOPE,
    ),
    "unfiltered": Told(
        "e-prop, unfiltered",
        lambda at: RandomFeedback(),
        lambda at: UnfilteredEProp(at.rate),
        ("inside", "spikes"),
        needs=SLOPE,
    ),
}

STREAM = (
    "learns from streams, and is no better than the readout alone on tasks of trials. Write"
    " LearningNetwork(Add(0.5), ..., Instantaneous(rate, tau), credit={})"
)
#: Credit paths that no comparison has, and why.
REFUSED = {
    "local_dni": STREAM.format("LocalDNI(...)"),
    "leak_dni": STREAM.format("LeakDNI(...)"),
    "error_module": (
        "needs a second network, which you make and train. Write Credit(ErrorModule(tau), module,"
        " neurons)"
    ),
    "force": (
        "needs its output fed back into the network, which no other network here has. Write"
        " LearningNetwork(..., readout_rule=RecursiveLeastSquares(), credit=FORCE())"
    ),
}


def check_told(rules: list[str], models: dict[str | Kind, Kind], known: dict[str, Kind]) -> None:
    """Raise if a rule is for other neurons, with those of `known` that it is for."""
    for name in (name for name in rules if name in TOLD):
        for kind, model in models.items():
            if not TOLD[name].fits(model):
                right = tuple(one for one, of in known.items() if TOLD[name].fits(of))
                raise ValueError(
                    f"compare: '{name}' {TOLD[name].needs}; got {kind!r}. Write neurons={right!r}"
                )


def check_refused(rules: list[str]) -> None:
    """Raise if a rule is a credit path that no comparison has."""
    for name in rules if isinstance(rules, (list, tuple)) else ():
        if isinstance(name, str) and name in REFUSED:
            raise ValueError(f"compare: '{name}' {REFUSED[name]}")


def check_share(excitatory: float) -> None:
    """Raise unless a share of excitatory neurons is one."""
    check_fraction("Kind: excitatory", excitatory, ". Write 0 for neurons of one type.")
