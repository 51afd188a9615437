"""Credit paths, and the builder that makes Brian2 objects of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from brian2 import BrianObject, Clock, Group, NeuronGroup

from .. import schedule
from ..brian.component import Component
from ..brian.quantities import check_count
from ..neurons.base import parent_group
from ..readouts.constant import ConstantUnit
from ..readouts.linear import is_readout
from ..rules.base import LearningRule
from ..steps import Mechanism, equations_of, steps_of
from ..steps.cells import NETWORK, Cells, names_ending_in
from ..steps.step import constants_of
from ..synapses import CopiedSynapses, FixedSynapses, PlasticSynapses, Projection
from ..synapses.kinds import plastic_of
from ..updates import PerStep
from ..updates.arguments import check_instance
from .names import check_is_whole, check_names
from .printing import printed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..trials import Trials

__all__ = ["Credit", "CreditPath", "Path"]

#: The sites of a credit path: readout, neurons, and units of its own.
ENDS = ("pre", "post", "own")
#: Variables of the groups at both ends that its statements may contain.
PORTS = ("activity", "error", "feedback", "gain")
#: Values of `when` of steps that need no boundary of a trial.
EACH_STEP = ("step", "spike")


@dataclass(frozen=True)
class Path:
    """A projection of a credit path, between the sites ``"pre"`` (the readout and its cells),
    ``"post"`` (the neurons and theirs) and ``"own"`` (units of the path's own).

    Parameters
    ----------
    source, target : {"pre", "post", "own", "constant"}
        Sites of its source and target; ``"constant"`` is a unit that always sends 1.
    onto, sends : str
        Variable of the target that receives the sum, and variable of the source that is sent:
        those of the path's cells if these have them, else those of the group.
    sum_at : Phase
        Phase of the sum.
    rule : LearningRule, optional
        Learning rule; without it the weights are fixed.
    learns_at : Phase
        Phase of the weight change.
    initial : str
        Initial weights, a string that Brian2 evaluates; 0 if it is empty.
    learn : PerStep or PerTrial, optional
        Learning schedule, if it is not that of the network.
    copy_of : str
        Name of the path whose weights it copies, without a rule of its own.
    every : int
        Steps after which they are copied again, in the phase `learns_at`.

    Raises
    ------
    ValueError
        If a site is unknown, or a path has a rule and copies another one; in a network, if the path
        that it copies is not among those before it.
    """

    source: str
    target: str
    onto: str
    sends: str = "activity"
    sum_at: schedule.Phase = schedule.FEEDBACK
    rule: LearningRule | None = None
    learns_at: schedule.Phase = schedule.LEARN
    initial: str = ""
    learn: PerStep | None = None
    copy_of: str = ""
    every: int = 1

    def __post_init__(self):
        check_count("Path: every", self.every)
        for label, site, known in (
            ("source", self.source, (*ENDS, "constant")),
            ("target", self.target, ENDS),
        ):
            if site not in known:
                raise ValueError(
                    f"Path: {label} must be one of {', '.join(map(repr, known))}; got {site!r}"
                )
        if self.copy_of and self.rule is not None:
            raise ValueError(
                f"Path: what copies the weights of {self.copy_of!r} has no rule of its own; got"
                f" {self.rule!r}. Write rule=None"
            )


@dataclass(frozen=True)
class CreditPath(Mechanism):
    """A mechanism between a readout (site "pre") and neurons (site "post"), with the projections
    `paths`.

    Attributes
    ----------
    paths : dict of str to Path
        Its projections by name; ``"feedback"`` becomes ``net.feedback`` of a network.
    units : int
        Number of units of its own (site "own") in each network.
    """

    paths: ClassVar[dict[str, Path]] = {}
    units: ClassVar[int] = 0

    #: True if the alignment of its weights with those of the readout is defined.
    is_aligned: ClassVar[bool] = False
    #: Whether the readout weights themselves, transposed, bring the error back.
    is_symmetric: ClassVar[bool] = False
    #: Whether it brings the neurons something, as their `feedback`.
    brings_feedback: ClassVar[bool] = True
    #: Projections that have the synapses of another one, such as "output".
    connected_like: ClassVar[dict[str, str]] = {}
    #: Whether its weights "feedback" get the changes of the readout weights.
    follows_readout: ClassVar[bool] = False

    def __str__(self):
        return printed(self)

    def check(self, trained: Collection[str], output_rule: LearningRule) -> None:
        """Raise unless the path fits the trained projections and the readout's rule."""

    def build(self, credit: Credit) -> dict[str, BrianObject]:
        """Return the projections by name, made from `paths`; subclasses may override it."""
        made = credit.projections
        for name, path in self.paths.items():
            made[name] = credit.projection(name, path)
        return made


class OwnUnits(Component, NeuronGroup):
    """Units of a credit path's own, whose variables are in the cells beside them."""

    add_to_magic_network = False

    def __init__(self, N: int, clock: Clock):
        super().__init__(N, "", clock=clock, name="own*")


class Credit:
    """The Brian2 objects of a credit path.

    Parameters
    ----------
    path : CreditPath
        The credit path.
    readout, neurons : group
        The groups that it connects.
    output : PlasticSynapses, optional
        The projection from the neurons to the readout, for paths that follow its weights.
    learn : PerStep or PerTrial
        The learning schedule of its projections.
    networks : int
        Number of independent networks in the groups; projections are all to all within each.
    masks : dict of array, optional
        True for each pair with a synapse, ``[network, post, pre]`` by the name of a projection that
        is not all to all.

    Attributes
    ----------
    projections : dict of str to BrianObject
        Its projections by name.
    cells : dict of str to Cells
        Cells by site, for sites where the path has variables or steps.
    parts : list
        The projections that a `Trials` must have.

    Examples
    --------
    ``Network(neurons, readout, recurrent, output, *credit, trials)``, and ``Trials(task, neurons,
    readout, recurrent, output, credit)``.
    """

    def __init__(
        self,
        path: CreditPath,
        readout: Group,
        neurons: Group,
        output: PlasticSynapses | None = None,
        learn: PerStep = PerStep(),
        networks: int = 1,
        masks: dict[str, NDArray] | None = None,
    ):
        check_instance("Credit: path", path, CreditPath, "RandomFeedback()")
        for role, group in (("readout", readout), ("neurons", neurons)):
            check_instance(f"Credit: {role}", group, Group, f"net.{role}")
        if is_readout(parent_group(neurons)):
            raise ValueError(
                f"Credit: neurons must be the group that learns; got the readout '{neurons.name}'."
                " Write Credit(path, readout, neurons)."
            )
        self.path, self.ends = path, {"pre": readout, "post": neurons}
        self.output, self.learn, self.networks, self.masks = (
            output,
            learn,
            networks,
            dict(masks or {}),
        )
        self.mechanisms = [path]
        if path.units:
            self.ends["own"] = OwnUnits(path.units * networks, parent_group(neurons).clock)
        self.cells = {
            site: self._cells(site, group)
            for site, group in self.ends.items()
            if path.variables.get(site) or steps_of([path], site)
        }
        self.constant, self.projections = None, {}
        self.projections = path.build(self)
        self._check_masks()
        for step in steps_of([path], *ENDS):
            if not waits(step):
                self.cells[step.site].run_step(step)
        self.parts = plastic_of(self.projections.values())

    def __iter__(self) -> Iterator[BrianObject]:
        return iter([*self.groups.values(), *self.projections.values()])

    @property
    def groups(self) -> dict[str, Group]:
        """Its own groups by site: cells, and the constant unit if it has one."""
        return self.cells | ({} if self.constant is None else {"constant": self.constant})

    def _cells(self, site, group):
        check_is_whole(self.path, group)
        cells = Cells(
            group,
            equations_of([self.path], site),
            namespace=constants_of([self.path]) | self.path.parameters,
            name=f"{parent_group(group).name}_credit",
        )
        cells.borrow(*PORTS)
        check_names(self.path, site, cells)
        if site == "own":
            cells.contained_objects.append(group)
        return cells

    def end(self, site: str, name: str, is_target: bool) -> Group:
        """Return the cells at a site if they have the variable `name`, else the group."""
        if site == "constant" and self.constant is None:
            clock = self.ends["post"].clock
            self.constant = self.ends[site] = ConstantUnit(self.networks, clock=clock)
        cells = self.cells.get(site)
        has = cells is not None and (
            name in cells.equations.names or (not is_target and name in cells.variables)
        )
        return cells if has else self.ends[site]

    def projection(
        self, name: str, path: Path, kind: type[Projection] | None = None, **args: Any
    ) -> Projection:
        """Return a projection of class `kind`, connected and with its initial weights.

        By default the class is `PlasticSynapses`, or `FixedSynapses` without a rule.
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
        self._check_copies(path)
        args |= dict(onto=path.onto, name=f"{name}*")
        if path.rule is not None:
            made = kind(source, target, path.rule, learn=path.learn or self.learn, **args)
        else:
            if path.copy_of:
                self._check_copied(name, path)
                kind, original = CopiedSynapses, self.projections[path.copy_of]
                args |= dict(original=original, every=path.every, copied_at=path.learns_at)
            made = (kind or FixedSynapses)(source, target, sends=path.sends, **args)
            made.place_sum(path.sum_at)
        if name in self.masks:
            made.connect_matrix(np.where(self.masks[name], 0, np.nan), absent=np.nan)
        else:
            made.connect(networks=self.networks)
        if path.initial:
            made.w = path.initial
        return made

    def _check_masks(self):
        """Raise if a mask is for a projection that the path does not have."""
        unknown = [name for name in self.masks if name not in self.projections]
        if unknown:
            raise ValueError(
                f"Credit: masks has '{unknown[0]}', and {type(self.path).__name__} no projection of"
                f" that name; it has {', '.join(self.projections) or 'none'}"
            )

    def output_of(self) -> PlasticSynapses:
        """Return the projection to the readout; raise if there is none."""
        if self.output is None:
            raise TypeError(
                f"{type(self.path).__name__} needs the projection to the readout; got output=None."
                " Write Credit(path, readout, neurons, output)"
            )
        return self.output

    def _check_copies(self, path):
        """Raise if trials side by side would share weights that change in each step."""
        if path.rule is not None and path.learn is not None and self.learn.copies > 1:
            raise ValueError(
                f"{type(self.path).__name__} changes its own weights on a schedule of its own,"
                f" which trials side by side cannot share; got copies={self.learn.copies}. Write"
                f" learn=PerTrial(batch={self.learn.copies})"
            )

    def _check_copied(self, name, path):
        """Raise unless the path that another one copies has been made."""
        if path.copy_of not in self.projections:
            raise ValueError(
                f"{type(self.path).__name__}: path '{name}' copies '{path.copy_of}', which must be"
                f" among the paths before it; got {', '.join(self.projections) or 'none'}"
            )

    def join(self, trials: Trials) -> None:
        """Place the steps at the boundaries of trials, and those with numbers of the networks;
        `Trials` calls this.
        """
        for step in steps_of([self.path], *ENDS, resets_at=trials.phases.resets_at):
            if waits(step):
                self.cells[step.site].run_step(step, trials)


def waits(step):
    """Return whether a step can be placed only after `join`."""
    return step.when not in EACH_STEP or bool(names_ending_in(step.code, NETWORK))


def paths_of(mechanisms):
    """Return the credit paths among some mechanisms."""
    return [one for one in mechanisms if isinstance(one, CreditPath)]
