"""Readouts that are the sum of their projection: the group, and the value that asks for it."""

from dataclasses import dataclass, field
from textwrap import shorten
from typing import ClassVar

from .. import schedule
from ..brian.quantities import is_number
from ..neurons.base import parent_group
from ..rules import Delta, EProp, LeakyDelta
from ..steps import Step
from ..tasks.values import TaskValues
from .base import TaskGroup, check_place

__all__ = ["Linear", "Readout"]


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
            or not getattr(parent_group(neurons), "sends_bare_spikes", False)
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


@dataclass(frozen=True)
class Linear:
    """A readout whose output is the sum of its projection (Murray 2019).

    Parameters
    ----------
    decay : float
        Share of the readout weights that each update takes away.

    Raises
    ------
    ValueError
        If `decay` is not at least 0 and less than 1.
    """

    decay: float = field(default=0.0, kw_only=True)

    #: The class of the group.
    group: ClassVar[type] = Readout

    def __post_init__(self):
        if not is_number(self.decay) or not 0 <= self.decay < 1:
            raise ValueError(
                f"{type(self).__name__}: decay must be at least 0 and less than 1; got"
                f" {self.decay!r}"
            )

    @property
    def arguments(self):
        """Arguments of the group beside the task and the numbers of networks and copies."""
        return {}

    def build(self, task, networks=1, copies=1, name="readout*"):
        """Return the group of readout units."""
        return self.group(task, networks=networks, copies=copies, name=name, **self.arguments)

    def default_rule(self, learning_rate):
        """Return the rule by which its weights learn unless another one is given."""
        return Delta(learning_rate)

    @property
    def constraint(self):
        """Statements behind each change of its weights."""
        return f"w = {1 - self.decay!r}*w" if self.decay else ""
