"""Whether the parts of a network fit together."""

import numpy as np

from ..neurons.base import check_group
from ..quantities import is_number
from ..readout import TASK_EXAMPLE
from ..rules import Delta, LeakyDelta, LearningRule
from ..tasks import Task
from ..updates import check_instance

#: How the error may reach the neurons.
CREDIT_PATHS = ("random", "symmetric", "adaptive")


def check_parts(task, neurons, rule, readout_rule, inputs):
    """Raise unless the parts of a network are what they must be, each rule where it belongs."""
    check_instance("LearningNetwork: task", task, Task, TASK_EXAMPLE)
    check_group("LearningNetwork: neurons", neurons)
    check_instance("rule", rule, LearningRule, "RFLO(learning_rate=0.03, tau=10*ms)")
    if inputs is not None:
        check_group("LearningNetwork: inputs", inputs)
    if "error" in rule.needs_post and "error" not in neurons.variables:
        raise ValueError(f"rule={type(rule).__name__} is for readout weights: it reads their error, and recurrent weights need a rule that reads feedback, for example RFLO(learning_rate={rule.learning_rate:g}, tau=10*ms); write readout_rule={type(rule).__name__}(...) for the readout")
    if readout_rule is None:
        return
    check_instance("readout_rule", readout_rule, LearningRule, "Delta(learning_rate=0.03)")
    if {"gain", "feedback"} & set(readout_rule.needs_post) or "error" in readout_rule.needs_pre:
        raise ValueError(f"readout_rule={type(readout_rule).__name__} is not for readout weights, which learn from the error itself; write for example readout_rule=Delta(learning_rate={readout_rule.learning_rate:g}), or LeakyDelta with tau_out")


def check_credit_path(feedback, trained, output_decay, readout_rule):
    """Raise unless the error can come back so."""
    if feedback not in CREDIT_PATHS:
        raise ValueError(f"feedback must be one of {CREDIT_PATHS}; got {feedback!r}")
    if feedback == "adaptive" and "output" not in trained:
        raise ValueError(f"feedback='adaptive' follows the changes of the readout weights, which must be trained; got trained={trained!r}")
    if feedback == "adaptive" and readout_rule is not None and type(readout_rule) not in (Delta, LeakyDelta):
        raise ValueError(f"feedback='adaptive' does to the feedback weights what Delta or LeakyDelta does to the readout weights, and knows no counterpart of {type(readout_rule).__name__}; build it with AdaptiveFeedback(net.readout, neurons, your_rule)")
    if not is_number(output_decay) or not 0 <= output_decay < 1:
        raise ValueError(f"output_decay must be at least 0 and less than 1; got {output_decay!r}")


def check_blocks(neurons, networks, parallel, update):
    """Raise unless the neurons fall into networks, and each of them into equal copies for trials side by side."""
    for word, number, divided in (("networks", networks, networks), ("parallel", parallel, networks * parallel)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1 or len(neurons) % divided:
            raise ValueError(f"{word} must be a whole number that divides the {len(neurons)} neurons of '{neurons.name}'{f' in {networks} network(s)' if word == 'parallel' else ''}; got {number!r}")
    if parallel > 1 and update != "trial":
        raise ValueError(f"parallel={parallel} trials side by side share their weights, which needs update='trial'; got update={update!r}")
    for name in getattr(neurons, "per_neuron", ()) if parallel > 1 else ():
        if name not in neurons.variables:
            continue
        try:
            values = np.asarray(neurons.variables[name].get_value()).reshape(networks, parallel, -1)
        except NotImplementedError:
            continue  # set from a string: C++ standalone does not know it before it runs
        if (values != values[:, :1]).any():
            raise ValueError(f"'{neurons.name}' has {parallel} copies of each network, for trials side by side, and '{name}' must be the same in all of them; write for example {name}=np.tile(values, {parallel})")
