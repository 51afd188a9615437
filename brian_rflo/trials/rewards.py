"""A monitor of the rewards of trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..brian.quantities import check_count
from ..results.training import MINUS_REWARDS
from .losses import LossMonitor
from .trials import Trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray


class RewardMonitor(LossMonitor):
    """Record the reward of each trial: ``monitor.reward[network]``, one value per trial, and
    ``monitor.t``.

    Parameters
    ----------
    trials : Trials
        The trials of a network whose readout pays rewards, `ActorCritic` or `Rewarding`.
    **statemonitor_args
        Arguments of `brian2.StateMonitor` that leave the time as it is, for example ``name``.

    Attributes
    ----------
    loss : ndarray, shape (networks, trials)
        Minus the rewards. With trials side by side, a row for each copy of a network.

    Raises
    ------
    TypeError, ValueError
        If `trials` is not a Trials, or its losses are not rewards.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.credit import RewardBaseline
    >>> from brian_rflo.readouts import Rewarding
    >>> from brian_rflo.rules import Reinforce
    >>> from brian_rflo.trials import RewardMonitor
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> readout = Rewarding("int(abs(error) < 0.5)/20")
    >>> net = LearningNetwork(
    ...     task,
    ...     RateNeurons(10, tau=10*ms),
    ...     Reinforce(0.1, sigma=0.3),
    ...     readout,
    ...     credit=RewardBaseline(0.2),
    ... )
    >>> rewards = RewardMonitor(net.trials)
    >>> net.add(rewards)
    >>> result = net.train(6)
    >>> rewards.reward.shape, np.array_equal(rewards.reward, result.rewards)
    ((1, 6), True)
    """

    def __init__(self, trials: Trials, **statemonitor_args: Any):
        super().__init__(trials, **statemonitor_args)
        if {readout.loss_is for readout in trials.readouts} != {MINUS_REWARDS}:
            raise ValueError(
                f"RewardMonitor: the losses of '{trials.name}' are not rewards; they are with"
                " readout=ActorCritic(), or Rewarding('-error**2')"
            )

    @property
    def reward(self) -> NDArray:
        """Sum of the rewards of each trial; shape (networks, trials)."""
        return -np.asarray(self.loss)

    def share(self, last: int | None = None) -> NDArray:
        """Return the share of rewarded trials, those with a reward above 0: of right answers, where
        only these are rewarded.

        Parameters
        ----------
        last : int, optional
            Number of trials from the end, of each copy; by default all.

        Returns
        -------
        ndarray, shape (networks,)
            With trials side by side, a number for each copy of a network.

        Raises
        ------
        ValueError
            If there are not so many trials.
        """
        rewarded = self.reward > 0
        if last is not None:
            check_count("RewardMonitor: last", last)
        if not 0 < (last or 1) <= rewarded.shape[1]:
            raise ValueError(
                f"RewardMonitor: {rewarded.shape[1]} trials have been recorded; got last={last!r}"
            )
        return rewarded[:, -(last or 0) :].mean(axis=1)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of rewarded trials of each network, mean over a fortieth of all trials,
        and return the axes.
        """
        from ..plotting import plot_share

        axes = plot_share((self.reward > 0).astype(float), ax=ax)
        axes.set_ylabel("Share of rewarded trials")
        return axes
