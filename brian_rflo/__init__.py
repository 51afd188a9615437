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

#: Names that were here in version 0.1, or may be looked for here, by the folder that has them.
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

#: Names of version 0.1 that are others now: where they are, and as what.
RENAMED = {"Descent": ("brian_rflo", "SGD"), "reference_eprop": ("brian_rflo.reference", "eprop")}
#: Synapses that had the names of credit paths in version 0.1.
SYNAPSES = {
    "AdaptiveFeedback": "AdaptiveFeedbackSynapses",
    "SymmetricFeedback": "SymmetricFeedbackSum",
}


def __getattr__(name):
    """Raise an error that says where a name is now; Python keeps the message of an AttributeError
    to itself where a script imports the name.
    """
    told = where_now(name)
    if told is None:
        raise AttributeError(f"module 'brian_rflo' has no attribute {name!r}")
    is_imported = currentframe().f_back.f_code.co_name == "_handle_fromlist"
    raise (ImportError if is_imported else AttributeError)(told)


def where_now(name):
    """Return what to write in place of a name that is not here; None if it never was."""
    if name in RENAMED:
        module, now = RENAMED[name]
        return f"{name} is {module}.{now} now; write from {module} import {now}"
    for folder, names in MOVED.items():
        if name in names.split():
            told = f"{name} is in brian_rflo.{folder}; write from brian_rflo.{folder} import {name}"
            if name in SYNAPSES:
                told += f", or, for the synapses, from brian_rflo.synapses import {SYNAPSES[name]}"
            return told
    return None
