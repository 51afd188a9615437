"""A variable of the user's own that nothing reads changes nothing, whatever it is called: what a
group is, its class says, never the name of one of its variables.
"""

import ast
from pathlib import Path

import numpy as np
import pytest
from brian2 import NeuronGroup, defaultclock, ms, start_scope

import brian_rflo
from brian_rflo import (
    RFLO,
    Delta,
    FeedbackSynapses,
    LearningNetwork,
    LossMonitor,
    PlasticSynapses,
    Readout,
    Trials,
    schedule,
)
from brian_rflo.network import TrialNetwork
from brian_rflo.tasks import ArrayTask

TASK = ArrayTask(target=np.sin(np.arange(8) * 0.3), dt=1 * ms)
RATE = "dactivity/dt = (tanh(I_rec) - activity)/(10*ms) : 1\nI_rec : 1\n"
SPIKING = """dv/dt = (1.3 + I_rec - v)/(3*ms) : 1
dI_rec/dt = -I_rec/(5*ms) : 1
dactivity/dt = -activity/(20*ms) : 1
dpsp/dt = (activity - psp)/(10*ms) : 1
"""
#: What every rule and part of the package asks a group for, beside what is found in its source.
PORTS = (
    "error target loss low_passed sent bias activity gain feedback psp output drive winner reward"
    " deciding choice probability spike_count noise tau beta change plastic learning_rate updates"
)


def asked():
    """Names that the source of the package asks an object for: attributes that may be missing, and
    names that are looked up among variables.
    """
    found = set(PORTS.split())
    for path in Path(brian_rflo.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("getattr", "hasattr", "declared", "declares")
            ):
                names = [one.value for one in node.args[1:2] if isinstance(one, ast.Constant)]
            elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
                names = [node.left.value] if isinstance(node.left, ast.Constant) else []
            else:
                continue
            found |= {name for name in names if isinstance(name, str) and name.isidentifier()}
    return sorted(name for name in found if not name.startswith("_"))


def group(names, spiking):
    """A group of one's own with unused variables of some names."""
    how = (
        dict(threshold="v > 1", reset="v = 0; activity += 1", method="exponential_euler")
        if spiking
        else dict(method="euler")
    )
    unused = "".join(f"{name} : 1\n" for name in names)
    neurons = NeuronGroup(
        3, (SPIKING if spiking else RATE) + f"{unused}gain : 1\nfeedback : 1", name="mine", **how
    )
    code = "gain = clip(1 - abs(v - 1), 0, 1)" if spiking else "gain = 1 - tanh(I_rec)**2"
    neurons.run_regularly(code, **(schedule.SLOPE if spiking else schedule.GAIN))
    for name in names:
        setattr(neurons, name, 0.7)
    return neurons


def start(spiking):
    return "v = 0.2*i; I_rec = 0; psp = 0; activity = 0" if spiking else "activity = 0.1"


def by_parts(names, spiking):
    neurons, readout = group(names, spiking), Readout(TASK)
    rec = PlasticSynapses(neurons, neurons, RFLO(0.5, tau=10 * ms), onto="I_rec")
    out = PlasticSynapses(neurons, readout, Delta(0.5), onto="output")
    back = FeedbackSynapses(readout, neurons)
    for part, w in ((rec, "0.4*(i - j)"), (out, 0.3), (back, "1 + 0.1*j")):
        part.connect()
        part.w = w
    trials = Trials(TASK, readout, rec, out)
    trials.at_start(neurons, start(spiking))
    net = TrialNetwork(neurons, readout, rec, out, back, trials, LossMonitor(trials))
    result = net.train(3)
    return rec.matrix(), out.matrix(), result.losses


def assembled(names, spiking):
    neurons = group(names, spiking)
    net = LearningNetwork(
        TASK, neurons, RFLO(0.5, tau=10 * ms), Readout and brian_rflo.readouts.Linear()
    )
    net.trials.at_start(neurons, start(spiking))
    result = net.train(3)
    return *(result.weights_after[name] for name in ("recurrent", "output")), result.losses


def trained(make, names, spiking):
    start_scope()
    defaultclock.dt = 1 * ms
    return make(names, spiking)


#: Names that a group has already; and one that a group of Brian2 cannot have (`run_regularly`).
TAKEN = {"activity", "gain", "feedback", "psp", "I_rec", "v", "source"}
#: Names that are refused, with whose variable to rename.
REFUSED = {"learning_rate", "plastic", "tau", "w"}


def free(spiking):
    """Names that a variable of a group may have."""
    names = []
    for name in asked():
        if name in TAKEN:
            continue
        try:
            made = NeuronGroup(1, f"{name} : 1")
        except Exception:
            continue
        if not hasattr(NeuronGroup, name) and name not in vars(made):
            names.append(name)
    return names


@pytest.mark.parametrize("make", [by_parts, assembled])
@pytest.mark.parametrize("spiking", [False, True], ids=["rates", "spikes"])
def test_unused_variables_change_nothing(make, spiking):
    names = [name for name in free(spiking) if name not in {*REFUSED, "excitatory"}]
    assert len(names) > 100 and {"error", "sent", "bias", "task", "steps", "trial_start"} < set(
        names
    )
    right, found = trained(make, [], spiking), trained(make, names, spiking)
    for one, other in zip(right, found):
        assert np.array_equal(one, other) and np.any(one)


def test_variables_that_are_refused():
    for name in REFUSED:
        with pytest.raises(ValueError, match=f"'mine' has a variable '{name}'.*; rename that of"):
            trained(by_parts, [name], False)
    with pytest.raises(ValueError, match="'mine' has a variable 'excitatory'.* or rename it"):
        trained(assembled, ["excitatory"], False)
