"""When and how weights change: batches of trials, gradient clipping, constraints, trained subsets,
the output as a current.
"""

import numpy as np
import pytest
from brian2 import StateMonitor, defaultclock, ms
from helpers import assemble
from targets import NUMPY_FIRST, compiled_for

from brian_rflo import RFLO, LearningNetwork, PerStep, PerTrial, RateNeurons, reference
from brian_rflo.brian.devices import device
from brian_rflo.network import Murray2019
from brian_rflo.tasks import CursorMovements, PeriodicOutput
from brian_rflo.updates import DALE, SGD, Adam, Momentum

TAU, RATE, N = 10 * ms, 2.0, 8
CURSOR = CursorMovements(movement=30 * ms, seed=3)
PERIODIC = PeriodicOutput(period=50 * ms)
EXCITATORY = np.arange(N) % 3 > 0


def dale(recurrent):
    """The constraint of the reference."""
    return np.where(EXCITATORY, np.maximum(recurrent, 0), np.minimum(recurrent, 0))


CASES = {
    "batch": dict(batch=3),
    "clip": dict(clip_norm=0.05),
    "clip and batch": dict(clip_norm=0.08, batch=2),
    "readout only": dict(trained=("output",)),
    "recurrent only": dict(trained=("recurrent", "input")),
    "constraint": dict(constraint=DALE),
    "constraint at every step": dict(constraint=DALE, update="step"),
    "all of it": dict(constraint=DALE, batch=2, clip_norm=0.1, trained=("recurrent", "output")),
}


def train(task, trials=7, networks=2, rate=RATE, **options):
    defaultclock.dt = task.dt
    excitatory = np.tile(EXCITATORY, networks) if "constraint" in options else None
    inputs = ("I_rec", "I_in", "I_out") if options.get("output_current") else ("I_rec", "I_in")
    neurons = RateNeurons(networks * N, tau=TAU, initial=0.3, excitatory=excitatory, inputs=inputs)
    net = assemble(
        task,
        neurons,
        RFLO(rate, tau=TAU),
        networks=networks,
        seed=4,
        **{"update": "trial"} | options,
    )
    return net, net.train(trials)


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


@pytest.mark.parametrize("case, target", compiled_for(CASES, ["all of it"]))
def test_as_the_reference(case, target):
    with device(target):
        _, result = train(CURSOR, **case)
    options = {"update": "trial"} | case | ({"constraint": dale} if "constraint" in case else {})
    expected = reference.train(
        CURSOR, result.weights_before, "rflo", RATE, TAU, 7, initial=0.3, **options
    )
    assert relative(result.losses, expected.losses) < 1e-10
    for name in ("recurrent", "input", "output"):
        assert relative(result.weights_after[name], expected.weights_after[name]) < 1e-10, name
        moved = (result.weights_after[name] != result.weights_before[name]).any()
        assert moved == (name in case.get("trained", ("recurrent", "input", "output"))), name


@pytest.mark.parametrize(
    "optimizer", [SGD(decay=3), Momentum(momentum=0.7), Adam(decay=3)], ids=str
)
def test_each_optimizer_has_its_formula_in_numpy(optimizer):
    """What the reference does with it is what Brian2 does, whichever it is."""
    rate = 0.01
    _, result = train(CURSOR, optimizer=optimizer, rate=rate)
    expected = reference.train(
        CURSOR,
        result.weights_before,
        "rflo",
        rate,
        TAU,
        7,
        initial=0.3,
        update="trial",
        optimizer=optimizer,
    )
    assert (result.weights_after["recurrent"] != result.weights_before["recurrent"]).all()
    for name in ("recurrent", "input", "output"):
        assert relative(result.weights_after[name], expected.weights_after[name]) < 1e-9, name


def test_an_optimizer_without_a_formula_in_numpy_is_refused_there():
    class Halved(SGD):
        code = "dw = total/2"

    _, result = train(CURSOR, trials=1, optimizer=Halved())
    with pytest.raises(ValueError, match="Halved.*not in NumPy"):
        reference.train(
            CURSOR, result.weights_before, "rflo", RATE, TAU, 1, optimizer=Halved(), update="trial"
        )


def test_clipping_changes_something_and_holds_the_norm():
    free, clipped = (
        train(CURSOR, trials=1, **options)[1] for options in ({}, dict(clip_norm=0.05))
    )
    norms = [
        np.sqrt(
            sum(
                ((result.weights_after[name] - result.weights_before[name]) ** 2).sum(axis=(1, 2))
                for name in ("recurrent", "input", "output")
            )
        )
        for result in (free, clipped)
    ]
    assert (norms[0] > RATE * 0.05).all()
    np.testing.assert_allclose(norms[1], RATE * 0.05, rtol=1e-12)


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_the_norm_is_that_of_the_gradient(target):
    """Without weights that are held at 0 and without adaptive feedback, which is scaled like the
    readout.
    """
    with device(target):
        result = train(
            CURSOR, trials=1, clip_norm=0.05, self_connections=False, feedback="adaptive"
        )[1]
    moved = {
        name: result.weights_after[name] - result.weights_before[name]
        for name in ("recurrent", "input", "output", "feedback")
    }
    norms = np.sqrt(
        sum((moved[name] ** 2).sum(axis=(1, 2)) for name in ("recurrent", "input", "output"))
    )
    np.testing.assert_allclose(norms, RATE * 0.05, rtol=1e-12)
    np.testing.assert_allclose(
        moved["feedback"], moved["output"].swapaxes(1, 2), rtol=0, atol=1e-15
    )
    assert (np.diagonal(result.weights_after["recurrent"], axis1=1, axis2=2) == 0).all()


@pytest.mark.parametrize("update", ["step", "trial"])
def test_a_frozen_readout_freezes_adaptive_feedback(update):
    net, _ = train(CURSOR, trials=1, networks=1, feedback="adaptive", update=update)
    kept = net.weights()
    net.output.plastic = False
    frozen = net.train(2)
    assert not np.asarray(net.feedback.plastic)
    net.output.plastic = True
    learned = net.train(2)
    for name in ("output", "feedback"):
        assert (
            np.array_equal(frozen.weights_after[name], kept[name])
            and (learned.weights_after[name] != kept[name]).any()
        )
    assert (frozen.weights_after["recurrent"] != kept["recurrent"]).any()


@pytest.mark.parametrize("update", ["step", "trial"])
def test_dales_law_holds_at_every_step(update):
    defaultclock.dt = CURSOR.dt
    neurons = RateNeurons(N, tau=TAU, initial=0.3, excitatory=EXCITATORY)
    net = LearningNetwork(
        CURSOR,
        neurons,
        RFLO(RATE, tau=TAU),
        learn=(PerTrial if update == "trial" else PerStep)(),
        constraint=DALE,
        initial=Murray2019(seed=4),
    )
    monitor = StateMonitor(net.recurrent, "w", record=True, when="end")
    net.add(monitor)
    net.train(10)
    weights = np.asarray(monitor.w).reshape(N, N, -1)
    assert (weights[EXCITATORY] >= 0).all() and (weights[~EXCITATORY] <= 0).all()
    assert (weights == 0).any() and (weights[:, :, -1] != weights[:, :, 0]).any()


@pytest.mark.parametrize("update", ["trial", "step"])
def test_output_current(update):
    """Against a loop of our own: u(t) gets the output of the step before, 0 in the first."""
    net, result = train(PERIODIC, trials=3, networks=1, output_current=True, update=update)
    before = {name: values[0].copy() for name, values in result.weights_before.items()}
    w, out, back = before["recurrent"], before["output"], before["feedback"]
    _, target, mask = PERIODIC.trial()
    T, losses = PERIODIC.n_steps, []
    for _ in range(3):
        h, y, p, loss, dw, dout = np.full(N, 0.3), np.zeros(1), np.zeros((N, N)), 0, 0, 0
        for t in range(T):
            phi = np.tanh(w @ h + back @ y)
            p = 0.9 * p + 0.1 * np.outer(1 - phi**2, h)
            h = 0.9 * h + 0.1 * phi
            y = out @ h
            error = mask[t] * (target[t] - y)
            loss += (error**2).sum() / (2 * T)
            steps = RATE / T * (back @ error)[:, None] * p, RATE / T * np.outer(error, h)
            if update == "step":
                w, out = w + steps[0], out + steps[1]
            else:
                dw, dout = dw + steps[0], dout + steps[1]
        w, out = w + dw, out + dout
        losses.append(loss)
    assert relative(result.losses[0], np.array(losses)) < 1e-10
    assert (
        relative(net.recurrent.matrix(), w) < 1e-10 and relative(net.output.matrix(), out) < 1e-10
    )
    assert relative(w, before["recurrent"]) > 1e-3


def test_a_diverged_network_forgets_its_unfinished_batch():
    """What has been added up so far holds numbers of the failed trial; it must not reach the
    weights when learning goes on.
    """
    net, _ = train(CURSOR, trials=1, networks=1, batch=3)
    kept = np.array(net.recurrent.w)
    net.recurrent.change = 1e300
    net.trials.diverged_in = 1
    net.run(1 * CURSOR.duration)
    assert np.array_equal(net.recurrent.w, kept)
    assert np.abs(np.asarray(net.recurrent.change)).max() == 0


@pytest.mark.parametrize("update", ["step", "trial"])
def test_a_constraint_leaves_frozen_weights_alone(update):
    _, result = train(
        CURSOR, trials=3, trained=("output",), constraint="w = clip(w, -0.01, 0.01)", update=update
    )
    assert np.array_equal(result.weights_after["recurrent"], result.weights_before["recurrent"])
    assert np.abs(result.weights_after["recurrent"]).max() > 0.1


def test_changes_too_large_to_be_squared_are_clipped():
    net, _ = train(CURSOR, trials=1, networks=1, clip_norm=0.05)
    before = {part: np.array(part.w) for part in (net.recurrent, net.output)}
    net.recurrent.change = 1e200
    net.run(CURSOR.duration)
    moved = np.sqrt(
        sum(((np.asarray(part.w) - weights) ** 2).sum() for part, weights in before.items())
    )
    assert abs(moved / (RATE * 0.05) - 1) < 1e-6


def test_respond_is_the_network_without_learning():
    _, result = train(CURSOR, trials=4)
    outputs = reference.respond(CURSOR, result.weights_after, TAU, [0, 5], initial=0.3)
    assert outputs.shape == (2, 2, CURSOR.n_steps, 2)
    still = reference.train(CURSOR, result.weights_after, "bptt", 0.0, TAU, 1, initial=0.3)
    np.testing.assert_array_equal(outputs[:, 0], still.output)


def test_temporaries_stand_where_they_are_read_unless_that_changes_something():
    from brian_rflo.brian.statements import nested

    assert (
        nested("total = a*b\ndw = rate*total\nw = w + dw", "total", "dw")
        == "w = w + rate * (a * b)"
    )
    assert nested("dw = rate*m\nm = 0\nw = w + dw", "dw") == "dw = rate * m\nm = 0\nw = w + dw", (
        "what it reads changes on the way"
    )
    assert nested("dw = a + rand()\nx = rand()\nw = w + dw", "dw").startswith("dw = a + rand()"), (
        "random numbers come in another order"
    )
    assert nested("dw = a\nw = w + dw*dw", "dw").startswith("dw = a"), "read twice"
