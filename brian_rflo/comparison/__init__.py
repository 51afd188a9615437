"""Rate beside spiking networks on one task: `compare`, and ``brian-rflo compare``.

All networks of a comparison have the same size, task, trials and learning rates (except that your
own `Kind` may set that of its readout), and by default the same time constant, for rates and for
filtered spikes. Errors are normalised: the sum of squared errors in units of the target's variance
(NMSE), so that zero output has about 1.
"""

from .comparing import TASKS, compare, wanted_parts
from .found import Comparison, comparison_of, outcome, power
from .kinds import KINDS, RATE, Kind
from .training import train

__all__ = [
    "KINDS",
    "RATE",
    "TASKS",
    "Comparison",
    "Kind",
    "compare",
    "comparison_of",
    "outcome",
    "power",
    "train",
    "wanted_parts",
]
