"""Figures of what is hard to draw, and colours of those who do not see all of them."""

import ast
import itertools
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import ms
from matplotlib.colors import CSS4_COLORS, to_rgb
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


#: Which are drawn by default; the others with ``-m model``.
BY_DEFAULT = (
    "losses of one network and trial",
    "losses that diverge",
    "losses that are all NaN",
    "losses to 1e72",
    "weights of NaN",
    "traces with long labels",
    "changes of 1e72",
    "points at one place",
    "a sweep of two parameters",
    "a sweep of long names",
    "a sweep that diverges",
)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in BY_DEFAULT else pytest.mark.model) for name in HARD],
)
def test_what_is_hard_to_draw(name):
    """No text meets another or lies outside, legends cover nothing, and nothing warns."""
    assert not faults_of(HARD[name]().figure)


def test_a_line_for_each_value_of_the_other_parameters():
    def lines(ax):
        return {line.get_label(): line for line in ax.lines if line.get_label()[0] != "_"}

    table = sweep_of(rate=[0.1, 1.0, 3.0], neurons=["rate", "lif"], **SEEDS)
    numbers = np.array([row.numbers["final_loss"] for row in table.rows]).reshape(3, 2, 3)
    found = lines(table.plot("rate"))
    assert list(found) == ["neurons = rate", "neurons = lif"]
    for line, medians in zip(found.values(), np.median(numbers, axis=2).T):
        np.testing.assert_array_equal(line.get_ydata(), medians)
    looks = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in found.values()}
    assert len(set(map(tuple, zip(*looks)))) == 3, "each differs in all three"
    (one,) = [line for line in table.plot("rate", hue=()).lines if line.get_linestyle() == "-"]
    np.testing.assert_array_equal(one.get_ydata(), np.median(numbers.reshape(3, 6), axis=1))
    assert list(lines(table.plot("rate", hue="seed"))) == ["seed = 0", "seed = 1", "seed = 2"]
    both = lines(table.plot("rate", hue=("neurons", "seed")))
    assert len(both) == 6 and "neurons = lif, seed = 2" in both


def test_parameters_that_are_no_hue():
    table = sweep_of(a=[1, 2], b=range(4), c=range(4))
    with pytest.raises(ValueError, match=r"some of the other parameters, b, c; got 'd'"):
        table.plot("a", hue="d")
    with pytest.raises(ValueError, match="got 'a'"):
        table.plot("a", hue=("b", "a"))
    with pytest.raises(ValueError, match=r"b, c, have 16 combinations.*Write hue='b'"):
        table.plot("a")


def test_diverged_networks_count_as_infinite():
    """Also where the loss itself is infinite: the median was 1.8e308."""
    ax = plotting.plot_points([1, 2], [[NAN, INF, 2.0], [INF, 1.0, 2.0]])
    assert ax.lines[-1].get_ydata().tolist() == [INF, 2.0]


#: What those see who lack a kind of cones: in linear RGB, at full strength (Machado, Oliveira,
#: Fernandes 2009, IEEE TVCG 15, table 1).
CONES = {
    "all": np.eye(3),
    "no long (protanopia)": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no middle (deuteranopia)": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no short (tritanopia)": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def seen(color, cones):
    """A colour in CIE Lab, as one sees it who has these cones."""
    coded = np.array(to_rgb(color))
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(CONES[cones]) @ linear, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.array(to_xyz) @ linear / [0.9505, 1, 1.089]
    x, y, z = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def closest(colors, cones):
    """The least distance of two colours; 2.3 is what one just notices."""
    places = [seen(color, cones) for color in dict.fromkeys(map(to_rgb, colors))]
    return min(np.linalg.norm(one - other) for one, other in itertools.combinations(places, 2))


@pytest.mark.parametrize("cones", CONES)
def test_colours_are_apart_for_everyone(cones):
    compared = [
        plotting.colour(rule) for rule in ("rflo", "readout", "least_squares", "bptt", "wp", "np")
    ]
    assert closest(plotting.CYCLE, cones) > 15
    assert closest(plotting.COLOURS.values(), cones) > 12
    assert closest([*compared, plotting.COLOURS["target"]], cones) > 15
    assert closest(["white", *plotting.CYCLE, plotting.COLOURS["target"]], cones) > 15
    assert closest(plotting.colours(9), cones) > 7, "shades from dark to light, in order"


def test_red_and_green_of_a_screen_would_be_found():
    assert closest(["#ff0000", "#8a7300"], "no middle (deuteranopia)") < 15
    assert closest(["tab:orange", "tab:olive"], "no middle (deuteranopia)") < 15


def test_all_colours_stand_in_one_file():
    """Nothing else names a colour but black, white and shades of grey."""
    others = re.compile(r"C\d|tab:\w+|#[0-9a-fA-F]{6}|[rgbcmy]-{0,2}|jet|rainbow|hsv|viridis")
    named = set(CSS4_COLORS) - {"black", "white", "grey", "gray"}
    for folder in ("brian_rflo", "models", "examples", "benchmarks", "docs/figures"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.parts[-2:] == ("plotting", "style.py"):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                for keyword in getattr(node, "keywords", ()):
                    values = [
                        each.value for each in ast.walk(keyword.value) if hasattr(each, "value")
                    ]
                    if keyword.arg in ("color", "colors", "c", "cmap", "colour", "facecolor"):
                        texts = [value for value in values if isinstance(value, str)]
                        wrong = [text for text in texts if others.fullmatch(text) or text in named]
                        assert not wrong, (path, wrong)


def test_text_of_vector_figures_is_text(tmp_path):
    with plt.rc_context(plotting.EDITABLE):
        figure = plotting.plot_losses(CURVE).figure
        figure.savefig(tmp_path / "figure.svg")
    assert ">Trial</text>" in (tmp_path / "figure.svg").read_text()
