"""C++ programs compiled as one file, and kept object files: same bits, whatever way a program is
compiled.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from brian2 import Function, Network, NeuronGroup, ms

from brian_rflo import RFLO, LearningNetwork, PlasticSynapses, RateNeurons
from brian_rflo.brian import devices, programs, units
from brian_rflo.brian import kept as keeping
from brian_rflo.cli import main
from brian_rflo.tasks import PeriodicOutput


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """An empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    return keeping.kept_folder()


def objects(kept):
    return sorted(path.name for path in kept.glob("*"))


PROGRAM = """
import sys
import numpy as np
from brian2 import *
from brian_rflo import *
from brian_rflo.network import Murray2019
from brian_rflo.tasks import PeriodicOutput
folder, trials, number, one_file = sys.argv[1], *map(int, sys.argv[2:])
prefs.brian_rflo.one_file = bool(one_file)
set_device("cpp_standalone", directory=folder)
defaultclock.dt = 1*ms
seed(number)
task, neurons = PeriodicOutput(period=20*ms), RateNeurons(5, tau=10*ms)
net = LearningNetwork(task, neurons, RFLO(0.1, tau=10*ms), initial=Murray2019(seed=number))
net.run(trials*net.task.duration)
seen = [np.ravel(net.losses.loss), np.ravel(net.recurrent.w)]
np.save(folder + "/seen.npy", np.concatenate(seen))
"""


def run(folder, trials=2, number=0, one_file=1):
    """The loss of each trial, and the weights, of a network that draws random numbers."""
    arguments = [str(folder), *map(str, (trials, number, one_file))]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True
    )
    assert not done.returncode, done.stderr
    return np.load(folder / "seen.npy")


@pytest.mark.compiled
def test_same_bits_however_it_is_compiled(tmp_path, kept):
    first = run(tmp_path / "a")
    assert len(objects(kept)) == 2 and not any(
        path.suffix == ".o" for path in (tmp_path / "a" / "code_objects").iterdir()
    )
    other = run(tmp_path / "b", number=1, trials=3)
    assert len(objects(kept)) == 3, (
        "the network is compiled again though only its seed and length differ"
    )
    before = objects(kept)
    np.testing.assert_array_equal(run(tmp_path / "c"), first)
    assert objects(kept) == before and not np.array_equal(other[:2], first[:2])
    np.testing.assert_array_equal(run(tmp_path / "d", one_file=0), first)
    assert (tmp_path / "d" / "objects.o").exists()


@pytest.mark.compiled
def test_brian2_compiles_what_is_no_one_file(tmp_path, kept, monkeypatch):
    monkeypatch.setattr(units, "one_file", lambda objects, frame: "no C++")
    messages = []
    monkeypatch.setattr(programs.logger, "info", lambda message, *args: messages.append(message))
    with devices.device("cpp_standalone", tmp_path):
        net = LearningNetwork(
            PeriodicOutput(period=20 * ms), RateNeurons(5, tau=10 * ms), RFLO(0.1, tau=10 * ms)
        )
        net.run(net.task.duration)
        assert np.isfinite(net.recurrent.w).all()
    assert (
        len(messages) == 1
        and "file by file: they do not compile as one file" in messages[0]
        and objects(kept) == []
    )


def test_macros_that_would_reach_others_stay_apart():
    def text(name, support="", code=""):
        return (
            f"#include <cmath>\n{units.SUPPORT}\n{support}\n{units.DEFINES}\nvoid"
            f" _run_{name}()\n{{\n using namespace brian;\n{code}\n}}\n"
        )

    same, other, named = "#define _pow(x) x", "#define _pow(x) 2*x", "_pow(3);"
    assert units.apart_of({"a": text("a", same), "b": text("b", same)}) == []
    assert units.apart_of({"a": text("a", same), "b": text("b", other), "c": text("c")}) == [
        "a",
        "b",
    ]
    assert units.apart_of({"a": text("a", same), "b": text("b", code=named)}) == ["a"]
    assert units.apart_of(
        {"a": text("a", "#include <gsl.h>"), "b": "int main() {}", "c": text("c")}
    ) == ["a", "b"]


def test_vector_functions_reach_nobody_who_has_not_declared_them():
    def text(name, code, declared=""):
        return (
            f"#include <cmath>\n{units.SUPPORT}\n{units.DEFINES}\n{declared}\nvoid"
            f" _run_{name}()\n{{\n using namespace brian;\n{code}\n}}\n"
        )

    vector = 'extern "C" __attribute__((__simd__("notinbranch"))) double tanh(double) noexcept;'
    objects = {
        "a": text("a", "tanh(x);", vector),
        "b": text("b", "tanh(x);"),
        "c": text("c", "exp(x);"),
    }
    assert units.apart_of(objects) == ["b"]
    assert units.apart_of({name: objects[name] for name in "bc"}) == []


@pytest.mark.compiled
def test_a_function_with_a_header_is_compiled_anew_where_it_has_changed(tmp_path, kept):
    """It stays a file of its own, which is compiled each time; the user's files in that folder
    stay.
    """
    (tmp_path / "network_results.npz").write_text("mine")
    found = []
    for factor in (2, 3):
        function = Function(lambda x: x, arg_units=[1], return_unit=1, arg_names=["x"])
        function.implementations.add_implementation(
            "cpp",
            f"#include <cmath>\ndouble drive_of(double x) {{ return {factor}*x; }}",
            name="drive_of",
        )
        with devices.device("cpp_standalone", tmp_path):
            neurons = RateNeurons(2, tau=10 * ms, name="n")
            recurrent = PlasticSynapses(
                neurons, neurons, RFLO(0.1, tau=10 * ms), onto="I_rec", name="r"
            )
            recurrent.connect()
            group = NeuronGroup(1, "y : 1", name="g")
            group.run_regularly("y = drive_of(1.0)", name="h")
            Network(neurons, recurrent, group).run(2 * ms, namespace={"drive_of": function})
            found.append(float(group.y[0]))
        del neurons, recurrent, group
    assert found == [2, 3] and (tmp_path / "network_results.npz").exists()


@pytest.mark.parametrize(
    "wanted, reason",
    [({"compiler": "msvc"}, "Microsoft"), ({"debug": True}, "debug"), ({"clean": True}, "clean")],
)
def test_other_ways_are_brian2s_own(wanted, reason):
    assert reason in programs.reason_against(
        **{"compiler": "unix", "debug": False, "clean": False} | wanted
    )


def test_the_oldest_go_first(kept, capsys):
    kept.mkdir(parents=True)
    for number, name in enumerate("cab"):
        path = kept / f"{name}.o"
        path.write_bytes(bytes(1000))
        os.utime(path, (number, number))
    assert keeping.clean(2000) == 1000 and objects(kept) == ["a.o", "b.o"]
    assert main(["clean"]) == 0 and objects(kept) == []
    assert "deleted 0.0 MB" in capsys.readouterr().out
    assert keeping.clean() == 0


def test_a_folder_that_cannot_be_written_to_keeps_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "unit_1.o").write_bytes(b"1")
    keeping.keep(Path(tmp_path), "unit_1.cpp")
    assert not keeping.fetched(Path(tmp_path), "unit_2.cpp")
