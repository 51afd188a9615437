"""Networks on disk: what goes on in a new process is, to the bit, what would have followed; what
does not fit is named, and damages nothing.
"""

import copy
import json
import os
import pickle
import subprocess
import sys
import zipfile
from contextlib import nullcontext

import numpy as np
import pytest
from altering import altered, most_memory, with_zeros
from brian2 import (
    Hz,
    NeuronGroup,
    SpikeGeneratorGroup,
    Synapses,
    defaultclock,
    get_device,
    ms,
    prefs,
    seed,
    set_device,
)

from brian_rflo import (
    RFLO,
    SGD,
    Adam,
    DiscreteLIFNeurons,
    EProp,
    FiringRate,
    LearningNetwork,
    LIFNeurons,
    PerStep,
    PerTrial,
    RateNeurons,
    schedule,
)
from brian_rflo.brian.devices import device, reset
from brian_rflo.credit import AdaptiveFeedback, RandomFeedback
from brian_rflo.network import AllToAll, Murray2019
from brian_rflo.neurons import PRESETS
from brian_rflo.readouts import Softmax, TaskInput
from brian_rflo.results import TrainingResult
from brian_rflo.rules import AdaptiveEProp
from brian_rflo.tasks import ArrayTask, CursorMovements, EvidenceAccumulation, PeriodicOutput

PERIODIC = PeriodicOutput(period=20 * ms)
CURSOR = CursorMovements(movement=20 * ms, n_movements=2, seed=1)
EVIDENCE = EvidenceAccumulation(
    n_cues=3, cue=10 * ms, pause=5 * ms, delay=10 * ms, recall=20 * ms, seed=2
)
TRIALS = 8


def rflo():
    """RFLO, changing weights at every step, with a learning rate that falls from trial to trial."""
    defaultclock.dt = CURSOR.dt
    net = LearningNetwork(
        CURSOR,
        RateNeurons(12, tau=10 * ms),
        RFLO(0.03, tau=10 * ms),
        learn=PerStep(SGD(decay=100)),
        initial=Murray2019(seed=1),
    )
    net.trials.at_start(net.recurrent, "learning_rate = 0.99*learning_rate")
    return net


def eprop():
    """e-prop with Adam, batches of four trials, classes."""
    defaultclock.dt = EVIDENCE.dt
    neurons = DiscreteLIFNeurons(
        10, tau=20 * ms, refractory=2 * ms, **PRESETS["evidence_accumulation"]
    )
    return LearningNetwork(
        EVIDENCE,
        neurons,
        EProp(5e-3, tau=20 * ms),
        readout=Softmax(20 * ms),
        learn=PerTrial(Adam(decay=10), batch=4),
    )


def adaptive_eprop():
    """The same with adaptive neurons and feedback, firing rates held, gradients clipped."""
    defaultclock.dt = EVIDENCE.dt
    neurons = DiscreteLIFNeurons(
        10,
        tau=20 * ms,
        tau_adapt=200 * ms,
        beta=np.repeat([0, 0.1], 5),
        refractory=2 * ms,
        **PRESETS["evidence_accumulation"],
    )
    rule = AdaptiveEProp(5e-3, tau=20 * ms, tau_adapt=200 * ms)
    return LearningNetwork(
        EVIDENCE,
        neurons,
        rule,
        readout=Softmax(20 * ms, decay=1e-3),
        credit=AdaptiveFeedback(decay=1e-3),
        learn=PerTrial(Adam(), batch=4, clip_norm=1.0),
        regularization=FiringRate(10 * Hz, 10),
    )


def noisy():
    """Spiking neurons with noise, two networks."""
    defaultclock.dt = CURSOR.dt
    neurons = LIFNeurons(24, 20 * ms, 50 * ms, noise=0.2, refractory=3 * ms, bias=1.5)
    return LearningNetwork(
        CURSOR, neurons, RFLO(0.01, tau=50 * ms), learn=PerStep(Adam()), networks=2
    )


def side_by_side():
    """Trials of a batch side by side."""
    defaultclock.dt = CURSOR.dt
    return LearningNetwork(
        CURSOR,
        RateNeurons(24, tau=10 * ms),
        RFLO(0.03, tau=10 * ms),
        learn=PerTrial(Adam(), batch=2, copies=2),
    )


MAKERS = {maker.__name__: maker for maker in (rflo, eprop, adaptive_eprop, noisy, side_by_side)}


def arrays(path):
    """All that a file holds but its description."""
    with np.load(path) as data:
        return {name: data[name] for name in data if name != "about"}


def go_on(folder, stops):
    """What the new process does: load each file, train to the end, save."""
    prefs.codegen.target = "numpy"
    for name, stop in [(one, stop) for one in stops for stop in stops[one]]:
        seed(7)
        NeuronGroup(
            1, "v : 1", name=f"rateneurons_{name}_{stop}"
        )  # names of objects are others than they were
        net = MAKERS[name]().load(f"{folder}/{name}{stop}.npz")
        np.save(f"{folder}/{name}_losses{stop}.npy", net.train(TRIALS - stop).losses)
        net.save(f"{folder}/{name}_end{stop}.npz")


@pytest.fixture(scope="module")
def continued(tmp_path_factory):
    """A folder of networks saved within their training, trained to the end here and, from each file
    on, in a new process; and where they were saved: the first of them at two places.
    """
    folder, stops = tmp_path_factory.mktemp("continued"), {}
    prefs.codegen.target, defaultclock.dt = "numpy", 1 * ms
    for name, make in MAKERS.items():
        every = 2 if name == "side_by_side" else 1
        possible = np.arange(every, TRIALS, every)
        stops[name] = sorted(
            np.random.default_rng(3).choice(possible, 1 + (name == "rflo"), replace=False).tolist()
        )
        seed(5)
        net = make()
        before = net.weights()
        seed(5)
        whole = net.train(TRIALS)
        net.save(folder / f"{name}_whole.npz")
        np.save(folder / f"{name}_losses.npy", whole.losses)
        assert all(
            (whole.weights_after[part] != before[part]).any() for part in ("recurrent", "output")
        )
        net, done = make(), 0
        seed(5)
        for stop in stops[name]:
            net.train(stop - done)
            net.save(folder / f"{name}{stop}.npz")
            done = stop
    code = (
        f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r}); from test_saving import"
        f" go_on; go_on({str(folder)!r}, {stops})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return folder, stops


@pytest.mark.parametrize("name", MAKERS)
def test_a_new_process_goes_on_to_the_bit(continued, name):
    folder, stops = continued
    expected = arrays(folder / f"{name}_whole.npz")
    losses = np.load(folder / f"{name}_losses.npy")
    for stop in stops[name]:
        np.testing.assert_array_equal(
            np.load(folder / f"{name}_losses{stop}.npy"), losses[:, stop:]
        )
        found = arrays(folder / f"{name}_end{stop}.npz")
        assert set(found) == set(expected) and len(found) > 20
        for variable, values in expected.items():
            np.testing.assert_array_equal(
                found[variable],
                values,
                err_msg=f"{variable}, saved after {stop} trials",
                strict=True,
            )


def test_within_a_trial(tmp_path):
    one, other = rflo(), rflo()
    one.run(50 * ms)
    one.save(tmp_path / "x.npz")
    one.run(70 * ms)
    other.load(tmp_path / "x.npz").run(70 * ms)
    np.testing.assert_array_equal(one.weights()["recurrent"], other.weights()["recurrent"])
    np.testing.assert_array_equal(one.neurons.activity, other.neurons.activity)
    np.testing.assert_array_equal(one.recurrent.trace, other.recurrent.trace)


def test_a_network_that_has_run_can_be_loaded_into(tmp_path):
    net = eprop()
    net.train(3)
    net.save(tmp_path / "x.npz")
    expected = net.train(5).losses
    np.testing.assert_array_equal(net.load(tmp_path / "x.npz").train(5).losses, expected)


def test_a_diverged_network_is_still_diverged(tmp_path):
    net = side_by_side()
    net.train(2)
    net.trials.diverged_in = 0
    net.save(tmp_path / "x.npz")
    with pytest.raises(RuntimeError, match="every network has diverged"):
        side_by_side().load(tmp_path / "x.npz").train(2)


def test_a_part_of_a_group(tmp_path):
    def make():
        group = RateNeurons(20, tau=10 * ms)
        return LearningNetwork(CURSOR, group[:12], RFLO(0.03, tau=10 * ms))

    net = make()
    net.train(2)
    net.save(tmp_path / "x.npz")
    expected = net.train(2).losses
    np.testing.assert_array_equal(make().load(tmp_path / "x.npz").train(2).losses, expected)


def test_objects_of_the_users_own_are_saved_too(tmp_path):
    def make():
        net = rflo()
        mine = NeuronGroup(3, "dx/dt = 1/(10*ms) : 1", method="euler", name="mine")
        mine.run_regularly("x += rand()")
        between = Synapses(mine, mine, "s : 1", name="between")
        between.connect(p=0.5)
        net.add(mine, between)
        return net, mine, between

    seed(1)
    net, mine, between = make()
    between.s = 3
    net.train(2)
    net.save(tmp_path / "x.npz")
    x = np.array(mine.x)
    seed(1)
    other, theirs, _ = make()
    other.load(tmp_path / "x.npz")
    np.testing.assert_array_equal(theirs.x, x)
    seed(2)
    with pytest.raises(ValueError, match="between"):
        make()[0].load(tmp_path / "x.npz")


@pytest.mark.parametrize(
    "change, message",
    [
        (
            dict(rule=RFLO(0.02, tau=10 * ms)),
            (
                r"rule: RFLO\(learning_rate=0.03, tau=0.01\*second\) in the file,"
                r" RFLO\(learning_rate=0.02, tau=0.01\*second\) here"
            ),
        ),
        (
            dict(neurons=lambda: RateNeurons(13, tau=10 * ms)),
            r"(?s)neurons: RateNeurons\(12, .*recurrent.w: 144 values in the file, 169 here",
        ),
        (
            dict(neurons=lambda: RateNeurons(12, tau=11 * ms)),
            (
                r"neurons: RateNeurons\(12, tau=0.01\*second\).* in the file, RateNeurons\(12,"
                r" tau=0.011\*second\).* here"
            ),
        ),
        (
            dict(task=CursorMovements(movement=20 * ms, n_movements=2, seed=2)),
            "(?s)task: CursorMovements.*seed=1.*task_numbers",
        ),
        (
            dict(learn=PerStep(Adam())),
            (
                r"(?s)learn: PerStep\(optimizer=SGD\(decay=None\), window=None\) in the file,"
                r" PerStep\(optimizer=Adam\(.*output.first_moment: only here"
            ),
        ),
        (
            dict(learn=PerTrial()),
            r"(?s)learn: PerStep\(.* in the file, PerTrial\(.* here.*recurrent.change: only here",
        ),
        (
            dict(credit=AdaptiveFeedback()),
            (
                r"(?s)credit: RandomFeedback\(\) in the file, AdaptiveFeedback\(decay=0.0\)"
                r" here.*feedback.learning_rate: only here"
            ),
        ),
        (dict(constraint="w = clip(w, -1, 1)"), "constraint"),
    ],
)
def test_another_network_is_named(tmp_path, change, message):
    def make(
        task=CURSOR,
        neurons=lambda: RateNeurons(12, tau=10 * ms),
        rule=RFLO(0.03, tau=10 * ms),
        **more,
    ):
        defaultclock.dt = task.dt
        return LearningNetwork(task, neurons(), rule, **more)

    net = make()
    net.train(1)
    net.save(tmp_path / "x.npz")
    other = make(**change)
    before = other.weights()["recurrent"]
    with pytest.raises(ValueError, match=message) as caught:
        other.load(tmp_path / "x.npz")
    assert "was saved from another network than" in str(
        caught.value
    ) and "Build it with the same arguments" in str(caught.value)
    np.testing.assert_array_equal(other.weights()["recurrent"], before)
    assert float(other.t) == 0


def test_constants_of_the_script_count(tmp_path):
    """Those that Brian2 finds where the network is trained, as it does for a NeuronGroup of one's
    own.
    """

    def make():
        mine = NeuronGroup(
            5,
            "dactivity/dt = (I_rec - activity)/tau_x : 1\ngain : 1\nfeedback : 1\nI_rec : 1",
            method="euler",
            name="mine",
        )
        mine.run_regularly("gain = factor", **schedule.GAIN)
        net = LearningNetwork(PERIODIC, mine, RFLO(0.03, tau=10 * ms))
        net.add(SpikeGeneratorGroup(1, [0], [1] * ms, name="elsewhere"))
        net.trials.at_start(mine, "activity = start")
        return net

    tau_x, factor, start = 10 * ms, 0.5, 0.1  # noqa: F841
    defaultclock.dt = PERIODIC.dt
    net = make()
    result = net.train(1)
    assert (
        result.settings["constant_tau_x"] == "0.01*second"
        and result.settings["constant_factor"] == 0.5
        and result.settings["constant_start"] == 0.1
    )
    net.save(tmp_path / "x.npz")
    make().load(tmp_path / "x.npz")
    tau_x = 30 * ms
    with pytest.raises(
        ValueError, match=r"constant_tau_x: 0.01\*second in the file, 0.03\*second here"
    ):
        make().load(tmp_path / "x.npz")
    tau_x = 10 * ms

    def keep(tau_x=5):  # a name of its own
        net.save(tmp_path / "kept.npz")

    keep()
    make().load(tmp_path / "kept.npz")
    del tau_x  # not known here is not different
    make().load(tmp_path / "x.npz")


def test_inputs_of_ones_own_count(tmp_path):
    def make(value):
        task = ArrayTask(target=np.ones(20), inputs=np.full((20, 2), value), dt=1 * ms)
        defaultclock.dt = task.dt
        return LearningNetwork(
            ArrayTask(target=np.ones(20), inputs=np.ones((20, 2)), dt=1 * ms),
            RateNeurons(5, tau=10 * ms),
            RFLO(0.03, tau=10 * ms),
            connectivity={"input": TaskInput(task)},
        )

    make(0.0).save(tmp_path / "x.npz")
    make(0.0).load(tmp_path / "x.npz")
    with pytest.raises(ValueError, match="(?s)connectivity: .*TaskInput"):
        make(1.0).load(tmp_path / "x.npz")


def test_defaults_that_are_written_out_do_not_differ(tmp_path):
    net, other = (
        LearningNetwork(CURSOR, RateNeurons(12, tau=10 * ms), RFLO(0.03, tau=10 * ms), **given)
        for given in ({}, dict(credit=RandomFeedback(), connectivity=AllToAll(), learn=PerStep()))
    )
    net.save(tmp_path / "x.npz")
    np.testing.assert_array_equal(
        other.load(tmp_path / "x.npz").train(2).losses, net.train(2).losses
    )


def test_seed_and_gain_may_differ(tmp_path):
    one, other = (
        LearningNetwork(
            CURSOR,
            RateNeurons(12, tau=10 * ms),
            RFLO(0.03, tau=10 * ms),
            initial=Murray2019(gain=1 + number, seed=number),
        )
        for number in (0, 1)
    )
    one.train(2)
    one.save(tmp_path / "x.npz")
    np.testing.assert_array_equal(
        other.load(tmp_path / "x.npz").train(2).losses, one.train(2).losses
    )


def test_arrays_of_a_task_count(tmp_path):
    one, other = (
        LearningNetwork(
            ArrayTask(target=np.full(20, value)),
            RateNeurons(5, tau=10 * ms),
            RFLO(0.03, tau=10 * ms),
        )
        for value in (0.1, 0.2)
    )
    one.save(tmp_path / "x.npz")
    with pytest.raises(ValueError, match="task: ArrayTask"):
        other.load(tmp_path / "x.npz")


def test_the_file_says_what_is_in_it(tmp_path):
    net = rflo()
    net.train(2)
    with np.load(net.save(tmp_path / "x.npz"), allow_pickle=False) as data:
        about = json.loads(str(data["about"]))
        assert (
            about["format"] == 2
            and about["settings"]["initial"].startswith("Murray2019(gain=1.5, seed=1")
            and about["settings"]["rule"].startswith("RFLO(")
            and "version_brian2" in about["settings"]
        )
        assert int(data["step"]) == 2 * CURSOR.n_steps and data["random/key"].shape == (624,)


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: b"PK broken",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:3000] + b"xxxx" + whole[3004:],
    ],
    ids=["empty", "broken", "half", "four bytes"],
)
def test_damage_is_named_and_changes_nothing(tmp_path, damage):
    net = rflo()
    net.train(2)
    path = net.save(tmp_path / "x.npz")
    path.write_bytes(damage(path.read_bytes()))
    before = net.weights()
    with pytest.raises(RuntimeError, match=f"'{path}' is damaged"):
        net.load(path)
    assert all(np.array_equal(values, before[name]) for name, values in net.weights().items())


def about(**changes):
    """Changes the description of a network; None takes something out."""

    def change(text):
        told = json.loads(str(text)) | changes
        return json.dumps({name: value for name, value in told.items() if value is not None})

    return change


def with_one(value):
    """The same array, with one other value."""

    def change(values):
        values = values.copy()
        values[-1] = value
        return values

    return change


WEIGHTS = "state_recurrent_w"
NOT_OURS = "is not as LearningNetwork.save wrote it: "
ALTERED = {
    "no generator": (dict(random_rest=None), NOT_OURS + "it lacks 'random/rest'"),
    "no key of the generator": (dict(random_key=None), NOT_OURS + "it lacks 'random/key'"),
    "short key": (
        dict(random_key=lambda key: key[:300]),
        NOT_OURS + r"'random/key' must be 624 values of uint32; got uint32 of shape \(300,\)",
    ),
    "key of another type": (
        dict(random_key=lambda key: key.astype(float)),
        NOT_OURS + "'random/key' must be 624 values of uint32; got float64",
    ),
    "long rest": (dict(random_rest=np.zeros(4)), NOT_OURS + "'random/rest' must be 3 values"),
    "NaN in the generator": (
        dict(random_rest=[np.nan, 0, 0]),
        NOT_OURS + r"'random/rest' must be a place .*got \[nan, 0.0, 0.0\]",
    ),
    "place beyond the key": (
        dict(random_rest=[625.0, 0, 0]),
        NOT_OURS + "'random/rest' must be a place",
    ),
    "too much drawn ahead": (
        dict(random_rand=np.zeros(20001)),
        NOT_OURS + "'random/rand' must be up to 20000 values",
    ),
    "no step": (dict(step=None), NOT_OURS + "it lacks 'step'"),
    "step NaN": (dict(step=np.nan), NOT_OURS + "'step' must be a whole number, 0 or more; got nan"),
    "step negative": (dict(step=-1), NOT_OURS + "'step' must be a whole number, 0 or more; got -1"),
    "steps": (
        dict(step=[1, 2]),
        NOT_OURS + r"'step' must be a whole number, 0 or more; got int64 of shape \(2,\)",
    ),
    "weight NaN": (
        {WEIGHTS: with_one(np.nan)},
        NOT_OURS + "recurrent.w must be finite; got 1 values that are not",
    ),
    "weight infinite": (
        dict(state_feedback_w=with_one(np.inf)),
        NOT_OURS + "feedback.w must be finite",
    ),
    "spikes beyond the group": (
        dict(state_neurons__spikespace=with_one(99)),
        NOT_OURS + "neurons._spikespace must be the numbers of the spiking",
    ),
    "no weights": ({WEIGHTS: None}, "was saved from another network .*recurrent.w: only here"),
    "weights too short": (
        {WEIGHTS: lambda w: w[:-1]},
        "was saved from another network .*recurrent.w: 99 values in the file, 100 here",
    ),
    "weights as a matrix": (
        {WEIGHTS: lambda w: w.reshape(10, 10)},
        r"was saved from another .*recurrent.w: shape \(10, 10\) in the file, \(100,\) here",
    ),
    "weights of another type": (
        {WEIGHTS: lambda w: w.astype("f4")},
        "was saved from another network .*recurrent.w: float32 in the file, float64 here",
    ),
    "no JSON": (dict(about="no JSON"), NOT_OURS + "'about' must be JSON, which 'no JSON' is not"),
    "no dictionary": (
        dict(about="[1]"),
        NOT_OURS + r"'about' must be a dictionary in JSON; got '\[1\]'",
    ),
    "no text": (dict(about=1.0), NOT_OURS + "'about' must be a text; got a single float64"),
    "no description": (dict(about=None), "holds no network; LearningNetwork.save writes one"),
    "no format": (
        dict(about=about(format=None)),
        "holds no network; LearningNetwork.save writes one",
    ),
    "format 0": (
        dict(about=about(format=0)),
        NOT_OURS + "its format must be a whole number, 1 or more; got 0",
    ),
    "format of a later version": (
        dict(about=about(format=3), step=None),
        r"has format 3, but .* knows formats up to 2; install the one that wrote it \(\d",
    ),
    "format of a later version, nothing else": (
        dict(about='{"format": 3}', step=None),
        "has format 3, .*; install the one that wrote it",
    ),
    "no settings": (
        dict(about=about(settings=None)),
        NOT_OURS + "its settings must be a dictionary; got None",
    ),
    "connections in a list": (
        dict(about=about(connections=[])),
        NOT_OURS + r"its connections must be a dictionary; got \[\]",
    ),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A network, and what was in a file of it a trial ago."""
    prefs.codegen.target = "numpy"
    net = eprop()
    net.train(4)
    content = net.save(tmp_path_factory.mktemp("saved") / "x.npz").read_bytes()
    net.train(1)
    return net, content


@pytest.mark.parametrize("changes, message", ALTERED.values(), ids=ALTERED)
def test_altered_files_are_named_and_change_nothing(tmp_path, saved, changes, message):
    net, content = saved
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    altered(path, **changes)
    before = arrays(net.save(tmp_path / "before.npz"))
    with pytest.raises(ValueError, match=f"(?s)'{path}' {message}"):
        net.load(path)
    after = arrays(net.save(tmp_path / "after.npz"))
    assert set(after) == set(before) and "random/key" in before
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values, err_msg=name, strict=True)


@pytest.mark.parametrize(
    "name, message",
    [
        ("state/recurrent.w", "25000000 values in the file, 100 here"),
        ("state/nobody.w", "nobody.w: only in the file"),
        ("random/randn", "must be up to 20000 values"),
        ("step", r"got float64 of shape"),
        ("about", "must be a text"),
        ("nobody", None),
    ],
)
def test_zeros_are_never_unpacked(tmp_path, saved, name, message):
    """200 MB of zeros in 200 kB: shapes are compared first, and what nobody wants is not read."""
    net, content = saved
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with_zeros(path, name, (25_000_000,))

    def load():
        with pytest.raises(ValueError, match=message) if message else nullcontext():
            net.load(path)

    assert most_memory(load) < 10e6


def test_a_description_that_does_not_fit_is_damage(tmp_path, saved):
    """An array that says it had more values than the file has of it."""
    net, content = saved
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with zipfile.ZipFile(path) as data:
        kept = {entry: data.read(entry) for entry in data.namelist()}
    name = "state/recurrent.w.npy"
    kept[name] = kept[name].replace(b"(100,), }      ", b"(100000000,), }")
    with zipfile.ZipFile(path, "w") as data:
        for entry, values in kept.items():
            data.writestr(entry, values)
    with pytest.raises(RuntimeError, match=f"'{path}' is damaged, or not a file of arrays"):
        net.load(path)


def test_files_of_version_0_1(tmp_path):
    """Results are read; a network is refused, with the way to its weights."""
    folder = os.path.join(os.path.dirname(__file__), "data")
    path = os.path.join(folder, "network_of_0.1.npz")
    with pytest.raises(ValueError, match=r"earlier version \(0.1.0\).*numpy.load") as refused:
        rflo().load(path)
    weights = eval(str(refused.value).partition("with ")[2], {"numpy": np})
    assert weights.shape == (36,) and np.isfinite(weights).all()
    result = TrainingResult.load(os.path.join(folder, "result_of_0.1.npz"))
    assert result.losses.shape == (1, 3) and (result.losses > 0).all()
    assert result.settings["version_brian_rflo"] == "0.1.0"


def test_weights_that_are_no_numbers_are_not_saved(tmp_path):
    """The file of before is there to go on from."""
    net = rflo()
    path = net.save(tmp_path / "x.npz")
    before = path.read_bytes()
    net.recurrent.variables["w"].get_value()[3] = np.nan
    with pytest.raises(
        ValueError,
        match="recurrent.w must be finite; got 1 values",
    ):
        net.save(path)
    assert path.read_bytes() == before and np.isfinite(net.load(path).train(1).losses).all()


def test_constants_of_a_file_that_is_refused_are_forgotten(tmp_path):
    """Names of the script that were looked up to load a file are no settings if it is refused."""
    mine = NeuronGroup(
        5,
        "dactivity/dt = (I_rec - activity)/tau_x : 1\ngain : 1\nfeedback : 1\nI_rec : 1",
        method="euler",
        name="mine",
    )
    net = LearningNetwork(PERIODIC, mine, RFLO(0.03, tau=10 * ms))
    before = net.settings
    tau_x = 10 * ms  # noqa: F841
    np.savez(tmp_path / "x.npz", w=np.ones(3))
    with pytest.raises(ValueError, match="holds no network"):
        net.load(tmp_path / "x.npz")
    assert net.settings == before


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_networks_are_copied_by_files_alone(copied):
    with pytest.raises(
        TypeError,
        match=r"'learningnetwork.*' cannot be copied or pickled; write .* save\('network.npz'\)",
    ):
        copied(rflo())


def test_a_device_that_is_set_later(tmp_path):
    net = rflo()
    path = net.save(tmp_path / "x.npz")
    set_device("cpp_standalone", build_on_run=False)
    try:
        for what in (lambda: net.train(1), lambda: net.save(path), lambda: net.load(path)):
            with pytest.raises(
                RuntimeError,
                match=r"was built for another device .*; write set_device\(...\) before",
            ):
                what()
    finally:
        reset()


@pytest.mark.parametrize("wrong", ["folder.npz", "text.npz", "x" * 300 + ".npz"])
def test_what_is_no_file_of_arrays_is_named(tmp_path, wrong):
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "text.npz").write_text("no arrays")
    with pytest.raises((OSError, RuntimeError), match=f"'{tmp_path / wrong}'"):
        rflo().load(tmp_path / wrong)


def test_other_files(tmp_path):
    net = rflo()
    with pytest.raises(FileNotFoundError):
        net.load(tmp_path / "none.npz")
    with pytest.raises(ValueError, match="write for example 'network.npz'"):
        net.save(tmp_path / "x.pickle")
    net.train(1).save(tmp_path / "result.npz")
    with pytest.raises(ValueError, match="holds no network; LearningNetwork.save writes one"):
        net.load(tmp_path / "result.npz")


def test_spikes_on_their_way(tmp_path):
    net = noisy()
    net.recurrent.delay = 30 * ms
    net.run(CURSOR.duration / 2)
    with pytest.raises(
        ValueError,
        match=(
            r"'recurrent_pre' has delays, and spikes are in transit.*net.recurrent.delay = 0\*ms"
        ),
    ):
        net.save(tmp_path / "x.npz")
    net.run(CURSOR.duration / 2)
    net.save(tmp_path / "x.npz")  # those of a trial that is over arrive nowhere


@pytest.mark.compiled
@pytest.mark.model
def test_cython_goes_on_to_rounding_noise_included(tmp_path, caplog):
    """A network saved on Cython amid the random numbers that its code has drawn ahead; before
    Brian2 2.11, which does not tell them, they begin anew with a warning, the same each time.
    """
    is_told = get_device().rand_buffer.dtype == float
    with device("cython"):
        net = noisy()
        seed(5)
        net.train(3)
        path = net.save(tmp_path / "x.npz")
        expected = net.train(4)
        assert ("random/randn" in arrays(path)) == is_told
        assert not is_told or 0 < len(arrays(path)["random/randn"]) < 20000
        seed(9)
        loaded = noisy().load(path)
        assert ("begin anew" in caplog.text) != is_told
        found = loaded.train(4)
    assert np.allclose(found.losses, expected.losses, rtol=1e-12, atol=0) == is_told
    assert np.isfinite(found.losses).all()
    code = f"""
import sys; sys.path.insert(0, {os.path.dirname(__file__)!r})
from test_saving import *
with device("cython"):
    np.save({str(tmp_path / "losses.npy")!r}, noisy().load({str(path)!r}).train(4).losses)
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "losses.npy"), found.losses, rtol=1e-12)


@pytest.mark.compiled
@pytest.mark.parametrize(
    "make", [rflo, pytest.param(adaptive_eprop, marks=pytest.mark.model)], ids=lambda f: f.__name__
)
def test_standalone_begins_with_the_saved_values_and_saves_its_own(make, tmp_path):
    net = make()
    net.train(5)
    net.trials.loss = np.nan  # as of a network that has diverged
    path = net.save(tmp_path / "x.npz")
    expected = net.train(6)
    with device("cpp_standalone"):
        net = make()
        with pytest.raises(RuntimeError, match="has not run yet"):
            net.save(tmp_path / "y.npz")
        found = net.load(path).train(6)
        net.save(tmp_path / "y.npz")
        with pytest.raises(RuntimeError, match="has run its one program"):
            net.load(path)
    for name in ("losses", "output", "alignment"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9)
    for when in ("weights_before", "weights_after"):
        for name, values in getattr(expected, when).items():
            np.testing.assert_allclose(getattr(found, when)[name], values, rtol=1e-8, atol=1e-12)
    assert found.settings["first_trial"] == 5
    net = make().load(tmp_path / "y.npz")
    np.testing.assert_allclose(
        net.weights()["recurrent"], expected.weights_after["recurrent"], rtol=1e-8, atol=1e-12
    )
    assert np.isfinite(net.train(2).losses).all()
