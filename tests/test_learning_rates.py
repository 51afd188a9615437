"""Learning rates of single synapses and by the number of the update, and penalties on weights:
against a recursion in NumPy.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import defaultclock, ms
from brian2.core.base import BrianObjectException
from targets import compiled_for

from brian_rflo import (
    RFLO,
    Delta,
    FeedbackSynapses,
    FiringRate,
    LearningNetwork,
    LearningRule,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import AdaptiveFeedback
from brian_rflo.network import Murray2019, TrialNetwork
from brian_rflo.tasks import CursorMovements
from brian_rflo.updates import L1, L2, SGD, Adam, Cosine, Decay, Momentum

TASK = CursorMovements(movement=20 * ms, seed=3)
TAU, RATE, N, NETWORKS, TRIALS = 10 * ms, 0.5, 6, 2, 4
NAMES = ("recurrent", "input", "output")
RNG = np.random.default_rng(8)
MASK = RNG.random((N, N)) < 0.5
GRADED = RNG.choice([0, 0.3, 1, 2.5], size=(NETWORKS, N, N))


def long(case):
    """A case of the long set."""
    return pytest.param(case, marks=pytest.mark.model)


def cosine(n, final):
    return lambda k: final + (1 - final) * (1 + np.cos(np.pi * min(k / n, 1))) / 2


class Recursion:
    """Networks that learn by RFLO, with all that is written around it spelled out."""

    def __init__(
        self,
        before,
        optimizer="sgd",
        batch=0,
        clip=np.inf,
        decay=lambda k: 1.0,
        factors=(),
        penalty=lambda w: 0.0,
        readout_penalty=lambda w: 0.0,
        rate=RATE,
    ):
        self.w = {name: before[name].copy() for name in NAMES}
        self.feedback, self.optimizer, self.decay, self.rate = (
            before["feedback"],
            optimizer,
            decay,
            rate,
        )
        self.batch, self.clip, self.k, self.memory = batch, clip, 0, {}
        self.penalty = dict(recurrent=penalty, input=penalty, output=readout_penalty)
        self.factors = {
            name: np.broadcast_to(dict(factors).get(name, 1.0), self.w[name].shape)
            for name in NAMES
        }
        self.total = dict.fromkeys(NAMES, 0.0)

    def trial(self, number):
        inputs, target, mask = TASK.trial(number)
        h = np.full(self.w["recurrent"].shape[:2], 0.3)
        traces, T = {"recurrent": 0.0, "input": 0.0}, TASK.n_steps
        for x, y, m in zip(inputs, target, mask):
            x = np.broadcast_to(x, (len(h), len(x)))
            phi = np.tanh(
                np.einsum("nij,nj->ni", self.w["recurrent"], h)
                + np.einsum("nij,nj->ni", self.w["input"], x)
            )
            for name, sent in (("recurrent", h), ("input", x)):
                product = np.einsum("ni,nj->nij", 1 - phi**2, sent)
                traces[name] = traces[name] + 0.1 * (product - traces[name])
            h = h + 0.1 * (phi - h)
            error = m * (y - np.einsum("nij,nj->ni", self.w["output"], h))
            back = np.einsum("nij,nj->ni", self.feedback, error)
            updates = {name: back[..., None] * traces[name] for name in traces}
            updates["output"] = np.einsum("ni,nj->nij", error, h)
            for name in NAMES:
                self.total[name] = (
                    self.total[name] + updates[name] - self.penalty[name](self.w[name])
                )
            if not self.batch:
                self.learn(T)
        if self.batch and (number + 1) % self.batch == 0:
            self.learn(T)

    def learn(self, T):
        squares = sum(
            (np.where(self.factors[name] > 0, self.total[name] / T, 0) ** 2).sum(axis=(1, 2))
            for name in NAMES
        )
        scale = np.minimum(1, self.clip / np.sqrt(squares))[:, None, None]
        for name in NAMES:
            change = self.step(name, scale * self.total[name] / T)
            change = self.rate * self.decay(self.k) * self.factors[name] * change
            self.w[name] = np.where(self.factors[name] > 0, self.w[name] + change, self.w[name])
        self.k, self.total = self.k + 1, dict.fromkeys(NAMES, 0.0)

    def step(self, name, g):
        v, s = self.memory.get(name, (0.0, 0.0))
        if self.optimizer == "sgd":
            return g
        if self.optimizer == "momentum":
            self.memory[name] = 0.7 * v + g, s
            return 0.7 * v + g
        v, s, n = 0.9 * v + 0.1 * g, 0.999 * s + 0.001 * g**2, self.k + 1
        self.memory[name] = v, s
        return np.sqrt(1 - 0.999**n) / (1 - 0.9**n) * v / (np.sqrt(s) + 1e-8)


def network(networks=NETWORKS, rate=RATE, **options):
    defaultclock.dt = TASK.dt
    initial = {"initial": Murray2019(seed=4)} | options
    return LearningNetwork(
        TASK,
        RateNeurons(networks * N, tau=TAU, initial=0.3),
        RFLO(rate, tau=TAU),
        networks=networks,
        **initial,
    )


#: Arguments of the network, of its optimizer, and of the recursion.
CASES = {
    "in each step": (
        dict(
            learn=PerStep(SGD(decay=Cosine(100, final=0.2))),
            trained={"recurrent": GRADED, "output": True},
            regularization=L2(0.3),
        ),
        dict(
            decay=cosine(100, 0.2),
            factors={"recurrent": GRADED, "input": 0.0},
            penalty=lambda w: 0.3 * w,
        ),
    ),
    "batches, clipped": (
        dict(
            learn=PerTrial(Momentum(momentum=0.7, decay="1 - update/2"), batch=2, clip_norm=0.05),
            trained={"recurrent": MASK, "input": True, "output": np.array([[1.0], [0.0]])},
            regularization=(L1(0.02), L2(0.1)),
            readout_rule=L2(0.2).around(Delta(RATE)),
        ),
        dict(
            optimizer="momentum",
            batch=2,
            clip=0.05,
            decay=lambda k: max(1 - k / 2, 0),
            factors={"recurrent": MASK, "output": [[1.0], [0.0]]},
            penalty=lambda w: 0.02 * np.sign(w) + 0.1 * w,
            readout_penalty=lambda w: 0.2 * w,
        ),
    ),
    "Adam": (
        dict(
            rate=0.01,
            learn=PerTrial(Adam(decay=Cosine(3))),
            trained={"recurrent": RNG.uniform(0, 2, (N, 1)), "input": MASK[:, :1], "output": 0.1},
            regularization=L1(0.02),
        ),
        dict(
            rate=0.01,
            optimizer="adam",
            batch=1,
            decay=cosine(3, 0),
            penalty=lambda w: 0.02 * np.sign(w),
        ),
    ),
}
CASES["Adam"][1]["factors"] = CASES["Adam"][0]["trained"]


@pytest.mark.parametrize("case, target", compiled_for(CASES, []))
def test_as_the_recursion(case, target):
    ours, theirs = case
    with device(target):
        net = network(**ours)
        result = net.train(TRIALS)
        dense = net.recurrent.dense
        assert target == "numpy" or dense.why_not_dense is None
        assert target == "numpy" or "PerStep" in str(ours) or dense.why_not_batched is None
    before = result.weights_before
    recursion = Recursion(before, **theirs)
    for number in range(TRIALS):
        recursion.trial(number)
    for name in NAMES:
        after = result.weights_after[name]
        moved, learns = after != before[name], recursion.factors[name] > 0
        assert (moved == learns).all(), name
        error = np.abs(after - recursion.w[name]).max()
        assert error <= 1e-12 * max(np.abs(after - before[name]).max(), 1e-2), (name, error)


def parts(learn=PerStep(), plasticity=None, matrix=None):
    """A network by hand, with recurrent weights that may be sparse."""
    defaultclock.dt = TASK.dt
    rng = np.random.default_rng(2)
    neurons, readout = RateNeurons(N, tau=TAU, initial=0.3), Readout(TASK)
    recurrent = PlasticSynapses(
        neurons,
        neurons,
        RFLO(RATE, tau=TAU),
        onto="I_rec",
        learn=learn,
        plasticity=plasticity,
        name="mine*",
    )
    matrix = rng.normal(size=(N, N)) if matrix is None else matrix
    recurrent.connect_matrix(matrix)
    feedback = FeedbackSynapses(readout, neurons)
    feedback.connect()
    feedback.set_matrix(rng.normal(size=(N, 2)))
    output = PlasticSynapses(neurons, readout, Delta(RATE), onto="output", learn=learn)
    output.connect()
    trials = Trials(TASK, neurons, readout, recurrent, output)
    return TrialNetwork(neurons, readout, recurrent, output, feedback, trials), recurrent


def test_what_is_not_asked_for_is_not_there():
    """Neither a variable nor an operation; and factors of 1 change no bit."""
    (plain, one), (asked, other) = parts(PerTrial(Adam())), parts(PerTrial(Adam()), 1.0)
    names = [set(part.equations.names) for part in (one, other)]
    assert names[1] - names[0] == {"plasticity"}
    codes = [[step.code for step in part.placed] for part in (one, other)]
    assert codes[0] == [code.replace(" * plasticity", "") for code in codes[1]]
    plain.train(2)
    asked.train(2)
    assert np.array_equal(one.w, other.w) and np.array_equal(one.first_moment, other.first_moment)


def test_sparse_projections_and_masks_between_runs():
    weights = np.where(MASK, RNG.normal(size=(N, N)), 0.0)
    net, recurrent = parts(PerTrial(Momentum()), GRADED[0], weights)
    before, learns = recurrent.matrix(), MASK & (GRADED[0] > 0)
    net.train(2)
    assert ((recurrent.matrix() != before) == learns).all() and 0 < learns.sum() < MASK.sum()
    kept, velocity = recurrent.matrix(), np.array(recurrent.velocity)
    recurrent.set_plasticity(1 * (np.arange(N) < 2)[:, None])
    net.train(2)
    rows = np.asarray(recurrent.j) < 2
    assert ((recurrent.matrix() != kept) == MASK * (np.arange(N) < 2)[:, None]).all()
    assert np.array_equal(np.array(recurrent.velocity)[~rows], velocity[~rows])
    assert (np.array(recurrent.velocity) != velocity)[rows].all()


def test_trials_side_by_side_are_a_batch():
    """Factors, decay and penalty count the same; here of sparse weights."""
    options = dict(
        connectivity={"recurrent": MASK},
        trained={"recurrent": GRADED, "input": MASK[:, :1], "output": True},
        regularization=L2(0.3),
        networks=NETWORKS,
    )
    defaultclock.dt = TASK.dt
    ends = []
    for copies in (1, 2):
        net = LearningNetwork(
            TASK,
            RateNeurons(NETWORKS * copies * N, tau=TAU, initial=0.3),
            RFLO(RATE, tau=TAU),
            learn=PerTrial(Momentum(decay=Cosine(3)), batch=2 // copies, copies=copies),
            initial=Murray2019(seed=4),
            **options,
        )
        result = net.train(4)
        ends.append(result.weights_after)
        moved = result.weights_after["recurrent"] != result.weights_before["recurrent"]
        assert (moved == MASK * (GRADED > 0)).all()
    for name in NAMES:
        np.testing.assert_allclose(ends[0][name], ends[1][name], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "learn", [long(PerStep(SGD(decay=Cosine(80)))), PerTrial(Adam(decay=Cosine(5)))]
)
def test_a_decay_goes_on_after_save_and_load(learn, tmp_path):
    """In several trainings; and where nothing learns, it waits."""
    options = dict(networks=1, learn=learn, trained={"recurrent": MASK})
    whole, first, second = network(**options), network(**options), network(**options)
    whole.train(2)
    first.train(1)
    first.save(tmp_path / "net.npz")
    second.load(tmp_path / "net.npz")
    second.train(1)
    assert np.array_equal(second.recurrent.w, whole.recurrent.w)
    counted = np.asarray(second.recurrent.updates).item()
    assert counted == (2 * TASK.n_steps if "PerStep" in str(learn) else 2)
    second.recurrent.plastic = False
    second.run(TASK.duration)
    assert np.asarray(second.recurrent.updates).item() == counted
    assert "Cosine" in whole.settings["learn"]


@pytest.mark.parametrize("learn", [PerStep(), long(PerTrial())])
def test_adaptive_feedback_learns_where_the_readout_does(learn):
    mask = RNG.random((NETWORKS, 2, N)) < 0.5
    trained = {"recurrent": True, "output": mask}
    net = network(trained=trained, credit=AdaptiveFeedback(), learn=learn)
    result = net.train(2)
    moved = {
        name: result.weights_after[name] - result.weights_before[name]
        for name in ("output", "feedback")
    }
    assert ((moved["output"] != 0) == mask).all()
    np.testing.assert_allclose(moved["feedback"], moved["output"].swapaxes(1, 2), atol=1e-15)
    net.output.set_plasticity(~mask)
    with pytest.raises(BrianObjectException) as error:
        net.train(1)
    assert "must have its plasticity, transposed" in str(error.value.__cause__)


def test_schedules_by_projection():
    """The readout learns by Adam, alone, as if all did; inputs as the recurrent weights."""
    learn = {"recurrent": PerTrial(SGD(decay=2)), "output": PerTrial(Adam())}
    net = network(learn=learn, rate=0.01)
    assert net.input_synapses.learn == net.recurrent.learn != net.output.learn
    assert net.input_synapses.learn == learn["recurrent"]
    first = net.train(1)
    other = network(learn=PerTrial(Adam()), rate=0.01).train(1)
    np.testing.assert_array_equal(first.weights_after["output"], other.weights_after["output"])
    assert (first.weights_after["recurrent"] != other.weights_after["recurrent"]).any()


@pytest.mark.parametrize("learn", [long(PerStep()), PerTrial()])
def test_penalties_go_with_regularisation_of_rates(learn):
    """In any order of the two; and their strength may be changed between runs."""
    held, small, ends = FiringRate(0.2, 30), L2(0.3), []
    for order in ((held, small), (small, held), (held,)):
        net = network(networks=1, learn=learn, regularization=order)
        if len(order) > 1:
            net.recurrent.l2 = 0.1
        ends.append(net.train(1).weights_after["recurrent"])
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-12)
    assert (ends[0] != ends[2]).all()


@dataclass(frozen=True)
class Own(LearningRule):
    traces = "plasticity : 1"
    update = "activity_post*activity_pre*plasticity"


BAD = {
    "a rate for each synapse": (
        lambda part: setattr(part, "learning_rate", np.ones(N * N)),
        "learning_rate must be one value for all synapses.*plasticity=matrix",
    ),
    "factors of a projection without": (
        lambda part: parts()[1].set_plasticity(MASK),
        "made with one learning rate.*Write PlasticSynapses",
    ),
    "a variable of that name": (
        lambda part: PlasticSynapses(part.source, part.target, Own(0.1), "I_rec", plasticity=1),
        "Own: its variable 'plasticity' has the name of the factors",
    ),
    "a matrix as an array": (
        lambda part: setattr(part, "plasticity", MASK),
        "write mine.*set_plasticity",
    ),
    "shape": (lambda part: part.set_plasticity(np.ones((N, 2))), r"\(6, 6\), \[post, pre\]"),
    "a vector": (lambda part: part.set_plasticity(np.ones(N)), "Write 1 in place of a size"),
    "negative": (lambda part: part.set_plasticity(-MASK.astype(float)), "finite and not negative"),
    "not a number": (lambda part: setattr(part, "plasticity", np.nan), "finite and not negative"),
    "name": (lambda part: network(trained={"recurent": MASK}), "trained must be some of"),
    "shape of a network's": (
        lambda part: network(trained={"output": MASK}),
        r"trained\['output'\] must have shape \(2, 6\)",
    ),
    "schedule of another": (
        lambda part: network(learn={"feedback": PerStep()}),
        "learn must be a learning schedule, or have some of",
    ),
    "schedules and copies": (
        lambda part: network(learn={"output": PerTrial(copies=2)}),
        "same copies for all projections",
    ),
    "no schedule": (
        lambda part: network(learn={"output": SGD()}),
        "learn must be a learning schedule",
    ),
    "regularization": (
        lambda part: network(regularization=L2),
        "regularization must be .* L2.* or a tuple of them; got",
    ),
    "negative strength": (lambda part: L1(-1), "L1: strength must be a finite number and not"),
    "twice": (lambda part: network(regularization=(L2(1), L2(2))), "L2.*twice"),
    "decay": (lambda part: SGD(decay="0.9**t"), "it names 't'"),
    "a number as a text": (lambda part: SGD(decay="100"), "positive number of updates, or None"),
    "without update": (lambda part: SGD(decay="pi"), "it names 'pi'"),
    "infinite decay": (lambda part: Adam(decay="1/update"), "it is inf there"),
    "no expression": (lambda part: Momentum(decay="update +"), "invalid syntax"),
    "a condition": (lambda part: Momentum(decay="update < 3"), "decay must be an expression"),
    "random": (lambda part: SGD(decay="rand()"), "it names 'rand'"),
    "final": (lambda part: Cosine(10, final=2), "Cosine: final must be a fraction"),
    "updates": (lambda part: Cosine(0.5), "Cosine: updates must be a whole number"),
}


@pytest.fixture(scope="module")
def part():
    return parts(plasticity=1.0)[1]


@pytest.mark.parametrize("act, message", BAD.values(), ids=BAD)
def test_bad_input(act, message, part):
    with pytest.raises((AttributeError, TypeError, ValueError), match=message):
        act(part)


def test_a_decay_of_ones_own_is_the_same_in_numpy():
    class Halving(Decay):
        code = "rate*0.5**(update//2)"

    assert [SGD(decay=Halving()).rate_in(k, 1.0) for k in range(5)] == [1, 1, 0.5, 0.5, 0.25]
    for decay in (None, 3, "0.5**(update//2)", Cosine(4, 0.1)):
        rates = [Adam(decay=decay).rate_in(k, learning_rate=0.03) for k in range(9)]
        assert rates[0] == 0.03 and (np.diff(rates) <= 0).all()


@pytest.mark.parametrize("learn", [PerStep(SGD(decay=1)), PerTrial(SGD(decay=1))])
def test_a_decay_that_begins_with_its_half_divides_by_nothing_where_weights_rest(learn):
    """No update has been counted there: it was taken as the update before the first."""
    net = network(networks=1, learn=learn)
    net.output.plastic = False
    result = net.train(2)
    assert np.array_equal(result.weights_after["output"], result.weights_before["output"])
    assert not np.array_equal(result.weights_after["recurrent"], result.weights_before["recurrent"])


def test_a_decay_may_compare():
    """Learning begins with the third update; Brian2 could not read the comparison."""
    net = network(networks=1, learn=PerTrial(SGD(decay="int(update >= 2)")))
    rests, learns = net.train(2), net.train(1)
    for name in ("recurrent", "output"):
        assert np.array_equal(rests.weights_after[name], rests.weights_before[name])
        assert not np.array_equal(learns.weights_after[name], learns.weights_before[name])
