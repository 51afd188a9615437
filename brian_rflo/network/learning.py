"""Projections that learn in the standard network, when, and at which rate."""

import numpy as np

from ..brian.declared import declares
from ..brian.quantities import numbers
from ..updates import PerStep
from ..updates.arguments import BIASES, PLASTIC, check_instance, check_trained
from ..updates.learning import paired
from .weights import ROLES, shapes_of


class Learning:
    """Settings of each plastic projection by the arguments `learn` and `trained` of a network.

    Parameters
    ----------
    learn : PerStep, or dict of it
        A learning schedule, or one by projection; those of inputs are by default as those of
        recurrent weights.
    trained : sequence of str, or dict
        Names of projections, or True or factors of the learning rate by name.
    rule, readout_rule : LearningRule
        The rules of recurrent and of readout weights.

    Attributes
    ----------
    names : tuple of str
        Projections that learn.
    schedules : dict of PerStep
        Learning schedules by projection.
    factors : dict of array
        Factors of the learning rate by projection, of those that have any.
    copies, seen : int
        Number of copies of each network, and of different trials that they run side by side.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown, or a schedule is not one.
    """

    def __init__(self, learn, trained, rule, readout_rule):
        given = trained if isinstance(trained, dict) else {}
        check_trained(list(trained) if isinstance(trained, dict) else trained)
        self.names = tuple(name for name in trained if given.get(name, True) is not False)
        self.factors = {name: given[name] for name in given if not isinstance(given[name], bool)}
        pairing = readout_rule if readout_rule.pairs else rule
        given = by_projection(learn)
        self.schedules = {name: paired(one, pairing) for name, one in given.items()}
        for name, one in (("recurrent", rule), ("output", readout_rule)):
            check_paired(self.schedules[name], given[name], one)
        self.copies = self.schedules["output"].copies
        if any(one.copies != self.copies for one in self.schedules.values()):
            raise ValueError(f"learn must have the same copies for all projections; got {learn!r}")
        self.seen = 1 if pairing.pairs else self.copies

    def arguments_of(self, name):
        """Return the arguments of a projection; factors are set when it is connected."""
        return dict(learn=self.schedules[name], plasticity=1.0 if name in self.factors else None)

    def set_factors(self, net):
        """Set the factors of the learning rates of all projections: of each network, in each of its
        copies, and of feedback weights that follow those of the readout.
        """
        parts = {name: getattr(net, ROLES[name]) for name in (*PLASTIC, *BIASES)}
        for name, values in self.factors.items():
            if parts[name] is None:
                raise ValueError(f"trained: this network has no '{name}' weights to learn")
            matrices = whole(name, values, (net.networks, *shapes_of(net)[name]))
            if name == "input" and net.copies == 1:  # one group of inputs for all networks
                matrices = matrices.reshape(1, -1, matrices.shape[-1])
            matrices = np.repeat(matrices, net.copies, axis=0)
            parts[name].set_plasticity(matrices)
            if name == "output" and getattr(net.feedback, "switched_with", None) is net.output:
                net.feedback.set_plasticity(matrices.swapaxes(-1, -2))


def check_paired(paired, given, rule):
    """Raise if a rule that learns in each step would learn once per trial because another compares
    pairs of trials, whose weights are the same over a trial.
    """
    if paired.accumulates and not given.accumulates and "step" in rule.updates:
        raise ValueError(
            f"{rule.title} learns in each step, but the other rule compares pairs of trials, which"
            f" have the same weights; write learn=PerTrial(...) without copies. Got {given!r}"
        )


def by_projection(learn):
    """Return the learning schedules by the name of the projection."""
    known = (*PLASTIC, *BIASES)
    given = learn if isinstance(learn, dict) else dict.fromkeys(known, learn)
    if not set(given) <= set(known):
        raise ValueError(
            f"learn must be a learning schedule, or have some of {known}, for example"
            f" learn={{'output': PerTrial(Adam())}}; got {learn!r}"
        )
    for one in given.values():
        if declares(one, "teaching"):
            raise TypeError(
                f"learn must be a learning schedule of the network's own rules; got {one}. Write"
                f" net.train(trials, learn={one}), for a training by the gradient."
            )
        check_instance("learn", one, PerStep, "PerTrial(Adam())")
    recurrent, output = (given.get(name, PerStep()) for name in ("recurrent", "output"))
    return {
        "recurrent": recurrent,
        "input": recurrent,
        "output": output,
        "bias": recurrent,
        "output_bias": output,
    } | given


def trained_by_default(trained, chosen, learn):
    """Return which weights learn: by default all that the network has. Raise if `trained` or
    `learn` names biases that it has not.
    """
    for argument, given in (("trained", trained), ("learn", learn)):
        named = given if isinstance(given, (list, tuple, set, dict)) else ()
        for name in BIASES:
            if name in named and name not in chosen:
                raise ValueError(
                    f"{argument} has '{name}', and this network has no such weights; write"
                    f" connectivity={{'{name}': AllToAll()}}"
                )
    return (*PLASTIC, *(name for name in BIASES if name in chosen)) if trained is None else trained


def whole(name, values, shape):
    """Return factors of a projection as ``[network, post, pre]``; raise if the shape is another."""
    values = numbers(f"trained['{name}']", values, "give factors [post, pre], or True")
    try:
        if values.ndim == 1:
            raise ValueError
        return np.broadcast_to(values, shape)
    except ValueError:
        raise ValueError(
            f"trained['{name}'] must have shape {shape[1:]}, [post, pre], or {shape}, [network,"
            f" post, pre], with 1 in place of a size for all neurons; got {values.shape}"
        ) from None


def regularized(rule, regularization):
    """Return a rule with regularisations around it, the first one innermost."""
    is_several = isinstance(regularization, (tuple, list))
    for one in regularization if is_several else [regularization]:
        if isinstance(one, type) or not hasattr(one, "around"):
            raise TypeError(
                "regularization must be FiringRate(target=10*Hz, strength=300), L1(1e-4), L2(1e-4)"
                f" or a tuple of them; got {one!r}"
            )
        rule = one.around(rule)
    return rule
