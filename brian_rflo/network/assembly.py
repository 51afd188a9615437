"""The standard assembly: a task, neurons and a rule become a network that trains."""

from textwrap import shorten

import numpy as np
from brian2 import BrianObject, Network, get_device
from brian2.core.namespace import get_local_namespace
from brian2.groups.group import Group
from brian2.utils.logger import get_logger

from .. import saving
from ..construction import Constructed, excuse
from ..identity import described, digest
from ..neurons.base import LOW_PASSED, member, receives, whole
from ..occasional import is_standalone
from ..optimizers import Descent
from ..quantities import check_number, check_seed
from ..readout import LeakyReadout, Readout, SoftmaxReadout, TaskInput
from ..rules import Delta, FeedbackDelta, LeakyDelta, LeakyFeedbackDelta
from ..settings import constants_outside, told
from ..synapses import AdaptiveFeedback, FeedbackSynapses, FixedSynapses, PlasticSynapses, SymmetricFeedback
from ..trials import Trials
from ..updates import PLASTIC, check_trained
from .fitting import check_blocks, check_credit_path, check_parts
from .recording import Recording
from .weights import Weights, initial_weights

logger = get_logger(__name__)


class LearningNetwork(Constructed, Network):
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
        check_credit_path(feedback, trained, output_decay, readout_rule)
        check_blocks(neurons, networks, parallel, update)
        self.task, self.neurons, self.rule, self.networks, self.parallel = task, neurons, rule, int(networks), int(parallel)
        self.blocks, self._constants = self.networks * self.parallel, {}
        self.inputs = self._input_group(inputs)
        self.readout = self._readout(tau_out, classify)
        readout_rule = readout_rule or (Delta(rule.learning_rate) if tau_out is None else LeakyDelta(rule.learning_rate, tau_out))
        when = dict(update=update, batch=batch, optimizer=optimizer)
        onto = receives(neurons)
        self.recurrent = PlasticSynapses(neurons, neurons, rule, onto=onto["recurrent"], constraint=constraint, regularization=regularization, self_connections=self_connections, name="recurrent*", **when)
        self.input_synapses = None if self.inputs is None else PlasticSynapses(self.inputs, neurons, rule, onto=onto["input"], regularization=regularization, name="input_synapses*", **when)
        self.output = PlasticSynapses(neurons, self.readout, readout_rule, onto=self.readout.onto, constraint=f"w = {1 - output_decay!r}*w" if output_decay else "", name="output*", **when)
        self.feedback = self._credit_path(feedback, readout_rule, when)
        self.current = FixedSynapses(self.readout, neurons, sends="output", onto="I_out", name="current*") if output_current else None
        drawn = initial_weights(len(neurons) // self.blocks, self.n_inputs, task.n_outputs, networks, gain, seed)
        self._weights = Weights(self, drawn, {} if weights is None else weights, constraint, self_connections)
        self._weights.connect()
        learners = dict(zip(PLASTIC, (self.recurrent, self.input_synapses, self.output)))
        plastic = [part for part in learners.values() if part is not None]
        if isinstance(self.feedback, AdaptiveFeedback):
            plastic.append(self.feedback)
        for name in set(PLASTIC) - set(trained):
            if learners[name] is not None:
                learners[name].plastic = False
        resettable = {id(group): group for group in map(whole, (neurons, self.inputs)) if hasattr(group, "trial_start")}
        self.trials = Trials(task, *resettable.values(), self.readout, *plastic, networks=self.blocks, parallel=parallel, averaged_over=averaged_over, clip_norm=clip_norm)
        self._recording = Recording(self)
        self.losses = self._recording.losses
        if self.current is not None:
            self.trials.run_at_start(self.readout, "output = 0")
        parts = [member(neurons), self.inputs and member(self.inputs), self.readout, *plastic, self.feedback, self.current, self.trials, *self._recording.monitors]
        super().__init__(*dict.fromkeys(part for part in parts if part is not None), name=name)
        excuse(*(part for part in self.objects if isinstance(part, Constructed)))  # they are in a network, if it is never run

    def __setattr__(self, name, value):
        if name in vars(self) or not isinstance(value, BrianObject):  # another object may be kept here
            self.check_assignment(name, value)
        super().__setattr__(name, value)

    def in_place_of(self, name, value):
        """What to write in place of an assignment."""
        if name == "task":
            return f"Build another network for {type(value).__name__}, with weights=result.weights_after of this one."
        parts = [role for role in ("recurrent", "input_synapses", "output", "feedback", "neurons", "readout") if name in getattr(getattr(self, role), "variables", ())]
        if parts:
            return f"Write {', '.join(f'net.{role}.{name} = {shorten(repr(value), 60)}' for role in parts)}."
        return super().in_place_of(name, value) if name in self.given else "What can be set are the variables of its parts, for example net.recurrent.learning_rate."

    def before_run(self, run_namespace):
        """As `brian2.Network.before_run`."""
        super().before_run(run_namespace)

    @property
    def settings(self):
        """All that it was built with, as text and numbers by name; what differs from neuron to neuron as a digest."""
        return told(self.given | {f"constant_{name}": value for name, value in self._constants.items()} | {"task_numbers": digest(described(self.task.trial(0)))} | {f"neurons_{name}": values for name, values in self._values_per_neuron()})

    @property
    def _groups(self):
        """Groups in it, whose strings may name constants of the script, as those of a `brian2.NeuronGroup` may."""
        return [obj for obj in self.objects if isinstance(obj, Group)]

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
        if isinstance(whole(inputs), TaskInput) and whole(inputs).task.n_steps != self.task.n_steps:
            raise ValueError(f"'{inputs.name}' has the inputs of trials of {whole(inputs).task.n_steps} steps, but those of this task have {self.task.n_steps}; give TaskInput the network's own task, or one with as many steps")
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
        if classify and tau_out is None:
            raise ValueError("classify=True needs a readout with a time constant; write tau_out=20*ms")
        if tau_out is None:
            return Readout(self.task, networks=self.blocks, parallel=self.parallel)
        return (SoftmaxReadout if classify else LeakyReadout)(self.task, tau_out, networks=self.blocks, parallel=self.parallel, name="readout*")

    def weights(self):
        """Present weights as ``{"recurrent": [network, post, pre], "output": ..., "feedback": ..., "input": ...}``.

        With symmetric feedback "feedback" is the transposed readout. In standalone, before the run, the initial ones.
        """
        return self._weights.now()

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
        rounds = trials // self.parallel
        self._recording.begin(rounds)
        namespace = run_args.pop("namespace", None)
        namespace = get_local_namespace(level=1) if namespace is None else namespace
        self._constants |= constants_outside(self._groups, namespace)
        self.run(rounds * self.task.duration, report=report, namespace=namespace, **run_args)
        self.trials.check()
        return self._recording.result()

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
        self._constants = constants_outside(self._groups, get_local_namespace(level=1)) | self._constants
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
        self._constants = constants_outside(self._groups, get_local_namespace(level=1)) | self._constants
        state = saving.load(self, path)
        if is_standalone():
            self._weights.begin_with(state)
        return self

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
