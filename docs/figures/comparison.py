"""A comparison in a grid
======================

`plot_comparison`, which is also ``comparison.plot()`` and what ``brian-rflo compare`` draws; or
single panels of it on axes of your own.
"""

import matplotlib.pyplot as plt
from brian2 import ms

from brian_rflo import plotting
from brian_rflo.comparison import compare
from brian_rflo.tasks import CursorMovements

comparison = compare(
    CursorMovements(movement=50 * ms, seed=1),
    ("rate", "lif"),
    ("rflo", "readout"),
    networks=2,
    trials=40,
    n=30,
    device="numpy",
)
plotting.plot_comparison(comparison)

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
plotting.plot_comparison(comparison, {"error": left, "rates": right})
