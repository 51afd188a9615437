"""Local online learning rules for rate and spiking recurrent networks: ordinary Brian2 objects."""

from . import plotting, reference, reference_eprop, schedule
from .checks import check_neurons, check_rule, check_task
from .comparison import compare
from .credit import AdaptiveFeedback, Credit, RandomFeedback, SymmetricFeedback
from .exchange import from_nir, to_nir
from .network import AllToAll, LearningNetwork, Murray2019, TrialNetwork
from .neurons import (
    PRESETS,
    ALIFNeurons,
    DerivedNeurons,
    DiscreteLIFNeurons,
    LIFNeurons,
    RateNeurons,
)
from .readout import LeakyReadout, Readout, SoftmaxReadout, TaskInput
from .readouts import Leaky, Linear, Softmax
from .results import TrainingResult
from .rules import (
    RFLO,
    AdaptiveEProp,
    Delta,
    DerivedRule,
    EProp,
    FeedbackDelta,
    LeakyDelta,
    LeakyFeedbackDelta,
    LearningRule,
    RewardHebbian,
)
from .selection import ChoiceMonitor, WinnerTakeAll
from .steps import Mechanism, Step
from .sweeps import sweep
from .synapses import DALE, FeedbackSynapses, FixedSynapses, PlasticSynapses
from .tasks import (
    MNIST1D,
    ArrayTask,
    CursorMovements,
    EvidenceAccumulation,
    IntervalMatching,
    NeurogymTask,
    PatternGeneration,
    PeriodicOutput,
    SequentialDigits,
    StoreRecall,
    Task,
)
from .trials import LossMonitor, Trials
from .updates import SGD, Adam, FiringRate, Momentum, PerStep, PerTrial

__all__ = [
    "ALIFNeurons",
    "Adam",
    "AdaptiveEProp",
    "AdaptiveFeedback",
    "AllToAll",
    "ArrayTask",
    "ChoiceMonitor",
    "Credit",
    "CursorMovements",
    "DALE",
    "Delta",
    "DerivedNeurons",
    "DerivedRule",
    "DiscreteLIFNeurons",
    "EProp",
    "EvidenceAccumulation",
    "FeedbackDelta",
    "FeedbackSynapses",
    "FiringRate",
    "FixedSynapses",
    "IntervalMatching",
    "LIFNeurons",
    "Leaky",
    "LeakyDelta",
    "LeakyFeedbackDelta",
    "LeakyReadout",
    "LearningNetwork",
    "LearningRule",
    "Linear",
    "LossMonitor",
    "MNIST1D",
    "Mechanism",
    "Momentum",
    "Murray2019",
    "NeurogymTask",
    "PRESETS",
    "PatternGeneration",
    "PerStep",
    "PerTrial",
    "PeriodicOutput",
    "PlasticSynapses",
    "RFLO",
    "RandomFeedback",
    "RateNeurons",
    "Readout",
    "RewardHebbian",
    "SGD",
    "SequentialDigits",
    "Softmax",
    "SoftmaxReadout",
    "Step",
    "StoreRecall",
    "SymmetricFeedback",
    "Task",
    "TaskInput",
    "TrainingResult",
    "TrialNetwork",
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
