"""The modulator of rules that compare a free and a perturbed run of each trial.

    modulator = E - E'        the loss of the free copy less that of this copy; 0 in the free copy

It is known in the last step of a trial, before weights change.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..schedule import MODULATE
from ..steps import Mechanism, Step

__all__ = ["PairDifference"]


@dataclass(frozen=True)
class PairDifference(Mechanism):
    """Loss of the free copy of a network less the loss of the perturbed one, once per trial.

    A `LearningNetwork` has it by itself where a rule compares pairs and reads
    ``modulator_network``. Pass it to a `Trials` of your own.

    Raises
    ------
    ValueError
        Where it is passed to a `Trials`, if none of its rules compares pairs of trials.

    Examples
    --------
    ``Trials(task, neurons, readout, recurrent, output, PairDifference())``
    """

    #: It is 0 without a rule that compares pairs of trials.
    needs_pairs = True

    variables = {"network": "modulator : 1"}
    steps = (Step("modulator = loss_first - loss", MODULATE, "network", "trial_end"),)
