"""Divergence that stays finite: a loss beyond `limit` times the largest one of the first ten
trials. The oracle is a readout of two neurons in NumPy.
"""

import numpy as np
import pytest
from brian2 import (
    NeuronGroup,
    Quantity,
    defaultclock,
    device,
    inf,
    ms,
    mV,
    nan,
    prefs,
    seed,
    set_device,
)
from targets import LONG, NUMPY_FIRST

from brian_rflo import (
    RFLO,
    Adam,
    Delta,
    EProp,
    LearningNetwork,
    LIFNeurons,
    PerStep,
    PerTrial,
    RateNeurons,
    reference,
)
from brian_rflo.network import Murray2019, TrialNetwork
from brian_rflo.readouts import Readout
from brian_rflo.steps import Mechanism
from brian_rflo.synapses import PlasticSynapses
from brian_rflo.tasks import ArrayTask, PeriodicOutput
from brian_rflo.trials import Trials

#: Activity of the neurons of two networks; the second is so weakly active that it learns well.
ACTIVITY = np.array([[0.5, -1.0], [0.05, 0.1]])
WEIGHTS = np.array([[0.1, 0.2], [-0.3, 0.4]])
#: Two trials, which copies run side by side.
TARGETS = np.array([[0.2, -0.3, 0.4, 0.1], [0.3, 0.1, 0.2, -0.6]])
SLOW, FAST = 0.1, 17.0
TAU = 10 * ms
WARNING = "above limit=1000 times"
LONG_TARGETS = [pytest.param(name, marks=LONG) for name in ("cython", "cpp_standalone")]


class Readouts:
    """Networks of two neurons with fixed activity, and a readout that learns."""

    def __init__(self, learn, limit=1e3, targets=TARGETS, unit=1):
        defaultclock.dt = 1 * ms
        task = ArrayTask(target=targets[:, :, None], dt=1 * ms)
        neurons = NeuronGroup(4 * learn.copies, "activity : 1", name="mine")
        readout = Readout(task, networks=2, copies=learn.copies)
        self.output = PlasticSynapses(neurons, readout, Delta(SLOW), "output", learn=learn)
        self.output.connect(networks=2 * learn.copies)
        self.output.w = np.repeat(WEIGHTS, learn.copies, axis=0).ravel()
        self.trials = Trials(task, readout, self.output, networks=2, limit=limit)
        self.net = TrialNetwork(neurons, readout, self.output, self.trials)
        neurons.activity = np.repeat(ACTIVITY, learn.copies, axis=0).ravel()

    def train(self, slow, fast):
        """Train slowly, then so fast that the first network diverges; return both results."""
        results = [self.net.train(slow)] if slow else []
        self.output.learning_rate = FAST
        return [*results, self.net.train(fast)]


def expected(network, update, rates, limit=1e3, copies=1, targets=TARGETS):
    """Return losses ``[round, copy]``, the round of divergence, and the final weights of a
    network; `rates` has a learning rate for each round.
    """
    w, activity, losses, bound, failed = WEIGHTS[network], ACTIVITY[network], [], 0, -1
    for number, rate in enumerate(rates):
        kept, change, rows = w, np.zeros(2), number * copies + np.arange(copies)
        shown, loss = targets[rows % len(targets)], np.zeros(copies)
        rate = rate if failed < 0 else 0
        for step in range(4):
            error = shown[:, step] - w @ activity
            loss += error**2 / 8
            change = change + rate * error.sum() * activity / 4
            if update == "step":
                w, change = w + change, np.zeros(2)
        w = w + change
        is_beyond = number >= 10 and (loss > limit * bound).any() and np.all(bound > 0)
        if failed < 0 and (is_beyond or not np.isfinite(loss).all()):
            w, failed = kept, number
        bound = np.maximum(bound, loss) if number < 10 else bound
        losses.append(loss)
    return np.array(losses), failed, w


def learn_of(update, copies=1, **more):
    return PerStep(**more) if update == "step" else PerTrial(copies=copies, **more)


@pytest.mark.parametrize("target", NUMPY_FIRST)
@pytest.mark.parametrize("update, copies", [("step", 1), ("trial", 1), ("trial", 2)])
def test_a_loss_beyond_the_limit_is_a_divergence(update, copies, target, caplog):
    """Networks side by side; trials side by side; at each step, and at the end of trials."""
    if target == "cpp_standalone":
        set_device("cpp_standalone", build_on_run=False)
    else:
        prefs.codegen.target = target
    try:
        made = Readouts(learn_of(update, copies))
        before, after = made.train(12 * copies, 10 * copies)
        if target == "cpp_standalone":
            device.build(directory=None)
        losses = np.concatenate([before.losses, after.losses], axis=1)
        weights = np.array(made.output.w).reshape(2, copies, 2)
        bounds = np.array(made.trials.largest_loss).reshape(2, copies)
        found = after.diverged_in.tolist()
        made.net.trials.check()
    finally:
        if target == "cpp_standalone":
            device.reinit()
            set_device("runtime")
    rates = [SLOW] * 12 + [FAST] * 10
    for network in range(2):
        wanted, failed, w = expected(network, update, rates, copies=copies)
        assert (failed < 0) == bool(network) and found[network] == max(failed * copies, -1)
        finite = slice(None) if failed < 0 else slice((failed + 1) * copies)
        np.testing.assert_allclose(losses[network, finite], wanted.ravel()[finite], rtol=1e-9)
        np.testing.assert_allclose(weights[network], [w] * copies, rtol=1e-9)
        np.testing.assert_allclose(bounds[network], wanted[:10].max(axis=0), rtol=1e-12)
        assert np.isnan(losses[network]).sum() == (0 if failed < 0 else losses.shape[1]) - (
            0 if failed < 0 else (failed + 1) * copies
        )
    assert caplog.text.count("Training diverged") == 1 and WARNING in caplog.text
    assert f"network 0 in trial {found[0]} (loss " in caplog.text


NEURONS = {
    "rate": lambda: (RateNeurons(20, tau=TAU), RFLO(0.05, tau=TAU)),
    "spiking": lambda: (LIFNeurons(40, TAU, tau_syn=TAU, bias=1.5), EProp(1e-4, tau=TAU)),
}


@pytest.mark.parametrize("target", ["numpy", *LONG_TARGETS])
@pytest.mark.parametrize("kind", NEURONS)
def test_networks_get_back_the_weights_from_before(kind, target):
    """Dense loops, and spiking neurons: as without a limit, until a loss is beyond it."""
    targets = np.concatenate([np.tile(np.sin(np.arange(20) / 5), (11, 1)), np.full((1, 20), 5.0)])

    def train(limit, trials):
        if target == "cpp_standalone":
            set_device("cpp_standalone", directory=None)
        else:
            prefs.codegen.target = target
        defaultclock.dt = 1 * ms
        seed(3)
        neurons, rule = NEURONS[kind]()
        net = LearningNetwork(
            ArrayTask(target=targets[:, :, None], dt=1 * ms),
            neurons,
            rule,
            initial=Murray2019(seed=1),
        )
        net.trials.limit = limit
        try:
            result = net.train(trials)
            return result.losses[0], result.diverged_in[0], result.weights_after
        finally:
            if target == "cpp_standalone":
                device.reinit()
                set_device("runtime")

    free, _, after = train(inf, 12)
    losses, failed, weights = train(4, 12)
    assert failed == 11 == np.flatnonzero(free > 4 * free[:10].max())[0]
    np.testing.assert_array_equal(losses, free)
    _, _, before = train(inf, 11)
    for name in ("recurrent", "output"):
        np.testing.assert_array_equal(weights[name], before[name])
        assert (weights[name] != after[name]).any()


@pytest.mark.parametrize("update", ["step", "trial"])
def test_optimizers_forget_what_has_diverged(update):
    made = Readouts(learn_of(update, optimizer=Adam()))
    made.net.train(12)
    assert (np.array(made.output.first_moment) != 0).all()
    before, trial = np.array(made.output.w), 12 if update == "step" else 13
    made.trials.limit = 1.0001
    made.output.learning_rate = 1e3
    result = made.net.train(4)
    assert result.diverged_in.tolist() == [trial, trial]
    moments = np.array([made.output.first_moment, made.output.second_moment])
    assert (moments == 0).all()
    assert (np.array(made.output.w) != before).all() == (update == "trial")


def test_the_first_ten_trials_are_the_measure():
    """However fast a loss grows within them; it is judged from the eleventh trial on."""
    made = Readouts(PerTrial())
    (result,) = made.train(0, 16)
    losses, failed, _ = expected(0, "trial", [FAST] * 16)
    assert losses[9, 0] > 1e9 * losses[0, 0] and failed == 11 == result.diverged_in[0]


@pytest.mark.parametrize("limit", [inf, 1e300])
def test_without_a_limit_nothing_finite_diverges(limit):
    made = Readouts(PerTrial(), limit)
    _, result = made.train(12, 10)
    losses, _, w = expected(0, "trial", [SLOW] * 12 + [FAST] * 10, limit)
    assert (result.diverged_in == -1).all() and result.losses[0, -1] > 1e15
    np.testing.assert_allclose(result.losses[0], losses[12:, 0], rtol=1e-9)
    np.testing.assert_allclose(np.array(made.output.w)[:2], w, rtol=1e-9)


def test_losses_of_zero_measure_nothing():
    """Ten trials without an error, then targets that the outputs are far from."""
    targets = np.concatenate([np.zeros((10, 4)), 1e6 * np.ones((10, 4))])
    made = Readouts(PerTrial(), targets=targets)
    made.output.w = 0
    result = made.net.train(20)
    assert (result.losses[:, :10] == 0).all() and (result.losses[:, 10:] > 1e10).all()
    assert (result.diverged_in == -1).all() and (np.array(made.output.w) != 0).all()


def test_an_evaluation_has_no_limit():
    """Nothing learns in it, and afterwards the limit is the one from before."""
    made = Readouts(PerTrial())
    made.net.train(12)
    made.output.w = 1e9
    result = made.net.evaluate(3)
    assert np.isfinite(result.losses).all() and (result.diverged_in == -1).all()
    assert made.trials.limit == 1e3 and (np.array(made.output.w) == 1e9).all()


def test_what_is_saved_knows_the_first_trials(tmp_path):
    def begun():
        net = LearningNetwork(
            PeriodicOutput(period=20 * ms),
            RateNeurons(5, tau=TAU),
            RFLO(SLOW, tau=TAU),
            learn=PerTrial(),
            name="saved",
        )
        net.trials.limit = 50.0
        return net

    def blow_up(net):
        net.output.learning_rate = 1000.0
        result = net.train(12)
        return result.diverged_in, result.losses, net.weights()["output"]

    defaultclock.dt = 1 * ms
    net = begun()
    net.train(12)
    path = net.save(tmp_path / "net.npz")
    expected_of = blow_up(net)
    other = begun()
    other.trials.limit = 1e6
    other.load(path)
    assert expected_of[0] >= 12
    for found, wanted in zip(blow_up(other), expected_of):
        np.testing.assert_array_equal(found, wanted)


def test_learning_is_resumed_after_a_limit(caplog):
    """From the restored weights, whose loss is beyond the limit still."""
    made = Readouts(PerTrial())
    made.train(12, 10)
    assert f"raise {made.trials.name}.limit where larger losses are meant" in caplog.text
    made.output.learning_rate, made.trials.limit = SLOW, 1e6
    made.trials.resume()
    result = made.net.train(5)
    assert (np.diff(result.losses[0]) < 0).all() and (result.diverged_in == -1).all()


@pytest.mark.parametrize("limit", [1, 0.5, -2, nan, "1e6", None, True, [2, 3], 5 * mV])
def test_a_limit_is_a_number_above_1(limit):
    defaultclock.dt = 1 * ms
    task = ArrayTask(target=np.ones(4), dt=1 * ms)
    with pytest.raises((TypeError, ValueError), match="limit must be a number above 1.*or inf for"):
        Trials(task, limit=limit)
    if not isinstance(limit, (str, list, Quantity)) and limit is not None:
        trials = Trials(task)
        with pytest.raises(ValueError, match="limit must be a number above 1"):
            trials.limit = limit
        assert trials.limit == 1e6


def test_a_mechanism_leaves_the_numbers_of_divergence_alone():
    class Mine(Mechanism):
        variables = {"network": "limit : 1"}

    defaultclock.dt = 1 * ms
    with pytest.raises(ValueError, match="Mine defines 'limit', which Trials has itself"):
        Trials(ArrayTask(target=np.ones(4), dt=1 * ms), Mine())


def test_the_baselines_have_the_same_limit():
    """A network whose readout learns too fast, beside one that learns."""
    defaultclock.dt = 1 * ms
    net = LearningNetwork(
        PeriodicOutput(period=20 * ms),
        RateNeurons(20, tau=TAU),
        RFLO(0.01, tau=TAU),
        readout_rule=Delta(30.0),
        learn=PerTrial(),
        trained=("output",),
        networks=2,
    )
    net.trials.limit = 100.0
    found, rates = net.train(16), {"recurrent": 0.0, "input": 0.0, "output": 30.0}
    given = net.task, found.weights_before, "rflo", rates, TAU, 16
    wanted = reference.train(*given, trained=("output",), limit=100.0)
    assert found.diverged_in.tolist() == [13, -1] == wanted.diverged_in.tolist()
    np.testing.assert_allclose(found.losses, wanted.losses, rtol=1e-9)
    for name in ("recurrent", "output"):
        np.testing.assert_allclose(
            found.weights_after[name], wanted.weights_after[name], rtol=1e-9, atol=1e-12
        )
    with pytest.raises(ValueError, match=r"reference\.train: limit must be a number above 1"):
        reference.train(*given, limit=1)
