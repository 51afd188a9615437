"""What a credit path is, and the one builder that makes Brian2 objects of it."""

from dataclasses import dataclass
from typing import Any, ClassVar

from brian2 import Group

from .. import schedule
from ..neurons.base import parent_group
from ..rules.base import LearningRule
from ..steps import Mechanism, equations_of, steps_of
from ..steps.cells import Cells
from ..steps.step import constants_of
from ..synapses import FixedSynapses, PlasticSynapses
from ..updates import PerStep
from ..updates.arguments import check_instance

__all__ = ["Credit", "CreditPath", "Path"]

#: The groups between which a credit path lies: the readout, and the neurons.
ENDS = ("pre", "post")


@dataclass(frozen=True)
class Path:
    """A projection of a credit path, between the sites ``"pre"`` (the readout, and cells beside it)
    and ``"post"`` (the neurons).

    Parameters
    ----------
    source, target : {"pre", "post"}
        Where it begins and ends.
    onto, sends : str
        Variable of the target that receives the sum, and variable of the source that is sent. Where
        cells of the path have it, it is theirs.
    sum_at : Phase
        When the sum is taken.
    rule : LearningRule, optional
        How it learns; fixed weights without.
    learns_at : Phase
        When it learns.
    initial : str
        Weights of the beginning, a string that Brian2 evaluates; 0 without.
    """

    source: str
    target: str
    onto: str
    sends: str = "activity"
    sum_at: schedule.Phase = schedule.FEEDBACK
    rule: LearningRule | None = None
    learns_at: schedule.Phase = schedule.LEARN
    initial: str = ""


@dataclass(frozen=True)
class CreditPath(Mechanism):
    """A mechanism between a readout (site "pre") and neurons (site "post") whose synapses are its
    `paths`.

    Attributes
    ----------
    paths : dict of str to Path
        Its projections by name; the one called ``"feedback"`` is what a network shows as
        ``net.feedback``.
    """

    paths: ClassVar[dict] = {}

    #: Whether its weights and those of the readout can be compared, so that their alignment means
    #: something.
    is_aligned: ClassVar[bool] = False

    def check(self, trained, output_rule):
        """Raise unless the path goes with what is trained, and with the rule of the readout
        weights.
        """

    def build(self, credit):
        """Return the projections by name; a path that is made otherwise than from `paths` overrides
        it.
        """
        return {name: credit.projection(name, path) for name, path in self.paths.items()}


class Credit:
    """What a credit path is made of, as Brian2 objects.

    Parameters
    ----------
    path : CreditPath
    readout, neurons : group
        The groups that it lies between.
    output : PlasticSynapses, optional
        The projection from the neurons to the readout, for paths that follow it.
    learn : PerStep or PerTrial
        The learning schedule of its projections.
    networks : int
        Blocks in the groups: each projection is connected all to all within each.

    Attributes
    ----------
    projections : dict of str to BrianObject
        Its projections by name.
    cells : dict of str to Cells
        Units beside the groups, by site, where the path keeps something there.
    parts : list
        What a `Trials` must have.

    Examples
    --------
    ``Network(neurons, readout, recurrent, output, *credit, trials)``, and ``Trials(task, neurons,
    readout, recurrent, output, credit)``.
    """

    def __init__(self, path, readout, neurons, output=None, learn=PerStep(), networks=1):
        check_instance("Credit: path", path, CreditPath, "RandomFeedback()")
        for role, group in (("readout", readout), ("neurons", neurons)):
            check_instance(f"Credit: {role}", group, Group, "net.readout")
        self.path, self.ends, self.output, self.learn, self.networks = (
            path,
            {"pre": readout, "post": neurons},
            output,
            learn,
            networks,
        )
        self.mechanisms = [path]
        self.cells = {
            site: self._cells(site, group)
            for site, group in self.ends.items()
            if path.variables.get(site) or steps_of([path], site)
        }
        self.projections = path.build(self)
        for step in steps_of([path], *ENDS):
            if step.when == "step":
                self.cells[step.site].run_step(step)
        self.parts = [one for one in self.projections.values() if isinstance(one, PlasticSynapses)]

    def __iter__(self):
        return iter([*self.cells.values(), *self.projections.values()])

    def _cells(self, site, group):
        cells = Cells(
            group,
            equations_of([self.path], site),
            namespace=constants_of([self.path]) | self.path.parameters,
            name=f"{parent_group(group).name}_credit",
        )
        cells.borrow("activity", "error", "feedback", "gain")
        return cells

    def end(self, site, name, is_target):
        """Return the group at an end of a projection: the cells, where they have the variable."""
        cells = self.cells.get(site)
        has = cells is not None and (
            name in cells.equations.names or (not is_target and name in cells.variables)
        )
        return cells if has else self.ends[site]

    def projection(self, name, path, kind: Any = None, **args):
        """Return a projection, connected, with its initial weights; `kind` is its class where it is
        one of its own.
        """
        source, target = (
            self.end(path.source, path.sends, False),
            self.end(path.target, path.onto, True),
        )
        if kind is None and path.rule is not None:
            kind, args = (
                PlasticSynapses,
                dict(sends=path.sends, sum_at=path.sum_at, learns_at=path.learns_at) | args,
            )
        if path.rule is not None:
            made = kind(
                source, target, path.rule, onto=path.onto, learn=self.learn, name=f"{name}*", **args
            )
        else:
            made = (kind or FixedSynapses)(
                source, target, sends=path.sends, onto=path.onto, name=f"{name}*", **args
            )
            schedule.move(made.summed_updaters[f"{path.onto}_post"], path.sum_at)
        made.connect(networks=self.networks)
        if path.initial:
            made.w = path.initial
        return made

    def join(self, trials):
        """Place the steps at the boundaries of trials; called by `Trials`."""
        for step in steps_of([self.path], *ENDS):
            if step.when != "step":
                self.cells[step.site].run_step(step, trials)
