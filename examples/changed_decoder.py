"""A network that has learned to reach adapts to another decoder; only recurrent weights learn.

After Portes, Schmid, Murray 2022 (arXiv 2206.13448): a brain-machine interface whose decoder
changes.
"""

from brian2 import *

from brian_rflo import *
from brian_rflo.tasks import ArrayTask

prefs.codegen.target = "numpy"  # begins at once
N, T, noise, rng = 50, 20, 0.5, np.random.default_rng(5)  # noise is a standard deviation per step
pulses = np.zeros((4, T, 4))
pulses[range(4), :4, range(4)] = 1  # one of four pulses calls for one of four ends
ends = np.repeat([[[1, 1]], [[-1, 1]], [[1, -1]], [[-1, -1]]], T, axis=1)
task = ArrayTask(target=ends, inputs=pulses, mask=1 / (T - np.arange(T)), order="drawn", seed=1)
defaultclock.dt = task.dt
first, second = 2 * rng.uniform(-1, 1, (2, 2, N)) / sqrt(N)
initial = {"input": rng.uniform(-2, 0, (N, 4)), "output": first, "feedback": first.T}
neurons = RateNeurons(N, tau=10 * ms, initial=0, output_noise_std=noise)
rule, initial["recurrent"] = RFLO(0.1, tau=10 * ms), 1.5 * rng.standard_normal((N, N)) / sqrt(N)
net = LearningNetwork(task, neurons, rule, learn=PerTrial(), trained=["recurrent"], initial=initial)
print(before := net.train(600))
net.output.set_matrix(second)
net.feedback.set_matrix(second.T)
print(after := net.train(400))
figure(layout="constrained")
for start, part in ((0, before), (len(before.losses[0]), after)):
    mean = np.convolve(part.losses[0], ones(20) / 20, "valid")
    plot(start + arange(10, 10 + len(mean)), mean)
gca().set(xlabel="Trial (in colours: first, second decoder)", ylabel="Loss, mean of 20 trials")
show()
