"""The network of models/miconi2017 in a smaller size, against a seeded case in NumPy, and what its
table counts.
"""

from pathlib import Path

import numpy as np
from brian2 import TimedArray, defaultclock, ms
from brian_rflo.models.miconi2017.non_match import criterion, shares
from brian_rflo.models.miconi2017.training import network

from brian_rflo.rules import Exploration
from brian_rflo.tasks import DelayedNonMatch

CASE = Path(__file__).parent / "data" / "exploration_dev_a.npz"


def test_the_network_is_the_seeded_case():
    with np.load(CASE) as data:
        d = dict(data)
    trials, steps, n = d["kicks"].shape
    fifth = steps // 5 * ms
    task = DelayedNonMatch(
        start=1 * ms,
        cue=fifth,
        delay=fifth - 1 * ms,
        wait=fifth,
        go=fifth,
        n_inputs=2,
        height=0.98,
        order="in turn",
    )
    defaultclock.dt = task.dt

    class Given(Exploration):
        constants = {"kicks": TimedArray(d["kicks"].reshape(-1, n), dt=task.dt)}
        explores = "kicks(t, i)"

    net = network(
        task,
        Given(float(d["eta"]), smoothing=float(d["activity_smoothing"])),
        {"recurrent": d["recurrent_before"], "input": d["input"]},
        tau=float(d["tau_steps"]) * ms,
        start="given(t + 0.5*dt, i)",
        largest=float(d["largest_change"]),
        first=int(d["first_learning_trial"]),
        follows=1 - float(d["error_smoothing"]),
    )
    net.neurons.namespace["given"] = TimedArray(d["starts"], dt=task.duration)
    errors = net.train(trials).losses[0]
    after = d["recurrent_after"][-1]
    assert np.abs(after - d["recurrent_before"]).max() > 1e-3
    assert np.abs(errors - d["errors"]).max() <= 1e-12
    assert np.abs(net.recurrent.matrix() - after).max() <= 1e-12


def test_the_criterion_counts_the_last_hundred_trials():
    errors = np.full(400, 2.0)
    errors[150:] = 0.5
    assert criterion(errors) == 150 + 95 and criterion(errors, needed=96) == 150 + 96
    errors[160::10] = 2.0
    assert np.isinf(criterion(errors)) and np.isinf(criterion(np.full(400, 1.0)))
    errors = np.random.default_rng(0).uniform(0, 2, (2, 300))
    found = shares(errors)
    assert np.isnan(found[:, :99]).all()
    for trial in (99, 100, 299):
        expected = (errors[:, trial - 99 : trial + 1] < 1).mean(axis=1)
        np.testing.assert_allclose(found[:, trial], expected, rtol=1e-12)
