"""Rate beside spiking networks: the same task, size and time constant; table, figure, files, and
errors.
"""

import json
import re
from dataclasses import replace
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import ms
from pictures import faults_of
from test_models import Here

from brian_rflo import Adam, DerivedNeurons, cli, plotting, reference
from brian_rflo.comparison import KINDS, RATE, Kind, compare, power
from brian_rflo.comparison.told import TOLD
from brian_rflo.comparison.training import RULES
from brian_rflo.crews import Progress, part
from brian_rflo.crews.experiment import Row, listed, table
from brian_rflo.tasks import CursorMovements, DelayedNonMatch

TASK = CursorMovements(movement=40 * ms, seed=2)
SMALL = dict(networks=2, trials=4, n=12, device="numpy")


@pytest.fixture(scope="module")
def small():
    return compare(
        TASK, ("rate", "lif", "alif"), ("rflo", "readout", "least_squares", "bptt"), **SMALL
    )


def test_everything_is_there(small):
    assert list(small.results) == [
        (kind, rule)
        for kind in ("rate", "lif", "alif")
        for rule in ("rflo", "readout", "least_squares", "bptt")
    ]
    for (kind, rule), result in small.results.items():
        assert result.losses.shape == (2, 4) and np.isfinite(result.losses).all()
        moved = (result.weights_after["recurrent"] != result.weights_before["recurrent"]).any()
        assert (
            moved == (rule in ("rflo", "bptt"))
            and (result.weights_after["output"] != result.weights_before["output"]).any()
        )
        assert ("rates" in small.arrays[kind, rule]) == (kind != "rate")
        assert np.array_equal(
            result.weights_before["recurrent"],
            small.results[kind, "rflo"].weights_before["recurrent"],
        )


def test_all_rules_start_from_the_same_network(small):
    """Before anything has changed, NumPy and Brian2 give the same loss, also for adaptive ones."""
    for kind in ("rate", "lif", "alif"):
        first = [small.results[kind, rule].losses[:, 0] for rule in ("rflo", "readout", "bptt")]
        np.testing.assert_allclose(first[0], first[2], rtol=1e-10)
        np.testing.assert_array_equal(first[0], first[1])


def test_perturbation_starts_from_the_same_network_in_pairs_of_trials(small):
    perturbed = compare(TASK, ("rate", "lif"), ("wp", "np"), **SMALL)
    for (kind, rule), result in perturbed.results.items():
        before = small.results[kind, "rflo"]
        assert result.losses.shape == (2, 4)
        assert np.array_equal(result.losses[:, 0], before.losses[:, 0])
        for name in ("recurrent", "input", "output"):
            assert np.array_equal(result.weights_before[name], before.weights_before[name])
            assert (result.weights_after[name] != result.weights_before[name]).any()
        rates = perturbed.arrays[kind, rule].get("rates")
        assert rates is None if kind == "rate" else rates.shape == (2, 12)
    figure = perturbed.plot()
    labels = [ax.get_label() for ax in figure.axes]
    assert len(labels) == 6 and "alignment" not in labels and not faults_of(figure)
    with pytest.raises(ValueError, match="noise must be 0 for 'np', whose pairs"):
        compare(TASK, ("rate",), ("rflo", "np"), noise=0.1, **SMALL)


@pytest.fixture(scope="module")
def by_reward():
    return compare("non_match", ("rate", "lif"), ("reward", "reward_readout"), **SMALL)


def test_rules_of_reward_are_judged_by_wrong_answers(by_reward):
    for (kind, rule), result in by_reward.results.items():
        errors = by_reward.errors(kind, rule)
        assert errors.shape == (2, 4) and set(np.unique(errors)) <= {0, 1}
        assert np.array_equal(errors, 1 - result.rewards)
        np.testing.assert_allclose(by_reward.final_error(kind, rule), errors.mean(axis=1))
        before, after = result.weights_before, result.weights_after
        moved = {name for name in after if (after[name] != before[name]).any()}
        neurons = {"recurrent", "input"} if rule == "reward" else set()
        assert moved == {"output", "feedback"} | neurons  # adaptive feedback follows the readout
        other = by_reward.results[kind, "reward"]
        assert all(np.array_equal(before[name], other.weights_before[name]) for name in before)
        assert not before["output"][:, -1].any()  # the critic's
    assert by_reward.arrays["lif", "reward"]["spikes"].shape == (41, 2, 12)
    text = str(by_reward)
    assert "LIF, reward: wrong answers at the end, median" in text and "NMSE" not in text
    assert "rates and of filtered spikes, ms: 10 for all" in text


def test_a_figure_of_rewards_has_shares_of_right_answers(by_reward):
    figure = by_reward.plot()
    labels = [ax.get_ylabel() for ax in figure.axes]
    assert labels[0] == "Right answers" and "Output" not in labels and not faults_of(figure)
    rates = compare("non_match", ("rate",), ("reward",), **SMALL)
    assert len(rates.plot().axes) == 3  # neither spikes nor outputs


def test_rules_of_reward_are_compared_among_themselves_and_on_actions():
    with pytest.raises(ValueError, match="'reward' is judged by wrong answers, and 'rflo' by its"):
        compare("non_match", ("rate",), ("rflo", "reward"), **SMALL)
    for task in (TASK, "periodic", DelayedNonMatch(answer="class")):
        with pytest.raises(ValueError, match="'reward' needs a task of actions, .* got"):
            compare(task, ("rate",), ("reward",), **SMALL)


def test_snap1_starts_from_the_same_network(small):
    result = compare(TASK, ("rate",), ("snap1",), **SMALL).results["rate", "snap1"]
    before = small.results["rate", "rflo"]
    assert np.array_equal(result.losses[:, 0], before.losses[:, 0])
    assert (result.weights_after["recurrent"] != before.weights_after["recurrent"]).all()


PATHS = ("diffusion", "weight_mirror", "eprop3", "unfiltered")


def check_same_start(comparison, expected):
    """All networks of a neuron model begin with the same weights, and learn other ones."""
    for (kind, rule), result in comparison.results.items():
        before = expected.results[kind, "rflo"]
        assert np.array_equal(result.losses[:, 0], before.losses[:, 0])
        names = {"feedback"} if rule in TOLD and TOLD[rule].is_symmetric else set()
        for name in (before.weights_before.keys() & result.weights_before.keys()) - names:
            assert np.array_equal(result.weights_before[name], before.weights_before[name])
        moved = result.weights_after["recurrent"] != result.weights_before["recurrent"]
        assert moved.any() and np.isfinite(result.losses).all()
        if rule != "rflo":
            other = before.weights_after["recurrent"]
            assert (result.weights_after["recurrent"] != other).any(), (kind, rule)


@pytest.mark.parametrize(
    "kind", ["rate", *(pytest.param(k, marks=pytest.mark.model) for k in ("lif", "alif"))]
)
def test_other_credit_paths_start_from_the_same_network(small, kind):
    paths = compare(TASK, (kind,), PATHS, **SMALL)
    check_same_start(paths, small)
    figure = paths.plot()
    (legend,) = figure.legends
    titles = ["diffusion", "weight mirror", "e-prop 3", "e-prop, unfiltered"]
    assert [text.get_text() for text in legend.get_texts()] == ["target", *titles]
    assert not faults_of(figure) and ", eprop3: final error (NMSE), median" in str(paths)
    assert list(paths.to_xarray().rule.values) == list(PATHS)
    feedback = paths.results[kind, "weight_mirror"]
    assert (feedback.weights_after["feedback"] != feedback.weights_before["feedback"]).all()


def test_without_predictions_eprop3_is_what_it_begins_with():
    silent = type("Silent", (type(KINDS["rate"]),), {"credit_rate": 0.0})("silent", 1.5)
    found = compare(TASK, (silent,), ("eprop3", "unfiltered"), **SMALL).results
    for name, values in found[silent, "unfiltered"].weights_after.items():
        np.testing.assert_array_equal(found[silent, "eprop3"].weights_after[name], values)


TYPED = [
    ("rate_ei", ("rflo", "mdgl")),
    ("potential_ei", ("rflo", "modprop")),
    pytest.param("lif_ei", ("rflo", "mdgl", "diffusion", "bptt"), marks=pytest.mark.model),
    pytest.param("potential_ei", ("rflo", "mdgl", "bptt", "wp"), marks=pytest.mark.model),
]


@pytest.mark.parametrize("kind, rules", TYPED)
def test_networks_of_two_types_keep_them(kind, rules):
    found = compare(TASK, (kind,), rules, **SMALL)
    check_same_start(found, found)
    for result in found.results.values():
        for weights in (result.weights_before, result.weights_after):
            assert (weights["recurrent"][:, :, :10] >= 0).all()
            assert (weights["recurrent"][:, :, 10:] <= 0).all()
            assert np.abs(weights["recurrent"]).max() > 0.1
    assert f", E/I, {rules[1]}: final error (NMSE), median" in str(found)


def test_a_share_of_excitatory_neurons_is_less_than_all():
    with pytest.raises(ValueError, match="Kind: excitatory must be at least 0 and less than 1"):
        Kind("mine", 1.0, excitatory=1)


def test_errors_are_in_units_of_the_targets_variance(small):
    _inputs, target, mask = TASK.trial(0)
    silent = (mask[:, None] * target**2).sum() / len(target)
    assert 0.3 < power(TASK) / silent <= 1
    np.testing.assert_allclose(
        small.errors("rate", "rflo"), 2 * small.results["rate", "rflo"].losses / power(TASK)
    )


def test_trials_until_the_error_is_small(small):
    easy = replace(small, cut=1e6)
    assert (easy.trials_to("lif", "rflo") == 4).all() and np.isinf(
        replace(small, cut=0).trials_to("lif", "rflo")
    ).all()


def test_table_and_figure(small):
    text = str(small)
    assert (
        "adaptive LIF, bptt: firing rate" in text
        and "time constant of rates and of filtered spikes, ms: 50 for all" in text
    )
    assert len(small.plot().axes) == 7


def test_what_is_not_reached_is_said_in_words(small):
    from dataclasses import replace

    row = next(row for row in replace(small, cut=0).rows() if "trials to an error" in row.quantity)
    assert (row.measured_text, row.spread) == ("not reached", "- -") and row.as_json()[
        "measured"
    ] is None
    assert "not reached" in table([row]) and "inf" not in table([row])
    assert (
        Row("final loss", np.inf).measured_text == "diverged"
        and listed([0.5, np.inf, np.nan], ".2f") == "0.50 - -"
    )


def test_panels_have_letters_and_rows(small):
    """Targets in the legend, one colour a rule, one style a neuron model, rasters apart."""
    figure = small.plot()
    assert not faults_of(figure)
    axes = {ax.get_label(): ax for ax in figure.axes}
    assert sorted(ax.get_title(loc="left") for ax in figure.axes) == list("abcdefg")
    (legend,) = figure.legends
    rules, kinds = ["RFLO", "readout", "least squares", "BPTT"], ["rate", "LIF", "adaptive LIF"]
    assert [text.get_text() for text in legend.get_texts()] == ["target", *rules, *kinds]
    curves = {(line.get_color(), line.get_linestyle()) for line in axes["error"].lines}
    assert len(curves) == 12 and len({color for color, _ in curves}) == 4
    bands = [line.get_ydata() for line in axes["raster"].lines if len(line.get_ydata())]
    assert len(bands) == 8 and all(one.min() > other.max() for one, other in pairwise(bands))
    names = [f"{kind}, {rule}" for kind in kinds for rule in rules]
    assert [text.get_text() for text in axes["late"].texts] == names


def test_without_rules_to_compare_colours_are_neuron_models(small):
    pairs = [pair for pair in small.results if pair[1] == "rflo"]
    one = replace(
        small,
        results={pair: small.results[pair] for pair in pairs},
        arrays={pair: small.arrays[pair] for pair in pairs},
    )
    _, labels = one.legend()
    assert labels == ["target", "rate", "LIF", "adaptive LIF"]
    axes = plotting.plot_comparison(one)
    assert len({line.get_color() for line in axes["error"].lines}) == 3
    rates = replace(one, results={pairs[0]: one.results[pairs[0]]}, arrays={pairs[0]: {}})
    assert set(plotting.plot_comparison(rates)) == {
        "error",
        "alignment",
        "changes",
        "early",
        "late",
    }, "without spikes there are no panels of spikes"
    plt.close("all")


def test_infinite_errors_are_diverged_networks(small):
    pair = "rate", "rflo"
    losses = np.full_like(small.results[pair].losses, np.inf)
    broken = replace(small, results={pair: replace(small.results[pair], losses=losses)})
    assert np.isinf(broken.final_error(*pair)).all() and np.isinf(broken.trials_to(*pair)).all()


def test_panels_one_by_one(small):
    """The grid on new axes; a panel on given ones; names that do not exist."""
    axes = plotting.plot_comparison(small)
    assert not faults_of(axes["error"].figure)
    assert set(axes) == {
        "error",
        "early",
        "late",
        "raster",
        "alignment",
        "changes",
        "rates",
    } and all(ax.has_data() for ax in axes.values())
    one = {"error": axes["error"]}
    assert plotting.plot_comparison(small, one) is one
    assert len(axes["error"].figure.legends) == 1, "the legend is there once"
    with pytest.raises(ValueError, match="no panel 'loss'; there are error, early"):
        plotting.plot_comparison(small, {"loss": axes["error"]})
    plt.close("all")


def test_command(tmp_path, capsys, monkeypatch, tmp_path_factory):
    progress = Progress(tmp_path_factory.mktemp("progress") / "fraction")
    monkeypatch.setattr(part, "Processes", lambda workers: Here(progress))
    arguments = [
        "compare",
        "--task",
        "cursor",
        "--networks",
        "1",
        "--trials",
        "2",
        "--size",
        "8",
        "--rules",
        "rflo",
        "--device",
        "numpy",
        "--out",
        str(tmp_path),
    ]
    assert cli.main(arguments) == 0
    assert "LIF, rflo: final error (NMSE), median" in capsys.readouterr().out
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (
        summary["settings"]["neurons"] == ["rate", "lif"]
        and summary["settings"]["tau_ms"] == 50
        and set(summary["parts_s"]) == {"rate-rflo", "lif-rflo"}
    )
    assert (tmp_path / "figure.png").exists() and (tmp_path / "data.npz").exists()


def test_the_help_names_all_rules_and_neurons(capsys):
    with pytest.raises(SystemExit):
        cli.main(["compare", "--help"])
    words = set(re.findall(r"\w+", capsys.readouterr().out))
    assert {*RULES, *KINDS} <= words


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["--task", "chess"],
            "compare: no task 'chess'; there are: periodic, cursor, pattern, interval, non_match",
        ),
        (
            ["--neurons", "rate", "hh"],
            "compare: neurons must be some of rate, lif, alif, rate_ei, lif_ei, potential_ei; got"
            " ['rate', 'hh']",
        ),
        (
            ["--rules", "hebb"],
            "compare: rules must be some of rflo, snap1, mdgl, modprop, diffusion, weight_mirror,",
        ),
        (
            ["--rules", "snap1", "--neurons", "rate", "lif"],
            "compare: 'snap1' is for rates, whose trace is a derivative; got 'lif'. Write"
            " neurons=('rate', 'rate_ei')",
        ),
        (
            ["--rules", "mdgl"],
            "compare: 'mdgl' needs neurons of two types, excitatory and inhibitory; got 'rate'."
            " Write neurons=('rate_ei', 'lif_ei', 'potential_ei')",
        ),
        (
            ["--rules", "modprop", "--neurons", "rate_ei"],
            "compare: 'modprop' is for rates whose function is outside the leak, and",
        ),
        (
            ["--rules", "eprop3", "--neurons", "potential_ei"],
            "compare: 'eprop3' needs a slope for each neuron, beside its trace; got 'potential_ei'."
            " Write neurons=('rate', 'lif', 'alif', 'rate_ei', 'lif_ei')",
        ),
        (
            ["--rules", "least_squares", "--neurons", "potential_ei"],
            "compare: 'least_squares' is computed in NumPy",
        ),
        (["--rules", "local_dni"], "compare: 'local_dni' learns from streams, and is no better"),
        (["--rules", "leak_dni"], "credit=LeakDNI(...))"),
        (["--rules", "rflo", "force"], "compare: 'force' needs its output fed back"),
        (["--rules", "error_module"], "compare: 'error_module' needs a second network"),
        (["--tau", "0"], "compare: tau must be one positive time"),
        (["--tau", "0.1"], "compare: tau = 100. us is shorter than the time step"),
        (["--noise", "-1"], "compare: noise must be a finite number and not negative"),
        (["--gain", "nan"], "compare: gain must be a finite number and not negative"),
        (["--out", "/dev/null/out"], "cannot write to the folder"),
    ],
)
def test_bad_arguments(arguments, message, capsys):
    assert cli.main(["compare", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [dict(networks=0), dict(trials=1.5), dict(n=0)])
def test_bad_numbers(arguments):
    with pytest.raises(
        ValueError, match=f"compare: {next(iter(arguments))} must be a whole number of at least 1"
    ):
        compare(TASK, **SMALL | arguments)


@pytest.mark.parametrize("kind", ["rate", "lif"])
def test_no_readout_fits_the_same_trial_better_than_least_squares(kind):
    from brian_rflo.tasks import PeriodicOutput

    task = PeriodicOutput(period=60 * ms)
    comparison = compare(
        task, (kind,), ("readout", "least_squares"), networks=2, trials=40, n=12, device="numpy"
    )
    fitted, trained = (comparison.final_error(kind, rule) for rule in ("least_squares", "readout"))
    assert (fitted < trained).all() and (fitted < 0.9).all()


def test_noise_is_the_same_each_time():
    one, other, quiet = (
        compare(TASK, ("lif",), ("rflo", "least_squares"), noise=noise, **SMALL)
        for noise in (0.1, 0.1, 0.0)
    )
    for rule in ("rflo", "least_squares"):
        np.testing.assert_array_equal(
            one.results["lif", rule].losses, other.results["lif", rule].losses
        )
        assert (
            one.results["lif", rule].losses[:, :4] != quiet.results["lif", rule].losses[:, :4]
        ).all()


def test_the_gain_is_that_of_the_initial_weights():
    weights = [
        compare(TASK, ("lif",), ("least_squares",), gain=gain, **SMALL)
        .results["lif", "least_squares"]
        .weights_before["recurrent"]
        for gain in (0.5, 1.0, None)
    ]
    np.testing.assert_allclose(2 * weights[0], weights[1])
    np.testing.assert_array_equal(weights[0], weights[2])


class Derived(Kind):
    """Rate neurons as text."""

    def make(self, size, tau, rng, noise):
        return DerivedNeurons(
            size,
            "dh/dt = (-h + tanh(I_rec + I_in))/tau : 1",
            input=("I_rec", "I_in"),
            activity="h",
            method="euler",
            initial={"h": 0.1},
            namespace={"tau": tau},
        )

    def rule(self, neurons, tau):
        return neurons.rule(RATE)


def test_a_kind_of_ones_own_learns_by_the_rule_that_it_names(small):
    mine = Derived("rate as text", gain=1.5)
    comparison = compare(TASK, (mine,), ("rflo", "readout", "bptt"), **SMALL)
    for rule in ("rflo", "readout", "bptt"):
        np.testing.assert_allclose(
            comparison.results[mine, rule].losses, small.results["rate", rule].losses, rtol=1e-10
        )
    assert "rate as text, rflo: final error" in str(comparison)
    with pytest.raises(
        ValueError,
        match=(
            "'least_squares' is computed in NumPy, for rates and LIF neurons alone; for rate as"
            " text choose among rflo, snap1, diffusion, weight_mirror, eprop3, unfiltered, bptt"
        ),
    ):
        compare(TASK, (mine,), ("least_squares",), **SMALL)


def test_bptt_of_rates_is_that_of_the_reference(small):
    """With the learning rate of the readout, which is another one."""
    found = small.results["rate", "bptt"]
    rates = dict(recurrent=RATE, input=RATE, output=3 * RATE)
    expected = reference.train(
        TASK, found.weights_before, "bptt", rates, 50 * ms, 4, optimizer=Adam(decay=200)
    )
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-10)
    for name in rates:
        after = expected.weights_after[name]
        assert np.abs(found.weights_after[name] - after).max() < 1e-10
        assert np.abs(after - found.weights_before[name]).max() > 1e-3
