"""Arrays of trials, a test part that is never trained, and the trial that is learned worst."""

from brian2 import *

from brian_rflo import *
from brian_rflo import plotting
from brian_rflo.tasks import ArrayTask

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
rng = np.random.default_rng(1)

# stands for your recordings: 40 reaches of 40 bins of 10 ms, [trial, step, channel]
angle, bins = rng.uniform(0, 2 * pi, 40), arange(40)
direction = np.stack([cos(angle), sin(angle)], axis=-1)
cue = direction[:, None, :] * (bins < 10)[:, None]
velocity = direction[:, None, :] * exp(-(((bins - 20) / 6) ** 2))[:, None]

task = ArrayTask(target=velocity, inputs=cue, order="shuffled", dt=10 * ms)
train, test = task.split(test=10)
defaultclock.dt = task.dt
net = LearningNetwork(train, RateNeurons(50, tau=50 * ms), RFLO(learning_rate=0.1, tau=50 * ms))

before = net.evaluate(10, task=test)
training = net.train(600, report="text")
after = net.evaluate(10, task=test)
worst = int(after.losses[0].argmax())
print("training:", training)
print(f"test: loss {before.losses.mean():.3g} before, {after.losses.mean():.3g} after")
print(f"worst: reach {test.index_of(after.shown[worst])}")

shown = net.evaluate(1, first=worst, task=test)
fig, axes = subplots(1, 2, figsize=(9, 3.5), layout="constrained")
plotting.plot_losses(training.losses, axes[0])
axes[0].axhline(after.losses.mean(), color="black", linestyle=":", label="test, after")
axes[0].legend(frameon=False)
plotting.plot_output(shown.times, shown.output[0], shown.target, axes[1], mask=shown.mask)
plotting.legend_over(axes[1])
axes[1].set_title(f"Worst of the test part: reach {test.index_of(worst)}")
show()
