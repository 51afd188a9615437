"""After an error there is one error: no warnings of objects that were made in vain, no half of a
network that is collected.
"""

import gc
import subprocess
import sys

import numpy as np
import pytest
from brian2 import BrianObjectException, Network, NeuronGroup, collect, defaultclock, ms
from processes import warnings_in

from brian_rflo import (
    RFLO,
    ALIFNeurons,
    Delta,
    DerivedNeurons,
    DiscreteLIFNeurons,
    FeedbackSynapses,
    FixedSynapses,
    LearningNetwork,
    LIFNeurons,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
)
from brian_rflo.comparison import compare
from brian_rflo.comparison.kinds import Rates
from brian_rflo.network import AllToAll
from brian_rflo.readouts import SoftmaxReadout, TaskInput, WinnerTakeAll
from brian_rflo.synapses import AdaptiveFeedbackSynapses, SymmetricFeedbackSum
from brian_rflo.tasks import CursorMovements, PeriodicOutput

TAU, TASK = 10 * ms, PeriodicOutput(period=20 * ms)
RULE = RFLO(0.1, tau=TAU)
PORTS = "activity : 1\ngain : 1\nfeedback : 1\nI_rec : 1\nv : volt"


def neurons(**options):
    return RateNeurons(5, tau=TAU, **options)


def group():
    """A group of the user's, made on the spot."""
    return NeuronGroup(5, PORTS)


def network(*args, **options):
    return LearningNetwork(TASK, *(args or (neurons(), RULE)), **options)


def slow(build):
    defaultclock.dt = 0.5 * ms
    build()


def recurrent(rule=RULE, onto="I_rec", **options):
    made = neurons()
    return PlasticSynapses(made, made, rule, onto=onto, **options)


def changed_clock():
    net = network()
    defaultclock.dt = 0.5 * ms
    net.train(1)


def unconnected():
    """By hand, where the run finds what is missing."""
    made, readout = neurons(), Readout(TASK)
    output = PlasticSynapses(made, readout, Delta(0.1), onto="output")
    Network(made, readout, output, Trials(TASK, made, readout, output)).run(1 * ms)


def other_shape():
    net = network(initial={"recurrent": np.zeros((5, 5))})
    net.recurrent.set_matrix(np.zeros((4, 4)))


class Broken(Rates):
    def rule(self, made, tau):
        raise ValueError("no rule of mine")


ERRORS = {
    "weights": lambda: network(initial={"recurrent": np.zeros((4, 4))}),
    "a name of weights": lambda: network(initial={"rec": np.zeros((5, 5))}),
    "output current": lambda: network(connectivity={"current": AllToAll()}),
    "clipping": lambda: network(learn=0.1),
    "feedback": lambda: network(credit="none"),
    "a group of the user's": lambda: network(group(), RULE, constraint="w = clip(w, 0, w_max)"),
    "inputs": lambda: LearningNetwork(
        CursorMovements(), neurons(), RULE, connectivity={"input": NeuronGroup(3, "activity : 1")}
    ),
    "time step": lambda: slow(network),
    "a rule on a group without its port": lambda: network(
        NeuronGroup(5, "activity : 1\nI_rec : 1"), RULE
    ),
    "recurrent projection": lambda: recurrent(onto="I"),
    "constraint": lambda: recurrent(constraint="w = clip(w, 0, w_max)"),
    "argument of Brian2's": lambda: recurrent(codeobj_clas=None),
    "trials": lambda: Trials(TASK, group()),
    "readout": lambda: slow(lambda: Readout(TASK)),
    "classes": lambda: SoftmaxReadout(TASK, tau=TAU),
    "inputs of a task": lambda: slow(lambda: TaskInput(CursorMovements())),
    "rate neurons": lambda: neurons(excitatory=[1, 2]),
    "rate neurons, too fast": lambda: RateNeurons(5, tau=0.5 * ms),
    "spiking neurons": lambda: LIFNeurons(5, tau=TAU, tau_syn=0.5 * ms),
    "adaptive neurons": lambda: ALIFNeurons(5, TAU, TAU, 0.5 * ms, 0.1),
    "discrete neurons": lambda: DiscreteLIFNeurons(5, tau=TAU, refractory=0.3 * ms),
    "derived neurons": lambda: DerivedNeurons(
        5, "dx/dt = (foo(x) - x + I_rec)/(10*ms) : 1", activity="x", method="euler"
    ),
    "derived neurons, a name": lambda: DerivedNeurons(
        5,
        "dx/dt = (tanh(I_rec) - x)/(10*ms) : 1",
        activity="x",
        method="euler",
        threshold="x > 1",
        reset="x = 0",
        surrogate="u/mV",
    ),
    "units that choose": lambda: WinnerTakeAll(3, 20.5 * ms),
    "fixed weights": lambda: FixedSynapses(neurons(), group(), onto="v"),
    "feedback weights": lambda: FeedbackSynapses(neurons(), group()),
    "symmetric feedback": lambda: SymmetricFeedbackSum(recurrent()),
    "adaptive feedback": lambda: AdaptiveFeedbackSynapses(Readout(TASK), group(), RULE),
    "a matrix": other_shape,
    "a run": changed_clock,
    "a run by hand": unconnected,
    "training of no trials": lambda: network().train(0),
    "a refused assignment": lambda: setattr(network(), "task", TASK),
    "comparison": lambda: compare(
        PeriodicOutput(period=20 * ms),
        neurons=(Broken("mine", gain=1.5),),
        rules=("rflo",),
        n=4,
        networks=1,
        trials=1,
        tau=TAU,
        device="numpy",
    ),
}


@pytest.mark.parametrize("act", ERRORS.values(), ids=ERRORS)
def test_an_error_stands_alone(act, caplog):
    """The log is seen behind Brian2's filter, which the tests use to suppress the warning."""
    gc.collect()
    caplog.clear()
    with pytest.raises((TypeError, ValueError, AttributeError, BrianObjectException)):
        act()
    gc.collect()
    assert not caplog.text


def test_what_is_forgotten_is_still_warned_of(caplog):
    """Brian2's warning itself, of an object that was made and left out."""
    Readout(TASK, name="left_out")
    gc.collect()
    assert "The object 'left_out' is getting deleted" in caplog.text


def test_a_network_that_never_ran_is_no_reason_to_warn(caplog):
    gc.collect()
    caplog.clear()
    network()
    gc.collect()
    assert not caplog.text


def test_what_was_refused_is_not_collected():
    """The traceback at a prompt keeps what was half built; the user's neurons can be used."""
    made = neurons()
    with pytest.raises(ValueError, match="w_max") as kept:
        network(made, RULE, constraint="w = clip(w, 0, w_max)")
    mine = Readout(TASK)
    assert {obj.name for obj in collect()} == {
        made.name,
        mine.name,
    } and kept.value.__traceback__ is not None
    assert np.isfinite(network(made, RULE).train(1).losses).all()


SCRIPT = """
import gc
from brian2 import *
from brian_rflo import *
from brian_rflo.tasks import PeriodicOutput
prefs.codegen.target = "numpy"
try:
    {statement}
except (TypeError, ValueError, BrianObjectException) as error:
    print("refused:", error)
gc.collect()
"""


@pytest.mark.parametrize(
    "statement",
    [
        "LearningNetwork(PeriodicOutput(period=20*ms, dt=defaultclock.dt), RateNeurons(5,"
        " tau=10*ms), RFLO(0.1, tau=10*ms), initial={'recurrent': 3})"
    ],
)
def test_a_script_of_the_users_prints_its_error_and_nothing_else(statement):
    """In a process of its own, where nothing is suppressed."""
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(statement=statement)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (
        process.returncode == 0
        and process.stdout.startswith("refused: initial['recurrent'] must have shape (1, 5, 5)")
        and process.stdout.count("\n") == 1
    )
    assert not warnings_in(process.stderr)
