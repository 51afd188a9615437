"""Reward-modulated exploration: random kicks of the neurons, and what they do to the loss.

Miconi 2017, eLife 6:e20899, equations 1 to 4, in the names of the code, with the state u of the
postsynaptic neuron and the activity that was sent to it in this step:

    noise_i(t) = amplitude U(-1, 1)                  with probability `probability`, else 0
    fluctuation_i(t) = u_i(t) - mean_i(t-1)          after this step's integration
    mean_i(t) = smoothing mean_i(t-1) + (1 - smoothing) u_i(t)        carried over trials
    dw_ij = learning_rate modulator sum_t (fluctuation_i(t) activity_j(t))^3

Fluctuations do not count in the first `quiet` steps of a trial, and there are no kicks in the first
``quiet + 1``: the state still moves away from that of the last trial. The modulator is, for
example, the expected less the actual loss (`RunningBaseline`), once per trial. In the paper it is
multiplied by the expected loss, and changes of a weight are at most 3e-4 (`ClippedSGD`).
"""

from __future__ import annotations

from dataclasses import dataclass

from brian2 import Group

from ..brian.quantities import is_number
from ..schedule import DRIVEN, SLOPE, SPIKING_TRACE
from ..steps import Step
from .base import LearningRule

__all__ = ["Exploration"]


@dataclass(frozen=True)
class Exploration(LearningRule):
    """Reward-modulated exploration of rate neurons (Miconi 2017).

    It needs a modulator, no error, slope or feedback. All projections onto a group share its kicks,
    which come as long as one of them is not frozen; with ``learning_rate = 0`` there are kicks
    without learning.

    Parameters
    ----------
    learning_rate : float
        The paper's eta, 0.1; it is not divided by the steps of the trial.
    amplitude : float
        Largest size of a kick; 16 in the paper, at ``dt/tau = 1/30``.
    probability : float
        Probability of a kick, per neuron and step.
    smoothing : float
        Fraction of the running mean that a step keeps; at least 0 and less than 1.
    quiet : int
        Number of first steps of a trial in which fluctuations do not count; the first kick is
        possible one step later.
    state : str
        Name of the variable of the neurons whose fluctuations count, their potential.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range, or the neurons lack the variable `state`.

    Examples
    --------
    >>> Exploration(0.1).update
    'modulator_network*summed'
    """

    amplitude: float = 16.0
    probability: float = 0.003
    smoothing: float = 0.05
    quiet: int = 3
    state: str = "u"

    citation = (
        "Miconi, T. (2017). Biologically plausible learning in recurrent neural networks reproduces"
        " neural dynamics observed during cognitive tasks. eLife 6:e20899"
    )
    explores = """_hit = int(rand() < probability)*int(age > quiet)
                  amplitude*(2*rand() - 1)*_hit"""
    pre_traces = "sent : 1"
    post_traces = "mean : 1\nfluctuation : 1\nage : 1"
    post_reset = "age = 0"
    traces = "product : 1"
    advance = "product = fluctuation_post**3*sent_pre**3"
    reset = "product = 0"
    phase = SPIKING_TRACE
    summed = "product"
    averages_sum = False
    update = "modulator_network*summed"

    def __post_init__(self):
        super().__post_init__()
        ranges = {
            "amplitude": (self.amplitude, 0, float("inf")),
            "probability": (self.probability, 0, 1),
            "smoothing": (self.smoothing, 0, 1),
            "quiet": (self.quiet, 0, float("inf")),
        }
        for name, (value, least, largest) in ranges.items():
            if not is_number(value) or not least <= value <= largest:
                wanted = f"at least 0{'' if largest > 1 else ' and at most 1'}"
                raise ValueError(f"Exploration: {name} must be a number, {wanted}; got {value!r}")
        if self.smoothing == 1:
            raise ValueError(
                "Exploration: smoothing must be less than 1, or the mean never follows the state;"
                f" got {self.smoothing!r}"
            )
        if self.quiet != int(self.quiet):
            raise ValueError(
                f"Exploration: quiet must be a whole number of steps; got {self.quiet!r}"
            )
        if not isinstance(self.state, str):
            raise TypeError(
                "Exploration: state must be the name of a variable of the neurons, for example"
                f" 'u'; got {self.state!r}"
            )

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps that keep what is sent, and the fluctuations of the state after its integration."""
        cells = f"""age += 1
fluctuation = ({self.state} - mean)*int(age > quiet)
mean = smoothing*mean + (1 - smoothing)*{self.state}"""
        return (
            *super().steps,
            Step("sent = arriving", DRIVEN, "pre"),
            Step(cells, SLOPE, "post"),
        )

    def bind(self, target: Group, onto: str, learn: object = None) -> LearningRule:
        """Return this rule; raise if the target lacks the variable whose fluctuations count."""
        if self.state not in target.variables:
            raise ValueError(
                f"Exploration: '{target.name}' has no variable '{self.state}', whose fluctuations"
                " count; write state= with the name of its potential, for example state='activity'"
            )
        return self
