"""Sums of a rule over the synapses onto each cell, beside what they send: ``brings``.

brought_i = sum_j expression_ij         directly behind the projection's own sum
"""

from __future__ import annotations

from brian2 import Expression

from .. import schedule
from ..brian.borrowed import SummedVariableUpdater

#: Places behind the projection's sum: before what drives this step is read.
BEHIND_SUM = schedule.DRIVEN.order - schedule.DRIVE.order - 100


def bring(synapses, summed_at):
    """Sum what the rule of a projection brings into the variables of its cells at the target."""
    for name, text in synapses.rule.brings.items():
        cells = synapses.cells["post"]
        if "_n_cells" not in synapses.variables:
            synapses.variables.add_reference("_n_cells", cells, "N")
        updater = SummedVariableUpdater(
            Expression(text), f"{name}_post", synapses, cells, "_n_cells", "_synaptic_post"
        )
        schedule.move(updater, summed_at.behind(BEHIND_SUM))
        synapses.contained_objects.append(updater)
