"""Local online learning rules for recurrent networks, rate and spiking, as ordinary Brian2 objects."""

from . import plotting, reference, reference_eprop, schedule
from .checks import check_neurons, check_rule, check_task
from .comparison import compare
from .exchange import from_nir, to_nir
from .network import LearningNetwork
from .neurons import PRESETS, ALIFNeurons, DerivedNeurons, DiscreteLIFNeurons, LIFNeurons, RateNeurons
from .optimizers import Adam, Descent
from .readout import LeakyReadout, Readout, SoftmaxReadout, TaskInput
from .regularization import FiringRate
from .results import TrainingResult
from .rules import RFLO, AdaptiveEProp, Delta, DerivedRule, EProp, FeedbackDelta, LeakyDelta, LeakyFeedbackDelta, LearningRule, RewardHebbian
from .selection import ChoiceMonitor, WinnerTakeAll
from .sweeps import sweep
from .synapses import DALE, AdaptiveFeedback, FeedbackSynapses, FixedSynapses, PlasticSynapses, SymmetricFeedback
from .tasks import MNIST1D, ArrayTask, CursorMovements, EvidenceAccumulation, IntervalMatching, NeurogymTask, PatternGeneration, PeriodicOutput, SequentialDigits, StoreRecall, Task
from .trials import LossMonitor, Trials

__all__ = [
    "ALIFNeurons",
    "Adam",
    "AdaptiveEProp",
    "AdaptiveFeedback",
    "ArrayTask",
    "ChoiceMonitor",
    "CursorMovements",
    "DALE",
    "Delta",
    "DerivedNeurons",
    "DerivedRule",
    "Descent",
    "DiscreteLIFNeurons",
    "EProp",
    "EvidenceAccumulation",
    "FeedbackDelta",
    "FeedbackSynapses",
    "FiringRate",
    "FixedSynapses",
    "IntervalMatching",
    "LIFNeurons",
    "LeakyDelta",
    "LeakyFeedbackDelta",
    "LeakyReadout",
    "LearningNetwork",
    "LearningRule",
    "LossMonitor",
    "MNIST1D",
    "NeurogymTask",
    "PRESETS",
    "PatternGeneration",
    "PeriodicOutput",
    "PlasticSynapses",
    "RFLO",
    "RateNeurons",
    "Readout",
    "RewardHebbian",
    "SequentialDigits",
    "SoftmaxReadout",
    "StoreRecall",
    "SymmetricFeedback",
    "Task",
    "TaskInput",
    "TrainingResult",
    "Trials",
    "WinnerTakeAll",
    "check_neurons",
    "check_rule",
    "check_task",
    "compare",
    "from_nir",
    "plotting",
    "reference",
    "reference_eprop",
    "schedule",
    "sweep",
    "to_nir",
]
