"""Sweeps: the same numbers whoever computes, nothing twice, nothing lost; what has changed is
computed anew, what has failed is told.
"""

import csv
import errno
import math
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import brian2
import matplotlib.pyplot as plt
import numpy as np
import pytest
from altering import altered
from brian2 import Network, NeuronGroup, defaultclock, ms, mV, prefs, rand, set_device
from processes import Forked
from test_trial_network import two_populations

from brian_rflo import RFLO, LearningNetwork, RateNeurons, sweep
from brian_rflo.crews import pieces
from brian_rflo.crews.executors import Loky
from brian_rflo.crews.part import Part
from brian_rflo.crews.sending import dumps
from brian_rflo.network import Murray2019
from brian_rflo.sweeps import SweepTable, progress
from brian_rflo.sweeps import table as tables
from brian_rflo.sweeps.networks import networks_of
from brian_rflo.sweeps.table import NetworkRow
from brian_rflo.tasks import PeriodicOutput

SCRIPT = """
import sys, time
from brian2 import *
from brian_rflo import *
from brian_rflo.network import Murray2019
from brian_rflo.tasks import PeriodicOutput

prefs.codegen.target = "numpy"

def note(line):
    with open(sys.argv[2], "a") as file:
        file.write(line + "\\n")

def train(seed, learning_rate, log):
    with open(log, "a") as file:
        file.write(f"{seed} {learning_rate}\\n")
    task = PeriodicOutput(period=20*ms)
    defaultclock.dt = task.dt
    neurons, rule = RateNeurons(5, tau=10*ms, initial=rand(5)), RFLO(learning_rate, tau=10*ms)
    net = LearningNetwork(task, neurons, rule, initial=Murray2019(seed=seed))
    time.sleep(PAUSE)
    return net.train(3)

parameters = {"seed": range(SEEDS), "learning_rate": [0.01, 0.1, 0.3], "log": [sys.argv[2]]}
sweep(train, parameters, sys.argv[1], workers=WORKERS)
"""


def train(seed, learning_rate=0.1):
    """A small network, part of which is drawn from Brian2's random numbers."""
    task = PeriodicOutput(period=20 * ms)
    defaultclock.dt = task.dt
    net = LearningNetwork(
        task,
        RateNeurons(5, tau=10 * ms, initial=np.random.rand(5)),
        RFLO(learning_rate, tau=10 * ms),
        initial=Murray2019(seed=seed),
    )
    return net.train(3)


def spell(kind):
    """A network that is finished, one that fails, one whose process dies."""
    if kind == "fails":
        raise ValueError("no such\nthing")
    if kind == "dies":
        os._exit(3)
    return {"letters": len(kind)}


def counted(value, counter):
    """A number, and a mark each time it is computed."""
    with open(counter, "a") as file:
        file.write(f"{value}\n")
    return {"twice": 2 * value}


def plain_brian2(tau):
    """A magic network in plain Brian2."""
    group = NeuronGroup(3, "dv/dt = -v/tau + 0.1*xi*tau**-.5 : 1", method="euler")
    group.v = "rand()"
    brian2.run(1 * ms)
    return {
        "v": np.array(group.v),
        "dt_ms": float(defaultclock.dt / ms),
        "objects": len(brian2.collect()),
    }


def arrays(table):
    """All arrays of all networks, but for seconds."""
    return [result.arrays() if hasattr(result, "arrays") else result for result in table.results]


def same(one, other):
    """Whether two tables are the same to the bit."""
    pairs = list(zip(arrays(one), arrays(other), strict=True))
    return all(
        a.keys() == b.keys()
        and all(
            np.array_equal(a[name], b[name], equal_nan=np.asarray(a[name]).dtype.kind == "f")
            for name in a
        )
        for a, b in pairs
    )


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Four networks, computed in this process."""
    prefs.codegen.target = "numpy"
    return sweep(
        train,
        {"seed": range(2), "learning_rate": [0.01, 0.1]},
        tmp_path_factory.mktemp("here"),
        workers=1,
        report=None,
    )


def test_numbers_are_those_of_a_network_alone(expected, tmp_path):
    losses = np.array([result.losses[0] for result in expected.results])
    assert losses.shape == (4, 3) and len(np.unique(losses)) == 12
    settings = [{"seed": 1, "learning_rate": 0.1}, {"learning_rate": 0.01, "seed": 0}]
    defaultclock.dt = 7 * ms
    group = NeuronGroup(1, "v : 1")  # ours, which the networks do not see
    backwards = sweep(train, settings, tmp_path, workers=1, report=None)
    assert np.array_equal(
        backwards.results[0].losses, expected.result(seed=1, learning_rate=0.1).losses
    )
    assert np.array_equal(
        backwards.result(seed=0).weights_after["recurrent"],
        expected.result(seed=0, learning_rate=0.01).weights_after["recurrent"],
    )
    assert defaultclock.dt == 7 * ms and prefs.core.stop_on_keyboard_interrupt
    Network(group).run(0 * ms)


def blocks_of(page):
    """The Python blocks of a page of the documentation."""
    return re.findall(
        r"```python\n(.*?)```", (Path(__file__).parent.parent / "docs" / page).read_text(), re.S
    )


def delayed():
    """The class of a task in a script, that of the documentation; it restates what it inherits,
    `n_outputs = 1`.
    """
    first, *others = blocks_of("own.md")
    task = next(block for block in others if "class Delayed(Task)" in block)
    script = {"__name__": "__main__"}
    exec(first + task.partition("task = Delayed")[0], script)
    assert script["Delayed"].n_outputs == script["Task"].n_outputs
    return script["Delayed"]


def test_processes_compute_the_same_numbers(expected, tmp_path):
    """By a function that is sent as code; in it, Brian2's objects and random numbers are those of
    the process. Of networks of a task of the script, and of two populations, too.
    """

    def within(seed, learning_rate, of):
        prefs.codegen.string_expression_target = "numpy"
        assert brian2.prefs.codegen.string_expression_target == "numpy"
        rand()
        brian2.seed(seed)
        if of == "populations":
            return two_populations(learning_rate).train(2)
        if of != "rates":
            defaultclock.dt = 1 * ms
            return LearningNetwork(
                of(delay=20 * ms),
                RateNeurons(5, tau=10 * ms),
                RFLO(learning_rate, tau=10 * ms),
                initial=Murray2019(seed=seed),
            ).train(2)
        defaultclock.dt = 5 * ms
        return train(seed, learning_rate)

    settings = [
        dict(seed=seed, learning_rate=rate, of="rates") for seed in range(2) for rate in (0.01, 0.1)
    ]
    settings += [dict(seed=seed, learning_rate=0.1, of=delayed()) for seed in range(2)]
    settings += [dict(seed=0, learning_rate=rate, of="populations") for rate in (0.001, 0.003)]
    here, there = (
        sweep(within, settings, tmp_path / str(workers), workers=workers, report=None)
        for workers in (1, 2)
    )
    assert not there.failed and same(here, there)
    for one, other in zip(arrays(expected), arrays(there)[:4], strict=True):
        assert one.keys() == other.keys() and len(one) > 5
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])
    assert len({float(result.losses[0, -1]) for result in there.results}) == 8


BEFORE_THE_IMPORT = """

from brian2 import *
prefs.codegen.target = "numpy"
prefs.core.default_float_dtype = np.float32
defaultclock.dt = 1*ms
seed(7)
kept = [NeuronGroup(1, "v : 1") for _ in range(10)]
kept += [NetworkOperation(lambda: None) for _ in range(9)]  # Brian2 breaks ties by name
Network(kept).run(5*ms)
import random, sys
from brian_rflo import sweep
np.seterr(divide="raise")
prefs.codegen.max_cache_dir_size = 7

def found(seed):
    before, order = defaultclock.variables["t"].get_value().item(), []
    group = NeuronGroup(3, "dv/dt = -v/(10*ms) : 1", method="euler")
    group.v = "rand() + t/ms"
    note = lambda letter: lambda: order.append(letter)
    operations = [NetworkOperation(note(letter)) for letter in "abcdefghijkl"]
    Network(group, operations).run(0.2*ms)
    return {
        "v": group.v[:], "dtype": str(group.v[:].dtype), "t": before, "dt": float(defaultclock.dt),
        "order": "".join(order), "drawn": rand(3), "others": [random.random(), np.random.rand()],
        "errors": str(np.geterr()), "target": prefs["codegen.target"],
        "size": prefs["codegen.max_cache_dir_size"],
    }

if __name__ == "__main__":
    expected, drawn = np.random.get_state()[1], random.getstate()
    folders = [f"{sys.argv[1]}/{workers}" for workers in (1, 2)]
    one, two = [
        sweep(found, {"seed": range(2)}, folder, workers=workers, report=None).results
        for folder, workers in zip(folders, (1, 2))
    ]
    for here, there in zip(one, two):
        assert {name for name in here if np.any(here[name] != there[name])} == set(), (here, there)
        assert here["dt"] == 1e-4 and here["t"] == 0
        assert here["dtype"] == "float32" and "raise" in here["errors"]
    assert defaultclock.dt == 1*ms
    assert (np.random.get_state()[1] == expected).all() and random.getstate() == drawn
"""


@pytest.mark.model
def test_whatever_the_script_has_set_before(tmp_path):
    """One worker and two find the same, and the script finds its own again."""
    (tmp_path / "script.py").write_text(BEFORE_THE_IMPORT)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", tmp_path / "script.py", tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_what_is_one_in_a_process_is_not_copied():
    sent = pickle.loads(dumps([prefs, defaultclock, brian2.magic_network, rand, ms]))
    assert (
        sent[0] is prefs
        and sent[1] is defaultclock
        and sent[2] is brian2.magic_network
        and sent[3].__self__ is rand.__self__
        and sent[4] is ms
    )


def test_an_executor_computes_the_same_numbers(expected, tmp_path):
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as executor:
        assert same(
            sweep(
                train,
                {"seed": range(2), "learning_rate": [0.01, 0.1]},
                tmp_path,
                executor=executor,
                report=None,
            ),
            expected,
        )


def test_each_network_finds_a_new_brian2(tmp_path):
    table = sweep(
        plain_brian2, {"tau": [5 * ms, 10 * ms, 5.000001 * ms]}, tmp_path, workers=1, report=None
    )
    assert [(row.numbers["dt_ms"], row.numbers["objects"]) for row in table.rows] == [
        (0.1, 1)
    ] * 3, str(table)
    assert len({tuple(result["v"]) for result in table.results}) == 3


def test_nothing_is_computed_twice(tmp_path):
    counter, said = str(tmp_path / "counter"), []
    for values in ([1, 2], [1, 2, 3], [3]):
        table = sweep(
            counted,
            {"value": values, "counter": [counter]},
            tmp_path / "sweep",
            workers=1,
            report=said.append,
        )
    assert Path(counter).read_text().split() == ["1", "2", "3"] and table.result(value=3) == {
        "twice": 6
    }
    assert "2 of 3 networks are finished already" in "\n".join(said)


def test_other_code_is_computed_anew(tmp_path):
    def make(factor, helper=None):
        return lambda value: {"product": factor * value}

    said = []
    first = sweep(make(2), {"value": [1]}, tmp_path, workers=1, report=said.append)
    again = sweep(make(2), {"value": [1]}, tmp_path, workers=1, report=said.append)
    assert (
        "1 of 1 networks are finished already" in "\n".join(said)
        and first.rows[0].path == again.rows[0].path
    )
    said.clear()
    other = sweep(make(3), {"value": [1]}, tmp_path, workers=1, report=said.append)
    assert other.result() == {"product": 3} and first.result() == {"product": 2}
    assert (
        "1 networks are computed anew" in said[0]
        and "older than a change of the function" in said[0]
    )
    prefs.codegen.target = "auto"
    sweep(make(3), {"value": [1]}, tmp_path, workers=1, report=said.append)
    assert "preferences of Brian2" in said[-2] or "preferences of Brian2" in "\n".join(said)


def test_code_of_other_modules_counts(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "a")
    for factor in (2, 3):
        (tmp_path / "a" / "helper_of_mine.py").write_text(
            f"def times(value):\n    return {factor}*value\n"
        )
        sys.modules.pop("helper_of_mine", None)
        from importlib import import_module, invalidate_caches

        invalidate_caches()
        sys.dont_write_bytecode = True
        helper = import_module("helper_of_mine")
        table = sweep(
            lambda value, helper=helper: {"product": helper.times(value)},
            {"value": [1]},
            tmp_path / "sweep",
            workers=1,
            report=None,
        )
        assert table.result() == {"product": factor}


def test_failures_leave_the_others(tmp_path):
    said = []
    table = sweep(
        spell, {"kind": ["good", "fails", "dies"]}, tmp_path, workers=2, report=said.append
    )
    assert [row.numbers.get("letters") for row in table.rows] == [4, None, None]
    assert [row.failure.reason.partition("\n")[0] for row in table.failed] == [
        "ValueError: no such",
        "its process died: killed, perhaps for want of memory, or crashed",
    ]
    assert (
        "failed: kind=fails: ValueError: no such" in "\n".join(said)
        and "1 of 3 networks (2 failed)" in said[-1]
    )
    (told,) = tmp_path.glob("kind=fails*.failed.txt")
    assert "kind=fails" in told.read_text() and "Traceback" in told.read_text()
    assert "failed: ValueError: no such" in str(table)
    with pytest.raises(RuntimeError, match="kind='?fails'? has failed: ValueError"):
        table.result(kind="fails")


def test_what_was_at_fault_may_be_mended(tmp_path):
    def train(value, file=str(tmp_path / "needed")):
        return {"length": len(Path(file).read_text())}

    failed = sweep(train, {"value": [1]}, tmp_path / "sweep", workers=1, report=None).failed
    assert failed[0].failure.reason.startswith("FileNotFoundError") and list(
        (tmp_path / "sweep").glob("*.failed.txt")
    )
    (tmp_path / "needed").write_text("four")
    assert sweep(train, {"value": [1]}, tmp_path / "sweep", workers=1, report=None).result() == {
        "length": 4
    }
    assert not list((tmp_path / "sweep").glob("*.failed.txt"))


def test_damage_is_named_before_anything_is_computed(tmp_path):
    counter = str(tmp_path / "counter")
    table = sweep(counted, {"value": [1], "counter": [counter]}, tmp_path, workers=1, report=None)
    table.rows[0].path.write_bytes(b"PK broken")
    with pytest.raises(RuntimeError, match=r"value=1.* is damaged.*delete it"):
        sweep(counted, {"value": [1, 2], "counter": [counter]}, tmp_path, workers=1, report=None)
    assert Path(counter).read_text().split() == ["1"]


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(dt=None), "it lacks dt"),
        (dict(losses=np.ones(3)), "losses must be network by trial"),
        (dict(settings="{"), "'settings' must be JSON"),
        (dict(seconds=None), "it does not say how many seconds it took"),
        (dict(seconds=[1, 2]), "it does not say how many seconds"),
    ],
)
def test_a_foreign_file_under_the_name_of_a_network_is_named(tmp_path, changes, message):
    """Before anything is computed, and where its result is asked for later."""
    path = sweep(train, {"seed": [1]}, tmp_path, workers=1, report=None).rows[0].path
    altered(path, **changes)
    with pytest.raises(
        RuntimeError,
        match=f"the finished part '{path}' has unexpected contents .{message}.*delete it, and",
    ):
        sweep(train, {"seed": [1, 2]}, tmp_path, workers=1, report=None)
    assert list(tmp_path.glob("*.npz")) == [path]


def test_a_result_that_has_been_altered_since_is_named(tmp_path):
    table = sweep(train, {"seed": [1]}, tmp_path, workers=1, report=None)
    altered(table.rows[0].path, output=None)
    with pytest.raises(
        RuntimeError,
        match=f"the finished part '{table.rows[0].path}' has unexpected contents .it lacks output",
    ):
        _ = table.results


def test_progress(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr("brian_rflo.crews.progress.SAY_EVERY_S", 0)
    sweep(
        lambda value: time.sleep(0.2) or {"value": value},
        {"value": range(4)},
        tmp_path,
        workers=1,
        report=said.append,
    )
    assert re.fullmatch(r"  1 of 4 networks after \d+ s, about \d+ s left", said[0])
    assert (
        re.fullmatch(rf"4 of 4 networks after \d+ s; table: {tmp_path}/table.csv", said[-1])
        and len(said) == 4
    )


def test_time_left(monkeypatch):
    """Two at a time, ten seconds each: of five left, two are half done."""
    seven = networks_of(spell, [{"kind": str(number)} for number in range(7)], None)
    found = progress.Finished(
        seven, {network.name: Path("/nowhere") for network in seven}, Path(), print
    )
    found.rows, found.computed = dict.fromkeys([network.name for network in seven[:2]]), 20.0
    crew = Loky(2)
    assert found.time_left(crew) == ", about 20 s left"
    monkeypatch.setattr(crew, "at_a_time", 100)
    assert found.time_left(crew) == ", about 5 s left"
    assert [progress.format_duration(seconds) for seconds in (90, 600, 9000)] == [
        "90 s",
        "10 min",
        "2.5 h",
    ]


def test_the_table(tmp_path):
    def respond(tau, kind):
        if kind == "failing" and tau < 10 * ms:
            raise ValueError("too short")
        return {"speed": 1 / float(tau), "kind": kind, "rates": np.full((2, 3), float(tau))}

    table = sweep(
        respond,
        {"tau": [5, 20] * ms, "kind": ["sound", "failing"]},
        tmp_path,
        workers=1,
        report=None,
    )
    lines = str(table).split("\n")
    assert lines[0].split() == ["tau", "kind", "speed", "returned_kind", "seconds"] and lines[
        2
    ].split()[:5] == ["5.", "ms", "sound", "200", "sound"]
    with open(tmp_path / "table.csv") as file:
        rows = list(csv.reader(file))
    assert rows[0] == [
        "tau (second)",
        "kind",
        "speed",
        "returned_kind",
        "seconds",
        "remark",
    ] and rows[4][:4] == ["0.02", "failing", "50.0", "failing"]
    assert (
        rows[2][:3] == ["0.005", "failing", ""] and rows[2][-1] == "failed: ValueError: too short"
    )
    assert table.result(tau=20 * ms, kind="sound")["rates"].shape == (2, 3)
    with pytest.raises(
        KeyError,
        match=(
            "2 networks have tau=20. ms; tau is one of 5. ms, 20. ms; kind is one of sound, failing"
        ),
    ):
        table.result(tau=20 * ms)
    ax = table.plot("tau", "speed")
    assert ax.has_data() and ax.get_xlabel() == "tau (second)"
    assert table.plot("tau").get_xlabel() == "tau (second)"
    with pytest.raises(
        ValueError,
        match="no parameter 'mass'.*there are the parameters tau, kind and the numbers speed",
    ):
        table.plot("mass")
    with pytest.raises(ValueError, match="no number 'returned_kind'.*the numbers speed"):
        table.plot("tau", "returned_kind")
    with pytest.raises(KeyError, match="no argument 'mass'; they have tau, kind"):
        table.result(mass=1)
    plt.close("all")


def test_labelled_arrays(expected, tmp_path):
    data = expected.to_xarray()
    assert data.losses.dims == (
        "seed",
        "learning_rate",
        "network",
        "trial",
    ) and data.losses.shape == (2, 2, 1, 3)
    assert np.array_equal(
        data.losses.sel(seed=1, learning_rate=0.01).values,
        expected.result(seed=1, learning_rate=0.01).losses,
    )
    assert data.seconds.dims == ("seed", "learning_rate")
    one = sweep(
        lambda tau: {"v": np.full(3, float(tau))} if tau > 5 * ms else 1 / 0,
        {"tau": [5, 20] * ms},
        tmp_path,
        workers=1,
        report=None,
    ).to_xarray()
    assert one.v.dims == ("tau", "v_0") and one.tau.attrs["units"] == "second"
    assert np.isnan(one.v.sel(tau=0.005)).all() and (one.v.sel(tau=0.02) == 0.02).all()


class Options:
    """Settings in an object of one's own."""

    __slots__ = ("__dict__", "k")

    def __init__(self, k):
        self.k, self.me = k, self


def phi(x):
    return x


def test_objects_of_ones_own_are_told_apart(tmp_path):
    """By what they hold, and where nothing tells them apart they are refused."""

    def use(options):
        return {
            "k": (
                options.k
                if isinstance(options, Options)
                else options(1.0)
                if callable(options)
                else float(options.random())
            )
        }

    for k in (1, 2):
        assert sweep(use, [{"options": Options(k)}], tmp_path, workers=1, report=None).rows[
            0
        ].numbers == {"k": k}
    generators = [np.random.default_rng(seed) for seed in (1, 1 + 1)]
    drawn = sweep(use, {"options": generators}, tmp_path, workers=1, report=None)
    assert [row.numbers["k"] for row in drawn.rows] == [
        np.random.default_rng(seed).random() for seed in (1, 2)
    ]
    functions = sweep(
        use, {"options": [brian2.tanh, brian2.sin, np.cos]}, tmp_path, workers=1, report=None
    )
    assert [row.numbers["k"] for row in functions.rows] == [np.tanh(1), np.sin(1), np.cos(1)]
    with pytest.raises(
        TypeError, match="'options' is a _thread.lock, which cannot be distinguished"
    ):
        sweep(use, {"options": [threading.Lock()]}, tmp_path, workers=1, report=None)
    with pytest.raises(
        TypeError, match="in 'options' is a _thread.lock, which cannot be distinguished"
    ):
        sweep(use, {"options": [Options(threading.Lock())]}, tmp_path, workers=1, report=None)
    assert (
        sweep(
            lambda module: {"x": module.sqrt(4.0)},
            {"module": [math, np]},
            tmp_path,
            workers=1,
            report=None,
        ).failed
        == []
    )


def test_a_function_under_another_name_is_other_code(tmp_path, monkeypatch):
    """Also where both are functions of packages."""

    def use(seed):
        return {"x": float(phi(2.0))}

    for function in (np.tanh, np.sin, brian2.tanh, brian2.sin):
        monkeypatch.setitem(globals(), "phi", function)
        assert sweep(use, {"seed": [1]}, tmp_path, workers=1, report=None).rows[0].numbers == {
            "x": float(function(2.0))
        }


def test_parameters_of_several_kinds(tmp_path):
    """None beside a number, lambdas, mixed dimensions: each result is in its place."""

    def use(a, seed):
        a.append(3) if isinstance(a, list) else None
        return {
            "x": seed,
            "seconds": 7.0,
            "a": "echo",
            "v": np.array([-70.0, -60.0]) * mV,
            "tau": 10 * ms,
        }

    values = [None, 10 * ms, 5 * mV, True, "b", 1.5, [1, 2], lambda: 1, lambda: 2]
    table = sweep(use, {"a": values, "seed": [3, 4]}, tmp_path, workers=1, report=None)
    assert [row.settings["a"] for row in table.rows[12:14]] == [
        [1, 2]
    ] * 2  # a copy was appended to
    data = table.to_xarray()
    assert (
        data.x.dims == ("a", "seed")
        and (data.x.values == [3, 4]).all()
        and len(set(data.a.values)) == len(values)
    )
    assert (
        list(data.a.values[:7]) == ["None", "10. ms", "5. mV", "True", "b", "1.5", "(1, 2)"]
        and "units" not in data.a.attrs
    )
    assert (
        (data.returned_seconds == 7).all()
        and (data.seconds < 7).all()
        and (data.returned_a == "echo").all()
    )
    assert data.tau.attrs["units"] == "second" and data.v.attrs["units"] == "volt"
    assert (
        table.results[0]["tau"] == 10 * ms
        and table.results[0]["v"].dim == mV.dim
        and table.rows[0].numbers["tau"] == 10 * ms
    )
    with open(tmp_path / "table.csv") as file:
        header, first, *_ = csv.reader(file)
    assert (
        header
        == [
            "a",
            "seed",
            "x",
            "returned_seconds",
            "returned_a",
            "tau (second)",
            "seconds",
            "remark",
        ]
        and first[5] == "0.01"
    )
    assert table.plot("a", "tau").get_ylabel() == "tau (second)"
    plt.close("all")


def test_names_of_dimensions_and_networks_of_several_sizes(tmp_path):
    def build(network, n):
        task = PeriodicOutput(period=20 * ms)
        defaultclock.dt = task.dt
        return LearningNetwork(task, RateNeurons(n, tau=10 * ms), RFLO(network, tau=10 * ms)).train(
            1
        )

    table = sweep(build, {"network": [0.01, 0.02], "n": [4, 5]}, tmp_path, workers=1, report=None)
    with pytest.raises(
        ValueError,
        match="have from 4 to 5 entries along 'post', .*not form one array.*table.results",
    ):
        table.to_xarray()
    table = sweep(build, {"network": [0.01, 0.02], "n": [4]}, tmp_path, workers=1, report=None)
    assert table.to_xarray().losses.dims == ("parameter_network", "n", "network", "trial")


def test_arrays_that_do_not_fit_together(tmp_path):
    """Units that differ are refused; names of dimensions that an array has are others."""
    table = sweep(
        lambda a: {"x": a * ms if a else 3.0}, {"a": [0, 2]}, tmp_path, workers=1, report=None
    )
    with pytest.raises(
        ValueError, match="'x' has the unit 1 in some of these networks and second in others"
    ):
        table.to_xarray()
    data = sweep(
        lambda a: {
            "b": np.zeros((2, 3)) + a,
            "b_0": np.zeros(4) + a,
            "seconds": 1.0,
            "returned_seconds": 2.0,
        },
        {"a": [1, 2]},
        tmp_path,
        workers=1,
        report=None,
    ).to_xarray()
    assert data.b.dims == ("a", "b_axis_0", "b_1") and (data.b_0.values == [[1] * 4, [2] * 4]).all()
    assert (data.returned_seconds == 2).all() and (data.returned_returned_seconds == 1).all()


def test_nothing_to_draw(tmp_path):
    table = sweep(lambda a: 1 / 0, {"a": [1]}, tmp_path, workers=1, report=None)
    with pytest.raises(
        ValueError, match="no network has been finished; see the reasons in table.failed"
    ):
        table.plot("a")
    table = sweep(lambda a: {"v": np.zeros(3)}, {"a": [1]}, tmp_path, workers=1, report=None)
    with pytest.raises(
        ValueError, match="returned no single numbers; what it returned is in table.results"
    ):
        table.plot("a")


def test_a_network_that_leaves_does_not_take_the_others_along(tmp_path):
    table = sweep(
        lambda a: sys.exit(3) if a else {"a": 1}, {"a": [1, 0]}, tmp_path, workers=1, report=None
    )
    assert str(table.rows[0].failure) == "SystemExit: 3" and table.rows[1].failure is None


def test_a_long_table_is_cut():
    rows = [
        NetworkRow({"seed": number}, {"final_loss": 0.5}, 1.0, "", None) for number in range(100)
    ]
    assert len(str(SweepTable(rows)).split("\n")) == 63


SEEDS = {"seed": [1]}
BAD = [
    (lambda folder: sweep("train", SEEDS, folder), TypeError, "give a function.*got 'train'"),
    (
        lambda folder: sweep(train, {"seed": 3}, folder),
        TypeError,
        r"the values of 'seed' must be a sequence; write 'seed': \[3\]",
    ),
    (
        lambda folder: sweep(train, {"seed": "rflo"}, folder),
        TypeError,
        "the values of 'seed' must be a sequence",
    ),
    (
        lambda folder: sweep(train, {"seed": [], "learning_rate": [0.1]}, folder),
        ValueError,
        "no networks",
    ),
    (lambda folder: sweep(train, {}, folder), ValueError, "no networks"),
    (
        lambda folder: sweep(train, {"seed": (n for n in range(3))}, folder),
        TypeError,
        "'seed' must have an end",
    ),
    (lambda folder: sweep(train, [3, 4], folder), TypeError, "parameters must be a dictionary"),
    (
        lambda folder: sweep(train, [{"seed": 1}, {"learning_rate": 1}], folder),
        TypeError,
        "with the same names",
    ),
    (
        lambda folder: sweep(train, {"sed": [1]}, folder),
        TypeError,
        r"train\(seed, learning_rate=0.1\) cannot be called with sed",
    ),
    (
        lambda folder: sweep(train, {"seed": [1, 1.5, 1]}, folder),
        ValueError,
        "seed=1 is given more than once",
    ),
    (
        lambda folder: sweep(train, SEEDS, folder, workers=0),
        ValueError,
        "workers must be a whole number of at least 1",
    ),
    (
        lambda folder: sweep(train, SEEDS, folder, executor=ThreadPoolExecutor(1)),
        TypeError,
        "ThreadPoolExecutor computes in threads.*ProcessPoolExecutor",
    ),
    (
        lambda folder: sweep(train, SEEDS, folder, executor="dask"),
        TypeError,
        "must have a method submit.*got 'dask'",
    ),
    (
        lambda folder: sweep(train, SEEDS, folder, workers=2, executor=object()),
        ValueError,
        "leave one of them out",
    ),
    (
        lambda folder: sweep(train, SEEDS, folder, report="bar"),
        TypeError,
        "report must be 'text', None or a function",
    ),
    (lambda folder: sweep(train, SEEDS, folder, device="gpu"), ValueError, "unknown device 'gpu'"),
    (lambda folder: sweep(train, SEEDS, "/dev/null/x"), OSError, "cannot write to the folder"),
]


@pytest.mark.parametrize("wrong, error, message", BAD, ids=[message[:30] for _, _, message in BAD])
def test_bad_input(wrong, error, message, tmp_path):
    with pytest.raises(error, match=message):
        wrong(tmp_path)


def returning(returned):
    """A function for a sweep that returns this."""
    return lambda value: returned


def test_bad_returns(tmp_path):
    for returned, reason in (
        (None, "must return what train returned, or a dictionary.*got NoneType"),
        ({"net": object()}, "'net' is object"),
    ):
        table = sweep(returning(returned), {"value": [1]}, tmp_path, workers=1, report=None)
        assert re.search(reason, table.failed[0].failure.reason)


def test_what_cannot_be_sent(tmp_path):
    numbers = (number for number in range(3))
    with pytest.raises(
        TypeError, match="value=1 cannot be sent to another process.*within the function"
    ):
        sweep(
            lambda value: {"next": next(numbers)},
            {"value": [1, 2]},
            tmp_path,
            workers=2,
            report=None,
        )


def test_without_joblib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib.externals.loky", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"pip install 'brian_rflo\[sweep\]', or workers=1"
    ):
        sweep(train, {"seed": [1, 2]}, tmp_path, workers=2, report=None)


def test_the_device_is_the_sweeps(tmp_path):
    def train(value):
        set_device("cpp_standalone", directory=None)
        return {"value": value}

    table = sweep(train, {"value": [1, 2]}, tmp_path, workers=1, report=None)
    assert ["has called set_device" in row.failure.reason for row in table.rows] == [True, True]
    set_device("cpp_standalone", directory=None)
    try:
        with pytest.raises(
            RuntimeError,
            match=r"write set_device\('runtime'\), and sweep\(..., device='cpp_standalone'\)",
        ):
            sweep(train, {"value": [1]}, tmp_path)
    finally:
        brian2.device.reinit()
        set_device("runtime")


def test_an_interrupted_training_is_none(tmp_path):
    """Brian2 makes of Control-C a shorter run; that is no result."""

    def train(value):
        group = NeuronGroup(1, "v : 1", name="mine")
        group.run_regularly("v += 1")
        net = Network(
            group,
            brian2.NetworkOperation(
                lambda: os.kill(os.getpid(), signal.SIGINT) if group.v[0] > 3 else None
            ),
        )
        net.run(100 * ms, namespace={})
        return {"v": group.v[0]}

    said = []
    with pytest.raises(KeyboardInterrupt):
        sweep(train, {"value": [1]}, tmp_path, workers=1, report=said.append)
    assert "interrupted: 0 of 1 networks are finished" in said[-1] and not list(
        tmp_path.glob("*.npz")
    )


def fill(monkeypatch, number, after=0):
    """Let a disk be full after so many files."""
    real, written = pieces.write_whole, []

    def write_whole(path, write):
        if len(written) == after:
            raise OSError(f"cannot write '{path}'") from OSError(number, os.strerror(number))
        written.append(path)
        return real(path, write)

    for module in (pieces, progress, tables):
        monkeypatch.setattr(module, "write_whole", write_whole)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_full_disk_stops_a_sweep(tmp_path, monkeypatch, number):
    """No further network is trained; what was computed is in its file and in the table returned.

    With room again only the rest is computed.
    """
    counter, said = str(tmp_path / "counter"), []
    parameters = {"value": range(4), "counter": [counter]}
    fill(monkeypatch, number, after=1)
    table = sweep(counted, parameters, tmp_path / "sweep", workers=1, report=said.append)
    assert Path(counter).read_text().split() == ["0", "1"]
    assert [row.numbers.get("twice") for row in table.rows] == [0, None, None, None]
    assert (
        "cannot write" in table.failed[0].failure.reason
        and [str(row.failure) for row in table.failed[1:]]
        == ["not computed, since nothing more could be kept"] * 2
    )
    assert re.match(
        r"1 of 4 networks \(1 failed, 2 not computed\) after \d+ s; "
        "the table was not written: cannot write",
        said[-2],
    )
    assert said[-1].endswith("when that is mended, the same sweep goes on from there")
    monkeypatch.undo()
    again = sweep(counted, parameters, tmp_path / "sweep", workers=1, report=None)
    assert [row.numbers["twice"] for row in again.rows] == [0, 2, 4, 6] and Path(
        counter
    ).read_text().split() == ["0", "1", "1", "2", "3"]


def test_a_full_disk_within_a_function_stops_a_sweep(tmp_path):
    """Perhaps another disk; other errors of the system are the network's own."""

    def build(number):
        raise OSError(number, os.strerror(number))

    table = sweep(
        build,
        {"number": [errno.EACCES, errno.ENOSPC, errno.ENOENT]},
        tmp_path,
        workers=1,
        report=None,
    )
    assert [row.remark.split(":")[:2] for row in table.rows[:2]] == [
        ["failed", " PermissionError"],
        ["failed", " OSError"],
    ] and table.rows[2].failure is pieces.NOT_COMPUTED


def test_a_full_disk_does_not_hide_an_interruption(tmp_path, monkeypatch):
    def interrupted(value):
        raise KeyboardInterrupt

    said = []
    fill(monkeypatch, errno.ENOSPC)
    with pytest.raises(KeyboardInterrupt):
        sweep(interrupted, {"value": [1]}, tmp_path, workers=1, report=said.append)
    assert "interrupted: 0 of 1" in said[-2] and "the table was not written" in said[-1]


def test_a_full_disk_does_not_let_what_is_printed_end_a_sweep(tmp_path, monkeypatch):
    class Full:
        def write(self, text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        flush = write

    monkeypatch.setattr(sys, "stdout", Full())
    table = sweep(lambda value: {"value": value}, {"value": [1]}, tmp_path, workers=1)
    assert table.result() == {"value": 1}


def test_what_was_just_being_finished_when_the_disk_was_full_counts(tmp_path):
    """Two at a time: one finds no room, the other has just been written; a third has not begun."""

    class Two(pieces.Executor):
        at_a_time = 2

        def start(self, part, path):
            self.running[part.name] = part

        def ended(self):
            return [(self.running.pop("a"), pieces.Failure("full", ends_all=True))]

        def __exit__(self, *error):
            (tmp_path / "b.npz").touch()

    ended = {}
    report = type(
        "Report", (), {"ended": lambda self, part, outcome: ended.update({part.name: outcome})}
    )()
    three = [Part(name, counted, {}, 1) for name in "abc"]
    failed = pieces.work(Two(), three, {name: tmp_path / f"{name}.npz" for name in "abc"}, report)
    assert (
        list(failed) == ["a", "c"]
        and ended["b"] == pieces.FINISHED
        and ended["c"] is pieces.NOT_COMPUTED
    )


def begin(folder, log, seeds, pause, workers=2):
    """A script that sweeps, in a process of its own."""
    script = folder.parent / "script.py"
    script.write_text(
        SCRIPT.replace("SEEDS", str(seeds))
        .replace("PAUSE", str(pause))
        .replace("WORKERS", str(workers))
    )
    return Forked(script, folder, log)


def finished(folder):
    """Settings of finished networks."""
    return {
        tuple(re.match(r"seed=(\d+)_learning_rate=([.\d]+)_", path.name).groups())
        for path in folder.glob("*.npz")
    }


def begun(log):
    """Settings of networks that have been begun, in order."""
    return [tuple(line.split()) for line in log.read_text().splitlines()] if log.exists() else []


def numbers_in(folder):
    """The table without seconds."""
    with open(folder / "table.csv") as file:
        return [
            (row["seed"], row["learning_rate"], row["final_loss"], row["remark"])
            for row in csv.DictReader(file)
        ]


def check_killed(folder, seeds, kills, pause, seed, workers=2):
    """Kill a sweep at random moments and go on each time, at last with some workers; the table is
    that of an undisturbed sweep, and nothing finished is begun again.
    """
    chance, log = random.Random(seed), folder.parent / "log"
    undisturbed = begin(
        folder.parent / "undisturbed", folder.parent / "log_undisturbed", seeds, 0, workers=1
    )
    assert undisturbed.wait(timeout=300) == 0
    killed = 0
    while killed < kills:
        done, before = finished(folder), len(begun(log))
        process = begin(folder, log, seeds, pause)
        while len(begun(log)) < before + 1 and process.poll() is None:
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 3 * pause))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.wait(timeout=300)
        assert not done & set(begun(log)[before:]), "a finished network was computed again"
        if len(finished(folder)) == 3 * seeds:
            break
    done, before = finished(folder), len(begun(log))
    assert begin(folder, log, seeds, pause, workers).wait(timeout=300) == 0
    time.sleep(0.5)
    assert not done & set(begun(log)[before:])
    assert (
        numbers_in(folder) == numbers_in(folder.parent / "undisturbed")
        and len(numbers_in(folder)) == 3 * seeds
    )
    assert not list(folder.glob(".*.npz"))
    return killed


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_killed(tmp_path):
    assert check_killed(tmp_path / "sweep", seeds=1, kills=1, pause=0.5, seed=1, workers=1) == 1


@pytest.mark.model
def test_killed_ten_times(tmp_path):
    assert check_killed(tmp_path / "sweep", seeds=6, kills=10, pause=1.0, seed=2) == 10


@pytest.mark.model
def test_killed_thirty_times(tmp_path):
    assert check_killed(tmp_path / "sweep", seeds=20, kills=30, pause=0.5, seed=3) == 30


def test_two_sweeps_in_one_folder(tmp_path):
    """They share the networks, and both have the whole table."""
    log = tmp_path / "log"
    both = [begin(tmp_path / "sweep", log, seeds=2, pause=0.4, workers=1) for _ in range(2)]
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    assert len(begun(log)) == len(set(begun(log))) == 6 and len(numbers_in(tmp_path / "sweep")) == 6


@pytest.mark.compiled
@pytest.mark.model
def test_cpp_standalone(expected, tmp_path):
    """Programs are built one by one in one folder, which is gone only with this process."""
    table = sweep(
        train,
        {"seed": range(2), "learning_rate": [0.1]},
        tmp_path,
        workers=1,
        device="cpp_standalone",
        report=None,
    )
    assert not table.failed
    for seed in range(2):
        one, other = table.result(seed=seed), expected.result(seed=seed, learning_rate=0.1)
        assert np.allclose(one.losses, other.losses, rtol=1e-9, atol=0)


@pytest.mark.model
def test_dask(expected, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert same(
            sweep(
                train,
                {"seed": range(2), "learning_rate": [0.01, 0.1]},
                tmp_path / "dask",
                executor=client,
                report=None,
            ),
            expected,
        )
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
        pytest.raises(ValueError, match="have 2 threads.*threads_per_worker=1"),
    ):
        sweep(train, {"seed": range(2)}, tmp_path / "threads", executor=client, report=None)
    with distributed.Client(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as client:
        table = sweep(train, {"seed": range(2)}, tmp_path / "thread", executor=client, report=None)
        assert "computes in threads" in table.failed[0].failure.reason


@pytest.mark.model
def test_submitit(expected, tmp_path, monkeypatch):
    submitit = pytest.importorskip("submitit")
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(__file__))
    executor = submitit.AutoExecutor(tmp_path / "jobs", cluster="local")
    executor.update_parameters(timeout_min=5)
    assert same(
        sweep(
            train,
            {"seed": range(2), "learning_rate": [0.01, 0.1]},
            tmp_path / "sweep",
            executor=executor,
            report=None,
        ),
        expected,
    )
