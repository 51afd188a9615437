"""Linear readouts: the group of units, and the value that describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import shorten
from typing import TYPE_CHECKING, Any, ClassVar

from brian2 import Group

from .. import schedule
from ..brian.quantities import check_fraction
from ..neurons.base import sends_bare_spikes
from ..rules import Delta, LearningRule
from ..steps import Step
from ..tasks import Task
from ..tasks.base import same_task
from ..tasks.values import TaskValues
from .base import TaskGroup, check_place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..trials import Trials

__all__ = ["Linear", "Readout"]


class Readout(TaskGroup):
    """Linear readout units with the target, error and loss of a task.

    Parameters
    ----------
    task : Task
        The task, whose trials are shown.
    networks, copies : int
        Numbers of independent networks and of copies of each network; copies run different trials
        of the task. The group has ``networks*copies*task.n_outputs`` units.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    output : state variable
        Sum of the projection with ``onto="output"``.
    target, error : state variables
        The task's target of this step, and ``mask*(target - output)``, with the mask of the step
        or, where the task has one for each, of the output.
    loss : state variable
        ``1/(2*T)`` times the sum of ``mask*(target - output)**2`` over this trial so far, for
        trials of `T` steps (Murray 2019, equation 2), whose derivative by `output` is ``-error/T``.

    Raises
    ------
    ValueError
        If the time steps of task and simulation differ.
    """

    #: The variable that projections from it send, with ``sends=``.
    sent = "output"
    #: Optional check of the arrays of each trial (`TaskValues`).
    check_trial = None
    #: Variables of noise that a rule may add; this one adds to the sum of its projection.
    opens = {"noise": None}
    #: The group with a time constant in its place, and what describes it, for error messages.
    leaky = ("LeakyReadout", "Leaky({!r})")
    #: What results say of the loss, where it is no error.
    loss_is = ""
    #: Why its loss cannot be differentiated; empty if it can.
    no_gradient = ""
    #: Number of units of a trial besides those of the task's outputs.
    n_more = 0

    tau, trial_start, sum_phase, onto, more_equations = (
        None,
        "loss = 0",
        schedule.READOUT,
        "output",
        "",
    )
    #: Statements at the beginning of each window of a stream, in place of `trial_start`.
    window_start = "loss = 0"
    #: The loss of each network, at the end of a trial.
    steps = (
        Step("loss = 0", schedule.CLEAR, "network", "trial_end"),
        Step("loss_network += loss", schedule.TALLY, when="trial_end"),
    )
    #: Statements that set `target`.
    target_code = "target = target_of(t_in_timesteps, i % n_columns)"
    #: Statements that set `error` and add to `loss`.
    error_code = """_weight = mask_of(t_in_timesteps, _trial)
               error = _weight*(target - output)
               loss += _weight*(target - output)**2/(2*n_steps)"""

    def __init__(
        self,
        task: Task,
        networks: int = 1,
        copies: int = 1,
        name: str = "readout*",
        namespace: dict[str, Any] | None = None,
        **neurongroup_args: Any,
    ):
        check_place(type(self).__name__, task, networks, copies)
        mask_of, n_units = TaskValues(task, "mask", copies), task.n_outputs + self.n_more
        if not n_units:
            raise ValueError(
                f"{type(self).__name__}: {type(task).__name__} has no outputs; build the network of"
                " parts without a readout, with Trials(task, ...)"
            )
        names = {
            "target_of": TaskValues(task, "target", copies, self.check_trial),
            "mask_of": mask_of,
            "n_outputs": n_units,
            "n_steps": task.n_steps,
            "n_columns": n_units * copies,
        }
        # the column of the mask: that of the trial, or of the output where each has its own
        column = "(i % n_columns)//n_outputs" if mask_of.width == 1 else "i % n_columns"
        code = f"""{self.target_code}
                  _trial = {column}
                  {self.error_code}"""
        self.networks, self.copies = networks, copies
        super().__init__(
            networks * copies * n_units,
            f"output : 1\ntarget : 1\nerror : 1\nloss : 1\n{self.more_equations}",
            task,
            {**(namespace or {}), **names},
            code,
            schedule.LOSS,
            name=name,
            **neurongroup_args,
        )

    @property
    def n_units(self) -> int:
        """Number of units of a trial."""
        return self.task.n_outputs + self.n_more

    def steps_of_loss(self, number: int) -> int:
        """Return the number of time steps of which the loss of trial `number` is the mean."""
        return self.task.n_steps

    @property
    def is_sum(self) -> bool:
        """True if the error is that of the sum of its projection in this step, without a filter or
        a function behind it.
        """
        return self.tau is None and "error = _weight*(target - output)" in self.error_code

    def check_trials(self, trials: Trials) -> None:
        """Raise unless `trials` has the readout's task and numbers of networks and copies."""
        if not same_task(self.task, trials.task):
            raise ValueError(
                f"'{self.name}' and '{trials.name}' must have the same task; got"
                f" {shorten(repr(self.task), 200)} and {shorten(repr(trials.task), 200)}"
            )
        if self.copies != trials.seen:
            raise ValueError(
                f"'{self.name}' has copies={self.copies}, but the projections of '{trials.name}'"
                f" run {trials.seen} different trial(s) side by side; write copies={trials.seen}"
            )
        if len(self) != len(trials) * self.n_units:
            networks = len(trials) // trials.seen
            raise ValueError(
                f"'{self.name}' has {len(self)} units, but {networks} network(s) with"
                f" {self.n_units} output(s) need {len(trials) * self.n_units};"
                + advice(trials, networks)
            )

    def check_eligibility(self, rule: LearningRule, neurons: Group) -> None:
        """Raise unless e-prop's rule filters eligibility with the readout's time constant.

        Neurons whose activity is already filtered are skipped.
        """
        rule = rule.core
        tau = rule.readout_tau
        if (
            tau is None
            or "feedback" not in rule.reads("post")
            or not sends_bare_spikes(neurons)
            or tau == self.tau
        ):
            return
        if self.tau is None:
            raise ValueError(
                f"{type(rule).__name__} filters eligibility with tau = {tau}, but readout"
                f" '{self.name}' has no time constant, and nothing else filters the spikes of"
                f" '{neurons.name}'; write {self.leaky[0]}(task, tau={tau!r}) (in a"
                f" LearningNetwork readout={self.leaky[1].format(tau)})"
            )
        raise ValueError(
            f"tau of {type(rule).__name__} ({tau}) must equal that of readout '{self.name}'"
            f" ({self.tau}): e-prop filters eligibility with the readout's time constant (Bellec et"
            " al. 2020, equation 28)"
        )

    def check_feedback(self, rule: LearningRule) -> None:
        """Raise unless a rule of feedback weights has the readout's time constant."""
        tau = rule.readout_tau
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

    def check_projection(self, rule: LearningRule, onto: str) -> None:
        """Raise unless a projection has the right `onto`, and its rule the right time constant."""
        if onto != self.onto:
            raise ValueError(
                f"weights onto '{self.name}', a {type(self).__name__}, must have"
                f" onto='{self.onto}'; got onto={onto!r}"
            )
        tau = rule.readout_tau
        if tau is not None and self.tau is None:
            raise ValueError(
                f"{type(rule).__name__} filters with tau = {tau}, but readout '{self.name}'"
                f" has no time constant; use Delta, or a {self.leaky[0]} (in a LearningNetwork"
                f" readout={self.leaky[1].format(tau)})"
            )
        if tau is not None and tau != self.tau:
            raise ValueError(
                f"tau of {type(rule).__name__} ({tau}) must equal that of readout"
                f" '{self.name}' ({self.tau})"
            )
        if type(rule.core) is Delta and self.tau is not None:
            raise ValueError(
                f"readout '{self.name}' has a time constant, so its output depends on past"
                f" activity; write LeakyDelta(learning_rate={rule.learning_rate:g},"
                f" tau={self.tau!r}) instead of Delta"
            )


def is_readout(group):
    """Return whether a group reads neurons out."""
    return isinstance(group, Readout)


def advice(trials, networks):
    """Return what to write for a readout of a number of networks, as text; a pair of trials, free
    and perturbed, counts as two.
    """
    if trials.seen == trials.copies:
        return " give Readout and Trials the same networks="
    return f" free and perturbed ones count each, so write Readout(..., networks={networks})"


def readouts_of(objects):
    """Return the readouts among some objects."""
    return [obj for obj in objects if is_readout(obj)]


@dataclass(frozen=True)
class Linear:
    """A readout whose output is the sum of its projection (Murray 2019).

    Parameters
    ----------
    decay : float
        Fraction of the readout weights that each update subtracts.

    Raises
    ------
    ValueError
        If `decay` is not at least 0 and less than 1.
    """

    decay: float = field(default=0.0, kw_only=True)

    #: The class of the group.
    group: ClassVar[type] = Readout

    def __post_init__(self):
        check_fraction(f"{type(self).__name__}: decay", self.decay)

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of the group besides task, networks, copies and name."""
        return {}

    def build(
        self, task: Task, networks: int = 1, copies: int = 1, name: str = "readout*"
    ) -> Readout:
        """Return the group of readout units."""
        return self.group(task, networks=networks, copies=copies, name=name, **self.arguments)

    def default_rule(self, learning_rate: float) -> LearningRule:
        """Return the default learning rule of its weights."""
        return Delta(learning_rate)

    def initial(self, drawn: dict[str, NDArray]) -> dict[str, NDArray]:
        """Return the initial weights of a network by name, given those that were drawn."""
        return drawn

    @property
    def constraint(self) -> str:
        """Statements that run after each change of its weights."""
        return f"w = {1 - self.decay!r}*w" if self.decay else ""
