"""Optimizers: how an accumulated change, or that of a step, becomes a change of the weights; strings, like rules.

With g the change divided by the steps of a trial, learning_rate(k) = learning_rate/(1 + k/decay) in update k = 0, 1, ...:

    Descent    w <- w + learning_rate(k) g
    Adam       m <- b1 m + (1 - b1) g,   s <- b2 s + (1 - b2) g^2
               w <- w + learning_rate(k) sqrt(1 - b2^(k+1))/(1 - b1^(k+1)) m/(sqrt(s) + epsilon)

Adam is in the form that TensorFlow uses, where epsilon is what Kingma and Ba 2015 (arXiv 1412.6980, section 2) call epsilon hat: their
algorithm 1 has epsilon sqrt(1 - b2^(k+1)) in its place.
"""

from dataclasses import dataclass

from .quantities import is_number


@dataclass(frozen=True)
class Descent:
    """Plain gradient descent.

    Parameters
    ----------
    decay : float, optional
        Number of updates in which the learning rate falls to a half, as ``1/(1 + updates/decay)``; it stays as it is by default.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> Descent(decay=100).decay
    100
    """

    decay: float | None = None

    def __post_init__(self):
        name = type(self).__name__
        if self.decay is not None and not (is_number(self.decay) and self.decay > 0):
            raise ValueError(f"{name}: decay must be a positive number of updates, or None; got {self.decay!r}")
        if self.decay is not None and self.decay < 1:
            raise ValueError(f"{name}: decay = {self.decay!r} would halve the learning rate in less than one update; give a number of updates of at least 1. The learning rate itself is the rule's, for example RFLO(learning_rate={self.decay!r}, tau=10*ms)")

    @property
    def equations(self):
        """Variables of the synapses."""
        return "updates : 1 (shared)" if self.decay else ""

    @property
    def rate(self):
        """Expression of the learning rate of an update that is counted already; 0 where the projection is frozen."""
        return "int(plastic)*learning_rate" + (f"/(1 + (updates - int(plastic))/{float(self.decay)!r})" if self.decay else "")

    def statements(self, change):
        """Statements that change the weights by the expression `change`, which is not yet divided by the steps of a trial."""
        counted = "updates += int(plastic)\n" if self.decay else ""
        return f"{counted}_rate = {self.rate}/averaged_over\nw = choose(_rate*_sound > 0, w + _rate*{change}, w)"

    #: Statements where a network is not sound: what the optimizer remembers of it is forgotten.
    forget = ""


@dataclass(frozen=True)
class Adam(Descent):
    """Adam, with moments that are synaptic variables (Kingma and Ba 2015, in TensorFlow's form).

    Parameters
    ----------
    decay : float, optional
        As for `Descent`.
    beta_1, beta_2 : float
        Decay of the moments m and s, the synaptic variables `first_moment` and `second_moment`, in each update.
    epsilon : float
        Added to the root of the second moment (epsilon hat).

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> Adam(decay=100).beta_2
    0.999
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self):
        super().__post_init__()
        for name, value in (("beta_1", self.beta_1), ("beta_2", self.beta_2)):
            if not is_number(value) or not 0 <= value < 1:
                raise ValueError(f"Adam: {name} must be at least 0 and less than 1; got {value!r}")
        if not is_number(self.epsilon) or self.epsilon <= 0:
            raise ValueError(f"Adam: epsilon must be positive and finite; got {self.epsilon!r}")

    @property
    def equations(self):
        """Variables of the synapses."""
        return "first_moment : 1\nsecond_moment : 1\nupdates : 1 (shared)"

    def statements(self, change):
        """Statements that change moments and weights by the expression `change`, which is not yet divided by the steps of a trial."""
        one, two = float(self.beta_1), float(self.beta_2)
        return f"""updates += int(plastic)
            _rate = {self.rate}
            _corrected = _rate*sqrt(1 - {two!r}**updates)/(1 - {one!r}**updates + int(updates == 0))
            _gradient = {change}/averaged_over
            first_moment = choose(_rate*_sound > 0, {one!r}*first_moment + {1 - one!r}*_gradient, first_moment)
            second_moment = choose(_rate*_sound > 0, {two!r}*second_moment + {1 - two!r}*_gradient**2, second_moment)
            w = choose(_rate*_sound > 0, w + _corrected*first_moment/(sqrt(second_moment) + {float(self.epsilon)!r}), w)"""

    forget = "first_moment = choose(_sound > 0, first_moment, 0)\nsecond_moment = choose(_sound > 0, second_moment, 0)"
