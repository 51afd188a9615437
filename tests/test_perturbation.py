"""Weight and node perturbation against seeded NumPy cases.

The cases in ``tests/data`` hold all random draws, so that nothing depends on a generator.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from brian2 import Network, TimedArray, defaultclock, ms, prefs, set_device
from brian2 import device as brian_device

from brian_rflo import LossMonitor, PlasticSynapses, RateNeurons, Readout, Trials
from brian_rflo.brian.devices import device
from brian_rflo.credit import PairDifference
from brian_rflo.readouts import TaskInput
from brian_rflo.rules import NodePerturbation, WeightPerturbation
from brian_rflo.tasks import ArrayTask

DATA = Path(__file__).parent / "data"


@cache
def case(name):
    """Return the arrays of a seeded case."""
    return dict(np.load(DATA / f"{name}.npz"))


def weights_given(learning_rate, sigma, draws, n_steps):
    """Return a rule of weight perturbation with given draws ``[trial, post, pre]``."""
    trials, n_post, n_pre = draws.shape
    values = TimedArray(draws.swapaxes(1, 2).reshape(trials, -1), dt=n_steps * ms)

    class Given(WeightPerturbation):
        constants = {"given": values}
        reset = f"pw = perturbed_network*given(t + 0.5*dt, (i % {n_pre})*{n_post} + j % {n_post})"

    return Given(learning_rate, sigma)


def noise_given(learning_rate, sigma, draws):
    """Return a rule of node perturbation with given draws ``[trial, step, unit]``."""
    values = TimedArray(draws.reshape(-1, draws.shape[-1]), dt=1 * ms)

    class Given(NodePerturbation):
        constants = {"given": values}
        explores = f"perturbed_network*given(t, i % {draws.shape[-1]})"

    return Given(learning_rate, sigma)


def perceptron(name, kind):
    """Run a linear readout of the inputs; return what is read after it and what must come out."""
    d = case(f"perceptron_dev_{name}")
    trials, steps, _ = d["inputs"].shape
    task = ArrayTask(target=d["targets"], inputs=d["inputs"], dt=1 * ms)
    inputs, readout = TaskInput(task, networks=2), Readout(task, networks=2)
    eta, sigma = float(d["eta"]), float(d["sigma"])
    rule = (
        weights_given(eta, sigma, d["wp_draws"], steps)
        if kind == "wp"
        else noise_given(eta, sigma, d["np_draws"])
    )
    output = PlasticSynapses(inputs, readout, rule, "output")
    output.connect(networks=2)
    output.set_matrix(np.stack([d["w_before"]] * 2))
    modulator = PairDifference()
    net_trials = Trials(task, readout, output, modulator)
    losses = LossMonitor(net_trials)
    Network(inputs, readout, output, net_trials, losses).run(trials * task.duration)
    return {"output": output}, [
        (lambda: np.array(losses.loss).T, d[f"{kind}_losses"]),
        (lambda: output.matrix(2), np.stack([d[f"{kind}_w_after"][-1]] * 2)),
        (
            lambda: (output.matrix(2)[..., -2:] == d["w_before"][:, -2:]).all(),
            np.array(kind == "np"),  # weights of silent inputs stay as they are, to the bit, or not
        ),
    ]


def recurrent(name, kind, networks=1):
    """Run a network whose recurrent, input and readout weights learn."""
    d = case(f"recurrent_dev_{name}")
    trials, steps, _ = d["inputs"].shape
    n = len(d["recurrent_before"])
    task = ArrayTask(target=d["targets"], inputs=d["inputs"], mask=d["mask"], dt=1 * ms)
    eta, sigma = float(d["eta"]), float(d["sigma"])
    if kind == "wp":
        rules = {p: weights_given(eta, sigma, d[f"wp_{p}"], steps) for p in PARTS}
    else:
        rules = dict.fromkeys(("recurrent", "input"), noise_given(eta, sigma, d["np_drive"]))
        rules["output"] = noise_given(eta, sigma, d["np_output"])
    blocks = 2 * networks
    neurons = RateNeurons(blocks * n, tau=1 * ms / float(d["leak"]), initial=float(d["initial"]))
    inputs = TaskInput(task, networks=blocks)
    readout = Readout(task, networks=blocks)
    ends = {
        "recurrent": (neurons, neurons, "I_rec"),
        "input": (inputs, neurons, "I_in"),
        "output": (neurons, readout, "output"),
    }
    made = {}
    for part, (source, target, onto) in ends.items():
        made[part] = PlasticSynapses(source, target, rules[part], onto)
        made[part].connect(networks=blocks)
        made[part].set_matrix(np.stack([d[f"{part}_before"]] * blocks))
    net_trials = Trials(task, neurons, readout, *made.values(), PairDifference(), networks=networks)
    losses = LossMonitor(net_trials)
    Network(neurons, inputs, readout, *made.values(), net_trials, losses).run(
        trials * task.duration
    )
    after = [
        (lambda p=p: made[p].matrix(blocks), np.stack([d[f"{kind}_{p}_after"][-1]] * blocks))
        for p in PARTS
    ]
    return made, [
        (lambda: np.array(losses.loss).T, np.tile(d[f"{kind}_losses"], networks)),
        *after,
    ]


PARTS = ("recurrent", "input", "output")
CASES = {
    f"{case.__name__}-{name}-{kind}": (case, name, kind)
    for case in (perceptron, recurrent)
    for name in "ab"
    for kind in ("wp", "np")
}


def compare(found, tolerance=1e-12):
    for read, expected in found:
        assert np.abs(read() * 1.0 - expected).max() <= tolerance


@pytest.mark.parametrize("name", CASES)
def test_seeded_case(name):
    run, *arguments = CASES[name]
    compare(run(*arguments)[1])


@pytest.mark.model
@pytest.mark.compiled
def test_seeded_cases_on_cython():
    prefs.codegen.target = "cython"
    for run, *arguments in CASES.values():
        made, found = run(*arguments)
        compare(found)
        assert all(part.dense.why_not_dense is None for part in made.values())


@pytest.mark.model
@pytest.mark.compiled
def test_seeded_cases_in_one_standalone_program():
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        try:
            defaultclock.dt = 1 * ms
            found = []
            for dense in (True, False):
                prefs["brian_rflo.dense_pass"] = dense
                for run, *arguments in CASES.values():
                    made, reads = run(*arguments)
                    found.append(reads)
                    whys = {part.dense.why_not_dense is None for part in made.values()}
                    assert whys == {dense}
            brian_device.build(directory=None)
            for reads in found:
                compare(reads)
        finally:
            prefs["brian_rflo.dense_pass"] = True


def test_networks_side_by_side_are_the_case_each():
    compare(recurrent("a", "np", networks=2)[1])
