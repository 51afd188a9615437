"""Local online learning rules for recurrent networks, rate and spiking, as ordinary Brian2 objects.

What a first script needs is here. More of each kind is in its folder: `brian_rflo.tasks`,
`neurons`, `rules`, `credit`, `updates`, `readouts`, `network`, `checks`, `reference`, `nir`.
"""

from inspect import currentframe

from . import schedule
from .network import LearningNetwork
from .neurons import (
    ALIFNeurons,
    DerivedNeurons,
    DiscreteLIFNeurons,
    LIFNeurons,
    RateNeurons,
)
from .readouts import Readout
from .results import TrainingResult
from .rules import RFLO, Delta, EProp, LearningRule
from .sweeps import sweep
from .synapses import FeedbackSynapses, FixedSynapses, PlasticSynapses
from .tasks import Task
from .trials import LossMonitor, TrialMonitor, Trials
from .updates import SGD, Adam, FiringRate, PerStep, PerTrial

__all__ = [
    "ALIFNeurons",
    "Adam",
    "Delta",
    "DerivedNeurons",
    "DiscreteLIFNeurons",
    "EProp",
    "FeedbackSynapses",
    "FiringRate",
    "FixedSynapses",
    "LIFNeurons",
    "LearningNetwork",
    "LearningRule",
    "LossMonitor",
    "PerStep",
    "PerTrial",
    "PlasticSynapses",
    "RFLO",
    "RateNeurons",
    "Readout",
    "SGD",
    "Task",
    "TrainingResult",
    "TrialMonitor",
    "Trials",
    "schedule",
    "sweep",
]

#: Names that version 0.1 had here, by the folder in which they are now.
MOVED = {
    "checks": "check_neurons check_rule check_task",
    "comparison": "compare",
    "credit": "AdaptiveFeedback Credit RandomFeedback SymmetricFeedback",
    "network": "AllToAll Murray2019 TrialNetwork",
    "neurons": "PRESETS",
    "nir": "from_nir to_nir",
    "readouts": "ChoiceMonitor Leaky LeakyReadout Linear Softmax SoftmaxReadout TaskInput"
    " WinnerTakeAll",
    "rules": "AdaptiveEProp DerivedRule FeedbackDelta LeakyDelta LeakyFeedbackDelta RewardHebbian",
    "steps": "Mechanism Step",
    "tasks": "ArrayTask CursorMovements EvidenceAccumulation IntervalMatching MNIST1D NeurogymTask"
    " PatternGeneration PeriodicOutput SequentialDigits StoreRecall",
    "updates": "DALE Momentum",
}


def __getattr__(name):
    """Raise an error that says where a name is now; Python keeps the message of an AttributeError
    to itself where a script imports the name.
    """
    told = f"module 'brian_rflo' has no attribute {name!r}"
    for folder, names in MOVED.items():
        if name in names.split():
            told = f"{name} is in brian_rflo.{folder}; write from brian_rflo.{folder} import {name}"
    if name == "reference_eprop":
        told = "reference_eprop is brian_rflo.reference.eprop"
    is_imported = currentframe().f_back.f_code.co_name == "_handle_fromlist"
    raise (ImportError if is_imported and "; write" in told else AttributeError)(told)
