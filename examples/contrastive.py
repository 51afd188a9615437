"""A network learns exclusive or by contrast: free, then with its output clamped to the target."""

from brian2 import *

from brian_rflo import *
from brian_rflo.credit import TwoPhases
from brian_rflo.neurons import RelaxationNeurons
from brian_rflo.readouts import TaskInput
from brian_rflo.rules import Contrastive
from brian_rflo.tasks import Patterns

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
networks, n = 10, 6
teacher = TwoPhases(free=60 * ms, taught=30 * ms)
task = Patterns(
    inputs=[[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]],  # the last one gives biases
    target=[[0.05], [0.95], [0.95], [0.05]],
    phases=teacher.phases,
)
defaultclock.dt = task.dt

rng = np.random.default_rng(1)
hidden = arange(n) < n - 1
mask = hidden[:, None] != hidden  # hidden neurons and the output, both ways
start = tril(rng.normal(size=(networks, n, n))) * mask
start = start + start.swapaxes(1, 2)  # symmetric, or there is no energy to descend

units = RelaxationNeurons(networks * n, 4 * ms, task, teacher, networks=networks)
inputs, answer = TaskInput(task), Readout(task, networks=networks)
rule, learn = Contrastive(learning_rate=4), PerTrial(batch=4)
recurrent = PlasticSynapses(units, units, rule, onto="I_rec", learn=learn, plasticity=mask)
recurrent.connect_matrix(start, absent=nan)
inward = PlasticSynapses(inputs, units, rule, onto="I_in", learn=learn)
inward.connect_matrix(rng.normal(size=(networks * n, 3)), absent=nan)
said = FixedSynapses(units, answer, onto="output")
said.connect(i=arange(networks) * n + n - 1, j=arange(networks))
said.w = 1

trials = Trials(task, units, answer, recurrent, inward, teacher, networks=networks)
free = TrialMonitor(trials, answer, "output", step=59)  # the last step of the free phase
net = Network(units, inputs, answer, recurrent, inward, said, trials, free)
net.run(400 * task.duration, report="text")

targets = np.array(task.target)[free.trial % 4, 0]
errors = (free.output - targets) ** 2
right = (free.output > 0.5) == (targets > 0.5)
print(f"{right[:, -4:].all(axis=1).sum()} of {networks} networks name all four patterns rightly")

_, (above, below) = subplots(2, sharex=True, layout="constrained")
above.semilogy(free.trial, errors.mean(axis=0))
above.set_ylabel("Squared error")
below.plot(free.trial, right.mean(axis=0))
below.set_ylabel("Share of networks\nthat are right")
below.set_xlabel("Trial")
show()
