"""Where a task meets a network: groups that carry its input in and compare the output with its
target.
"""

from textwrap import shorten

import numpy as np
from brian2 import NeuronGroup

from .. import schedule
from ..brian.component import Component, OwnSynapses
from ..brian.quantities import check_count, check_number, check_tau
from ..neurons.base import whole
from ..rules import Delta, EProp, LeakyDelta
from ..steps import Step
from ..tasks import Task
from ..tasks.values import TaskValues
from ..updates.arguments import check_instance

#: What to write where a task is wanted.
TASK_EXAMPLE = "PeriodicOutput(period=200*ms)"


def check_clock(task, group):
    """Raise unless the group's time step is the task's."""
    if not np.isclose(float(task.dt), float(group.clock.dt), rtol=1e-9, atol=0):
        remedy = (
            "write defaultclock.dt = task.dt before the network is built"
            if group.clock.name == "defaultclock"
            else f"leave dt= or clock= of '{group.name}' out, or write dt=task.dt there"
        )
        raise ValueError(
            f"{type(task).__name__} has dt = {task.dt}, but '{group.name}' runs at"
            f" {group.clock.dt}; {remedy}"
        )


def check_place(kind, task, networks, copies):
    """Raise unless a group can be where this task meets so many networks."""
    check_instance(f"{kind}: task", task, Task, TASK_EXAMPLE)
    check_count(f"{kind}: networks", networks)
    check_count(f"{kind}: copies", copies)


class TaskGroup(Component, NeuronGroup):
    """A group that reads its task in each step."""

    def __init__(self, N, model, task, namespace, code, phase, **neurongroup_args):
        self.task = task
        super().__init__(N, model, namespace=namespace, **neurongroup_args)
        self.integrate_what_is_there()
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
        Membrane time constant of the neurons that the input reaches, where those have one
        (`LIFNeurons`): the input as their membranes see it becomes the variable `psp`, which traces
        read.
    scale : float
        Factor of `psp`; 1 is that of a low-pass whose constant input it reproduces.
    networks, copies : int
        Where trials run side by side: a set of inputs for each of the `copies` of each of
        `networks` networks; the copies see different trials.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Raises
    ------
    ValueError
        If the task has no inputs, or another time step than the simulation.
    """

    def __init__(
        self, task, tau=None, scale=1.0, networks=1, copies=1, name="taskinput*", **neurongroup_args
    ):
        check_place("TaskInput", task, networks, copies)
        if not task.n_inputs:
            raise ValueError(f"{type(task).__name__} has no inputs; leave TaskInput out")
        namespace, filtered, self.is_filtered = (
            {"input_of": TaskValues(task, "inputs", copies), "n_columns": task.n_inputs * copies},
            "",
            tau is not None,
        )
        if self.is_filtered:
            check_tau("TaskInput", tau, task.dt)
            check_number("TaskInput", "scale", scale)
            filtered, namespace["tau"], namespace["scale"] = (
                "\ndpsp/dt = (scale*activity - psp)/tau : 1",
                tau,
                scale,
            )
        super().__init__(
            networks * copies * task.n_inputs,
            f"activity : 1{filtered}",
            task,
            namespace,
            "activity = input_of(t_in_timesteps, i % n_columns)",
            schedule.INPUT,
            method="exponential_euler",
            name=name,
            **neurongroup_args,
        )

    @property
    def trial_start(self):
        """Statements at the beginning of a trial."""
        return "psp = 0" if self.is_filtered else ""


class Readout(TaskGroup):
    """Linear readout units with the target, error and loss of a task.

    Parameters
    ----------
    task : Task
    networks, copies : int
        Independent networks side by side, each in so many copies, which see different trials of the
        task: ``networks*copies*task.n_outputs`` units.
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
        ``1/(2*T)`` times the sum of squared errors so far in this trial of `T` steps (Murray 2019,
        equation 2).

    Raises
    ------
    ValueError
        If the task has another time step than the simulation.
    """

    #: What the arrays of each trial must pass (`TaskValues`), if anything.
    check_trial = None

    tau, trial_start, sum_phase, onto, more_equations = (
        None,
        "loss = 0",
        schedule.READOUT,
        "output",
        "",
    )
    #: The loss of each network, at the end of a trial.
    steps = (
        Step("loss = 0", schedule.CLEAR, "network", "trial_end"),
        Step("loss_network += loss", schedule.TALLY, when="trial_end"),
    )
    judge = """error = mask_of(t_in_timesteps, _trial)*(target - output)
               loss += error**2/(2*n_steps)"""

    def __init__(
        self, task, networks=1, copies=1, name="readout*", namespace=None, **neurongroup_args
    ):
        check_place(type(self).__name__, task, networks, copies)
        names = {
            "target_of": TaskValues(task, "target", copies, self.check_trial),
            "mask_of": TaskValues(task, "mask", copies),
            "n_outputs": task.n_outputs,
            "n_steps": task.n_steps,
            "n_columns": task.n_outputs * copies,
        }
        code = f"""target = target_of(t_in_timesteps, i % n_columns)
                  _trial = (i % n_columns)//n_outputs
                  {self.judge}"""
        self.networks, self.copies = networks, copies
        super().__init__(
            networks * copies * task.n_outputs,
            f"output : 1\ntarget : 1\nerror : 1\nloss : 1\n{self.more_equations}",
            task,
            {**(namespace or {}), **names},
            code,
            schedule.LOSS,
            name=name,
            **neurongroup_args,
        )

    def check_trials(self, trials):
        """Raise unless a Trials has the readout's task, and as many networks."""
        if self.task is not trials.task and self.task != trials.task:
            raise ValueError(
                f"'{self.name}' was made for another task ({shorten(repr(self.task), 200)}) than"
                f" '{trials.name}' ({shorten(repr(trials.task), 200)}); give both the same"
            )
        if self.copies != trials.seen:
            raise ValueError(
                f"'{self.name}' has copies={self.copies}, but the projections of '{trials.name}'"
                f" run {trials.seen} different trial(s) side by side; write copies={trials.seen}"
            )
        if len(self) != len(trials) * trials.task.n_outputs:
            raise ValueError(
                f"'{self.name}' has {len(self)} units, but {len(trials)} network(s) with"
                f" {trials.task.n_outputs} output(s) need {len(trials) * trials.task.n_outputs};"
                " give Readout and Trials the same networks="
            )

    def check_eligibility(self, rule, neurons):
        """Raise unless e-prop's rule filters eligibility as this readout filters the spikes of the
        neurons. Neurons that filter them by themselves are not judged.
        """
        rule = rule.core
        if (
            not isinstance(rule, EProp)
            or not getattr(whole(neurons), "sends_bare_spikes", False)
            or rule.tau == self.tau
        ):
            return
        if self.tau is None:
            raise ValueError(
                f"{type(rule).__name__} filters eligibility with tau = {rule.tau}, but readout"
                f" '{self.name}' has no time constant, and nothing else filters the spikes of"
                f" '{neurons.name}'; write LeakyReadout(task, tau={rule.tau!r}) (in a"
                f" LearningNetwork readout=Leaky({rule.tau!r}))"
            )
        raise ValueError(
            f"{type(rule).__name__} has tau = {rule.tau}, but readout '{self.name}' {self.tau};"
            " eligibility is filtered as the readout filters spikes (Bellec et al. 2020, equation"
            " 28): give both the same"
        )

    def check_feedback(self, rule):
        """Raise unless a rule of feedback weights has the time constant of the readout."""
        tau = rule.tau if isinstance(rule, LeakyDelta) else None
        if tau != self.tau:
            wanted = (
                f"FeedbackDelta(learning_rate={rule.learning_rate:g})"
                if self.tau is None
                else f"LeakyFeedbackDelta(learning_rate={rule.learning_rate:g}, tau={self.tau!r})"
            )
            raise ValueError(
                f"AdaptiveFeedback: {type(rule).__name__} has"
                f" {'no time constant' if tau is None else f'tau = {tau}'}, but readout"
                f" '{self.name}' {'none' if self.tau is None else self.tau}; write {wanted}"
            )

    def check_projection(self, rule, onto):
        """Raise unless a projection ends where it must, and its rule knows the time constant of the
        readout.
        """
        if onto != self.onto:
            raise ValueError(
                f"weights onto '{self.name}', a {type(self).__name__}, end in '{self.onto}': write"
                f" onto='{self.onto}'; got onto={onto!r}"
            )
        if isinstance(rule, LeakyDelta) and self.tau is None:
            raise ValueError(
                f"{type(rule).__name__} filters with tau = {rule.tau}, but readout '{self.name}'"
                " has no time constant; use Delta, or a LeakyReadout (in a LearningNetwork"
                f" readout=Leaky({rule.tau!r}))"
            )
        if isinstance(rule, LeakyDelta) and rule.tau != self.tau:
            raise ValueError(
                f"{type(rule).__name__} has tau = {rule.tau}, but readout '{self.name}' {self.tau};"
                " give both the same"
            )
        if type(rule) is Delta and self.tau is not None:
            raise ValueError(
                f"readout '{self.name}' has a time constant, and its output is made of past"
                f" activity too; write LeakyDelta(learning_rate={rule.learning_rate:g},"
                f" tau={self.tau!r}) in place of Delta"
            )


class LeakyReadout(Readout):
    """Readout units that leak: the output is the sum of its projection, low-passed (Bellec et al.
    2020, equation 11).

        output(t) = kappa output(t-1) + (1 - kappa) drive(t),   kappa = exp(-dt/tau)

    Parameters
    ----------
    task, networks, copies
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

    def __init__(self, task, tau, networks=1, copies=1, name="leakyreadout*", **neurongroup_args):
        check_instance(f"{type(self).__name__}: task", task, Task, TASK_EXAMPLE)
        check_tau(type(self).__name__, tau, task.dt)
        self.tau = tau
        super().__init__(
            task, networks, copies, name=name, namespace={"tau_readout": tau}, **neurongroup_args
        )
        self.run_regularly(
            "_kappa = exp(-dt/tau_readout)\noutput = _kappa*output + (1 - _kappa)*drive",
            **schedule.READOUT_TRACE,
            name=f"{self.name}_leak",
        )


class SoftmaxReadout(LeakyReadout):
    """Leaky readout units that are the classes of a task: softmax of the output, and cross entropy
    (Bellec et al. 2020).

    The target of a step that counts is 1 for the right class and 0 for the others.

    Parameters
    ----------
    task, tau, networks, copies
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
        Cross entropy, ``-log(probability)`` of the right class, on average over the steps that
        count.
    choice : state variable
        Probability in the steps of this trial that count, added up: the greatest is the network's
        answer.

    Raises
    ------
    ValueError
        If the task has one output only, or a target that is no class; or as for `LeakyReadout`.
        Where trials are random, those of a run are looked at as they are drawn.
    """

    trial_start = "loss = 0; output = 0; error = 0; choice = 0"
    more_equations = "drive : 1\nprobability : 1\ndenominator : 1\nchoice : 1"
    judge = """probability = 1/denominator
               _counts = mask_of(t_in_timesteps, _trial)
               error = _counts*(target - probability)
               loss += _counts*target*log(denominator)/window_of(t_in_timesteps, _trial)
               choice += _counts*probability"""

    def __init__(self, task, tau, networks=1, copies=1, name="softmaxreadout*", **neurongroup_args):
        check_instance("SoftmaxReadout: task", task, Task, TASK_EXAMPLE)
        if task.n_outputs < 2:
            raise ValueError(
                f"SoftmaxReadout: {type(task).__name__} has one output, and classes are two or"
                " more; use LeakyReadout, or a target with an output for each class"
            )
        super().__init__(task, tau, networks, copies, name=name, **neurongroup_args)
        self.namespace["window_of"] = TaskValues(task, "window", copies)
        compared = OwnSynapses(
            self,
            self,
            "denominator_post = exp(clip(output_pre - output_post, -80, 80)) : 1 (summed)",
            name=f"{self.name}_compared*",
        )
        compared.connect(
            j=(
                f"k for k in range((i//{task.n_outputs})*{task.n_outputs}, (i//{task.n_outputs} +"
                f" 1)*{task.n_outputs})"
            )
        )
        schedule.move(compared.summed_updaters["denominator_post"], schedule.NORMALIZE)
        self.contained_objects.append(compared)

    @staticmethod
    def check_trial(task, number, inputs, target, mask):
        """Raise unless there is one class in each step of a trial that counts."""
        counted = target[mask != 0]
        is_class = ((counted == 0) | (counted == 1)).all(axis=1) & (counted.sum(axis=1) == 1)
        if not is_class.all():
            step = np.flatnonzero(mask)[~is_class][0]
            raise ValueError(
                f"SoftmaxReadout: the target of {type(task).__name__} must be 1 for one class and 0"
                f" for the others in each step that counts; got {target[step]} in step {step} of"
                f" trial {number}"
            )
