"""The circuit of local synthetic gradients
========================================

Marschall, Cho & Savin 2019 read their rule as a circuit: a neuron has compartments, each with a
sub-population of synapses onto it; inhibition of single branches decides which compartment acts
when, so that a step has phases. The phases below are those of `credit.LocalDNI`.
"""

import matplotlib.pyplot as plt
from brian2 import *

from brian_rflo import *
from brian_rflo import plotting
from brian_rflo.credit import LocalDNI
from brian_rflo.network import AllToAll
from brian_rflo.readouts import Softmax
from brian_rflo.rules import Instantaneous
from brian_rflo.tasks import Add

PLACES = {  # of compartments, on a page of 10 by 6
    "activity $a$": (5, 5.2),
    "prediction": (1.5, 3.6),
    "label": (5, 2.6),
    "back": (1.5, 1.1),
    "mismatch": (5, 0.6),
    "credit": (8.6, 2.6),
    "feedback $f$": (8.6, 0.6),
}
SYNAPSES = (  # from, to, weights, colour
    ("activity $a$", "prediction", "$J$", 1),
    ("activity $a$", "label", "$A', C', c'$", 3),
    ("activity $a$", "credit", "$A, C, c$", 2),
    ("label", "back", "$J^\\top$", 1),
    ("back", "mismatch", "", "0.4"),
    ("feedback $f$", "mismatch", "", "0.4"),
    ("credit", "mismatch", "a step later", "0.4"),
)
PHASES = (  # name in `schedule`, what acts, colour
    ("PREDICT_LEARN", "$J$, $J^\\top$ learn from activity - prediction", 1),
    ("LABEL", "label = tanh($A'a + C'y + c'$)", 3),
    ("BACK", "back = $J^\\top$ label", 1),
    ("MISMATCH", "mismatch = credit(t-1) - (f(t-1) + back)", "0.4"),
    ("CREDIT_LEARN", "$A, C, c$ learn from the mismatch", 2),
    ("REFRESH", "$A', C', c'$ become $A, C, c$, now and then", 3),
    ("CREDIT", "credit = $Aa + Cy + c$ takes the place of $f$", 2),
    ("LEARN", "weights of the network: credit times what they do at once", 0),
)


def shade(colour):
    """Return a colour of the cycle, or the colour itself."""
    return plotting.CYCLE[colour] if isinstance(colour, int) else colour


figure, (circuit, phases) = plt.subplots(
    1, 2, figsize=(11, 3.8), layout="constrained", width_ratios=(4, 5)
)
for start, end, name, colour in SYNAPSES:
    (x, y), (u, v) = PLACES[start], PLACES[end]
    arrow = dict(arrowstyle="-|>", color=shade(colour), shrinkA=17, shrinkB=17, linewidth=1.4)
    circuit.annotate("", (u, v), (x, y), arrowprops=arrow)
    circuit.text((x + u) / 2, (y + v) / 2, f" {name} ", color=shade(colour), ha="left", va="bottom")
for name, (x, y) in PLACES.items():
    look = dict(boxstyle="round,pad=0.4", facecolor="white", edgecolor="0.4")
    circuit.text(x, y, name, ha="center", va="center", bbox=look)
circuit.set(xlim=(0, 10), ylim=(0, 6), title="A neuron's compartments and their synapses")
circuit.axis("off")
for row, (_, what, colour) in enumerate(PHASES):
    phases.barh(row, 1, left=row, color=shade(colour), height=0.7)
    phases.text(len(PHASES) + 0.4, row, what, va="center")
phases.set_yticks(range(len(PHASES)), [name for name, _, _ in PHASES])
phases.set(xlim=(0, 26), xticks=[], title="Phases of the circuit within a step")
phases.invert_yaxis()
phases.spines[:].set_visible(False)

# %%
# What the compartments of one neuron hold, after some thousand steps of the task `Add`:
seed(1)
prefs.codegen.target = "numpy"
task = Add(first=2, second=4, length=1000 * ms)
defaultclock.dt = task.dt
neurons = RateNeurons(16, tau=1 * ms, initial=0)
path = LocalDNI(credit_rate=0.05, predictor_rate=0.01)
biases = {"bias": AllToAll(), "output_bias": AllToAll()}
net = LearningNetwork(
    task,
    neurons,
    Instantaneous(0.01, tau=1 * ms),
    readout=Softmax(),
    readout_rule=Delta(0.01),
    credit=path,
    connectivity=biases,
)
net.train(3)
shown = {"soma": ("activity", "prediction"), "credit": ("credit", "back", "mismatch")}
names = [name for group in shown.values() for name in group]
held = StateMonitor(net.credit.cells["post"], names, record=[0], when="end")
net.add(held)
net.train(1)
_, axes = plt.subplots(2, 1, figsize=(7, 4), layout="constrained", sharex=True)
for ax, (title, group) in zip(axes, shown.items()):
    values = np.array([getattr(held, name)[0, -60:] for name in group]).T
    plotting.plot_traces(held.t[-60:], values, ax, labels=list(group))
    ax.set(title=title.capitalize(), ylabel="")
axes[0].set(xlabel="")
