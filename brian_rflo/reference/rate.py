"""Dense NumPy baselines: RFLO, BPTT, RTRL and their relatives, many networks at once.

They train the rate network of Murray 2019 (eLife 8:e43299) on the same tasks, from the same initial
weights, as the Brian2 components, and are independent of them: the lower lines of a figure, and the
oracle of the tests.

    u(t) = W h(t-1) + Win x(t)    h(t) = h(t-1) + (-h(t-1) + tanh(u(t)))/tau
    y(t) = Wout h(t)              eps = mask (y* - y)              loss = 1/(2T) sum of eps^2

All updates are ``learning_rate/T`` times a sum over the trial, applied at its end, or, for
``update="step"``, at each step.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from brian2 import Hz, get_dimensions

from ..analysis import alignment
from ..brian.quantities import check_count, check_tau, is_number, numbers
from ..identity.settings import named_versions, told
from ..results.training import TrainingResult, alignment_interval
from ..tasks import Task
from ..updates.arguments import (
    PLASTIC,
    check_clip_norm,
    check_instance,
    check_trained,
    check_update,
)
from ..updates.firing_rate import FiringRate
from ..updates.optimizers import SGD, Adam


@dataclass(frozen=True)
class Backward:
    """A rule as a backward recursion over the trial (the paper's four rules of figure 2d).

        z(t) = F eps(t) + (1 - 1/tau) z(t+1) + nonlocal W^T [tanh'(u(t+1)) z(t+1)]/tau
        dW = sum over t of [tanh'(u(t)) z(t)/tau] h(t-1)^T

    F is the transposed readout where `symmetric`, else the fixed random feedback.
    """

    symmetric: bool
    nonlocal_: bool

    def run(self, simulation, inputs, target, mask):
        """A trial, and the changes of the weights summed over it; within the trial weights are at
        rest.
        """
        if simulation.neurons is not None:
            trial = simulation.neurons.trial(
                simulation.weights, inputs, target, mask, simulation.finished
            )
            return trial, simulation.neurons.changes(
                self, trial, simulation.weights, simulation.pull(trial.spikes)
            )
        trial = simulation.at_rest(inputs, target, mask)
        return trial, self.changes(
            trial, simulation.weights, simulation.tau, simulation.pull(trial.after)
        )

    def changes(self, trial, weights, tau, pull=0.0):
        """Changes of the weights, summed over the trial; `pull` is what regularisation adds to each
        neuron's projected error.
        """
        backwards, gated, gain = (
            np.ascontiguousarray(weights["recurrent"].swapaxes(-1, -2)),
            np.empty_like(trial.gain),
            trial.gain / tau,
        )
        signals, keep = product(feedback_weights(self, weights), trial.error) + pull, 1 - 1 / tau
        signal = signals[-1]
        for step in range(len(gated) - 1, -1, -1):
            gated[step] = gain[step] * signal
            signal = signals[step - 1] + keep * signal
            if self.nonlocal_:
                signal += product(backwards, gated[step])
        return {
            "recurrent": sum_of_outer(gated, trial.before),
            "input": np.moveaxis(gated, 0, 2) @ trial.inputs,
            "output": sum_of_outer(trial.error, trial.after),
        }


@dataclass(frozen=True)
class Forward:
    """A rule as traces that run forward in time, with a signal for each trace."""

    symmetric: bool
    start: Callable
    advance: Callable
    change: Callable

    def run(self, simulation, inputs, target, mask):
        """A trial with traces; weights change in each step, or the changes are summed for the end
        of the trial.
        """
        traces, sums = self.start(simulation.weights), {}
        for trial, step in simulation.step_by_step(inputs, target, mask):
            sent = trial.before[step], inputs[step][None]
            traces = self.advance(
                simulation.weights, traces, trial.gain[step], sent, simulation.tau
            )
            signal = product(feedback_weights(self, simulation.weights), trial.error[step])
            recurrent, inward = self.change(signal, traces)
            changes = {
                "recurrent": recurrent,
                "input": inward,
                "output": outer(trial.error[step], trial.after[step]),
            }
            if simulation.online:
                simulation.learn(changes)
            else:
                sums = {name: sums.get(name, 0) + change for name, change in changes.items()}
        return trial, sums


def feedback_weights(rule, weights):
    """The matrix that brings the error back."""
    return weights["output"].swapaxes(-1, -2) if rule.symmetric else weights["feedback"]


def product(matrices, vectors):
    """Matrix times vector, for each network."""
    return (matrices @ vectors[..., None])[..., 0]


def outer(left, right):
    """Outer product ``[network, left, right]``."""
    return left[..., :, None] * right[..., None, :]


def sum_of_outer(left, right):
    """Sum over time, the first axis, of outer products."""
    return np.moveaxis(left, 0, 2) @ np.moveaxis(right, 0, 1)


def rflo_start(weights):
    """Eligibility traces of recurrent and input weights, all zero."""
    return np.zeros_like(weights["recurrent"]), np.zeros_like(weights["input"])


def rflo_advance(weights, traces, gain, sent, tau):
    """Murray 2019, equation 5: p(t) = (1 - 1/tau) p(t-1) + 1/tau tanh'(u_a(t)) h_b(t-1), and with
    x_b(t) for inputs.
    """
    return tuple(
        trace + (-trace + outer(gain, source)) / tau for trace, source in zip(traces, sent)
    )


def rflo_change(signal, traces):
    """Murray 2019, equation 3: [B eps]_a p_ab."""
    return tuple(signal[..., None] * trace for trace in traces)


def rtrl_start(weights):
    """Derivative of each unit's activity by each weight, ``[network, unit, post, pre]``."""
    shapes = (weights["recurrent"].shape, weights["input"].shape)
    return tuple(np.zeros((shape[0], shape[1], *shape[1:])) for shape in shapes)


def rtrl_advance(weights, traces, gain, sent, tau):
    """Williams and Zipser 1989: dh/dW(t) = (1 - 1/tau) dh/dW(t-1) + tanh'(u(t))/tau [W dh/dW(t-1) +
    immediate part].
    """
    units = np.arange(gain.shape[-1])
    after = []
    for trace, source in zip(traces, sent):
        drive = np.einsum("kij,kjab->kiab", weights["recurrent"], trace)
        drive[:, units, units] += source[:, None, :]
        after.append(trace + (-trace + gain[..., None, None] * drive) / tau)
    return tuple(after)


def rtrl_change(signal, traces):
    """The gradient: feedback of each unit times its derivative, summed over units."""
    return tuple(np.einsum("ki,kiab->kab", signal, trace) for trace in traces)


#: The baselines by name.
RULES = {
    "rflo": Forward(False, rflo_start, rflo_advance, rflo_change),
    "rtrl": Forward(True, rtrl_start, rtrl_advance, rtrl_change),
    "bptt": Backward(symmetric=True, nonlocal_=True),
    "local_symmetric": Backward(symmetric=True, nonlocal_=False),
    "nonlocal_random": Backward(symmetric=False, nonlocal_=True),
}


#: Those of them that go backwards through the trial; RFLO, which could, among them.
RULES_BACKWARD = {"rflo": Backward(symmetric=False, nonlocal_=False)} | {
    name: rule for name, rule in RULES.items() if isinstance(rule, Backward)
}


@dataclass
class Trial:
    """What happened in a trial, time first: gain, activity before and after each step, error,
    output, inputs.
    """

    gain: np.ndarray
    before: np.ndarray
    after: np.ndarray
    error: np.ndarray
    output: np.ndarray
    inputs: np.ndarray

    @property
    def loss(self):
        """Loss of each network."""
        return (self.error**2).sum(axis=(0, 2)) / (2 * len(self.error))


class Simulation:
    """The rate network, step by step, learning by a rule at each step (`online`) or at the end of
    each trial.
    """

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
        self.rates = {
            name: (rate if np.isscalar(rate) else rate[name]) / n_steps for name in PLASTIC
        }
        self.batch, self.clip, self.trained, self.constraint = batch, clip, trained, constraint
        self.learning = np.ones(len(weights["recurrent"]), dtype=bool)
        self.pending, self.finished = {}, 0

    def run(self, inputs, target, mask):
        """One trial, with its learning."""
        trial, changes = self.rule.run(self, inputs, target, mask)
        if not self.online:
            self.collect(changes)
        return trial

    def pull(self, sent):
        """What the regularisation of rates adds to the projected error of each neuron, given what
        it sent in each step.
        """
        if self.regularization is None:
            return 0.0
        target = self.regularization.target * (1 if self.neurons is None else self.neurons.dt)
        return self.regularization.strength * (target - sent.mean(axis=0)) / len(sent)

    def response(self, task, number):
        """A trial of the task, without learning."""
        if self.neurons is None:
            return self.at_rest(*task.trial(number))
        return self.neurons.trial(self.weights, *task.trial(number), number)

    def empty(self, inputs, target):
        """A trial that has not run yet."""
        n_steps, networks, n_units = len(target), *self.weights["recurrent"].shape[:2]
        return Trial(
            *(
                np.empty((n_steps, networks, n))
                for n in (n_units, n_units, n_units, target.shape[1], target.shape[1])
            ),
            inputs,
        )

    def start(self):
        """Activity at the beginning of a trial."""
        return np.broadcast_to(self.initial, self.weights["recurrent"].shape[:2]).astype(float)

    def at_rest(self, inputs, target, mask):
        """A trial in which weights do not change: what does not depend on the step before is done
        for all steps together.
        """
        trial, activity, recurrent = (
            self.empty(inputs, target),
            self.start(),
            self.weights["recurrent"],
        )
        driven, rise = np.moveaxis(self.weights["input"] @ inputs.T, 2, 0), 1 / self.tau
        for step in range(len(target)):
            trial.before[step] = activity
            rate = trial.gain[step] = np.tanh(product(recurrent, activity) + driven[step])
            activity = activity + rise * (rate - activity)
        trial.after[:-1], trial.after[-1] = trial.before[1:], activity
        trial.gain[:] = 1 - trial.gain**2
        trial.output[:] = product(self.weights["output"], trial.after)
        trial.error[:] = mask[:, None, None] * (target[:, None] - trial.output)
        return trial

    def step_by_step(self, inputs, target, mask):
        """The steps of a trial one by one, for rules that learn in between."""
        trial, activity = self.empty(inputs, target), self.start()
        for step in range(len(target)):
            drive = (
                product(self.weights["recurrent"], activity) + self.weights["input"] @ inputs[step]
            )
            trial.before[step], rate = activity, np.tanh(drive)
            trial.gain[step] = 1 - rate**2
            activity = activity + (-activity + rate) / self.tau
            trial.after[step], trial.output[step] = (
                activity,
                product(self.weights["output"], activity),
            )
            trial.error[step] = mask[step] * (target[step] - trial.output[step])
            yield trial, step

    def collect(self, changes):
        """Add the changes of a trial to those of its batch; apply them when it is complete."""
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
        """The changes, scaled down in networks in which their joint norm is larger than `clip`."""
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
        """Add the changes, times ``learning_rate/T`` or as Adam does, to the weights of the
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
        """What the optimizer makes of a change; `rates` hold learning_rate/T by name."""
        rate = self.rates[name] / (1 + self.updates / (self.optimizer.decay or np.inf))
        if not isinstance(self.optimizer, Adam):
            return rate * change
        one, two, gradient = self.optimizer.beta_1, self.optimizer.beta_2, change / self.n_steps
        m, square = self.moments.get(name, (0.0, 0.0))
        m, square = self.moments[name] = (
            one * m + (1 - one) * gradient,
            two * square + (1 - two) * gradient**2,
        )
        corrected = np.sqrt(1 - two ** (self.updates + 1)) / (1 - one ** (self.updates + 1))
        return rate * self.n_steps * corrected * m / (np.sqrt(square) + self.optimizer.epsilon)

    def finite_weights(self):
        """Which networks have finite weights only."""
        return np.all(
            [np.isfinite(values).all(axis=(1, 2)) for values in self.weights.values()], axis=0
        )


def check_training(task, rule, learning_rate, optimizer, regularization, constraint, report):
    """Raise unless the things that a training is made of are what they must be."""
    check_instance("reference.train: task", task, Task, "PeriodicOutput(period=200*ms)")
    if not isinstance(rule, str):
        raise TypeError(
            f"reference.train: rule must be the name of a baseline rule, one of {', '.join(RULES)};"
            f" got {rule!r}"
        )
    rates = (
        learning_rate if isinstance(learning_rate, dict) else dict.fromkeys(PLASTIC, learning_rate)
    )
    if set(rates) != set(PLASTIC):
        raise ValueError(
            "reference.train: learning_rate must be one number, or a dictionary with one for each"
            f" of {', '.join(PLASTIC)} (0 for what does not learn); got {learning_rate!r}"
        )
    for rate in rates.values():
        if not is_number(rate) or rate < 0:
            raise ValueError(
                "reference.train: learning_rate must be finite and not negative, a number without"
                f" units; got {rate!r}"
            )
    check_instance("optimizer", optimizer, SGD, "Adam()")
    if regularization is not None:
        check_instance(
            "regularization", regularization, FiringRate, "FiringRate(target=0.1, strength=300)"
        )
    for name, value in (("constraint", constraint), ("report", report)):
        if value is not None and not callable(value):
            raise TypeError(f"reference.train: {name} must be a function; got {value!r}")


def check_spiking(neurons):
    """Raise unless spiking neurons are those of the baselines, not a group of Brian2."""
    if neurons is not None and not hasattr(neurons, "trial"):
        raise TypeError(
            "spiking neurons of a baseline are not a Brian2 group, but its numbers; write"
            " neurons=LIF.of(group, networks), with brian_rflo.reference.spiking.LIF; got"
            f" {getattr(neurons, 'name', neurons)!r}"
        )


def checked_initial(initial, shape):
    """The activity at the beginning of trials as finite numbers, one, or one for each neuron of one
    or of each network.
    """
    array = numbers("initial", initial)
    if array.shape not in ((), shape[1:], shape) or not np.isfinite(array).all():
        raise ValueError(
            f"initial must be finite, and one number or of shape {shape[1:]} or {shape}; got"
            f" {initial!r}"
        )
    return array


def chosen_rule(name, update, neurons):
    """The rule of that name, for rate neurons, or for spiking `neurons`; an error where it cannot
    be had.
    """
    if name not in RULES:
        raise ValueError(f"unknown baseline rule {name!r}; choose one of {', '.join(RULES)}")
    rule = RULES_BACKWARD.get(name, RULES[name]) if neurons is not None else RULES[name]
    if neurons is not None and isinstance(rule, Forward):
        raise ValueError(
            f"spiking neurons are trained by {', '.join(RULES_BACKWARD)}; the others run forwards"
            " through a trial of rate neurons"
        )
    if update == "step" and isinstance(rule, Backward):
        raise ValueError(
            f"'{name}' goes backwards through the trial, and cannot change weights at each step;"
            " write update='trial'"
        )
    return rule


def train(
    task,
    weights,
    rule,
    learning_rate,
    tau,
    trials,
    initial=0.1,
    update="trial",
    batch=1,
    clip_norm=None,
    trained=PLASTIC,
    constraint=None,
    optimizer=SGD(),
    neurons=None,
    regularization=None,
    report=None,
):
    """Train networks by a baseline rule.

    Parameters
    ----------
    task : Task
    weights : dict of ndarray
        ``"recurrent"`` (networks, N, N), ``"output"`` (networks, n_outputs, N), ``"feedback"``
        (networks, N, n_outputs) and, for a task with inputs, ``"input"`` (networks, N, n_inputs);
        all ``[post, pre]``. `LearningNetwork.weights` gives them. They are copied.
    rule : {"rflo", "rtrl", "bptt", "local_symmetric", "nonlocal_random"}
    learning_rate : float or dict of float
        The paper's eta; updates carry ``1/T``. Or one for each of "recurrent", "input" and
        "output".
    tau : Quantity
        Time constant of rate neurons.
    trials : int
    initial : float or array, shape (N,) or (networks, N)
        Activity at the beginning of each trial.
    update : {"trial", "step"}
        When weights change. Rules that go backwards through the trial have no ``"step"``.
    batch : int
        Trials whose changes are added up before they are applied, with ``update="trial"``.
    clip_norm : float, optional
        Largest joint norm of a network's change, divided by T, with ``update="trial"``; see
        `Trials`.
    trained : sequence of {"recurrent", "input", "output"}
        Which weights learn.
    optimizer : SGD or Adam
        How a change becomes a change of the weights.
    neurons : LIF, optional
        Spiking neurons in place of rate neurons (`brian_rflo.reference.spiking`), for rules that go
        backwards through the trial: "rflo" among them here, and "bptt" with the surrogate gradient.
        `tau` and `initial` then have no meaning.
    regularization : FiringRate, optional
        For rules that go backwards through the trial.
    constraint : callable, optional
        Called with the recurrent weights after each change, ``(networks, N, N)``; returns those
        that they are replaced by.
    report : callable, optional
        Called with the number of finished trials after each.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        For an unknown rule, or one that cannot change weights at each step.
    """
    given = told({name: value for name, value in locals().items() if name != "report"})
    check_training(task, rule, learning_rate, optimizer, regularization, constraint, report)
    rule = (RULES_BACKWARD if regularization is not None and update == "trial" else {}).get(
        rule
    ) or chosen_rule(rule, update, neurons)
    if regularization is not None and isinstance(rule, Forward):
        raise ValueError(
            "regularization of rates needs a rule that goes backwards through the trial, with"
            f" update='trial': {', '.join(RULES_BACKWARD)}"
        )
    if regularization is not None and (get_dimensions(regularization.target) is Hz.dim) != (
        neurons is not None
    ):
        raise TypeError(
            "FiringRate: the target must be a rate, for example 10*Hz, for spiking neurons, and a"
            f" number (the mean activity) for rate neurons; got {regularization.target!r}"
        )
    check_spiking(neurons)
    check_update(update, batch)
    check_trained(trained)
    if clip_norm is not None:
        check_clip_norm(clip_norm, update)
    check_count("trials", trials)
    check_tau("reference.train", tau, task.dt)
    clip = None if clip_norm is None else clip_norm * task.n_steps
    simulation = Simulation(
        complete(weights),
        float(tau / task.dt),
        initial,
        rule,
        learning_rate,
        task.n_steps,
        update == "step",
        batch,
        clip,
        trained,
        constraint,
        optimizer,
        neurons,
        regularization,
    )
    history = History(simulation.weights, trials)
    for number in range(trials):
        arrays = task.trial(number)
        kept = copies(simulation.weights)
        with np.errstate(over="ignore", invalid="ignore"):
            trial = simulation.run(*arrays)
            diverged = ~np.isfinite(trial.loss) | ~simulation.finite_weights()
            for name, values in kept.items():
                simulation.weights[name][diverged] = values[diverged]
            history.add(number, trial, diverged, simulation.weights)
        simulation.learning &= ~diverged
        if diverged.any():
            simulation.pending = {
                name: np.where(diverged[:, None, None], 0, change)
                for name, change in simulation.pending.items()
            }
        if report:
            report(number + 1)
    return history.result(task, arrays, simulation.weights, given)


def respond(task, weights, tau, trials, initial=0.1):
    """Outputs of networks that do not learn.

    Parameters
    ----------
    task, weights, tau, initial
        As for `train`.
    trials : sequence of int
        Numbers of the task's trials.

    Returns
    -------
    ndarray, shape (networks, trials, n_steps, n_outputs)
    """
    check_tau("reference.respond", tau, task.dt)
    if not np.iterable(trials):
        raise TypeError(
            "reference.respond: trials must be numbers of trials, for example range(5); got"
            f" {trials!r}"
        )
    simulation = Simulation(
        complete(weights), float(tau / task.dt), initial, None, 0.0, task.n_steps, online=False
    )
    return np.stack(
        [np.moveaxis(simulation.at_rest(*task.trial(number)).output, 0, 1) for number in trials],
        axis=1,
    )


def fit_readout(task, weights, tau, trials=1, initial=0.1, neurons=None):
    """Readout weights in closed form, by least squares, for networks that do not learn otherwise.

    Parameters
    ----------
    task, weights, tau, initial, neurons
        As for `train`; `weights["output"]` has no meaning.
    trials : int
        Trials that the readout is fitted to, from the task's first on. Where trials differ, or
        neurons are noisy, take many.

    Returns
    -------
    TrainingResult
        Losses are those of as many further trials, with the fitted readout (of the same trials, if
        all are the same and without noise).
    """
    given = told(locals() | {"rule": "least squares"})
    check_tau("reference.fit_readout", tau, task.dt)
    check_count("trials", trials)
    check_spiking(neurons)
    simulation = Simulation(
        complete(weights),
        float(tau / task.dt),
        initial,
        None,
        0.0,
        task.n_steps,
        online=False,
        neurons=neurons,
    )
    history = History(simulation.weights, trials)
    seen = [(simulation.response(task, number), task.trial(number)) for number in range(trials)]
    targets = np.concatenate([np.sqrt(mask)[:, None] * target for _, (_, target, mask) in seen])
    for network in range(len(weights["recurrent"])):
        activity = np.concatenate(
            [np.sqrt(mask)[:, None] * trial.after[:, network] for trial, (_, _, mask) in seen]
        )
        simulation.weights["output"][network] = np.linalg.lstsq(activity, targets, rcond=None)[0].T
    for number in range(trials):
        history.add(
            number,
            simulation.response(task, trials + number),
            np.zeros(len(weights["recurrent"]), dtype=bool),
            simulation.weights,
        )
    return history.result(task, task.trial(2 * trials - 1), simulation.weights, given)


def copies(weights):
    """A copy of each array."""
    return {name: np.array(values, dtype=float) for name, values in weights.items()}


def complete(weights):
    """Checked copies of the weights, with an empty input projection where there is none."""
    if not isinstance(weights, dict):
        raise TypeError(
            "weights must be a dictionary of arrays by name, as LearningNetwork.weights() gives"
            f" it; got {type(weights).__name__}"
        )
    if "current" in weights:
        raise ValueError(
            "the baselines do not know weights['current']: a network whose output drives it has no"
            " baseline here"
        )
    missing = {"recurrent", "output", "feedback"} - set(weights)
    if missing:
        raise ValueError(
            f"weights lack {', '.join(sorted(missing))}; give 'recurrent', 'output', 'feedback'"
            " and, for a task with inputs, 'input', each [network, post, pre]"
        )
    names = ("recurrent", "output", "feedback", "input")
    strange = [name for name in weights if name not in names]
    if strange:
        raise ValueError(f"weights has no {strange[0]!r}; the names are {', '.join(names)}")
    weights = copies(weights)
    flat = [name for name, values in weights.items() if values.ndim != 3]
    if flat:
        raise ValueError(
            f"weights['{flat[0]}'] must have three dimensions, [network, post, pre]; got shape"
            f" {weights[flat[0]].shape}: write weights['{flat[0]}'][None] for one network"
        )
    networks, n_units = weights["recurrent"].shape[:2]
    weights.setdefault("input", np.zeros((networks, n_units, 0)))
    n_outputs = weights["output"].shape[1]
    shapes = {
        "recurrent": (n_units, n_units),
        "output": (n_outputs, n_units),
        "feedback": (n_units, n_outputs),
        "input": (n_units, weights["input"].shape[-1]),
    }
    for name, shape in shapes.items():
        if weights[name].shape != (networks, *shape) or not np.isfinite(weights[name]).all():
            raise ValueError(
                f"weights['{name}'] must be finite and have shape {(networks, *shape)}; got"
                f" {weights[name].shape}{with_gaps(weights[name])}"
            )
    return weights


def with_gaps(values):
    """How many values are not finite, in words, if any are."""
    bad = np.count_nonzero(~np.isfinite(values))
    return f" with {bad} values that are not finite" if bad else ""


class History:
    """What a training leaves behind, collected trial by trial."""

    def __init__(self, weights, trials):
        self.trials, self.every = trials, alignment_interval(trials)
        self.before, self.losses, self.outputs = copies(weights), [], {}
        self.aligned = {0: alignment(weights["output"], weights["feedback"])}
        self.diverged_in = np.full(len(weights["recurrent"]), -1)

    def add(self, number, trial, diverged, weights):
        """Add a trial after which the networks `diverged` are not finite."""
        learning = self.diverged_in < 0
        self.losses.append(np.where(learning, trial.loss, np.nan))
        self.diverged_in[diverged & learning] = number
        if number in (0, self.trials - 1):
            self.outputs[number] = np.moveaxis(trial.output, 0, 1)
        if (number + 1) % self.every == 0 or number + 1 == self.trials:
            self.aligned[number + 1] = alignment(weights["output"], weights["feedback"])

    def result(self, task, arrays, weights, settings):
        """All of it; `arrays` is the last trial."""
        return TrainingResult(
            losses=np.array(self.losses).T,
            dt=float(task.dt),
            target=arrays[1],
            mask=arrays[2],
            first_output=self.outputs[0],
            output=self.outputs[self.trials - 1],
            weights_before=self.before,
            weights_after=weights,
            aligned_trials=np.array(list(self.aligned)),
            alignment=np.array(list(self.aligned.values())).T,
            diverged_in=self.diverged_in,
            settings=settings | {"device": "numpy baseline"} | named_versions(),
        )
