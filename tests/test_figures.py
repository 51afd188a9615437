"""Figures of what is hard to draw, and colours of those who do not see all of them."""

import itertools
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import ms
from pictures import faults_of

import brian_rflo
from brian_rflo import plotting
from brian_rflo.sweeps import SweepTable
from brian_rflo.sweeps.table import NetworkRow

ROOT = Path(brian_rflo.__file__).parents[1]
RNG = np.random.default_rng(3)
NAN, INF = np.nan, np.inf
CURVE = np.geomspace(1, 1e-3, 60) * RNG.uniform(0.8, 1.2, (12, 60))
LONG = "a rule whose name is longer than most, with feedback"
TIMES = np.arange(1, 31) * ms
LINES = RNG.standard_normal((30, 3))
DIVERGED = np.where(np.arange(60) > 30, NAN, CURVE)


def losses(values, **more):
    """Two curves on the same axes, with a legend."""
    ax = plotting.plot_losses(values, name="rflo", label=LONG)
    plotting.plot_losses(np.asarray(values) / 3, ax, name="bptt", **more)
    plotting.legend_over(ax)
    return ax


def sweep_of(numbers=None, **parameters):
    """A table of made-up numbers."""
    networks = list(itertools.product(*parameters.values()))
    numbers = RNG.lognormal(-3, 0.5, len(networks)) if numbers is None else numbers
    return SweepTable(
        [
            NetworkRow(dict(zip(parameters, values)), {"final_loss": float(number)}, 1, "", None)
            for values, number in zip(networks, itertools.cycle(numbers))
        ]
    )


SEEDS = dict(seed=range(3))
#: What is hard, by function.
HARD = {
    "losses of one network and trial": lambda: losses(CURVE[:1, :1]),
    "losses of two trials": lambda: losses(CURVE[:, :2]),
    "losses of four trials": lambda: losses(CURVE[:1, :4]),
    "losses of twelve networks": lambda: losses(CURVE),
    "losses of 1e5 trials": lambda: losses(np.geomspace(1, 1e-6, 100000)),
    "losses that diverge": lambda: losses(DIVERGED),
    "losses that are all NaN": lambda: losses(np.full((2, 60), NAN)),
    "losses that are infinite": lambda: losses(np.where(np.arange(60) > 30, INF, CURVE)),
    "losses to 1e72": lambda: losses(np.geomspace(1, 1e72, 60)),
    "losses to 1e-300": lambda: losses(np.geomspace(1, 1e-300, 60)),
    "losses of zero": lambda: losses(np.zeros((2, 60))),
    "losses that stay": lambda: losses(np.full((2, 60), 0.25)),
    "losses that hardly move": lambda: losses(0.25 + 1e-5 * CURVE),
    "alignment of one trial": lambda: plotting.plot_alignment([0], [[0.1], [0.2]]),
    "alignment of no number": lambda: plotting.plot_alignment([0, 1], [[NAN, NAN]], label=LONG),
    "alignment of 1e5 trials": lambda: plotting.plot_alignment(
        np.arange(0, 100001, 500), RNG.uniform(0, 1, (12, 201))
    ),
    "an output of one step": lambda: plotting.plot_output(TIMES[:1], [[1.0]], [[2.0]]),
    "an output to 1e72": lambda: plotting.plot_output(TIMES, 1e72 * LINES, LINES),
    "an output of NaN": lambda: plotting.plot_output(TIMES, LINES * NAN, LINES),
    "an output that stays": lambda: plotting.plot_output(TIMES, 0 * LINES + 1e-9, 0 * LINES),
    "one weight": lambda: plotting.plot_weights([[1e-12]]),
    "a row of weights": lambda: plotting.plot_weights(RNG.standard_normal((1, 300))),
    "a column of weights": lambda: plotting.plot_weights(RNG.standard_normal((300, 1))),
    "weights of NaN": lambda: plotting.plot_weights(np.full((5, 5), NAN)),
    "weights of 1e72": lambda: plotting.plot_weights(1e72 * LINES),
    "one eigenvalue": lambda: plotting.plot_spectrum([[1e-6]], label=LONG),
    "eigenvalues of 1e9": lambda: plotting.plot_spectrum(1e9 * RNG.standard_normal((20, 20))),
    "traces of one step": lambda: plotting.plot_traces(TIMES[:1], LINES[:1], labels="abc"),
    "traces with long labels": lambda: plotting.plot_traces(TIMES, LINES, labels=[LONG] * 3),
    "forty traces": lambda: plotting.plot_traces(
        TIMES, RNG.standard_normal((30, 40)), labels=[f"neuron {k} onto 5" for k in range(40)]
    ),
    "traces of 1e-12": lambda: plotting.plot_traces(TIMES, 1e-12 * LINES),
    "traces of an hour": lambda: plotting.plot_traces(np.arange(3600), np.ones((3600, 1))),
    "no spikes": lambda: plotting.plot_raster([] * ms, []),
    "one spike": lambda: plotting.plot_raster([3] * ms, [0]),
    "spikes of 12345 neurons": lambda: plotting.plot_raster(
        np.arange(500) * ms, RNG.integers(12345, size=500)
    ),
    "no rates": lambda: plotting.plot_rates([]),
    "rates of NaN": lambda: plotting.plot_rates([NAN, 3.0, INF]),
    "one rate": lambda: plotting.plot_rates([17.0]),
    "no changes": lambda: plotting.plot_changes(np.ones(5), np.ones(5)),
    "changes with NaN": lambda: plotting.plot_changes([0.0, NAN, 1.0], [1.0, NAN, 1.5]),
    "changes of 1e-300": lambda: plotting.plot_changes(np.zeros(9), 1e-300 * np.arange(9)),
    "changes of 1e72": lambda: plotting.plot_changes(np.zeros(9), 1e72 * np.arange(9)),
    "changes of 0.001": lambda: plotting.plot_changes(np.zeros(999), 0.024 * RNG.random(999)),
    "points at one place": lambda: plotting.plot_points([1], [[NAN, INF, 2.0]]),
    "points of 1e9": lambda: plotting.plot_points([1e9, 2e9, 3e9], [[1e-9], [2e-9], [NAN]]),
    "the share of one trial": lambda: plotting.plot_share([[1], [0]]),
    "the share of 1e5 trials": lambda: plotting.plot_share(RNG.random((12, 100000)) < 0.5),
    "one answer": lambda: plotting.plot_answers([1], [[2]], [3]),
    "answers of twelve": lambda: plotting.plot_answers(
        np.arange(5), RNG.random((12, 5)), np.arange(5)
    ),
    "one piece of evidence": lambda: plotting.plot_psychometric([1], [True], label=LONG),
    "tracks of twelve": lambda: plotting.plot_tracks(RNG.random((12, 9, 2)), RNG.random((9, 2))),
    "a track that stays": lambda: plotting.plot_tracks(np.zeros((1, 9, 2)), np.zeros((9, 2))),
    "a sweep of two parameters": lambda: sweep_of(
        learning_rate=[3e-4, 1e-3, 3e-3, 1e-2], neurons=["rate", "lif"], **SEEDS
    ).plot("learning_rate"),
    "a sweep of three": lambda: sweep_of(a=[1, 2, 3], b=[1, 2], c=[0.1, 0.2], **SEEDS).plot("a"),
    "a sweep of long names": lambda: sweep_of(
        rule=[LONG, "BPTT", "e-prop"], on=[LONG.upper(), LONG]
    ).plot("rule"),
    "a sweep of long words": lambda: sweep_of(rule=[f"{k}" + 25 * "x" for k in range(5)]).plot(
        "rule"
    ),
    "a sweep of times": lambda: sweep_of(tau=[5 * ms, 50 * ms], n=range(10, 20)).plot("tau"),
    "a sweep of one network": lambda: sweep_of(tau=[5 * ms]).plot("tau"),
    "a sweep that diverges": lambda: sweep_of([NAN, INF, 1e72], n=[1, 2, 3]).plot("n"),
    "a sweep of NaN": lambda: sweep_of([NAN], n=[1, 2, 3], **SEEDS).plot("n"),
    "a sweep within a factor of two": lambda: sweep_of(rate=[3e-4, 4e-4, 6e-4]).plot("rate"),
    "a sweep over 20 decades": lambda: sweep_of(10.0 ** np.arange(-30, 30), a=range(60)).plot("a"),
}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", HARD)
def test_what_is_hard_to_draw(name):
    assert not faults_of(HARD[name]().figure)
