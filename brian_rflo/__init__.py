"""Local online learning rules for recurrent networks, rate and spiking, as ordinary Brian2 objects."""

from . import reference, schedule
from .network import LearningNetwork
from .neurons import RateNeurons
from .readout import Readout, TaskInput
from .results import TrainingResult
from .rules import RFLO, Delta, LearningRule
from .synapses import FeedbackSynapses, PlasticSynapses, SymmetricFeedback
from .tasks import ArrayTask, CursorMovements, IntervalMatching, PeriodicOutput, Task
from .trials import LossMonitor, Trials
