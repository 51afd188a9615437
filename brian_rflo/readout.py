"""Where a task meets a network: groups that carry its input in and compare the output with its target."""

import numpy as np
from brian2 import NeuronGroup

from . import schedule
from .component import Component, OwnSynapses
from .neurons.base import whole
from .quantities import check_count, check_number, check_tau
from .rules import Delta, EProp, LeakyDelta
from .task_values import TaskValues
from .tasks import Task
from .updates import check_instance

#: What to write where a task is wanted.
TASK_EXAMPLE = "PeriodicOutput(period=200*ms)"


def check_clock(task, group):
    """Raise unless the group's time step is the task's."""
    if not np.isclose(float(task.dt), float(group.clock.dt), rtol=1e-9, atol=0):
        remedy = "write defaultclock.dt = task.dt before the network is built" if group.clock.name == "defaultclock" else f"leave dt= or clock= of '{group.name}' out, or write dt=task.dt there"
        raise ValueError(f"{type(task).__name__} has dt = {task.dt}, but '{group.name}' runs at {group.clock.dt}; {remedy}")


def check_place(kind, task, networks, parallel):
    """Raise unless a group can be where this task meets so many networks."""
    check_instance(f"{kind}: task", task, Task, TASK_EXAMPLE)
    check_count(f"{kind}: networks", networks)
    check_count(f"{kind}: parallel", parallel)
    if networks % parallel:
        raise ValueError(f"{kind}: networks={networks} blocks do not fall into networks with {parallel} trials side by side; networks must be a multiple of parallel={parallel}")


class TaskGroup(Component, NeuronGroup):
    """A group that reads its task in each step."""

    def __init__(self, N, model, task, namespace, code, phase, **neurongroup_args):
        self.task = task
        super().__init__(N, model, namespace=namespace, **neurongroup_args)
        check_clock(task, self)
        self.run_regularly(code, **phase, name=f"{self.name}_task")

    def before_run(self, run_namespace):
        """Check the time step once more: the clock may have changed."""
        check_clock(self.task, self)
        super().before_run(run_namespace)


class TaskInput(TaskGroup):
    """One unit per input channel of a task, with the channel's value as its ``activity``.

    Parameters
    ----------
    task : Task
    tau : Quantity, optional
        Membrane time constant of the neurons that the input reaches, where those have one (`LIFNeurons`): the input as their membranes see
        it becomes the variable `low_passed`, which traces read.
    scale : float
        Factor of `low_passed`; 1 is that of a low-pass whose constant input it reproduces.
    networks, parallel : int
        Where trials run side by side: a set of inputs for each of `networks` blocks, of which `parallel` at a time see different trials.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Raises
    ------
    ValueError
        If the task has no inputs, or another time step than the simulation.
    """

    def __init__(self, task, tau=None, scale=1.0, networks=1, parallel=1, name="taskinput*", **neurongroup_args):
        check_place("TaskInput", task, networks, parallel)
        if not task.n_inputs:
            raise ValueError(f"{type(task).__name__} has no inputs; leave TaskInput out")
        namespace, filtered, self.is_filtered = {"input_of": TaskValues(task, "inputs", parallel), "n_columns": task.n_inputs * parallel}, "", tau is not None
        if self.is_filtered:
            check_tau("TaskInput", tau, task.dt)
            check_number("TaskInput", "scale", scale)
            filtered, namespace["tau"], namespace["scale"] = "\ndlow_passed/dt = (scale*activity - low_passed)/tau : 1", tau, scale
        super().__init__(networks * task.n_inputs, f"activity : 1{filtered}", task, namespace, "activity = input_of(t_in_timesteps, i % n_columns)", schedule.INPUT, method="exponential_euler", name=name, **neurongroup_args)

    @property
    def trial_start(self):
        """Statements at the beginning of a trial."""
        return "low_passed = 0" if self.is_filtered else ""


class Readout(TaskGroup):
    """Linear readout units with the target, error and loss of a task.

    Parameters
    ----------
    task : Task
    networks : int
        Independent networks side by side: ``networks*task.n_outputs`` units.
    parallel : int
        How many of them in a row see different trials of the task, as one network that runs them side by side.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Attributes
    ----------
    output : state variable
        What a projection with ``onto="output"`` sums into it.
    target, error : state variables
        The task's target of this step, and ``mask*(target - output)``.
    loss : state variable
        ``1/(2*T)`` times the sum of squared errors so far in this trial of `T` steps (Murray 2019, equation 2).

    Raises
    ------
    ValueError
        If the task has another time step than the simulation.
    """

    #: What the arrays of each trial must pass (`TaskValues`), if anything.
    check_trial = None

    tau, trial_start, sum_phase, onto, more_equations = None, "loss = 0", schedule.READOUT, "output", ""
    judge = """error = mask_of(t_in_timesteps, _trial)*(target - output)
               loss += error**2/(2*n_steps)"""

    def __init__(self, task, networks=1, parallel=1, name="readout*", namespace=None, **neurongroup_args):
        check_place(type(self).__name__, task, networks, parallel)
        names = {"target_of": TaskValues(task, "target", parallel, self.check_trial), "mask_of": TaskValues(task, "mask", parallel), "n_outputs": task.n_outputs, "n_steps": task.n_steps, "n_columns": task.n_outputs * parallel}
        code = f"""target = target_of(t_in_timesteps, i % n_columns)
                  _trial = (i % n_columns)//n_outputs
                  {self.judge}"""
        self.networks, self.parallel = networks, parallel
        super().__init__(networks * task.n_outputs, f"output : 1\ntarget : 1\nerror : 1\nloss : 1\n{self.more_equations}", task, {**(namespace or {}), **names}, code, schedule.LOSS, name=name, **neurongroup_args)

    def check_eligibility(self, rule, neurons):
        """Raise unless e-prop's rule filters eligibility as this readout filters the spikes of the neurons. Neurons that filter them by themselves are not judged."""
        if not isinstance(rule, EProp) or not getattr(whole(neurons), "sends_bare_spikes", False) or rule.tau == self.tau:
            return
        if self.tau is None:
            raise ValueError(f"{type(rule).__name__} filters eligibility with tau = {rule.tau}, but readout '{self.name}' has no time constant, and nothing else filters the spikes of '{neurons.name}'; write LeakyReadout(task, tau={rule.tau!r}) (in a LearningNetwork tau_out={rule.tau!r})")
        raise ValueError(f"{type(rule).__name__} has tau = {rule.tau}, but readout '{self.name}' {self.tau}; eligibility is filtered as the readout filters spikes (Bellec et al. 2020, equation 28): give both the same")

    def check_feedback(self, rule):
        """Raise unless a rule of feedback weights has the time constant of the readout."""
        tau = rule.tau if isinstance(rule, LeakyDelta) else None
        if tau != self.tau:
            wanted = f"FeedbackDelta(learning_rate={rule.learning_rate:g})" if self.tau is None else f"LeakyFeedbackDelta(learning_rate={rule.learning_rate:g}, tau={self.tau!r})"
            raise ValueError(f"AdaptiveFeedback: {type(rule).__name__} has {'no time constant' if tau is None else f'tau = {tau}'}, but readout '{self.name}' {'none' if self.tau is None else self.tau}; write {wanted}")

    def check_projection(self, rule, onto):
        """Raise unless a projection ends where it must, and its rule knows the time constant of the readout."""
        if onto != self.onto:
            raise ValueError(f"weights onto '{self.name}', a {type(self).__name__}, end in '{self.onto}': write onto='{self.onto}'; got onto={onto!r}")
        if isinstance(rule, LeakyDelta) and self.tau is None:
            raise ValueError(f"{type(rule).__name__} filters with tau = {rule.tau}, but readout '{self.name}' has no time constant; use Delta, or a LeakyReadout (in a LearningNetwork tau_out={rule.tau!r})")
        if isinstance(rule, LeakyDelta) and rule.tau != self.tau:
            raise ValueError(f"{type(rule).__name__} has tau = {rule.tau}, but readout '{self.name}' {self.tau}; give both the same")
        if type(rule) is Delta and self.tau is not None:
            raise ValueError(f"readout '{self.name}' has a time constant, and its output is made of past activity too; write LeakyDelta(learning_rate={rule.learning_rate:g}, tau={self.tau!r}) in place of Delta")


class LeakyReadout(Readout):
    """Readout units that leak: the output is the sum of its projection, low-passed (Bellec et al. 2020, equation 11).

        output(t) = kappa output(t-1) + (1 - kappa) drive(t),   kappa = exp(-dt/tau)

    Parameters
    ----------
    task, networks, parallel
        As for `Readout`.
    tau : Quantity
        Time constant.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Attributes
    ----------
    drive : state variable
        What a projection with ``onto="drive"`` sums into it; its rule is `LeakyDelta`.
    output, target, error, loss : state variables
        As for `Readout`.

    Raises
    ------
    TypeError, ValueError
        If `tau` is no time, or shorter than the time step; or as for `Readout`.
    """

    trial_start, onto, more_equations = "loss = 0; output = 0; error = 0", "drive", "drive : 1"
    trace_phase, trace_method = schedule.READOUT_TRACE, "exponential_euler"

    def __init__(self, task, tau, networks=1, parallel=1, name="leakyreadout*", **neurongroup_args):
        check_instance(f"{type(self).__name__}: task", task, Task, TASK_EXAMPLE)
        check_tau(type(self).__name__, tau, task.dt)
        self.tau = tau
        super().__init__(task, networks, parallel, name=name, namespace={"tau_readout": tau}, **neurongroup_args)
        self.run_regularly("_kappa = exp(-dt/tau_readout)\noutput = _kappa*output + (1 - _kappa)*drive", **schedule.READOUT_TRACE, name=f"{self.name}_leak")


class SoftmaxReadout(LeakyReadout):
    """Leaky readout units that are the classes of a task: softmax of the output, and cross entropy (Bellec et al. 2020).

    The target of a step that counts is 1 for the right class and 0 for the others.

    Parameters
    ----------
    task, tau, networks, parallel
        As for `LeakyReadout`.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Attributes
    ----------
    output, drive : state variables
        As for `LeakyReadout`.
    probability : state variable
        Softmax of the outputs; not below exp(-80), so that single precision can hold all of it.
    error : state variable
        ``mask*(target - probability)``.
    loss : state variable
        Cross entropy, ``-log(probability)`` of the right class, on average over the steps that count.
    choice : state variable
        Probability in the steps of this trial that count, added up: the greatest is the network's answer.

    Raises
    ------
    ValueError
        If the task has one output only, or a target that is no class; or as for `LeakyReadout`. Where trials are random, those of a run are looked
        at as they are drawn.
    """

    trial_start = "loss = 0; output = 0; error = 0; choice = 0"
    more_equations = "drive : 1\nprobability : 1\ndenominator : 1\nchoice : 1"
    judge = """probability = 1/denominator
               _counts = mask_of(t_in_timesteps, _trial)
               error = _counts*(target - probability)
               loss += _counts*target*log(denominator)/window_of(t_in_timesteps, _trial)
               choice += _counts*probability"""

    def __init__(self, task, tau, networks=1, parallel=1, name="softmaxreadout*", **neurongroup_args):
        check_instance("SoftmaxReadout: task", task, Task, TASK_EXAMPLE)
        if task.n_outputs < 2:
            raise ValueError(f"SoftmaxReadout: {type(task).__name__} has one output, and classes are two or more; use LeakyReadout, or a target with an output for each class")
        super().__init__(task, tau, networks, parallel, name=name, **neurongroup_args)
        self.namespace["window_of"] = TaskValues(task, "window", parallel)
        compared = OwnSynapses(self, self, "denominator_post = exp(clip(output_pre - output_post, -80, 80)) : 1 (summed)", name=f"{self.name}_compared*")
        compared.connect(j=f"k for k in range((i//{task.n_outputs})*{task.n_outputs}, (i//{task.n_outputs} + 1)*{task.n_outputs})")
        schedule.move(compared.summed_updaters["denominator_post"], schedule.NORMALIZE)
        self.contained_objects.append(compared)

    @staticmethod
    def check_trial(task, number, inputs, target, mask):
        """Raise unless there is one class in each step of a trial that counts."""
        counted = target[mask != 0]
        is_class = ((counted == 0) | (counted == 1)).all(axis=1) & (counted.sum(axis=1) == 1)
        if not is_class.all():
            step = np.flatnonzero(mask)[~is_class][0]
            raise ValueError(f"SoftmaxReadout: the target of {type(task).__name__} must be 1 for one class and 0 for the others in each step that counts; got {target[step]} in step {step} of trial {number}")
