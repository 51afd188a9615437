"""Rate networks in NumPy, many at once, one trial after the other."""

from dataclasses import dataclass, field

import numpy as np

from ..brian.quantities import numbers
from ..updates.arguments import BIASES, PLASTIC
from ..updates.sgd import SGD
from .arguments import copies
from .forward.base import Step
from .losses import Squares
from .products import product


@dataclass
class Trial:
    """Course of a trial, time first: gain, activity before and after each step, error, output,
    inputs, target, mask; and the loss of each network.
    """

    gain: np.ndarray
    before: np.ndarray
    after: np.ndarray
    error: np.ndarray
    output: np.ndarray
    inputs: np.ndarray
    target: np.ndarray
    mask: np.ndarray | None = field(init=False, default=None)
    loss: np.ndarray | None = field(init=False, default=None)


class Simulation:
    """A rate network that learns by a rule in each step (`online`) or at the end of each trial.

    Attributes
    ----------
    losses : type
        One of `losses.LOSSES`.
    each_step : callable or None
        Called with each `Step` of a rule that runs forward in time.
    stream : bool
        Whether activity and rule go on from trial to trial.
    """

    losses, each_step, stream = Squares, None, False

    def __init__(
        self,
        weights,
        tau,
        initial,
        rule,
        rate,
        n_steps,
        online,
        batch=1,
        clip=None,
        trained=PLASTIC,
        constraint=None,
        optimizer=SGD(),
        neurons=None,
        regularization=None,
    ):
        self.weights, self.tau, self.initial, self.neurons, self.regularization = (
            weights,
            tau,
            checked_initial(initial, weights["recurrent"].shape[:2]),
            neurons,
            regularization,
        )
        self.optimizer, self.moments, self.updates = optimizer, {}, 0
        self.rule, self.online, self.n_steps = rule, online, n_steps
        self.rates = {name: value / n_steps for name, value in rates_by_name(rate).items()}
        self.trained = [name for name in trained if name in weights]
        self.batch, self.clip, self.constraint = batch, clip, constraint
        self.activity, self.state = None, None
        self.learning = np.ones(len(weights["recurrent"]), dtype=bool)
        self.pending, self.finished = {}, 0

    def run(self, inputs, target, mask):
        """Run a trial with learning."""
        trial, changes = self.rule.run(self, inputs, target, mask)
        trial.loss = self.losses.of_trial(trial, mask)
        if not self.online:
            self.collect(changes)
        return trial

    def rate_error(self, activity):
        """Return the firing-rate term added to each neuron's projected error, given its activity or
        spikes in each step.
        """
        if self.regularization is None:
            return 0.0
        target = self.regularization.target * (1 if self.neurons is None else self.neurons.dt)
        return self.regularization.strength * (target - activity.mean(axis=0)) / len(activity)

    def response(self, task, number):
        """Run a trial of the task without learning."""
        if self.neurons is None:
            return self.at_rest(*task.trial(number))
        return self.neurons.trial(self.weights, *task.trial(number), number)

    def empty(self, inputs, target):
        """Return a trial whose arrays are not yet filled."""
        n_steps, networks, n_units = len(target), *self.weights["recurrent"].shape[:2]
        return Trial(
            *(
                np.empty((n_steps, networks, n))
                for n in (n_units, n_units, n_units, target.shape[1], target.shape[1])
            ),
            inputs,
            target,
        )

    def start(self):
        """Return the activity at the beginning of a trial."""
        if self.activity is not None:
            return self.activity
        return np.broadcast_to(self.initial, self.weights["recurrent"].shape[:2]).astype(float)

    def at_rest(self, inputs, target, mask):
        """Run a trial with constant weights; everything that does not depend on the previous step
        is computed for all steps at once.
        """
        trial, activity, recurrent = (
            self.empty(inputs, target),
            self.start(),
            self.weights["recurrent"],
        )
        driven, rise = np.moveaxis(self.weights["input"] @ inputs.T, 2, 0), 1 / self.tau
        if "bias" in self.weights:
            driven = driven + self.weights["bias"][..., 0]
        for step in range(len(target)):
            trial.before[step] = activity
            rate = trial.gain[step] = np.tanh(product(recurrent, activity) + driven[step])
            activity = activity + rise * (rate - activity)
        trial.after[:-1], trial.after[-1] = trial.before[1:], activity
        trial.gain[:] = 1 - trial.gain**2
        trial.output[:] = self.outputs(trial.after)
        columns = mask.reshape(len(mask), 1, -1)
        trial.error[:] = self.losses.error(target[:, None], trial.output, columns)
        trial.loss = self.losses.of_trial(trial, mask)
        return trial

    def outputs(self, activity):
        """Return the outputs, given the activity."""
        outputs = product(self.weights["output"], activity)
        if "output_bias" in self.weights:
            outputs = outputs + self.weights["output_bias"][..., 0]
        return outputs

    def step_by_step(self, inputs, target, mask):
        """Yield the steps of a trial one by one, for rules that learn in between."""
        trial, activity = self.empty(inputs, target), self.start()
        trial.mask = mask
        for step in range(len(target)):
            drive = (
                product(self.weights["recurrent"], activity) + self.weights["input"] @ inputs[step]
            )
            if "bias" in self.weights:
                drive = drive + self.weights["bias"][..., 0]
            trial.before[step], rate = activity, np.tanh(drive)
            trial.gain[step] = 1 - rate**2
            activity = activity + (-activity + rate) / self.tau
            trial.after[step], trial.output[step] = activity, self.outputs(activity)
            trial.error[step] = self.losses.error(target[step], trial.output[step], mask[step])
            yield trial, step
        if self.stream:
            self.activity = activity

    def state_of(self, rule):
        """Return the state of a rule at the beginning of a trial, with what it keeps from the one
        before; or as it is in a stream.
        """
        if self.state is None or not self.stream:
            networks, n_units = self.weights["recurrent"].shape[:2]
            n_sent = n_units + self.weights["input"].shape[2] + ("bias" in self.weights)
            kept = {} if self.state is None else {key: vars(self.state)[key] for key in rule.kept}
            self.state = rule.start(networks, n_units, n_sent)
            vars(self.state).update(kept, number=0)
        return self.state

    def step_of(self, trial, step, number, back):
        """Return a step of a trial as rules see it; `back` brings the error back."""
        networks = len(trial.before[step])
        sent = [trial.before[step], np.tile(trial.inputs[step], (networks, 1))]
        if "bias" in self.weights:
            sent.append(np.ones((networks, 1)))
        target, output = np.tile(trial.target[step], (networks, 1)), trial.output[step]
        return Step(
            number=number,
            before=trial.before[step],
            after=trial.after[step],
            sent=np.concatenate(sent, axis=1),
            gain=trial.gain[step],
            target=target,
            error=trial.error[step],
            signal=product(back, trial.error[step]),
            loss=self.losses.of_step(target, output, trial.mask[step]),
            tau=self.tau,
            weights=self.weights if self.each_step is None else copies(self.weights),
        )

    def collect(self, changes):
        """Add the changes of a trial to those of its batch; apply them when the batch is
        complete.
        """
        self.pending = {
            name: self.pending.get(name, 0) + change
            for name, change in changes.items()
            if name in self.trained
        }
        self.finished += 1
        if self.finished % self.batch == 0:
            self.learn(self.clipped(self.pending))
            self.pending = {}

    def clipped(self, changes):
        """Return the changes, scaled down in networks whose joint norm exceeds `clip`."""
        if self.clip is None:
            return changes
        largest = np.max(
            [np.abs(change).max(axis=(1, 2), initial=0) for change in changes.values()], axis=0
        )
        unit = np.where(
            np.isfinite(largest) & (largest > 0), largest, 1.0
        )  # squares of large numbers are no numbers
        norm = unit * np.sqrt(
            sum(
                ((change / unit[:, None, None]) ** 2).sum(axis=(1, 2))
                for change in changes.values()
            )
        )
        scale = np.where(
            np.isfinite(norm) & (norm > self.clip), self.clip / np.maximum(norm, self.clip), 1.0
        )
        return {name: scale[:, None, None] * change for name, change in changes.items()}

    def learn(self, changes):
        """Add the changes, times ``learning_rate/T`` or by the optimizer, to the weights of the
        networks that still learn.
        """
        for name, change in changes.items():
            if name in self.trained:
                self.weights[name] += np.where(
                    self.learning[:, None, None], self.optimized(name, change), 0
                )
        self.updates += 1
        if self.constraint and "recurrent" in self.trained:
            held = self.constraint(self.weights["recurrent"])
            self.weights["recurrent"][self.learning] = held[self.learning]

    def optimized(self, name, change):
        """Return the optimizer's step for a change; `rates` hold learning_rate/T by name."""
        rate = self.optimizer.rate_in(self.updates, self.rates[name])
        moments = self.moments.setdefault(name, {})
        return self.optimizer.change(change, self.n_steps, rate, moments, self.updates + 1)

    def finite_weights(self):
        """Return which networks have only finite weights."""
        return np.all(
            [np.isfinite(values).all(axis=(1, 2)) for values in self.weights.values()], axis=0
        )


def rates_by_name(rate):
    """Return the learning rate of each projection, given one, or those of some by name; biases
    learn at the rates of the weights of the same units.
    """
    if np.isscalar(rate):
        return dict.fromkeys((*PLASTIC, *BIASES), rate)
    return {"bias": rate["recurrent"], "output_bias": rate["output"]} | rate


def checked_initial(initial, shape):
    """Return the activity at the beginning of trials as finite numbers: one, one per neuron, or one
    per neuron and network.
    """
    array = numbers("initial", initial)
    if array.shape not in ((), shape[1:], shape) or not np.isfinite(array).all():
        raise ValueError(
            f"initial must be finite, and one number or of shape {shape[1:]} or {shape}; got"
            f" {initial!r}"
        )
    return array
