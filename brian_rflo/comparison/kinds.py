"""Neuron models of a comparison, including the user's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from brian2 import ms

from .. import plotting
from ..neurons import ALIFNeurons, LIFNeurons, PotentialNeurons, RateNeurons
from ..reference.spiking import LIF
from ..rules import RFLO, NodePerturbation, WeightPerturbation
from .rewards import FromReward
from .told import check_share

if TYPE_CHECKING:
    from brian2 import NeuronGroup, Quantity
    from numpy.typing import NDArray

    from ..rules import LearningRule


RATE, READOUT_RATE = 1e-3, 3e-3
TAU_M, TAU_ADAPT, BETA, REFRACTORY = 20 * ms, 200 * ms, 0.1, 3 * ms
#: Share of excitatory neurons of networks with two types.
EXCITATORY = 0.8
#: Rules that compare pairs of trials, by name.
PERTURBING = {"wp": WeightPerturbation, "np": NodePerturbation}


@dataclass(frozen=True)
class Kind:
    """A neuron model in a comparison: its name in figures, initial gain of the recurrent and factor
    of the readout weights, colour where a figure compares neuron models by one rule, learning rate
    of the readout, and share of excitatory neurons, the first of each network, which keep Dale's
    law; 0 for neurons of one type.
    """

    label: str
    gain: float
    readout: float = 1.0
    colour: str = plotting.COLOURS["untrained"]
    readout_rate: float = READOUT_RATE
    excitatory: float = 0.0

    #: Where the function of its neurons stands: "inside" or "outside" the leak, or what "spikes";
    #: nothing where it is not known.
    function = ""
    #: Whether NumPy can compute its networks.
    is_in_numpy = False
    #: Learning rate of what predicts errors, in "eprop3".
    credit_rate = 1e-2

    #: Learning rate and standard deviation of rules that compare pairs of trials, by name.
    perturbations = {"wp": (1e-3, 1e-3), "np": (1e-3, 1e-3)}
    #: How it learns from reward.
    rewards = FromReward(1e-2, 3e-3, 1.5, input=5.0, feedback=0.05, readout=0.1)

    def __post_init__(self):
        check_share(self.excitatory)

    def make(self, size: int, tau: Quantity, rng: np.random.Generator, noise: float) -> NeuronGroup:
        """Return a group of neurons; values that differ between neurons are drawn with `rng`. Rate
        neurons have no noise. With a share of excitatory neurons they have the variable
        `excitatory`, which is set later.
        """
        raise NotImplementedError

    def replayed(self, neurons: NeuronGroup, networks: int) -> LIF | None:
        """Return the neurons in NumPy, where `reference.spiking` has them; None else."""

    def signs(self, size: int) -> dict[str, NDArray]:
        """Return the argument of neurons that have types."""
        return {"excitatory": np.ones(size, dtype=bool)} if self.excitatory else {}

    def rule(self, neurons: NeuronGroup, tau: Quantity) -> LearningRule:
        """Return the rule named "rflo": the learning rule of recurrent and input weights."""
        return RFLO(RATE, tau=tau)

    def rewarded(self, neurons: NeuronGroup, tau: Quantity) -> LearningRule:
        """Return the rule whose changes wait for the reward: `rule` at the rate of `rewards`."""
        return replace(self.rule(neurons, tau), learning_rate=self.rewards.rate)

    def perturbing(self, name: str) -> LearningRule:
        """Return the rule of that name which compares pairs of trials: of all weights."""
        rate, sigma = self.perturbations[name]
        return PERTURBING[name](rate, sigma=sigma)


class Rates(Kind):
    """`RateNeurons`."""

    function, is_in_numpy = "inside", True

    def make(self, size, tau, rng, noise):
        return RateNeurons(size, tau=tau, initial=0.1, **self.signs(size))


class Potentials(Kind):
    """`PotentialNeurons`."""

    function = "outside"

    def make(self, size, tau, rng, noise):
        return PotentialNeurons(size, tau=tau, initial=0.1, **self.signs(size))

    def rule(self, neurons, tau):
        return neurons.rule(RATE)


class Spikes(Kind):
    """`LIFNeurons`."""

    function, is_in_numpy = "spikes", True
    #: Spikes come or do not, so that changes of the loss do not become smaller with the noise.
    perturbations = {"wp": (5e-5, 1e-2), "np": (1e-5, 1e-1)}
    #: Sums of squares of the activity are larger.
    credit_rate = 1e-4
    #: The activity is larger than that of rates.
    rewards = FromReward(3e-5, 1e-4, 0.5, input=1.0, feedback=0.05, readout=0.1)

    def make(self, size, tau, rng, noise):
        return LIFNeurons(size, TAU_M, tau, noise=noise, **self.start(size, rng))

    def replayed(self, neurons: NeuronGroup, networks: int) -> LIF | None:
        return LIF.of(neurons, networks)

    def start(self, size, rng):
        """Return drive, initial state, and types."""
        return self.signs(size) | dict(
            bias=rng.uniform(1, 1.5, size),
            initial=rng.uniform(0, 1, size),
            initial_activity=rng.uniform(0, 1, size),
            refractory=REFRACTORY,
        )


class AdaptiveSpikes(Spikes):
    """`ALIFNeurons`."""

    def make(self, size, tau, rng, noise):
        return ALIFNeurons(
            size, TAU_M, tau, noise=noise, tau_adapt=TAU_ADAPT, beta=BETA, **self.start(size, rng)
        )


#: Neuron models by name.
KINDS = {
    "rate": Rates("rate", 1.5, colour=plotting.CYCLE[0]),
    "lif": Spikes("LIF", 0.5, 0.1, plotting.CYCLE[1]),
    "alif": AdaptiveSpikes("adaptive LIF", 0.5, 0.1, plotting.CYCLE[2]),
    "rate_ei": Rates("rate, E/I", 1.5, colour=plotting.CYCLE[3], excitatory=EXCITATORY),
    "lif_ei": Spikes("LIF, E/I", 0.5, 0.1, plotting.CYCLE[4], excitatory=EXCITATORY),
    "potential_ei": Potentials(
        "potential, E/I", 1.5, colour=plotting.CYCLE[5], excitatory=EXCITATORY
    ),
}


def kind_of(kind):
    """Return a neuron model, or the one of that name."""
    return kind if isinstance(kind, Kind) else KINDS[kind]


def copied(given, networks):
    """Return a value of each neuron with those of each network twice, free and perturbed."""
    return np.repeat(np.reshape(given, (networks, 1, -1)), 2, axis=1).ravel()
