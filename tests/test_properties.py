"""What holds for any network, task and way of learning, against the reference in NumPy; and that
the same seed gives the same bits.

A few cases are drawn in each run of the tests, always the same ones; ``pytest -m model`` draws many
more, each time others.
"""

import numpy as np
import pytest
from brian2 import Network, defaultclock, ms, seed
from helpers import assemble, learning
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from targets import LONG

from brian_rflo import (
    RFLO,
    SGD,
    Adam,
    Delta,
    DiscreteLIFNeurons,
    EProp,
    FeedbackSynapses,
    LIFNeurons,
    LossMonitor,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
    reference,
)
from brian_rflo.brian.devices import device
from brian_rflo.reference.spiking import LIF
from brian_rflo.tasks import ArrayTask, CursorMovements, IntervalMatching, PeriodicOutput

TAU = 10 * ms
FEW = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=150, derandomize=False, print_blob=True)
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def array_tasks(draw):
    """Tasks of any numbers of steps, inputs, outputs, with any mask."""
    rng, steps = np.random.default_rng(draw(SEEDS)), draw(st.integers(2, 40))
    inputs = rng.standard_normal((steps, draw(st.integers(1, 3)))) if draw(st.booleans()) else None
    mask = rng.random(steps) < draw(st.sampled_from([0.2, 0.6, 1.0]))
    return ArrayTask(
        target=rng.standard_normal((steps, draw(st.integers(1, 3)))),
        inputs=inputs,
        mask=mask if mask.any() else None,
    )


TASKS = st.one_of(
    st.builds(lambda steps: PeriodicOutput(period=steps * ms), st.integers(2, 60)),
    st.builds(
        lambda steps, seed: CursorMovements(
            movement=steps * ms, n_movements=1 + seed % 4, seed=seed
        ),
        st.integers(2, 30),
        SEEDS,
    ),
    st.builds(
        lambda steps, seed: IntervalMatching(delays=(steps * ms, (steps + 7) * ms), seed=seed),
        st.integers(3, 15),
        SEEDS,
    ),
    array_tasks(),
)
OPTIMIZERS = st.one_of(
    st.builds(SGD, decay=st.one_of(st.none(), st.integers(1, 9))),
    st.builds(Adam, decay=st.one_of(st.none(), st.integers(1, 9))),
)
SUBSETS = st.sets(st.sampled_from(["recurrent", "input", "output"]), min_size=1).map(
    lambda names: tuple(sorted(names))
)
AT_TRIALS = st.fixed_dictionaries(
    dict(update=st.just("trial"), batch=st.integers(1, 4)),
    optional=dict(clip_norm=st.floats(0.01, 0.5)),
)
WHEN = st.one_of(st.just(dict(update="step")), AT_TRIALS)


def relative(a, b):
    return np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1e-12)


def agree(result, expected, trained, bound=1e-9):
    """The same numbers, and what is to learn has moved."""
    for name in ("losses", "first_output", "output"):
        assert relative(getattr(result, name), getattr(expected, name)) < bound, name
    for name, before in result.weights_before.items():
        assert relative(result.weights_after[name], expected.weights_after[name]) < bound, name
        assert name in trained or (result.weights_after[name] == before).all(), name


def updates(trials, when):
    """How often weights have changed at the end of a training, at least."""
    return trials if when["update"] == "step" else trials // when["batch"]


def rates_learn_as_the_reference(
    task, n, networks, trials, seed, when, optimizer, trained, feedback
):
    assume(updates(trials, when))
    defaultclock.dt = task.dt
    neurons = RateNeurons(networks * n, tau=TAU, initial=0.1)
    result = assemble(
        task,
        neurons,
        RFLO(0.02, tau=TAU),
        networks=networks,
        seed=seed,
        optimizer=optimizer,
        trained=trained,
        feedback=feedback,
        **when,
    ).train(trials)
    rule = {"random": "rflo", "symmetric": "local_symmetric"}[feedback]
    expected = reference.train(
        task,
        result.weights_before,
        rule,
        0.02,
        TAU,
        trials,
        optimizer=optimizer,
        trained=trained,
        **when,
    )
    if feedback == "symmetric":  # the reference keeps the random ones that it does not use
        expected.weights_after["feedback"] = result.weights_after["output"].swapaxes(1, 2)
    agree(result, expected, (*trained, "feedback"))
    assert trained == ("input",) or any(
        (result.weights_after[name] != before).any()
        for name, before in result.weights_before.items()
    )


RATES = given(
    task=TASKS,
    n=st.integers(1, 9),
    networks=st.integers(1, 3),
    trials=st.integers(1, 6),
    seed=st.integers(0, 10**6),
    when=WHEN,
    optimizer=OPTIMIZERS,
    trained=SUBSETS,
    feedback=st.just("random"),
)
SYMMETRIC = given(
    task=TASKS,
    n=st.integers(1, 9),
    networks=st.integers(1, 3),
    trials=st.integers(1, 6),
    seed=st.integers(0, 10**6),
    when=AT_TRIALS,
    optimizer=OPTIMIZERS,
    trained=SUBSETS,
    feedback=st.just("symmetric"),
)


def sparse_projections_learn_as_the_reference(task, n, trials, seed, share, when, optimizer, stops):
    """Any connections, assembled part by part; and the training may be stopped at any step, and go
    on.
    """
    assume(updates(trials, when))
    defaultclock.dt = task.dt
    rng = np.random.default_rng(seed)
    connected = rng.random((n, n)) < share
    weights = {
        "recurrent": connected * rng.standard_normal((n, n)),
        "output": rng.standard_normal((task.n_outputs, n)),
        "feedback": rng.standard_normal((n, task.n_outputs)),
    }
    assume(connected.any())
    neurons, readout = RateNeurons(n, tau=TAU, initial=0.1), Readout(task)
    recurrent = PlasticSynapses(
        neurons,
        neurons,
        RFLO(0.02, tau=TAU),
        onto="I_rec",
        learn=learning(optimizer=optimizer, **when),
    )
    post, pre = np.nonzero(connected)
    shuffled = rng.permutation(len(pre))
    recurrent.connect(i=pre[shuffled], j=post[shuffled])
    recurrent.w = weights["recurrent"][post[shuffled], pre[shuffled]]
    output = PlasticSynapses(
        neurons, readout, Delta(0.02), onto="output", learn=learning(optimizer=optimizer, **when)
    )
    feedback = FeedbackSynapses(readout, neurons)
    for part, name in ((output, "output"), (feedback, "feedback")):
        part.connect()
        part.set_matrix(weights[name])
    trials_object = Trials(task, neurons, readout, recurrent, output)
    losses = LossMonitor(trials_object)
    net, steps = (
        Network(neurons, readout, recurrent, output, feedback, trials_object, losses),
        trials * task.n_steps,
    )
    for first, last in zip(
        [0, *sorted(stop % steps for stop in stops)],
        [*sorted(stop % steps for stop in stops), steps],
    ):
        net.run((last - first) * task.dt, namespace={})
    weights = {name: values[None] for name, values in weights.items()} | {
        "input": np.zeros((1, n, 0))
    }
    expected = reference.train(
        task,
        weights,
        "rflo",
        0.02,
        TAU,
        trials,
        optimizer=optimizer,
        constraint=lambda w: w * connected,
        **when,
    )
    learnt = np.zeros((n, n))
    learnt[np.asarray(recurrent.j), np.asarray(recurrent.i)] = recurrent.w
    assert relative(learnt, expected.weights_after["recurrent"][0]) < 1e-9
    assert relative(output.matrix(), expected.weights_after["output"][0]) < 1e-9
    assert relative(np.asarray(losses.loss)[0], expected.losses[0]) < 1e-9
    assert (learnt != weights["recurrent"][0]).any()


WITHOUT_INPUTS = TASKS.filter(lambda task: not task.n_inputs)
UNCLIPPED = st.one_of(
    st.just(dict(update="step")),
    st.fixed_dictionaries(dict(update=st.just("trial"), batch=st.integers(1, 3))),
)
SPARSE = given(
    task=WITHOUT_INPUTS,
    n=st.integers(1, 9),
    trials=st.integers(1, 5),
    seed=SEEDS,
    share=st.floats(0, 1),
    when=UNCLIPPED,
    optimizer=OPTIMIZERS,
    stops=st.lists(st.integers(0, 10**4), max_size=3),
)


def spikes_learn_as_the_reference(
    task, n, networks, trials, seed, when, optimizer, refractory, tau_syn
):
    assume(updates(trials, when))
    defaultclock.dt = task.dt
    rng = np.random.default_rng(seed)
    start = dict(
        bias=rng.uniform(0.5, 2, networks * n),
        initial=rng.uniform(0, 1, networks * n),
        initial_activity=rng.uniform(0, 1, networks * n),
    )
    neurons = LIFNeurons(
        networks * n, tau=TAU, tau_syn=tau_syn * ms, refractory=refractory * ms, **start
    )
    net = assemble(
        task,
        neurons,
        RFLO(0.02, tau=tau_syn * ms),
        networks=networks,
        seed=seed,
        optimizer=optimizer,
        **when,
    )
    parameters = LIF.of(neurons, networks)
    result = net.train(trials)
    expected = reference.train(
        task,
        result.weights_before,
        "rflo",
        0.02,
        TAU,
        trials,
        optimizer=optimizer,
        neurons=parameters,
        **when,
    )
    agree(result, expected, ("recurrent", "input", "output"))


SPIKES = given(
    task=TASKS,
    n=st.integers(1, 9),
    networks=st.integers(1, 3),
    trials=st.integers(1, 4),
    seed=st.integers(0, 10**6),
    when=AT_TRIALS,
    optimizer=OPTIMIZERS,
    refractory=st.integers(0, 5),
    tau_syn=st.integers(2, 60),
)

test_rates_learn_as_the_reference = FEW(RATES(rates_learn_as_the_reference))
test_symmetric_feedback_learns_as_the_reference = FEW(SYMMETRIC(rates_learn_as_the_reference))
test_sparse_projections_learn_as_the_reference = FEW(
    SPARSE(sparse_projections_learn_as_the_reference)
)
test_spikes_learn_as_the_reference = FEW(SPIKES(spikes_learn_as_the_reference))
test_many_rates_learn_as_the_reference = pytest.mark.model(
    MANY(RATES(rates_learn_as_the_reference))
)
test_much_symmetric_feedback_learns_as_the_reference = pytest.mark.model(
    MANY(SYMMETRIC(rates_learn_as_the_reference))
)
test_many_sparse_projections_learn_as_the_reference = pytest.mark.model(
    MANY(SPARSE(sparse_projections_learn_as_the_reference))
)
test_many_spikes_learn_as_the_reference = pytest.mark.model(
    MANY(SPIKES(spikes_learn_as_the_reference))
)


def noisy_rates():
    neurons = RateNeurons(8, tau=TAU)
    neurons.run_regularly("activity += 0.01*randn()", when="end")
    return neurons


NOISY = {
    "rates": lambda: (noisy_rates(), RFLO(0.02, tau=TAU), {}),
    "spikes": lambda: (
        LIFNeurons(8, tau=TAU, tau_syn=20 * ms, bias=1.2, noise=0.1),
        RFLO(0.02, tau=20 * ms),
        {},
    ),
    "e-prop": lambda: (
        DiscreteLIFNeurons(8, tau=20 * ms, threshold=0.3),
        EProp(0.02, tau=20 * ms),
        dict(tau_out=20 * ms),
    ),
}


def noisy_training(kind):
    """Losses and weights of a short training with noise, in the present device."""
    task = CursorMovements(movement=30 * ms, seed=3)
    defaultclock.dt = task.dt
    neurons, rule, options = NOISY[kind]()
    seed(7)
    result = assemble(
        task, neurons, rule, update="trial", optimizer=Adam(), seed=5, **options
    ).train(4)
    assert (result.weights_after["recurrent"] != result.weights_before["recurrent"]).any()
    return {"losses": result.losses, "output": result.output, **result.weights_after}


@pytest.mark.parametrize(
    "kind, target",
    [(kind, "numpy") for kind in ("rates", "spikes", "e-prop")]
    + [pytest.param("spikes", target, marks=LONG) for target in ("cython", "cpp_standalone")],
)
def test_the_same_seed_gives_the_same_bits(kind, target):
    runs = []
    for _ in range(2):
        with device(target):
            runs.append(noisy_training(kind))
    for name, values in runs[0].items():
        np.testing.assert_array_equal(values, runs[1][name], err_msg=name)
