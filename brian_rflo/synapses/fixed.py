"""Projections with fixed weights: general ones, and random feedback of the error."""

from typing import Any

from brian2 import Group, Quantity

from .. import schedule
from ..dense import DenseParts
from ..neurons.base import check_group, check_port, receives_spikes
from .checks import check_sent
from .delays import delayed
from .ends import check_spikes, on_pre_of, own_on_pre, phase_of_sum
from .projection import Projection
from .sums import variable_for_sum


class FixedSynapses(Projection):
    """A projection with fixed weights, which sums a variable of the source, ``onto_post = sum of
    w*sends_pre``, or transmits spikes.

    If `onto` has a differential equation, like a synaptic current, each spike of the source adds
    ``w`` to it.

    Parameters
    ----------
    source, target : group
        Groups with the two variables.
    sends : str
        Variable of the source, for example the ``output`` of a `Readout` to feed it back into the
        network. Ignored for spikes.
    onto : str
        Variable of the target that receives the sum or the spikes. It must be dimensionless.
        Several projections may sum into a variable of the groups of this package.
    delay : Quantity, optional
        Of spikes, as for `brian2.Synapses`. Of a sum, a whole number of time steps, after which the
        target receives what the source sends, and 0 before in each trial.
    name : str
        Name of the projection.
    **synapses_args
        Arguments of `brian2.Synapses` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``multisynaptic_index``, ``codeobj_class``.

    Attributes
    ----------
    w : synaptic variable
        The weights, 0 until they are set; ``[post, pre]`` through `set_matrix` and `matrix`.

    Raises
    ------
    ValueError
        If a group lacks its variable, or the source must emit spikes and does not.
    """

    def __init__(
        self,
        source: Group,
        target: Group,
        sends: str = "activity",
        onto: str = "I_in",
        delay: Quantity | None = None,
        name: str = "fixedsynapses*",
        **synapses_args: Any,
    ):
        self._connected, self.dense, self.sends, self.onto = 0, None, sends, onto
        self.sums_into, self.end = onto, target
        check_group(f"{type(self).__name__}: source", source)
        check_group(f"{type(self).__name__}: target", target)
        self.sends_spikes = receives_spikes(target, onto)
        if not (self.sends_spikes and own_on_pre(target, onto)):
            check_port(target, onto, f"onto='{onto}'")
        if self.sends_spikes:
            check_spikes(source, target, onto)
            synapses_args |= {} if delay is None else {"delay": delay}
            super().__init__(
                source, target, "w : 1", on_pre=on_pre_of(target, onto), name=name, **synapses_args
            )
            return
        check_sent(source, target, sends, onto, type(self).__name__)
        described = f"the projection from '{source.name}' to '{target.name}'"
        source = delayed(source, delay, sends, self.phase, described, name)
        self.sums_into = variable_for_sum(target, onto, described)
        super().__init__(
            source,
            target,
            f"w : 1\n{self.sums_into}_post = w*{sends}_pre : 1 (summed)",
            name=name,
            **synapses_args,
        )
        self._place_first(self.phase)
        self.dense = DenseParts(self, self.sum_updater)

    @property
    def phase(self) -> schedule.Phase:
        """Phase of its sum."""
        return phase_of_sum(self.end)


class FeedbackSynapses(FixedSynapses):
    """Fixed random weights that project the readout's error onto neurons: ``feedback_post = sum of
    w*error_pre``.

    `connect` draws the weights from a standard normal distribution, as in Murray 2019; assign ``w``
    to change them.

    Parameters
    ----------
    source : group
        A `Readout`, or a group with the variable ``error``.
    target : group
        A group with the variable ``feedback``.
    onto : str
        The variable, if not ``feedback``, for example one of several that a group of your own adds
        up.
    name : str
        Name of the projection.
    **synapses_args
        Arguments of `brian2.Synapses` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``multisynaptic_index``, ``codeobj_class``.

    Raises
    ------
    ValueError
        If a group lacks its variable.
    """

    phase = schedule.FEEDBACK

    def __init__(
        self,
        source: Group,
        target: Group,
        onto: str = "feedback",
        name: str = "feedbacksynapses*",
        **synapses_args: Any,
    ):
        super().__init__(source, target, sends="error", onto=onto, name=name, **synapses_args)

    def connect(self, *args: Any, level: int = 0, **connect_args: Any) -> None:
        super().connect(*args, level=level + 1, **connect_args)
        self.w = "randn()"

    connect.__doc__ = Projection.connect.__doc__
