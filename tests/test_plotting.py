"""Figures: every function draws on the axes it is given or on new ones, labels them, and says which
shape it wants.
"""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import ms
from matplotlib.figure import Figure
from pictures import faults_of

from brian_rflo import analysis, plotting, reference
from brian_rflo.network import initial_weights
from brian_rflo.sweeps import SweepTable
from brian_rflo.sweeps.table import NetworkRow
from brian_rflo.tasks import (
    ArrayTask,
    CursorMovements,
    EvidenceAccumulation,
    PatternGeneration,
    PeriodicOutput,
    StoreRecall,
)

RNG = np.random.default_rng(1)
TIMES = np.arange(1, 51) * ms
LOSSES, MATRIX, SIGNALS = (
    RNG.random((5, 40)) + 0.1,
    RNG.standard_normal((20, 20)),
    RNG.standard_normal((50, 2)),
)
SPIKES = np.nonzero(RNG.random((50, 20)) < 0.1)
#: A good call of each function, and what its axes are called.
CALLS = {
    "plot_task": ((PeriodicOutput(period=50 * ms),), "Time in trial (ms)", ""),
    "plot_spike_task": ((PatternGeneration(length=50 * ms),), "Time in trial (ms)", ""),
    "plot_losses": ((LOSSES,), "Trial", "Loss"),
    "plot_output": ((TIMES, SIGNALS, SIGNALS), "Time in trial (ms)", "Output"),
    "plot_alignment": ((np.arange(40), LOSSES), "Trial", "Alignment (cosine)"),
    "plot_weights": ((MATRIX,), "Presynaptic neuron", "Postsynaptic neuron"),
    "plot_spectrum": ((MATRIX,), "Real part", "Imaginary part"),
    "plot_traces": ((TIMES, SIGNALS), "Time (ms)", "Trace"),
    "plot_raster": ((SPIKES[0] * ms, SPIKES[1]), "Time (ms)", "Neuron"),
    "plot_rates": ((LOSSES,), "Firing rate (Hz)", "Neurons"),
    "plot_changes": ((MATRIX, MATRIX.T), "Change of weights", "Synapses"),
    "plot_points": (([1, 2], [[0.1, 0.2], [0.3, np.nan]]), "", ""),
    "plot_share": ((LOSSES < 0.5,), "Trial", "Share of trials"),
    "plot_answers": ((np.arange(40), LOSSES, np.arange(40)), "", ""),
    "plot_psychometric": ((np.arange(40) % 3, LOSSES[0] < 0.5), "Evidence", "Share of answers"),
    "plot_tracks": ((SIGNALS[None], SIGNALS), "x", "y"),
}
#: Calls with an array that has another shape, and what the error says.
WRONG = {
    "plot_losses": [
        ((LOSSES[None],), r"losses must have the shape \(networks, trials\); got \(1, 5, 40\)"),
        ((np.zeros((3, 0)),), "losses is empty"),
    ],
    "plot_output": [
        (
            (TIMES, SIGNALS[:-1], SIGNALS),
            r"output must have the shape \(n_steps, n_outputs\) with n_steps = 50; got \(49, 2\)",
        ),
        ((TIMES, SIGNALS[:, 0], SIGNALS), r"got \(50,\)"),
    ],
    "plot_alignment": [
        ((np.arange(39), LOSSES), r"alignment must have the shape \(networks, n\) with n = 39")
    ],
    "plot_weights": [
        ((MATRIX[None],), r"weights must have the shape \(post, pre\); got \(1, 20, 20\)")
    ],
    "plot_spectrum": [((MATRIX[:, :5],), r"weights must have the shape \(neurons, neurons\)")],
    "plot_traces": [
        (
            (TIMES, SIGNALS.T),
            r"traces must have the shape \(n_steps, n\) with n_steps = 50; got \(2, 50\)",
        )
    ],
    "plot_raster": [
        ((SPIKES[0], SPIKES[1][:-1]), r"neurons must have the shape \(spikes,\) with spikes")
    ],
    "plot_changes": [((MATRIX, MATRIX[:5]), "must have one shape")],
    "plot_points": [(([1, 2], [[0.1]]), "1 sequences of values for 2 places")],
    "plot_share": [((LOSSES[0],), r"happened must have the shape \(networks, trials\)")],
    "plot_answers": [
        (
            (np.arange(40), LOSSES.T, np.arange(40)),
            r"answers must have the shape \(networks, n\) with n = 40",
        )
    ],
    "plot_psychometric": [((np.arange(40), LOSSES), r"answers must have the shape \(trials,\)")],
    "plot_tracks": [
        ((SIGNALS, SIGNALS), r"velocity must have the shape \(networks, n_steps, 2\)"),
        ((SIGNALS[None, :, :1], SIGNALS[:, :1]), "two components; got 1"),
    ],
}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def result():
    task = CursorMovements(movement=20 * ms, seed=1)
    weights = initial_weights(8, task.n_inputs, task.n_outputs, 2, 1.5, 0)
    return reference.train(task, weights, "rflo", 0.01, 10 * ms, 5)


def test_all_functions_are_looked_at():
    public = {name for name in vars(plotting) if name.startswith("plot_")}
    assert public == set(CALLS) | {
        "plot_training",
        "plot_comparison",
        "plot_gradient_alignment",
        "plot_sweep",
    }  # the others in test_comparison.py, test_gradient.py and test_sweeps.py


@pytest.mark.parametrize("name", CALLS)
def test_on_given_and_on_new_axes(name):
    arguments, xlabel, ylabel = CALLS[name]
    given = Figure().subplots()
    for ax in (given, None):
        drawn = getattr(plotting, name)(*arguments, ax=ax)
        assert drawn is given or ax is None
        assert drawn.has_data() and (drawn.get_xlabel(), drawn.get_ylabel()) == (xlabel, ylabel)
        drawn.figure.canvas.draw()
    assert not faults_of(drawn.figure)
    assert (
        np.allclose(drawn.figure.get_size_inches(), plotting.SIZE)
        and drawn.xaxis.label.get_size() == 8
    ), "new axes are a column wide"


@pytest.mark.parametrize(
    "name, arguments, message", [(name, *wrong) for name, cases in WRONG.items() for wrong in cases]
)
def test_other_shapes_are_refused(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(plotting, name)(*arguments)
    assert not plt.get_fignums(), "nothing is drawn"


#: What has many labels, or none that fit as they are.
CROWDED = {
    "a task with two inputs": lambda: plotting.plot_task(CursorMovements(movement=20 * ms, seed=1)),
    "a task with many channels": lambda: plotting.plot_task(
        ArrayTask(inputs=RNG.random((50, 28)), target=RNG.random((50, 10)), dt=1 * ms)
    ),
    "a masked task of spikes": lambda: plotting.plot_spike_task(StoreRecall()),
    "another one": lambda: plotting.plot_spike_task(EvidenceAccumulation(n_cues=3)),
    "twelve traces": lambda: plotting.plot_traces(
        TIMES, RNG.standard_normal((50, 12)), labels=[f"neuron {k} onto 5" for k in range(12)]
    ),
    "a legend on logarithmic axes": lambda: with_legend(
        plotting.plot_losses(
            LOSSES, plotting.plot_losses(5 * LOSSES, label="five times"), label="once"
        )
    ),
    "few trials": lambda: plotting.plot_losses(LOSSES[:, :8]),
    "more trials": lambda: plotting.plot_losses(LOSSES[:, :30]),
}


def with_legend(ax):
    plotting.legend_over(ax)
    return ax


@pytest.mark.parametrize("name", CROWDED)
def test_labels_have_room_and_legends_cover_nothing(name):
    assert not faults_of(CROWDED[name]().figure)


def test_a_legend_that_is_too_large_for_its_axes_goes_below_the_figure():
    ax = CROWDED["twelve traces"]()
    assert ax.get_legend() is None and len(ax.figure.legends[0].get_texts()) == 12
    assert ax.get_ylim()[1] < 2 * ax.dataLim.y1, "there is no need for room"


def test_lines_drawn_later_are_within_the_axes():
    ax = with_legend(plotting.plot_traces(TIMES, SIGNALS, labels="ab"))
    ax.plot([0, 50], [20, 20])
    assert ax.get_ylim()[1] > 20


@pytest.mark.parametrize(
    "rates", [(3e-4, 1e-3, 3e-3), (3e-4, 4e-4, 6e-4, 8e-4, 1e-3, 4e-3), (1e-5, 0.1)], ids=len
)
def test_learning_rates_on_the_axis_of_a_sweep(rates):
    rows = [
        NetworkRow({"learning_rate": rate, "seed": seed}, {"final_loss": 0.1 + seed}, 1.0, "", None)
        for rate in rates
        for seed in (0, 1)
    ]
    ax = SweepTable(rows).plot("learning_rate")
    assert ax.get_xscale() == "log" and not faults_of(ax.figure)


def test_what_is_a_fault():
    """The checks see it: a text outside, two texts in one place, a legend over a line, a band and
    spikes.
    """
    figure = Figure()
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], label="line")
    ax.fill_between(np.linspace(0, 1, 50), np.linspace(0, 1, 50) + 0.1, label="band")
    ax.vlines([0.5], 0, 1, label="spike")
    figure.text(0.99, 0.5, "too far")
    ax.legend(loc="center")
    ax.set(xticks=[0.2, 0.21], xticklabels=["one", "two"])
    faults = faults_of(figure)
    assert "'too far' lies outside" in faults and "'one' runs into 'two'" in faults
    assert sum("the legend covers" in fault for fault in faults) == 3, faults


def test_axes_that_are_none():
    with pytest.raises(TypeError, match="ax must be the axes to draw on.*got Figure"):
        plotting.plot_losses(LOSSES, plt.figure())


def test_weights_have_a_symmetric_scale_and_rows_for_postsynaptic_neurons():
    ax = plotting.plot_weights(np.array([[0.5, -2.0, np.nan]]))
    (picture,) = ax.images
    assert picture.get_clim() == (-2, 2) and picture.get_array().shape == (1, 3)
    assert plotting.plot_weights(np.zeros((2, 2))).images[0].get_clim() == (-1, 1)


def test_spectrum_shows_the_eigenvalues():
    turning = 0.5 * np.array([[0.0, -1.0], [1.0, 0.0]])
    circle, points = plotting.plot_spectrum(turning).lines
    assert np.allclose(sorted(points.get_ydata()), [-0.5, 0.5]) and np.allclose(
        points.get_xdata(), 0
    )
    assert np.allclose(np.hypot(*circle.get_data()), 1)


def test_times_are_shown_in_milliseconds():
    for times in (TIMES, np.arange(1, 51) * 1e-3):
        assert np.allclose(
            plotting.plot_traces(times, SIGNALS).lines[0].get_xdata(), np.arange(1, 51)
        )


def test_masked_steps_and_the_target_behind():
    mask = np.r_[np.zeros(20), np.ones(30)]
    ax = plotting.plot_output(TIMES, SIGNALS, SIGNALS, mask=mask)
    plotting.plot_output(TIMES, 0 * SIGNALS, SIGNALS, ax, label="other", mask=mask)
    assert ax.get_legend_handles_labels()[1] == ["target", "output", "other"]
    assert {len(line.get_xdata()) for line in ax.lines} == {0, 30}
    targets = [
        line
        for line in ax.lines
        if line.get_color() == plotting.COLOURS["target"] and len(line.get_xdata())
    ]
    assert len(targets) == 4 and all(line.get_zorder() < 2 for line in targets)


def test_share_is_a_running_mean():
    happened = RNG.random((2, 400)) < 0.3
    lines = plotting.plot_share(happened).lines
    assert (
        len(lines) == 2
        and np.isclose(lines[1].get_ydata()[-1], happened[1, -10:].mean())
        and lines[1].get_xdata()[-1] == 400
    )
    assert np.allclose(analysis.running_mean([1, 2, 6], 2), [1.5, 4])


def test_labels_of_traces_are_counted():
    with pytest.raises(ValueError, match="3 labels for 2 lines"):
        plotting.plot_traces(TIMES, SIGNALS, labels="abc")


def test_a_training_in_three_axes(result):
    given = Figure().subplots(1, 3)
    for axes in (given, None):
        drawn = result.plot(axes=axes)
        assert len(drawn) == 3 and all(ax.has_data() for ax in drawn)
    assert not faults_of(drawn[0].figure)
    with pytest.raises(ValueError, match="draws on three axes.*got 2"):
        result.plot(axes=given[:2])
