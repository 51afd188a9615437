"""What is built is not copied, moved to another device, or taken apart by accident: each error is
one sentence that names the user's object.
"""

import copy
import pickle
import re
from contextlib import contextmanager
from functools import cache

import cloudpickle
import numpy as np
import pytest
from brian2 import Network, StateMonitor, defaultclock, device, ms, mV, set_device

from brian_rflo import (
    RFLO,
    Delta,
    DerivedNeurons,
    LearningNetwork,
    LIFNeurons,
    RateNeurons,
    schedule,
)
from brian_rflo.network import TrialNetwork, training
from brian_rflo.network.training import check_report
from brian_rflo.neurons import DiscreteLIFNeurons, PotentialNeurons
from brian_rflo.readouts import Readout
from brian_rflo.steps import Step
from brian_rflo.synapses import FixedSynapses, PlasticSynapses
from brian_rflo.tasks import ArrayTask, PeriodicOutput
from brian_rflo.trials import Trials
from brian_rflo.updates import FiringRate

TASK = PeriodicOutput(period=10 * ms)
TAU = 10 * ms
ANOTHER_DEVICE = r"'\w+' was built for another device of Brian2 than the active one; write set_dev"


@pytest.fixture(autouse=True)
def one_ms():
    defaultclock.dt = TASK.dt
    shared.cache_clear()


def network(name="net"):
    return LearningNetwork(TASK, RateNeurons(4, tau=TAU), RFLO(0.1, tau=TAU), name=name)


@contextmanager
def standalone():
    set_device("cpp_standalone", build_on_run=False)
    try:
        yield
    finally:
        device.reinit()
        set_device("runtime")


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "cloudpickle": cloudpickle.dumps,
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_networks_and_their_parts_are_not_copied(copied):
    net = network()
    with pytest.raises(TypeError, match=r"^'net' cannot be copied or pickled; write its state wi"):
        copied(net)
    for part in (net.neurons, net.readout, net.recurrent, net.feedback, net.trials):
        with pytest.raises(TypeError, match=rf"^'{part.name}' cannot be copied or pickled; build"):
            copied(part)


@pytest.mark.parametrize(
    "use",
    [
        lambda net: net.train(1),
        lambda net: net.evaluate(1),
        lambda net: net.record(1),
        lambda net: net.run(1 * ms),
        lambda net: net.save("net.npz"),
        lambda net: net.load("net.npz"),
        lambda net: LearningNetwork(TASK, net.neurons, RFLO(0.1, tau=TAU)),
        lambda net: Trials(TASK, net.readout),
        lambda net: PlasticSynapses(net.neurons, net.readout, Delta(0.1), onto="output"),
    ],
)
def test_a_device_is_set_before_anything_is_built(use):
    net = network()
    with standalone(), pytest.raises(RuntimeError, match=ANOTHER_DEVICE):
        use(net)


def test_parts_run_on_the_device_that_they_were_built_for():
    """A network of Brian2; it raises its own error, from ours."""
    readout = Readout(TASK)
    parts = Network(readout, Trials(TASK, readout))
    with standalone(), pytest.raises(Exception, match="preparing an object") as caught:
        parts.run(1 * ms)
    assert "was built for another device" in str(caught.value.__cause__)
    with standalone():
        net = network()
    with pytest.raises(RuntimeError, match=ANOTHER_DEVICE):
        net.train(1)


NOT_BRIAN = [3, None, "x", TASK, {"a": 3}, [None]]


@pytest.mark.parametrize("thing", NOT_BRIAN)
def test_networks_contain_objects_of_brian2(thing):
    net = network()
    for change, name in ((net.add, "add"), (net.remove, "remove")):
        with pytest.raises(TypeError, match=rf"^net\.{name} takes Brian2 objects, such as a moni"):
            change(thing)


def test_networks_have_one_trials():
    net, other = network(), network("other")
    with pytest.raises(ValueError, match=r"'net' has one Trials, '\w+', and cannot take"):
        net.add(other)
    net.add([StateMonitor(net.neurons, "activity", record=True)], {"a": net.readout})
    assert np.isfinite(net.train(1).losses).all()


def test_what_others_need_is_missed():
    net = network()
    with pytest.raises(ValueError, match="'other_output' is not in 'net'"):
        net.remove(
            PlasticSynapses(net.neurons, net.readout, Delta(0.1), "output", name="other_output")
        )
    with pytest.raises(ValueError, match="records what the results of 'net' contain"):
        net.remove(net.losses)
    for part, name, user in (
        (net.output, "output", r"what train\(\) records"),
        (net.neurons, "neurons", r"net\.feedback"),
    ):
        net.remove(part)
        with pytest.raises(ValueError, match=rf"'net' lacks net\.{name}, which {user} needs; w"):
            net.train(1)
        net.add(part)
    assert np.isfinite(net.train(1).losses).all()


@pytest.mark.parametrize("name", ["neurons", "recurrent", "trials", "task", "train"])
def test_parts_are_not_deleted(name):
    net = network()
    with pytest.raises(AttributeError, match=f"'net', a LearningNetwork: {name} cannot be deleted"):
        delattr(net, name)
    assert np.isfinite(net.train(1).losses).all()


def test_a_program_is_checked_after_it_has_run():
    with standalone():
        net = network()
        net.train(1)
        with pytest.raises(RuntimeError, match=r"check\(\) reads what the program has computed; w"):
            net.trials.check()


#: What is no number, no time, no name, ...: each at least once.
WRONG = {
    "None": None,
    "empty": "",
    "negative": -1,
    "nan": np.nan,
    "list": [],
    "array": np.ones((2, 3)),
    "voltage": 5 * mV,
    "object": object(),
    "dictionary": {},
    "complex": 1j,
    "too large": 10**400,
    "objects": np.array([None, "a"], dtype=object),
    "bytes": b"x",
}


@cache
def shared():
    """Return the network of a test that refuses many values."""
    return network("shared")


def neurons():
    return RateNeurons(4, tau=TAU)


def assigned(role, name):
    return lambda value: setattr(getattr(shared(), role), name, value)


USES = {
    "N of RateNeurons": lambda x: RateNeurons(x, tau=TAU),
    "N of LIFNeurons": lambda x: LIFNeurons(x, TAU, tau_syn=TAU),
    "bias of LIFNeurons": lambda x: LIFNeurons(3, TAU, tau_syn=TAU, bias=x),
    "N of DiscreteLIFNeurons": lambda x: DiscreteLIFNeurons(x, TAU),
    "N of PotentialNeurons": lambda x: PotentialNeurons(x, tau=TAU),
    "name of a group": lambda x: RateNeurons(4, tau=TAU, name=x),
    "name of a network": lambda x: LearningNetwork(TASK, neurons(), RFLO(0.1, tau=TAU), name=x),
    "learning rate of a rule": Delta,
    "strength": lambda x: FiringRate(0.1, x),
    "target": lambda x: FiringRate(x, 0.1),
    "onto": lambda x: FixedSynapses(neurons(), neurons(), onto=x),
    "sends": lambda x: FixedSynapses(neurons(), neurons(), onto="I_rec", sends=x),
    "rates": assigned("recurrent", "learning_rate"),
    "switch": assigned("recurrent", "plastic"),
    "time constant": assigned("recurrent", "tau"),
    "weights": assigned("recurrent", "w"),
    "limit": assigned("trials", "limit"),
    "report": lambda x: shared().train(1, report=x),
    "trials": lambda x: shared().train(x),
    "absent": lambda x: shared().weights(absent=x),
    "group at a start": lambda x: Trials(TASK).at_start(x, "activity = 0"),
    "when": lambda x: Trials(TASK).at(neurons(), "activity = 0", when=x),
    "phase": lambda x: Trials(TASK).at(neurons(), "activity = 0", phase=x),
    "order": lambda x: ArrayTask(target=np.ones((2, 5, 1)), dt=1 * ms, order=x),
    "objects": TrialNetwork,
}
#: What is right there, by the names of WRONG.
RIGHT = {
    "bias of LIFNeurons": {"negative"},
    "target": {"negative"},
    "weights": {"negative"},
    "absent": {"negative", "nan"},
    "report": {"None"},
    "N of RateNeurons": {"too large"},
    "N of LIFNeurons": {"too large"},
    "N of DiscreteLIFNeurons": {"too large"},
    "N of PotentialNeurons": {"too large"},
    "trials": {"too large"},
    "sends": {"empty"},
    "onto": {"empty"},
    "objects": {"list", "dictionary"},
}
WORDS = re.compile(r"must |takes Brian2 objects|should be set with|no weights|unknown")


@pytest.mark.parametrize("use", USES)
def test_what_is_wrong_is_said_in_a_sentence(use):
    """No error in the words of NumPy or Python, and none that names no argument."""
    for kind, value in WRONG.items():
        if kind in RIGHT.get(use, ()):
            continue
        with pytest.raises(Exception) as caught:
            USES[use](value)
        assert WORDS.search(str(caught.value)), (kind, caught.value)


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: spiking(refractory=True), TypeError, "refractory must be a time"),
        (lambda: spiking(surrogate="1/width*int(u < 1)"), ValueError, '"width" could not'),
        (lambda: RateNeurons(5, 10 * ms, dt=0 * ms), ValueError, "dt must be positive"),
        (lambda: RateNeurons(5, 10 * ms, namespace=5), TypeError, "namespace must be a dict"),
        (lambda: Step(5, schedule.LEARN), TypeError, "code must be a str"),
        (
            lambda: Step("w += 1", "LEARN"),
            TypeError,
            "phase must be a Phase such",
        ),
    ],
)
def test_wrong_kinds_of_values_are_named(make, kind, words):
    with pytest.raises(kind, match=words.replace("*", ".*")):
        make()


def spiking(surrogate="clip(1 - abs(u), 0, 1)", **given):
    return DerivedNeurons(
        5,
        "dv/dt = (-v + I_rec)/(10*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        surrogate=surrogate,
        method="euler",
        **given,
    )


def test_a_program_reports_by_code_of_its_own(monkeypatch):
    """As experiments do, whose progress other processes read."""
    check_report("text")
    with pytest.raises(ValueError, match="report must be None, one of"):
        check_report("std::cout << elapsed;")
    monkeypatch.setattr(training, "is_standalone", lambda: True)
    check_report("std::cout << elapsed;")
