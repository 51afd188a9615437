"""Results as labelled arrays and as files: nothing is lost, settings and units are with them, and
damage is named.
"""

import json
import sys
from contextlib import nullcontext
from dataclasses import fields, replace

import numpy as np
import pytest
from altering import altered, most_memory, with_zeros
from brian2 import defaultclock, ms, prefs
from helpers import assemble

from brian_rflo import RFLO, LearningNetwork, LIFNeurons, RateNeurons, TrainingResult, reference
from brian_rflo.comparison import compare
from brian_rflo.readouts import Leaky
from brian_rflo.tasks import CursorMovements, PeriodicOutput

TASK = CursorMovements(movement=40 * ms, n_movements=2, seed=1)


def network(task=TASK, networks=2, **more):
    defaultclock.dt = task.dt
    return assemble(
        task,
        RateNeurons(12 * networks, tau=10 * ms),
        RFLO(0.03, tau=10 * ms),
        networks=networks,
        **more,
    )


@pytest.fixture
def result():
    return network(update="trial").train(5)


def assert_same(one, other):
    """Every bit, and the settings."""
    ours, theirs = one.arrays(), other.arrays()
    assert list(ours) == list(theirs) or set(ours) == set(theirs)
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name], strict=True)
    assert one.settings == other.settings and [type(value) for value in one.settings.values()] == [
        type(other.settings[name]) for name in one.settings
    ]


@pytest.mark.parametrize("ending", ["npz", "nc"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: network(update="trial").train(5),
        lambda: network(PeriodicOutput(period=20 * ms), networks=1, seed=3).train(4),
    ],
    ids=["two networks", "no inputs"],
)
def test_saved_and_loaded(tmp_path, make, ending):
    result = make()
    assert (result.weights_after["recurrent"] != result.weights_before["recurrent"]).any()
    path = result.save(tmp_path / f"result.{ending}")
    assert_same(TrainingResult.load(path), result)
    assert [file.name for file in tmp_path.iterdir()] == [f"result.{ending}"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy says so as well
@pytest.mark.parametrize("ending", ["npz", "nc"])
def test_a_diverged_network_is_saved_too(tmp_path, ending):
    net = network(networks=2, update="trial")
    net.output.learning_rate = 1e300
    result = net.train(6)
    assert (result.diverged_in >= 0).all() and np.isnan(result.losses).any()
    assert_same(TrainingResult.load(result.save(tmp_path / f"x.{ending}")), result)


@pytest.mark.parametrize(
    "trials, first, last, window",
    [
        (1, 0, 0, None),
        (3, 0, 2, None),
        (20, 4.5, 14.5, 10),
        (150, 37, 112, 75),
        (1000, 49.5, 949.5, 100),
    ],
)
def test_the_beginning_is_printed_as_the_end_is(result, trials, first, last, window):
    """The loss of trial `n` is `n`: both ends are medians over as many trials, which have none in
    common.
    """
    printed = str(
        replace(result, losses=np.tile(np.arange(trials, dtype=float), (2, 1)), settings={})
    )
    said = f", losses are medians of the first and of the last {window}" if window else ""
    assert printed.startswith(f"{trials} trials{said}\nnetwork 0: loss {first:.3g} -> {last:.3g}, ")


def test_one_odd_trial_does_not_make_a_training(result):
    losses = np.full((2, 300), 0.4)
    losses[:, 0], losses[:, 150:] = 0.01, 0.2
    odd = replace(result, losses=losses, settings={})
    assert "network 1: loss 0.4 -> 0.2" in str(odd) and (odd.final_loss == 0.2).all()


def test_what_is_printed_of_trainings_that_ended_early(result):
    losses = np.full((2, 300), np.nan)
    losses[0, :200], losses[1, :30] = np.r_[np.full(100, 0.5), np.full(100, 0.1)], 0.3
    stopped = replace(
        result, losses=losses, diverged_in=np.array([-1, 30]), settings={"finished_trials": 200}
    )
    lines = str(stopped).splitlines()
    assert lines[0] == "200 of 300 trials, losses are medians of the first and of the last 100"
    assert (
        "loss 0.5 -> 0.1, " in lines[1]
        and "loss 0.3 -> nan, " in lines[2]
        and lines[2].endswith("diverged in trial 30")
    )


def test_labels_units_and_settings(result):
    data = result.to_xarray()
    assert dict(data.sizes) == dict(
        network=2, trial=5, time=80, readout=2, aligned_trials=6, post=12, pre=12, input=4
    )
    assert (
        data.weights_after_recurrent.dims == ("network", "post", "pre")
        and data.time.attrs["units"] == "s"
    )
    assert float(data.time[-1]) == pytest.approx(float(TASK.duration))
    assert all(
        "units" in variable.attrs and "long_name" in variable.attrs
        for variable in data.data_vars.values()
    )
    assert (
        data.attrs["rule"] == "RFLO(learning_rate=0.03, tau=0.01*second)"
        and data.attrs["learn"].startswith("PerTrial(optimizer=SGD(decay=None), ")
        and data.attrs["networks"] == 2
    )
    assert (
        data.attrs["task"].startswith("CursorMovements(dt=0.001*second, seed=1, ")
        and "dactivity/dt" in data.attrs["neurons"]
    )
    assert {
        "device",
        "version_brian2",
        "version_numpy",
        "version_brian_rflo",
        "platform",
        "initial",
        "learn",
        "neurons_initial",
    } <= set(data.attrs)


def test_trials_are_counted_on(result):
    net = network(update="trial")
    net.train(2)
    np.testing.assert_array_equal(net.train(3).to_xarray().trial, [2, 3, 4])


def test_learning_rates_are_those_of_the_training():
    net = network(trained=("recurrent", "output"))
    net.output.learning_rate = 0.5
    settings = net.train(1).settings
    assert (
        settings["learning_rate_output"] == 0.5
        and settings["learning_rate_recurrent"] == 0.03
        and settings["plastic_input_synapses"] == "False"
    )


def test_baselines_say_what_they_are():
    weights = network().weights()
    result = reference.train(TASK, weights, "bptt", 0.01, 10 * ms, 3)
    assert (
        result.settings["rule"] == "bptt"
        and result.settings["device"] == "numpy baseline"
        and result.settings["tau"] == "0.01*second"
    )


def test_a_comparison_is_one_dataset(tmp_path):
    import xarray

    comparison = compare(
        TASK, ("rate", "lif"), ("rflo", "least_squares"), networks=2, trials=4, n=10, device="numpy"
    )
    data = comparison.to_xarray()
    assert list(data.neurons.values) == ["rate", "lif"] and list(data.rule.values) == [
        "rflo",
        "least_squares",
    ]
    for (kind, rule), one in comparison.results.items():
        found = data.sel(neurons=kind, rule=rule)
        np.testing.assert_array_equal(found.losses.dropna("trial"), one.losses)
        np.testing.assert_array_equal(found.weights_after_recurrent, one.weights_after["recurrent"])
    np.testing.assert_array_equal(
        data.rates.sel(neurons="lif", rule="rflo"), comparison.arrays["lif", "rflo"]["rates"]
    )
    assert np.isnan(data.rates.sel(neurons="rate")).all() and data.rates.attrs["units"] == "Hz"
    assert "RFLO" in str(data.setting_rule.sel(neurons="lif", rule="rflo").values)
    loaded = xarray.load_dataset(comparison.save(tmp_path / "comparison.nc"), engine="h5netcdf")
    xarray.testing.assert_identical(loaded, data)


@pytest.mark.parametrize("ending", ["npz", "nc"])
@pytest.mark.parametrize(
    "damage",
    [lambda whole: b"", lambda whole: b"PK broken", lambda whole: whole[: len(whole) // 2]],
    ids=["empty", "broken", "half"],
)
def test_damage_is_named(tmp_path, result, ending, damage):
    path = result.save(tmp_path / f"x.{ending}")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RuntimeError, match=f"'{path}' is damaged"):
        TrainingResult.load(path)


@pytest.mark.parametrize("ending", ["npz", "nc"])
def test_a_file_that_is_not_there(tmp_path, ending):
    with pytest.raises(FileNotFoundError, match="no.ne|No such file|no file"):
        TrainingResult.load(tmp_path / f"none.{ending}")


def test_another_ending(tmp_path, result):
    with pytest.raises(
        ValueError, match="results are saved as netCDF .*'.npz'.*; got 'result.pkl'"
    ):
        result.save("result.pkl")


def test_something_else_in_the_file(tmp_path):
    np.savez(tmp_path / "x.npz", w=np.ones(3))
    with pytest.raises(
        ValueError, match="holds no result of a training: it lacks aligned_trials, alignment"
    ):
        TrainingResult.load(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", w=np.array([{}], dtype=object))
    with pytest.raises(RuntimeError, match="is damaged, or not a file of arrays"):
        TrainingResult.load(tmp_path / "x.npz")


def as_json(**changes):
    """The settings with others; None takes one out."""
    return lambda text: json.dumps(
        {
            name: value
            for name, value in (json.loads(str(text)) | changes).items()
            if value is not None
        }
    )


ALTERED = {
    "no dt": (dict(dt=None), "it lacks dt"),
    "no weights of the end": (dict(weights_after_output=None), "it lacks weights_after_output"),
    "losses of one dimension": (
        dict(losses=np.ones(5)),
        r"losses must be network by trial; got float64 of shape \(5,\)",
    ),
    "no trials": (dict(losses=np.ones((2, 0))), "losses is empty along 'trial'"),
    "losses of other networks": (
        dict(losses=np.ones((3, 5))),
        "has 2 along 'network', where losses has 3",
    ),
    "texts": (
        dict(losses=np.full((2, 5), "x")),
        "losses must be network by trial; got <U1 of shape",
    ),
    "a longer mask": (dict(mask=np.ones(81)), "mask has 81 along 'time', where target has 80"),
    "fewer neurons": (
        dict(weights_after_recurrent=lambda w: w[:, :11]),
        "weights_after_recurrent has 11 along 'post', where weights_before_recurrent has 12",
    ),
    "dt of a row": (dict(dt=[1.0]), "dt must be one number; got float64 of shape"),
    "dt NaN": (dict(dt=np.nan), "dt must be a positive number of seconds; got nan"),
    "no JSON": (dict(settings="no JSON"), "'settings' must be JSON, which 'no JSON' is not"),
    "no dictionary": (dict(settings="3"), "'settings' must be a dictionary in JSON; got '3'"),
    "trials in words": (
        dict(settings=as_json(finished_trials="all")),
        "'finished_trials' in its settings must be a whole number, 0 or more; got all",
    ),
}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """What is in the file of a training."""
    prefs.codegen.target = "numpy"
    return (
        network(update="trial")
        .train(5)
        .save(tmp_path_factory.mktemp("result") / "x.npz")
        .read_bytes()
    )


@pytest.mark.parametrize("changes, message", ALTERED.values(), ids=ALTERED)
def test_altered_files_are_named(tmp_path, content, changes, message):
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    altered(path, **changes)
    with pytest.raises(ValueError, match=f"'{path}' holds no result of a training: .*{message}"):
        TrainingResult.load(path)


def test_altered_netcdf_is_named(tmp_path, result):
    """The same checks, of what is missing and of what is no number; sizes go together anyway."""
    path = tmp_path / "x.nc"
    for change, message in (
        (lambda data: data.drop_vars("losses"), "it lacks losses"),
        (lambda data: data.drop_attrs(), "dt must be one number"),
        (
            lambda data: data.assign(losses=data.losses.isel(trial=0)),
            r"losses must be network by trial; got float64 of shape \(2,\)",
        ),
        (
            lambda data: data.assign_attrs(finished_trials="all"),
            "'finished_trials' in its settings must be a whole number",
        ),
        (lambda data: data.isel(trial=[]), "losses is empty along 'trial'"),
    ):
        change(result.to_xarray()).to_netcdf(path, engine="h5netcdf")
        with pytest.raises(ValueError, match=f"'{path}' holds no result of a training: {message}"):
            TrainingResult.load(path)
        path.unlink()


@pytest.mark.parametrize(
    "name, shape, message",
    [
        ("losses", (25_000_000,), "network by trial"),
        ("losses", (2, 12_500_000), "losses has 12500000 along 'trial', where settings has 5"),
        ("mask", (25_000_000,), "along 'time'"),
        ("settings", (25_000_000,), "must be a text"),
        ("nobody", (25_000_000,), None),
    ],
)
def test_zeros_are_never_unpacked(tmp_path, content, name, shape, message):
    """200 MB of zeros in 200 kB: shapes are compared first, and what nobody wants is not read."""
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with_zeros(path, name, shape)

    def load():
        with pytest.raises(ValueError, match=f"'{path}'.*{message}") if message else nullcontext():
            TrainingResult.load(path)

    assert most_memory(load) < 10e6


def test_zeros_in_netcdf_are_never_unpacked(tmp_path, result):
    """HDF5 says of an array that nobody has written how large it is, and needs no room for it."""
    import h5py

    path = result.save(tmp_path / "x.nc")
    with h5py.File(path, "a") as file:
        file.create_dataset("nobody", (25_000_000,), "f8", chunks=True)
    TrainingResult.load(path)  # imports are none of the memory
    assert most_memory(lambda: TrainingResult.load(path)) < 10e6
    with h5py.File(path, "a") as file:
        del file["mask"]
        file.create_dataset("mask", (25_000_000,), "f8", chunks=True)

    def load():
        with pytest.raises(ValueError, match=f"'{path}' holds no result of a training: "):
            TrainingResult.load(path)

    assert most_memory(load) < 10e6


def test_what_is_no_file_is_named(tmp_path):
    for name in ("x.nc", "x.npz"):
        (tmp_path / name).mkdir()
        with pytest.raises(
            IsADirectoryError, match=f"'{tmp_path / name}' must be a file; got a folder"
        ):
            TrainingResult.load(tmp_path / name)


def test_losses_may_be_cut_and_joined(tmp_path, result):
    longer = replace(result, losses=np.concatenate([result.losses, result.losses], axis=1))
    assert_same(TrainingResult.load(longer.save(tmp_path / "x.npz")), longer)


def test_without_xarray(tmp_path, result, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(
        ModuleNotFoundError,
        match=r"package xarray; write pip install 'brian_rflo\[results\]', or save as .npz",
    ):
        result.save(tmp_path / "x.nc")
    assert_same(TrainingResult.load(result.save(tmp_path / "x.npz")), result)


def test_every_field_of_a_result_is_labelled(result):
    data, known = result.to_xarray(), {"dt", "settings", "weights_before", "weights_after"}
    assert {entry.name for entry in fields(result)} - known <= set(data.variables)


def test_settings_are_text_and_numbers():
    defaultclock.dt = TASK.dt
    net = LearningNetwork(
        TASK,
        LIFNeurons(12, 20 * ms, 50 * ms, bias=np.linspace(1, 1.5, 12), noise=0.1),
        RFLO(0.01, tau=50 * ms),
        readout=Leaky(20 * ms),
    )
    assert all(type(value) in (str, int, float) for value in net.settings.values())
    assert (
        net.settings["neurons_bias"].startswith("array(12,) float64 ")
        and net.settings["neurons_activity_initial"] == 0.0
    )
