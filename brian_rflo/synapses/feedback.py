"""Feedback that follows the readout: by weights that get its changes, or by its own weights."""

from __future__ import annotations

from typing import Any

from brian2 import Expression, Group, Synapses

from .. import schedule
from ..brian.borrowed import SummedVariableUpdater
from ..brian.construction import Constructed
from ..brian.declared import declares
from ..neurons.base import check_group, check_port, parent_group
from ..rules import LearningRule
from ..updates.arguments import check_instance
from .plastic import PlasticSynapses
from .plasticity import check_transposed, transposed
from .sums import Addition, variable_for_sum


class AdaptiveFeedbackSynapses(PlasticSynapses):
    """Feedback weights that get the transposed changes of the readout weights, so that both align
    (Bellec et al. 2020, adaptive e-prop).

    With weight decay of both, ``constraint="w = 0.9999*w"``, their initial values decay to 0.

    Parameters
    ----------
    source : group
        A `Readout`, or a group with the variable ``error``.
    target : group
        A group with the variables ``feedback`` and ``activity``.
    rule : LearningRule
        `FeedbackDelta`, or `LeakyFeedbackDelta` for a `LeakyReadout`, with the learning rate of the
        readout's rule.
    output : PlasticSynapses, optional
        The projection to the readout. If it is given, ``output.plastic = False`` freezes the
        feedback too.
    name : str
        Name of the projection.
    **plastic_args
        Any other argument of `PlasticSynapses`.

    Raises
    ------
    TypeError, ValueError
        As for `PlasticSynapses`.

    Notes
    -----
    Gradient clipping (see `PerTrial`) scales its changes too, but they do not contribute to the
    norm, since they are not part of the gradient.
    """

    traces_at, is_gradient = schedule.READOUT_TRACE, False

    def __init__(
        self,
        source: Group,
        target: Group,
        rule: LearningRule,
        output: PlasticSynapses | None = None,
        onto: str = "feedback",
        name: str = "adaptivefeedbacksynapses*",
        **plastic_args: Any,
    ):
        check_group("AdaptiveFeedbackSynapses: source", source)
        check_instance("rule", rule, LearningRule, "FeedbackDelta(learning_rate=0.03)")
        if "error" not in rule.reads("pre"):
            raise ValueError(
                f"AdaptiveFeedbackSynapses: {type(rule).__name__} must read error_pre, the error of"
                f" '{source.name}'; write FeedbackDelta(learning_rate={rule.learning_rate:g}), or"
                " a rule of your own that reads error_pre"
            )
        if output is not None:
            check_instance("output", output, PlasticSynapses, "net.output")
        if rule.mirrors_readout and declares(parent_group(source), "check_feedback"):
            parent_group(source).check_feedback(rule)
        self.switched_with = output
        if output is not None and "plasticity" in output.variables:
            plastic_args = {"plasticity": transposed(output.factors)} | plastic_args
        super().__init__(
            source,
            target,
            rule,
            onto=onto,
            sends="error",
            sum_at=schedule.FEEDBACK,
            name=name,
            **plastic_args,
        )

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Check that it learns where the readout weights do."""
        if self.switched_with is not None:
            check_transposed(self, self.switched_with)
        super().before_run(run_namespace)


class SymmetricFeedbackSum(Constructed, SummedVariableUpdater):
    """Feedback through the transposed readout weights: ``feedback_pre = sum of w*error_post``.

    It uses the current readout weights, with any connectivity.

    Parameters
    ----------
    output : PlasticSynapses
        The projection from neurons with the variable ``feedback`` to a `Readout`.

    Raises
    ------
    ValueError
        If a group lacks its variable.
    """

    def __init__(self, output: PlasticSynapses):
        if not isinstance(output, Synapses):
            raise TypeError(
                "SymmetricFeedbackSum needs the projection from the neurons to the readout, for"
                " example PlasticSynapses(neurons, readout, Delta(0.03), onto='output'); got"
                f" {getattr(output, 'name', output)!r}"
            )
        check_port(output.source, "feedback", "SymmetricFeedbackSum")
        check_port(output.target, "error", "SymmetricFeedbackSum")
        described = f"the feedback through '{output.name}'"
        self.sums_into = variable_for_sum(output.source, "feedback", described)
        if f"{self.sums_into}_pre" not in output.variables:
            output.variables.add_reference(
                f"{self.sums_into}_pre", output.source, self.sums_into, index="_presynaptic_idx"
            )
        super().__init__(
            Expression("w*error_post"),
            f"{self.sums_into}_pre",
            output,
            output.source,
            "N_pre",
            "_synaptic_pre",
        )
        schedule.move(self, schedule.FEEDBACK)
        if self.sums_into != "feedback":
            Addition(self, output.source, "feedback", self.sums_into, schedule.FEEDBACK)

    def __setattr__(self, name, value):
        self.check_assignment(name, value)
        super().__setattr__(name, value)

    def in_place_of(self, name: str, value: object) -> str:
        """Return advice on what to write instead of an assignment."""
        return (
            f"Write {self.group.name}.{name} = ... for the readout weights, which these are."
            if name in self.group.variables
            else super().in_place_of(name, value)
        )
