"""FORCE learning: the inverse correlation matrix of recursive least squares (Sussillo & Abbott
2009, Neuron 63:544).

With the activity r of the neurons after this step, from P(0) = I/alpha on:

    filtered = P r                              spread = r^T P r
    shrink = 1/(1 + m spread)                   in every few steps, else 0
    dP_ij = -m shrink filtered_i filtered_j     equation 5
    dw_j = shrink e filtered_j                  equation 3: `RecursiveLeastSquares`, for the readout

where m is the mask of the step, by which its squared error counts, 1 in the paper, and the error e
contains it. So steps with mask 0 change neither.

P is an ordinary plastic projection, from cells beside the neurons onto these cells, so each network
has N x N numbers more. It is not local: a synapse of P changes by what its two ends hold and by
`shrink`, a number that needs a sum over the network, and `filtered`, which a readout synapse needs,
is a sum over all neurons, weighted by a matrix that no synapse of the network transmits.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from brian2 import BrianObject, Subgroup

from .. import schedule
from ..brian.declared import declared
from ..brian.quantities import check_count, check_number
from ..rules import LearningRule
from ..steps import Step
from ..synapses import PlasticSynapses
from ..tasks.values import TaskValues
from ..updates import PerStep
from .base import Credit, CreditPath, Path

__all__ = ["FORCE"]

#: Bytes of a synapse of P: its weight, and the numbers of its two cells.
BYTES = 16
#: How many synapses a projection can number.
NUMBERED = 2**31 - 1


@dataclass(frozen=True)
class InverseCorrelation(LearningRule):
    """P: each pair of cells loses what the activity of this step has told about it."""

    every: int = 1
    mask_of: TaskValues | None = field(
        default=None, compare=False, repr=False, metadata={"described": False}
    )

    update = "-learned_network*filtered_pre*filtered_post"
    averages_sum = False

    @property
    def parameters(self) -> dict[str, float]:
        """The learning rate; `every` is written into its steps."""
        return {"learning_rate": self.learning_rate}

    @property
    def constants(self) -> dict[str, TaskValues | None]:
        """The mask of the readout's task."""
        return {"mask_of": self.mask_of}

    @property
    def variables(self) -> dict[str, str]:
        """Variables of a synapse, and how much weights and P of its network learn in this step."""
        return super().variables | {"network": "shrink : 1\nlearned : 1"}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The number of the network, from the sum over its neurons."""
        learns = f"int((t_in_timesteps + 1) % {self.every} == 0)" if self.every > 1 else "1"
        code = (
            "_counts = mask_of(t_in_timesteps, 0)\n"
            f"shrink = {learns}/(1 + _counts*spread)\nlearned = _counts*shrink"
        )
        return (Step(code, schedule.MODULATE, "network"),)


class Correlations(PlasticSynapses):
    """P, which fits a readout of which all weights learn."""

    #: The readout weights that learn with it.
    output = None

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Raise unless all weights of the readout learn."""
        if self.output.geometry is None or self.output.factors is not None:
            raise ValueError(
                f"FORCE: '{self.output.name}' must connect all neurons with all outputs, and all of"
                " its weights must learn, since P is that of all neurons. Leave connectivity and"
                " factors of the output out"
            )
        super().before_run(run_namespace)


@dataclass(frozen=True)
class FORCE(CreditPath):
    """The inverse correlation matrix P that readout weights with the rule `RecursiveLeastSquares`
    need: FORCE learning, where the output is fed back into the network (Sussillo & Abbott 2009).

    P is shared by all outputs, and each network has its own. It is not reset between trials, and
    it is saved with the network. Readout weights and P are frozen by ``plastic = False`` of each:
    where only the weights rest, P learns on, and what they learn later is no longer least squares.
    In steps that do not count (mask 0) neither changes; with a graded mask the squared error of a
    step counts so much.

    P is *not local*: see the head of this file, and ``docs/force.md``.

    Parameters
    ----------
    alpha : float
        P begins at the identity matrix divided by it: a ridge, by which the squares of the weights
        count beside the squares of the errors. Small values learn fast.
    every : int
        Readout weights and P change in every so many-th step, the first time in step `every`.

    Raises
    ------
    ValueError
        If a number is not positive; in a network, if the readout is not a sum with a squared error,
        if its rule is not `RecursiveLeastSquares`, if outputs have masks of their own, or if P
        would not fit into memory.

    Examples
    --------
    ``LearningNetwork(task, neurons, rule, readout_rule=RecursiveLeastSquares(),
    credit=FORCE(alpha=1), trained=["output"], connectivity={"current": AllToAll()})``, whose P is
    ``net.credit.projections["inverse_correlation"]``; or of parts, ``Credit(FORCE(alpha=1),
    readout, neurons, output)``.
    """

    alpha: float = 1.0
    every: int = 1

    brings_feedback = False

    def __post_init__(self):
        check_number("FORCE", "alpha", self.alpha)
        check_count("FORCE: every", self.every)

    @property
    def parameters(self) -> dict[str, float]:
        """Empty: its numbers are read when the network is made."""
        return {}

    @property
    def paths(self) -> dict[str, Path]:
        """P, a projection among the cells that the readout's rule has beside the neurons."""
        return {
            "inverse_correlation": Path(
                "post",
                "post",
                "filtered",
                sum_at=schedule.CREDIT_DRIVE,
                rule=InverseCorrelation(1.0, self.every),
                initial=f"int(i == j)/{self.alpha!r}",
                learn=PerStep(window=1),
            )
        }

    def check(self, trained: Collection[str], output_rule: LearningRule) -> None:
        """Raise unless the readout learns, by the rule that P is for."""
        if not learns_with_p(output_rule):
            raise ValueError(
                "FORCE: the rule of the readout weights must be RecursiveLeastSquares; got"
                f" {output_rule.title}. Write readout_rule=RecursiveLeastSquares()"
            )
        if "output" not in trained:
            raise ValueError(
                "FORCE: the readout weights must learn; got trained="
                f"{list(trained)}. Write trained=['output']"
            )
        if "output_bias" in trained:
            raise ValueError(
                "FORCE: the bias of the readout must not learn, since P is that of the neurons"
                f" alone; got trained={list(trained)}. Write trained=['output'], and a neuron of"
                " constant activity for a bias that learns"
            )

    def build(self, credit: Credit) -> dict[str, BrianObject]:
        """Return P, connected among the cells beside the neurons."""
        check_output(credit)
        mask_of = mask_of_steps(credit.ends["pre"])
        check_memory(len(credit.ends["post"]), credit.networks)
        cells = credit.output.cells["pre"]
        cells.borrow("activity")
        credit.ends["post"] = cells
        for name, path in self.paths.items():
            places = dict(sum_at=path.sum_at, learns_at=path.learns_at)
            path = replace(path, rule=replace(path.rule, mask_of=mask_of))
            made = credit.projection(name, path, Correlations, **places)
            made.settle(output=credit.output)
            credit.projections[name] = made
        return credit.projections


def learns_with_p(rule):
    """Return whether a rule of readout weights reads what P gives; False without a rule."""
    return rule is not None and "shrink" in rule.reads("network")


def check_output(credit):
    """Raise unless the readout weights of a credit path learn by recursive least squares, from a
    whole group onto a sum.
    """
    output, readout, neurons = credit.output, credit.ends["pre"], credit.ends["post"]
    rule = None if output is None else output.rule
    if not learns_with_p(rule):
        raise ValueError(
            "FORCE: the projection onto the readout must learn by RecursiveLeastSquares; got"
            f" {rule}. Write Credit(FORCE(), readout, neurons, output) with its output"
        )
    if isinstance(neurons, Subgroup) or output.source is not neurons:
        raise ValueError(
            f"FORCE: '{output.name}' must come from the whole group of neurons, since P is that of"
            f" all of them; got '{output.source.name}'. Write a group of its own for what is read"
        )
    if not declared(readout, "is_sum", False):
        raise ValueError(
            f"FORCE: '{readout.name}' must be a Readout, whose output is the sum of its projection"
            f" and whose error is target - output; got {type(readout).__name__}. Write"
            " readout=Linear()"
        )


def mask_of_steps(readout):
    """Return the mask of a readout's task; raise if each output has its own."""
    mask_of = readout.namespace["mask_of"]
    if mask_of.width > 1:
        raise ValueError(
            f"FORCE: the mask of a step must be one for all outputs, which share P; got one for"
            f" each of {mask_of.width}. Write a mask of shape (n_steps,)"
        )
    return mask_of


def check_memory(n_neurons, networks):
    """Raise if P would not fit into the memory of this machine, or its synapses had no numbers."""
    count = n_neurons**2 // networks
    needed, there = BYTES * count, memory()
    if count > NUMBERED or needed > there:
        raise ValueError(
            f"FORCE: P must fit into memory; got {n_neurons // networks} neurons in each of"
            f" {networks} network(s), whose P needs {needed / 1e9:.3g} GB, here at most"
            f" {min(there, BYTES * NUMBERED) / 1e9:.3g} GB. Write fewer neurons"
        )


def memory():
    """Return the memory of this machine in bytes; without bound where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return float("inf")
