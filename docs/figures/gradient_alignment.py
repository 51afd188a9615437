"""Alignment with the gradient
===========================

`plot_gradient_alignment`: the cosine between what a rule has changed in a trial and the exact
gradient, in a training that the rule itself does. Output weights learn by the delta rule, which is
their gradient.
"""

from brian2 import defaultclock, ms, prefs

from brian_rflo import RFLO, Adam, LearningNetwork, PerTrial, RateNeurons, plotting
from brian_rflo.gradient import GradientAlignment
from brian_rflo.tasks import PeriodicOutput

prefs.codegen.target = "numpy"
task = PeriodicOutput(period=100 * ms)
defaultclock.dt = task.dt
neurons = RateNeurons(5 * 20, tau=10 * ms)
net = LearningNetwork(task, neurons, RFLO(0.003, tau=10 * ms), learn=PerTrial(Adam()), networks=5)
watch = GradientAlignment(net, every=4)
net.train(120)
plotting.plot_gradient_alignment(watch)
