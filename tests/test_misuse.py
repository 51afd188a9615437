"""What is built is not copied, moved to another device, or taken apart by accident: each error is
one sentence that names the user's object.
"""

import copy
import pickle
from contextlib import contextmanager

import cloudpickle
import numpy as np
import pytest
from brian2 import Network, StateMonitor, defaultclock, device, ms, set_device

from brian_rflo import RFLO, Delta, LearningNetwork, RateNeurons
from brian_rflo.readouts import Readout
from brian_rflo.synapses import PlasticSynapses
from brian_rflo.tasks import PeriodicOutput
from brian_rflo.trials import Trials

TASK = PeriodicOutput(period=10 * ms)
TAU = 10 * ms
ANOTHER_DEVICE = r"'\w+' was built for another device of Brian2 than the active one; write set_dev"


@pytest.fixture(autouse=True)
def one_ms():
    defaultclock.dt = TASK.dt


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
    with pytest.raises(ValueError, match="'output_2' is not in 'net'"):
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
