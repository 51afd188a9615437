"""A recurrent network reads handwritten digits row by row, and is tested with new images."""

from brian2 import *

from brian_rflo import *
from brian_rflo.credit import SymmetricFeedback
from brian_rflo.network import Murray2019
from brian_rflo.readouts import Softmax
from brian_rflo.tasks import SequentialDigits

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
copies, tau = 16, 20 * ms  # copies of the network, which share their weights and see a trial each
defaultclock.dt = 1 * ms


def network(part, initial=Murray2019(gain=0.5, seed=1)):
    task = SequentialDigits(show=2 * ms, answer=4 * ms, part=part, seed=1)
    neurons, rule = RateNeurons(copies * 100, tau=tau), RFLO(learning_rate=0.05, tau=tau)
    return LearningNetwork(
        task,
        neurons,
        rule,
        readout=Softmax(tau),
        credit=SymmetricFeedback(),
        learn=PerTrial(Adam(decay=100), copies=copies),
        initial=initial,
    )


net = network("train")
result = net.train(copies * 150, report="text")

test = network("test", initial=result.weights_after)
for projection in test.trials.projections:
    projection.plastic = False
choice = StateMonitor(test.readout, "choice", record=True, when="end")
test.add(choice)
test.train(copies * 20)
last = choice.choice[:, test.task.n_steps - 1 :: test.task.n_steps].reshape(
    copies, 10, -1
)  # probabilities, added up over the answer
answers = last.argmax(axis=1).T.ravel()
digits = np.array([test.task.class_of(trial) for trial in range(len(answers))])
print(f"{np.mean(answers == digits):.0%} of {len(digits)} test images are named rightly")

figure(figsize=(9, 4), layout="constrained")
subplot(121)
plot(result.losses[0].reshape(-1, copies).mean(axis=1))
xlabel("Update")
ylabel("Cross entropy")
subplot(122)
imshow(histogram2d(digits, answers, bins=arange(11) - 0.5)[0], cmap="Greys")
xlabel("Answer")
ylabel("Digit")
show()
