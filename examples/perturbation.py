"""One number per trial is enough: weight and node perturbation, beside RFLO with its errors."""

from brian2 import *

from brian_rflo import *
from brian_rflo import plotting
from brian_rflo.network import Murray2019
from brian_rflo.rules import NodePerturbation, WeightPerturbation
from brian_rflo.tasks import PeriodicOutput

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
seed(2)
task = PeriodicOutput(period=50 * ms)
defaultclock.dt = task.dt
rules = {
    # random changes of all weights, once per trial
    "weight perturbation": WeightPerturbation(learning_rate=0.03, sigma=1e-3),
    # noise in each neuron and step
    "node perturbation": NodePerturbation(learning_rate=0.02, sigma=1e-3),
    # no noise: an error, brought to each neuron by random weights
    "RFLO": RFLO(learning_rate=0.05, tau=10 * ms),
}

_, (left, right) = subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for number, (name, rule) in enumerate(rules.items()):
    runs = 2 if rule.pairs else 1  # each trial free and perturbed, side by side
    net = LearningNetwork(
        task, RateNeurons(runs * 20, tau=10 * ms), rule, initial=Murray2019(seed=1)
    )
    result = net.train(500, report="text")
    print(f"{name}: {result}")
    plotting.plot_losses(result.losses, left, label=name, color=plotting.CYCLE[number])
    right.plot(result.times * 1000, result.output[0, :, 0], color=plotting.CYCLE[number])
right.plot(result.times * 1000, result.target, color=plotting.COLOURS["target"], lw=4, zorder=0)
right.set(xlabel="Time in trial (ms)", ylabel="Output after training, and target")
left.legend(frameon=False)
show()
