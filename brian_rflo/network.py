"""The standard assembly: a task, neurons and a rule become a network that trains."""

import numpy as np
from brian2 import Network, get_device
from brian2.core.namespace import get_local_namespace
from brian2.groups.subgroup import Subgroup
from brian2.utils.logger import catch_logs, get_logger

from . import saving, schedule
from .analysis import alignment
from .neurons.base import LOW_PASSED, check_group, receives, whole
from .occasional import OccasionalMonitor, is_standalone
from .optimizers import Descent
from .quantities import check_number, check_seed, is_number, numbers
from .readout import TASK_EXAMPLE, LeakyReadout, Readout, SoftmaxReadout, TaskInput
from .results import TrainingResult, alignment_interval
from .rules import Delta, FeedbackDelta, LeakyDelta, LeakyFeedbackDelta, LearningRule
from .settings import described, digest, origin, told
from .synapses import DALE, AdaptiveFeedback, FeedbackSynapses, FixedSynapses, PlasticSynapses, Projection, SymmetricFeedback
from .tasks import Task
from .trials import LossMonitor, Trials
from .updates import PLASTIC, check_instance, check_trained

logger = get_logger(__name__)

#: How the error may reach the neurons.
CREDIT_PATHS = ("random", "symmetric", "adaptive")


class LearningNetwork(Network):
    """Recurrent network, readout, feedback and trials for a task, in one `brian2.Network`.

    Parameters
    ----------
    task : Task
    neurons : group
        `RateNeurons`, or a group of your own with ``activity``, ``gain``, ``feedback`` and the input variables ``I_rec`` and,
        where there are inputs, ``I_in``. For a group of your own, add ``net.trials.at_start(mine, "...")`` to reset it.
    rule : LearningRule
        The rule of recurrent and input weights.
    readout_rule : LearningRule, optional
        The rule of the readout weights; `Delta` with the same learning rate by default.
    update : {"step", "trial"}
        Whether weights change at each step, or at the end of each trial.
    batch : int
        Trials whose changes are added up before they are applied, with ``update="trial"``.
    parallel : int
        Trials side by side: `neurons` then has as many copies of each network, which share their weights and run as many trials of a batch at the
        same time (see `Trials`); the batch is ``batch*parallel`` trials.
    averaged_over : int, optional
        Steps that an accumulated change is divided by (see `Trials`); those of a trial by default.
    clip_norm : float, optional
        Gradient clipping (see `Trials`), with ``update="trial"``.
    optimizer : Descent or Adam
        How a change becomes a change of the weights.
    trained : sequence of {"recurrent", "input", "output"}
        Which weights learn; the others stay as they are. All of them by default.
    constraint : str
        Statements that hold the recurrent weights in bounds after each change, for example `DALE` (see `PlasticSynapses`).
    regularization : FiringRate, optional
        Holds the rates of the neurons near a value, through recurrent and input weights.
    feedback : {"random", "symmetric", "adaptive"}
        The credit path: fixed random feedback weights; the readout weights backwards; or random ones that change as the readout weights do, and
        freeze with them (``net.output.plastic = False``).
    output_decay : float
        Share of the readout weights, and of adaptive feedback weights, that each update takes away.
    tau_out : Quantity, optional
        Time constant of the readout: a `LeakyReadout` in place of `Readout`.
    classify : bool
        Whether the outputs are classes: a `SoftmaxReadout`, which needs `tau_out`.
    self_connections : bool
        Whether neurons have synapses onto themselves; without, their weights are 0 and stay so.
    output_current : bool
        Whether the output also enters the neurons as a current, in the next step and into their variable ``I_out``. Its fixed
        weights are ``weights["current"]``, by default those of the error feedback.
    inputs : group, optional
        A group with ``activity`` in place of the task's own inputs.
    networks : int
        Independent networks side by side: `neurons` is cut into that many equal parts.
    gain : float
        Initial recurrent weights are normal with variance ``gain**2/N``.
    seed : int
        Seed of the initial weights; network `k` draws from a generator seeded with ``(seed, k)``.
    weights : dict of array, optional
        Initial weights ``[post, pre]`` or ``[network, post, pre]`` by name ("recurrent", "output", "feedback", "input", and "current"
        with ``output_current``); those not given are drawn.
    name : str, optional
        Name of the network.

    Attributes
    ----------
    neurons, readout, recurrent, output, feedback, trials, losses
        The parts; all ordinary Brian2 objects.
    inputs, input_synapses, current
        The input group and its projection, and that of the output current, or None.

    Raises
    ------
    TypeError, ValueError
        If task, neurons, rule, inputs and weights do not fit together.

    Notes
    -----
    Initial weights as in Murray 2019: recurrent N(0, gain^2/N), readout U(-1, 1)/sqrt(N), inputs U(-1, 1), feedback N(0, 1).

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> task = PeriodicOutput(period=200*ms)
    >>> defaultclock.dt = task.dt
    >>> net = LearningNetwork(task, RateNeurons(30, tau=10*ms), RFLO(learning_rate=0.03, tau=10*ms))
    >>> result = net.train(2)
    >>> result.losses.shape
    (1, 2)
    """

    def __init__(self, task, neurons, rule, readout_rule=None, update="step", batch=1, clip_norm=None, optimizer=Descent(), trained=PLASTIC, constraint="", regularization=None, feedback="random", output_decay=0.0, tau_out=None, classify=False, self_connections=True, output_current=False, inputs=None, networks=1, parallel=1, averaged_over=None, gain=1.5, seed=0, weights=None, name="learningnetwork*"):
        self.given = {name: value for name, value in locals().items() if name not in ("self", "name", "__class__")}
        check_parts(task, neurons, rule, readout_rule, inputs)
        check_trained(trained)
        check_number("LearningNetwork", "gain", gain, zero_allowed=True)
        check_seed("LearningNetwork: seed", seed)
        check_credit_path(feedback, trained, output_decay)
        check_blocks(neurons, networks, parallel, update)
        if classify and tau_out is None:
            raise ValueError("classify=True needs a readout with a time constant; write tau_out=20*ms")
        self.task, self.neurons, self.rule, self.networks, self.parallel = task, neurons, rule, int(networks), int(parallel)
        self.blocks = self.networks * self.parallel
        self.inputs = self._input_group(inputs)
        self.readout = self._readout(tau_out, classify)
        readout_rule = readout_rule or (Delta(rule.learning_rate) if tau_out is None else LeakyDelta(rule.learning_rate, tau_out))
        if feedback == "adaptive" and type(readout_rule) not in (Delta, LeakyDelta):
            raise ValueError(f"feedback='adaptive' does to the feedback weights what Delta or LeakyDelta does to the readout weights, and knows no counterpart of {type(readout_rule).__name__}; build it with AdaptiveFeedback(net.readout, neurons, your_rule)")
        when = dict(update=update, batch=batch, optimizer=optimizer)
        onto = receives(neurons)
        self.recurrent = PlasticSynapses(neurons, neurons, rule, onto=onto["recurrent"], constraint=constraint, regularization=regularization, self_connections=self_connections, name="recurrent*", **when)
        self.input_synapses = None if self.inputs is None else PlasticSynapses(self.inputs, neurons, rule, onto=onto["input"], regularization=regularization, name="input_synapses*", **when)
        self.output = PlasticSynapses(neurons, self.readout, readout_rule, onto=self.readout.onto, constraint=f"w = {1 - output_decay!r}*w" if output_decay else "", name="output*", **when)
        self.feedback = self._credit_path(feedback, readout_rule, when)
        self.current = FixedSynapses(self.readout, neurons, sends="output", onto="I_out", name="current*") if output_current else None
        drawn = initial_weights(len(neurons) // self.blocks, self.n_inputs, task.n_outputs, networks, gain, seed)
        chosen = drawn | {"recurrent": self._signed(drawn["recurrent"])} | self._checked({} if weights is None else weights, constraint)
        if not self_connections:
            chosen["recurrent"] = chosen["recurrent"] * (1 - np.eye(len(neurons) // self.blocks))
        self._connect(chosen)
        learners = dict(zip(PLASTIC, (self.recurrent, self.input_synapses, self.output)))
        plastic = [part for part in learners.values() if part is not None]
        if isinstance(self.feedback, AdaptiveFeedback):
            plastic.append(self.feedback)
        for name in set(PLASTIC) - set(trained):
            if learners[name] is not None:
                learners[name].plastic = False
        groups = {id(group): group for group in (getattr(part, "source", part) if isinstance(part, Subgroup) else part for part in (neurons, self.inputs)) if hasattr(group, "trial_start")}
        resettable = list(groups.values())
        self.trials = Trials(task, *resettable, self.readout, *plastic, networks=self.blocks, parallel=parallel, averaged_over=averaged_over, clip_norm=clip_norm)
        self.losses = LossMonitor(self.trials)
        self._outputs = EdgeMonitor(self.readout, "output", task.n_steps)
        self._output_weights = IntervalMonitor(self.output, "w", task.n_steps, size=len(neurons) * task.n_outputs)
        self._feedback_weights = IntervalMonitor(self.feedback, "w", task.n_steps, size=len(neurons) * task.n_outputs) if isinstance(self.feedback, AdaptiveFeedback) else None
        if self.current is not None:
            self.trials.at_start(self.readout, "output = 0")
        parts = [neurons, self.inputs, self.readout, *plastic, self.feedback, self.current, self.trials, self.losses, self._outputs, self._output_weights, self._feedback_weights]
        super().__init__(*dict.fromkeys(part for part in parts if part is not None), name=name)

    @property
    def settings(self):
        """All that it was built with, as text and numbers by name; what differs from neuron to neuron as a digest."""
        return told(self.given | {"task_numbers": digest(described(self.task.trial(0)))} | {f"neurons_{name}": values for name, values in self._values_per_neuron()})

    def _values_per_neuron(self):
        """What may differ from neuron to neuron, by name: one number where it does not. C++ standalone does not tell before it has run."""
        names = [name for name in getattr(whole(self.neurons), "per_neuron", ()) if name in self.neurons.variables]
        values = {} if is_standalone() else {name: self.neurons.variables[name].get_value() for name in names}
        return [(name, array[0] if (array == array[0]).all() else array) for name, array in values.items()]

    @property
    def n_inputs(self):
        """Number of input units."""
        return 0 if self.inputs is None else len(self.inputs) // (self.blocks if self.parallel > 1 else 1)

    @property
    def is_symmetric(self):
        """Whether the readout weights themselves bring the error back."""
        return isinstance(self.feedback, SymmetricFeedback)

    def _input_group(self, inputs):
        if inputs is None:
            neurons = whole(self.neurons)
            tau = getattr(neurons, "tau", None) if LOW_PASSED in self.neurons.variables else None
            blocks = dict(networks=self.blocks, parallel=self.parallel) if self.parallel > 1 else {}
            return TaskInput(self.task, tau=tau, scale=getattr(neurons, "input_scale", 1.0), **blocks) if self.task.n_inputs else None
        if self.parallel > 1:
            raise ValueError("inputs of your own see one trial at a time; leave inputs out, or write parallel=1")
        if self.task.n_inputs and len(inputs) != self.task.n_inputs:
            raise ValueError(f"{type(self.task).__name__} has {self.task.n_inputs} inputs, but '{inputs.name}' has {len(inputs)} units; give it {self.task.n_inputs}")
        return inputs

    def _credit_path(self, feedback, readout_rule, when):
        """How the error reaches the neurons."""
        if feedback == "symmetric":
            return SymmetricFeedback(self.output)
        if feedback == "random":
            return FeedbackSynapses(self.readout, self.neurons, name="feedback*")
        rate = readout_rule.learning_rate
        rule = LeakyFeedbackDelta(rate, readout_rule.tau) if isinstance(readout_rule, LeakyDelta) else FeedbackDelta(rate)
        return AdaptiveFeedback(self.readout, self.neurons, rule, self.output, constraint=self.output.constraint, name="feedback*", **when)

    def _readout(self, tau_out, classify):
        if tau_out is None:
            return Readout(self.task, networks=self.blocks, parallel=self.parallel)
        return (SoftmaxReadout if classify else LeakyReadout)(self.task, tau_out, networks=self.blocks, parallel=self.parallel, name="readout*")

    def _checked(self, weights, constraint):
        """The user's weights as ``[network, post, pre]``."""
        block, n_outputs = len(self.neurons) // self.blocks, self.task.n_outputs
        shapes = {"recurrent": (block, block), "output": (n_outputs, block), "feedback": (block, n_outputs), "input": (block, self.n_inputs)}
        if self.current is not None:
            shapes["current"] = (block, n_outputs)
        if not isinstance(weights, dict):
            raise TypeError(f"weights must be a dictionary of matrices by name, for example {{'recurrent': matrix}}; got {type(weights).__name__}")
        checked = {}
        for name, values in weights.items():
            if name not in shapes:
                raise ValueError(f"weights has no '{name}'; the names are {', '.join(shapes)}")
            values = numbers(f"weights['{name}']", values, "give a matrix")
            values = values[None] if values.ndim == 2 and self.networks == 1 else values
            if values.shape != (self.networks, *shapes[name]):
                raise ValueError(f"weights['{name}'] must have shape {(self.networks, *shapes[name])}, [network, post, pre]; got {values.shape}")
            if not np.isfinite(values).all():
                raise ValueError(f"weights['{name}'] must be finite; got {np.count_nonzero(~np.isfinite(values))} that are not")
            checked[name] = values
        if DALE in constraint and "recurrent" in checked and (checked["recurrent"] * self._signs() < 0).any():
            raise ValueError("weights['recurrent'] breaks Dale's law: the weights of excitatory neurons must not be negative, those of inhibitory ones not positive; leave it out, and weights are drawn so")
        return checked

    def _signed(self, recurrent):
        """Weights with the sign of their presynaptic neuron, where neurons are excitatory or inhibitory (Murray 2019, Dale's law)."""
        signs = self._signs()
        return recurrent if signs is None else signs * np.abs(recurrent)

    def _signs(self):
        """Signs of the neurons as ``[network, 1, pre]``, or None where they have none."""
        if "excitatory" not in self.neurons.variables:
            return None
        try:
            return np.where(np.asarray(self.neurons.excitatory[:]), 1, -1).reshape(self.blocks, 1, -1)[:: self.parallel]
        except NotImplementedError as error:
            raise ValueError(f"'{self.neurons.name}': C++ standalone does not know 'excitatory' before it runs; set it from an array of True and False, not from a string") from error

    def _connect(self, weights):
        weights = {"current": weights["feedback"]} | weights
        self._initial = {name: values for name, values in weights.items() if name != "current" or self.current is not None}
        for part, name in ((self.recurrent, "recurrent"), (self.output, "output"), (self.feedback, "feedback"), (self.current, "current")):
            if isinstance(part, Projection):
                part.connect(networks=self.blocks)
                part.set_matrix(np.repeat(weights[name], self.parallel, axis=0) if self.blocks > 1 else weights[name])
        if self.inputs is not None and self.parallel > 1:
            self.input_synapses.connect(networks=self.blocks)
            self.input_synapses.set_matrix(np.repeat(weights["input"], self.parallel, axis=0))
        elif self.inputs is not None:
            self.input_synapses.connect()
            self.input_synapses.set_matrix(weights["input"].reshape(-1, self.n_inputs))

    def weights(self):
        """Present weights as ``{"recurrent": [network, post, pre], "output": ..., "feedback": ..., "input": ...}``.

        With symmetric feedback "feedback" is the transposed readout. In standalone, before the run, the initial ones.
        """
        if is_standalone() and not get_device().has_been_run:
            initial = {name: values.copy() for name, values in self._initial.items()}
            return initial | ({"feedback": initial["output"].swapaxes(1, 2)} if self.is_symmetric else {})
        block, n_outputs = len(self.neurons) // self.blocks, self.task.n_outputs
        weights = {"recurrent": self._matrix(self.recurrent, block), "output": self._matrix(self.output, n_outputs)}
        weights["feedback"] = weights["output"].swapaxes(1, 2) if self.is_symmetric else self._matrix(self.feedback, block)
        weights["input"] = self._matrix(self.input_synapses, block, networks=self.blocks if self.parallel > 1 else 1) if self.inputs is not None else np.zeros((self.networks, block, 0))
        return weights | ({} if self.current is None else {"current": self._matrix(self.current, block)})

    def _matrix(self, synapses, n_post, networks=None):
        matrix = synapses.matrix(networks=networks or self.blocks)
        return matrix.reshape(self.networks, -1, n_post, matrix.shape[-1])[:, 0]

    def train(self, trials, report=None, **run_args):
        """Run a number of whole trials.

        Parameters
        ----------
        trials : int
            At least 1; with trials side by side a multiple of `parallel`.
        report, **run_args
            For `brian2.Network.run`, for example ``report="text"``.

        Returns
        -------
        TrainingResult

        Raises
        ------
        TypeError, ValueError
            If `trials` is no positive whole number, or the simulation stands within a trial.
        RuntimeError
            If it is called a second time in C++ standalone, which builds one program.
        """
        self._check_trials(trials)
        if trials < self.recurrent.batch * self.parallel:
            logger.warn(f"{trials} trial(s) are no whole batch of {self.recurrent.batch * self.parallel}: no weights change in this training, unless it completes a batch begun before.", "unfinished_batch")
        before, first, switches = self.weights(), self._recorded(), self._switches()
        rounds = trials // self.parallel
        for monitor in (self._output_weights, self._feedback_weights):
            if monitor is not None:
                monitor.every_trials(alignment_interval(rounds))
        namespace = run_args.pop("namespace", None)
        namespace = get_local_namespace(level=1) if namespace is None else namespace
        self.run(rounds * self.task.duration, report=report, namespace=namespace, **run_args)
        self.trials.check()
        return self._result(rounds, before, first, switches)

    def save(self, path):
        """Write the network to an ``.npz`` file, whole or not at all, so that training can go on from here: see `load`.

        Returns
        -------
        Path

        Raises
        ------
        OSError
            If the file cannot be written; one that was there stays as it was.
        RuntimeError
            In C++ standalone before the run.
        ValueError
            For another ending, or if spikes are on their way through delays.
        """
        return saving.save(self, path)

    def load(self, path):
        """Take the state that a network of the same construction was saved in, and go on from there.

        Weights, traces, moments, an unfinished batch, neurons, switches, time, trial number and random numbers are as they were: on the numpy
        target the next trials are, to the bit, those that would have followed, on Cython to rounding. In C++ standalone, load before `train`: the
        values are the initial ones of the program, whose noise begins anew. What monitors had recorded stays where it was; nothing in a file is run.

        Raises
        ------
        FileNotFoundError, RuntimeError
            If there is no such file, or it is damaged.
        ValueError
            If the network in it was built otherwise, with what differs.
        """
        state = saving.load(self, path)
        if is_standalone():
            self._begin_with(state)
        return self

    def _begin_with(self, state):
        """Initial weights of a standalone program, for `weights`, from the state that it begins with."""
        roles = {"recurrent": "recurrent", "output": "output", "feedback": "feedback", "input": "input_synapses", "current": "current"}
        for name, role in roles.items():
            if name in self._initial and f"{role}.w" in state:
                (_, n_post, n_pre), blocks = self._initial[name].shape, 1 if name == "input" and self.parallel == 1 else self.blocks
                matrix = state[f"{role}.w"].reshape(blocks, n_pre, -1).swapaxes(1, 2)
                self._initial[name] = matrix.reshape(self.networks, -1, n_post, n_pre)[:, 0]

    def _check_trials(self, trials):
        if isinstance(trials, bool) or not isinstance(trials, (int, np.integer)):
            raise TypeError(f"trials must be a whole number; got {trials!r}")
        if trials < 1:
            raise ValueError(f"trials must be at least 1; got {trials}")
        if trials % self.parallel:
            raise ValueError(f"trials must be a multiple of the {self.parallel} that run side by side; got {trials}")
        if is_standalone():
            if not get_device().build_on_run:
                raise RuntimeError("train returns results, so it must run: write set_device('cpp_standalone') without build_on_run=False, or call net.run and device.build yourself in place of train")
            if get_device().has_been_run:
                raise RuntimeError("C++ standalone builds and runs one program: train once with all trials, or use prefs.codegen.target = 'cython' for several runs")
            return
        steps = round(float(self.t / self.task.dt))
        if (np.asarray(self.trials.diverged_in) >= 0).all():
            raise RuntimeError("every network has diverged, and none would learn; lower the learning rates, for example net.recurrent.learning_rate = 0.01, and write net.trials.resume()")
        if steps % self.task.n_steps:
            raise ValueError(f"the simulation stands at step {steps % self.task.n_steps} of a trial of {self.task.n_steps}; run to the end of the trial first, then train")

    def _switches(self):
        """Learning rates as they are now, and which projections learn."""
        parts = {name: getattr(self, name) for name in ("recurrent", "input_synapses", "output", "feedback") if isinstance(getattr(self, name), PlasticSynapses)}
        return told({f"{word}_{name}": np.asarray(getattr(part, word)).item() for name, part in parts.items() for word in ("learning_rate", "plastic")})

    def _recorded(self):
        """How much the monitors hold already; nothing yet in standalone."""
        monitors = (self.losses, self._outputs, self._output_weights)
        return (0, 0, 0) if is_standalone() else tuple(len(monitor.t) for monitor in monitors)

    def _result(self, rounds, before, first, switches):
        """What a run of so many rounds, of `parallel` trials each, has left in the monitors."""
        done = np.asarray(self.losses.loss)[:, first[0] :]
        losses = np.full((self.blocks, rounds), np.nan)
        losses[:, : done.shape[1]] = done
        finished = int(round(float(self.t / self.task.dt))) // self.task.n_steps
        start, diverged_in = finished - done.shape[1], np.asarray(self.trials.diverged_in).copy()
        losses[(diverged_in >= 0)[:, None] & (np.arange(rounds) + start > diverged_in[:, None])] = np.nan
        outputs = np.asarray(self._outputs.output)[:, first[1] :].reshape(self.networks, self.parallel, self.task.n_outputs, -1, self.task.n_steps)
        aligned_rounds, aligned = self._alignment(before, first[2], start)
        last = self.task.trial(finished * self.parallel - 1)
        return TrainingResult(
            losses=losses.reshape(self.networks, self.parallel, rounds).swapaxes(1, 2).reshape(self.networks, -1),
            dt=float(self.task.dt),
            target=last[1],
            mask=last[2],
            first_output=outputs[:, 0, :, 0].swapaxes(1, 2),
            output=np.where(done.shape[1] == rounds, outputs[:, -1, :, -1].swapaxes(1, 2), np.nan),
            weights_before=before,
            weights_after=self.weights(),
            aligned_trials=aligned_rounds * self.parallel,
            alignment=aligned,
            diverged_in=np.where(diverged_in < 0, -1, diverged_in * self.parallel)[:: self.parallel],
            settings=self.settings | switches | {"trials": rounds * self.parallel, "first_trial": start * self.parallel} | origin(),
        )

    def _alignment(self, before, first, start):
        """Trials of this training at which the alignment is known, and its values (networks, n)."""
        recorded = np.asarray(self._output_weights.w)[:, first:]
        weights = recorded.reshape(self.blocks, -1, self.task.n_outputs, recorded.shape[1])[:: self.parallel].transpose(3, 0, 2, 1)
        feedback = weights.swapaxes(-1, -2) if self.is_symmetric else before["feedback"]
        if self._feedback_weights is not None:
            recorded = np.asarray(self._feedback_weights.w)[:, first:]
            feedback = recorded.reshape(self.blocks, self.task.n_outputs, -1, recorded.shape[1])[:: self.parallel].transpose(3, 0, 2, 1)
        trials = np.round(np.asarray(self._output_weights.t[first:] / self.task.duration)).astype(int) - start
        known = [alignment(before["output"], before["feedback"])[None], alignment(weights, feedback)]
        return np.concatenate([[0], trials]), np.concatenate(known).T


def check_parts(task, neurons, rule, readout_rule, inputs):
    """Raise unless the parts of a network are what they must be, each rule where it belongs."""
    check_instance("LearningNetwork: task", task, Task, TASK_EXAMPLE)
    check_group("LearningNetwork: neurons", neurons)
    check_instance("rule", rule, LearningRule, "RFLO(learning_rate=0.03, tau=10*ms)")
    if inputs is not None:
        check_group("LearningNetwork: inputs", inputs)
    if "error" in rule.needs_post and "error" not in neurons.variables:
        raise ValueError(f"rule={type(rule).__name__} is for readout weights: it reads their error, and recurrent weights need a rule that reads feedback, for example RFLO(learning_rate={rule.learning_rate:g}, tau=10*ms); write readout_rule={type(rule).__name__}(...) for the readout")
    if readout_rule is None:
        return
    check_instance("readout_rule", readout_rule, LearningRule, "Delta(learning_rate=0.03)")
    if {"gain", "feedback"} & set(readout_rule.needs_post) or "error" in readout_rule.needs_pre:
        raise ValueError(f"readout_rule={type(readout_rule).__name__} is not for readout weights, which learn from the error itself; write for example readout_rule=Delta(learning_rate={readout_rule.learning_rate:g}), or LeakyDelta with tau_out")


def check_credit_path(feedback, trained, output_decay):
    """Raise unless the error can come back so."""
    if feedback not in CREDIT_PATHS:
        raise ValueError(f"feedback must be one of {CREDIT_PATHS}; got {feedback!r}")
    if feedback == "adaptive" and "output" not in trained:
        raise ValueError(f"feedback='adaptive' follows the changes of the readout weights, which must be trained; got trained={trained!r}")
    if not is_number(output_decay) or not 0 <= output_decay < 1:
        raise ValueError(f"output_decay must be at least 0 and less than 1; got {output_decay!r}")


def check_blocks(neurons, networks, parallel, update):
    """Raise unless the neurons fall into networks, and each of them into equal copies for trials side by side."""
    for word, number, divided in (("networks", networks, networks), ("parallel", parallel, networks * parallel)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1 or len(neurons) % divided:
            raise ValueError(f"{word} must be a whole number that divides the {len(neurons)} neurons of '{neurons.name}'{f' in {networks} network(s)' if word == 'parallel' else ''}; got {number!r}")
    if parallel > 1 and update != "trial":
        raise ValueError(f"parallel={parallel} trials side by side share their weights, which needs update='trial'; got update={update!r}")
    for name in getattr(neurons, "per_neuron", ()) if parallel > 1 else ():
        if name not in neurons.variables:
            continue
        try:
            values = np.asarray(neurons.variables[name].get_value()).reshape(networks, parallel, -1)
        except NotImplementedError:
            continue  # set from a string: C++ standalone does not know it before it runs
        if (values != values[:, :1]).any():
            raise ValueError(f"'{neurons.name}' has {parallel} copies of each network, for trials side by side, and '{name}' must be the same in all of them; write for example {name}=np.tile(values, {parallel})")


def initial_weights(n_neurons, n_inputs, n_outputs, networks, gain, seed):
    """Murray 2019's initial weights, ``[network, post, pre]`` by name; network `k` is drawn with the seed ``(seed, k)``."""
    drawn = []
    for network in range(networks):
        rng = np.random.default_rng((seed, network))
        drawn.append(
            {
                "recurrent": gain * rng.standard_normal((n_neurons, n_neurons)) / np.sqrt(n_neurons),
                "output": rng.uniform(-1, 1, (n_outputs, n_neurons)) / np.sqrt(n_neurons),
                "feedback": rng.standard_normal((n_neurons, n_outputs)),
                "input": rng.uniform(-1, 1, (n_neurons, n_inputs)),
            }
        )
    return {name: np.stack([weights[name] for weights in drawn]) for name in drawn[0]}


class EdgeMonitor(OccasionalMonitor):
    """Records every step of the first and of the last trial of each run."""

    def __init__(self, source, variable, n_steps):
        self.n_steps = n_steps
        super().__init__(source, variable, True, "True", schedule.RECORD)

    def before_run(self, run_namespace):
        """The run's first and last step are known now."""
        first, last = int(self.clock.variables["timestep"].get_value()[0]), int(self.clock._i_end)
        self.condition = f"{{step}} < {first + self.n_steps} or {{step}} >= {max(first + self.n_steps, last - self.n_steps)}"
        super().before_run(run_namespace)


class IntervalMonitor(OccasionalMonitor):
    """Records at the end of every so many trials, and of each run."""

    def __init__(self, source, variable, n_steps, size):
        self.n_steps, self.interval = n_steps, n_steps
        with catch_logs():  # Brian2 warns that it cannot count synapses before a standalone run
            super().__init__(source, variable, np.arange(size), "True", schedule.RECORD)

    def every_trials(self, trials):
        """Record at the end of every so many trials, from the next run on."""
        self.interval = trials * self.n_steps

    def before_run(self, run_namespace):
        """The run's last step, which is recorded in any case, is known now."""
        self.condition = f"({{step}} + 1) % {self.interval} == 0 or {{step}} + 1 == {int(self.clock._i_end)}"
        super().before_run(run_namespace)

