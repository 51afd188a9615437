"""Checks of the arguments of the baselines."""

import numpy as np
from brian2 import Hz, get_dimensions

from ..brian.quantities import is_number
from ..tasks import Task
from ..updates.arguments import BIASES, PLASTIC, check_instance
from ..updates.firing_rate import FiringRate
from ..updates.sgd import SGD
from .baseline_rules import RULES, RULES_BACKWARD, Backward
from .forward import ForwardRule
from .losses import LOSSES


def check_training(task, rule, learning_rate, optimizer, regularization, constraint, report):
    """Raise unless the arguments of a training have the right types and values."""
    check_instance("reference.train: task", task, Task, "PeriodicOutput(period=200*ms)")
    if not isinstance(rule, (str, ForwardRule)):
        raise TypeError(
            f"reference.train: rule must be the name of a baseline rule, one of {', '.join(RULES)};"
            f" got {rule!r}"
        )
    rates = (
        learning_rate if isinstance(learning_rate, dict) else dict.fromkeys(PLASTIC, learning_rate)
    )
    if set(rates) - set(BIASES) != set(PLASTIC):
        raise ValueError(
            "reference.train: learning_rate must be one number, or a dictionary with one for each"
            f" of {', '.join(PLASTIC)} (0 for what does not learn); got {learning_rate!r}"
        )
    for rate in rates.values():
        if not is_number(rate) or rate < 0:
            raise ValueError(
                "reference.train: learning_rate must be finite and not negative, a number without"
                f" units; got {rate!r}"
            )
    check_optimizer(optimizer)
    if regularization is not None:
        check_instance(
            "regularization", regularization, FiringRate, "FiringRate(target=0.1, strength=300)"
        )
    for name, value in (("constraint", constraint), ("report", report)):
        if value is not None and not callable(value):
            raise TypeError(f"reference.train: {name} must be a function; got {value!r}")


def check_no_stream(task):
    """Raise if trials of a task are the windows of a stream, since baselines begin each anew."""
    if task.continuous:
        raise ValueError(
            f"the baselines begin each trial at rest, but {type(task).__name__} is a stream"
            " (continuous = True); give them the stream as one long trial"
        )


def check_stream(task, rule, update):
    """Raise if a task is a stream that a rule cannot follow."""
    if task.continuous and not (isinstance(rule, ForwardRule) and update == "step"):
        forward = [name for name, value in RULES.items() if isinstance(value, ForwardRule)]
        raise ValueError(
            f"reference.train: {type(task).__name__} is a stream (continuous = True), which rules"
            f" that run forward in time follow: {', '.join(forward)}, with update='step'. Write"
            " these, or give the stream as one long trial"
        )


def check_loss(loss, neurons):
    """Raise unless a loss is known, and that of spiking neurons if there are some."""
    if loss not in LOSSES:
        raise ValueError(f"reference.train: loss must be one of {', '.join(LOSSES)}; got {loss!r}")
    if neurons is not None and loss != "squares":
        raise ValueError(
            f"reference.train: loss={loss!r} is for rate neurons; spiking ones have 'squares' here."
            " Write neurons=None, or use brian_rflo.reference.eprop"
        )


def check_each_step(each_step, rule):
    """Raise unless something can be called with the steps of a rule."""
    if each_step is None:
        return
    if not callable(each_step):
        raise TypeError(f"reference.train: each_step must be a function; got {each_step!r}")
    if not isinstance(rule, ForwardRule):
        raise ValueError(
            "reference.train: each_step is called with the steps of a rule that runs forward in"
            " time; this one goes backwards through the trial. Write each_step=None"
        )


def check_no_output_bias(weights):
    """Raise if weights have a bias of the outputs, which least squares do not fit."""
    if isinstance(weights, dict) and "output_bias" in weights:
        raise ValueError(
            "reference.fit_readout fits weights without a bias; got weights['output_bias']. Leave"
            " it out"
        )


def check_optimizer(optimizer):
    """Raise unless an optimizer says its formula in NumPy too."""
    check_instance("optimizer", optimizer, SGD, "Adam()")
    of_formula, of_numpy = (
        next(kind for kind in type(optimizer).__mro__ if name in vars(kind))
        for name in ("code", "change")
    )
    if not issubclass(of_numpy, of_formula):
        raise ValueError(
            f"{of_formula.__name__} has a formula of its own, but not in NumPy; give it a method"
            " change, see SGD"
        )


def check_regularization(regularization, rule, neurons):
    """Raise unless a rule can regularise firing rates, with a target of the kind that the neurons
    have.
    """
    if isinstance(rule, ForwardRule):
        raise ValueError(
            "regularization of rates needs a rule that goes backwards through the trial, with"
            f" update='trial': {', '.join(RULES_BACKWARD)}"
        )
    if (get_dimensions(regularization.target) is Hz.dim) != (neurons is not None):
        raise TypeError(
            "FiringRate: the target must be a rate, for example 10*Hz, for spiking neurons, and a"
            f" number (the mean activity) for rate neurons; got {regularization.target!r}"
        )


def check_spiking(neurons):
    """Raise unless spiking neurons are a `LIF` of the baselines, not a group of Brian2."""
    if neurons is not None and not hasattr(neurons, "trial"):
        raise TypeError(
            "neurons must be the parameters of spiking neurons; got"
            f" {getattr(neurons, 'name', neurons)!r}. Write neurons=LIF.of(group,"
            " networks), with brian_rflo.reference.spiking.LIF"
        )


def chosen_rule(name, update, neurons):
    """Return the rule of that name, or the rule itself, for rate neurons or for spiking `neurons`;
    raise if it does not exist.
    """
    if isinstance(name, str) and name not in RULES:
        raise ValueError(f"unknown baseline rule {name!r}; choose one of {', '.join(RULES)}")
    rule = name if isinstance(name, ForwardRule) else RULES[name]
    rule = rule if neurons is None else RULES_BACKWARD.get(name, rule)
    if neurons is not None and isinstance(rule, ForwardRule):
        raise ValueError(
            f"spiking neurons are trained by {', '.join(RULES_BACKWARD)}; the others run forwards"
            " through a trial of rate neurons"
        )
    if update == "step" and isinstance(rule, Backward):
        raise ValueError(
            f"'{name}' goes backwards through the trial, and cannot change weights at each step;"
            " write update='trial'"
        )
    return rule


def checked_weights(weights, neurons=None):
    """Return checked copies of the weights, with an empty input projection if there is none."""
    if not isinstance(weights, dict):
        raise TypeError(
            "weights must be a dictionary of arrays by name, as LearningNetwork.weights() gives"
            f" it; got {type(weights).__name__}"
        )
    if "current" in weights:
        raise ValueError(
            "the baselines do not know weights['current']: a network whose output drives it has no"
            " baseline here"
        )
    missing = {"recurrent", "output", "feedback"} - set(weights)
    if missing:
        raise ValueError(
            f"weights lack {', '.join(sorted(missing))}; give 'recurrent', 'output', 'feedback'"
            " and, for a task with inputs, 'input', each [network, post, pre]"
        )
    biases = () if neurons is not None else BIASES
    names = ("recurrent", "output", "feedback", "input", *biases)
    strange = [name for name in weights if name not in names]
    if strange:
        raise ValueError(f"weights has no {strange[0]!r}; the names are {', '.join(names)}")
    weights = copies(weights)
    flat = [name for name, values in weights.items() if values.ndim != 3]
    if flat:
        raise ValueError(
            f"weights['{flat[0]}'] must have three dimensions, [network, post, pre]; got shape"
            f" {weights[flat[0]].shape}: write weights['{flat[0]}'][None] for one network"
        )
    networks, n_units = weights["recurrent"].shape[:2]
    weights.setdefault("input", np.zeros((networks, n_units, 0)))
    n_outputs = weights["output"].shape[1]
    shapes = {
        "recurrent": (n_units, n_units),
        "output": (n_outputs, n_units),
        "feedback": (n_units, n_outputs),
        "input": (n_units, weights["input"].shape[-1]),
        "bias": (n_units, 1),
        "output_bias": (n_outputs, 1),
    }
    shapes = {name: shape for name, shape in shapes.items() if name in weights}
    for name, shape in shapes.items():
        if weights[name].shape != (networks, *shape) or not np.isfinite(weights[name]).all():
            raise ValueError(
                f"weights['{name}'] must be finite and have shape {(networks, *shape)}; got"
                f" {weights[name].shape}{count_nonfinite(weights[name])}"
            )
    return weights


def count_nonfinite(values):
    """Return the number of values that are not finite, as text; empty if there are none."""
    bad = np.count_nonzero(~np.isfinite(values))
    return f" with {bad} values that are not finite" if bad else ""


def copies(weights):
    """Return a copy of each array."""
    return {name: np.array(values, dtype=float) for name, values in weights.items()}
