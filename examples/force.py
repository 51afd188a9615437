"""A chaotic network learns a sum of sines by FORCE, and goes on by itself."""

from brian2 import *

from brian_rflo import *
from brian_rflo import plotting
from brian_rflo.credit import FORCE
from brian_rflo.network import AllToAll
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.rules import RecursiveLeastSquares
from brian_rflo.tasks import ArrayTask

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
phase = 2 * pi * arange(300) / 300
task = ArrayTask(target=sin(phase) + sin(2 * phase) / 2, dt=1 * ms, continuous=True)
defaultclock.dt = task.dt
rng, N = np.random.default_rng(2), 150

neurons = PotentialNeurons(
    N, tau=10 * ms, initial=0.5 * rng.standard_normal(N), inputs=("I_rec", "I_out")
)
net = LearningNetwork(
    task,
    neurons,
    neurons.rule(0.0),  # recurrent weights stay as they are: only the readout learns
    readout_rule=RecursiveLeastSquares(),
    credit=FORCE(alpha=1.0, every=2),  # P, a projection like others; it is not local
    trained=["output"],
    connectivity={"current": AllToAll()},  # the output is fed back into the network
    initial={
        "recurrent": 1.5 * rng.standard_normal((N, N)) / sqrt(N),
        "output": zeros((1, N)),
        "current": rng.uniform(-1, 1, (N, 1)),
    },
)
output = StateMonitor(net.readout, "output", record=True, when="end")
net.add(output)
before = net.evaluate(1)  # nothing learns, and nothing has changed afterwards
result = net.train(12, report="text")
after = net.evaluate(2)
print(f"loss before {before.losses[0]}, after {after.losses[0]}")

_, (left, right) = subplots(1, 2, figsize=(9, 3.4), layout="constrained")
shown = output.t < 2 * task.duration
left.plot(output.t[shown] / ms, output.output[0, shown], color=plotting.CYCLE[1])
right.plot(result.times * 1000, after.output[0, :, 0], color=plotting.CYCLE[1])
for ax, title, windows in ((left, "Learning begins", 2), (right, "After learning", 1)):
    times = arange(1, windows * len(phase) + 1)
    ax.plot(
        times, tile(result.target[:, 0], windows), color=plotting.COLOURS["target"], lw=4, zorder=0
    )
    ax.set(xlabel="Time (ms)", ylabel="Output, and target", title=title)
show()
