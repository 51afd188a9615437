"""C++ programs compiled as one file, and kept object files: the same bits each time, and the same
numbers where Brian2 compiles file by file.
"""

import gc
import os
from pathlib import Path

import numpy as np
import pytest
from brian2 import Function, Network, NeuronGroup, ms, prefs, seed

from brian_rflo import RFLO, PlasticSynapses, RateNeurons
from brian_rflo.brian import devices, programs, units
from brian_rflo.brian import kept as keeping
from brian_rflo.cli import main


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """An empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    return keeping.kept_folder()


def objects(kept):
    return sorted(path.name for path in kept.glob("*"))


def run(folder, steps=20, number=0):
    """Weights and activity of a small network that learns and draws random numbers."""
    for _ in range(2):
        gc.collect()  # names of parts are free again
    with devices.device("cpp_standalone", folder):
        seed(number)
        neurons = RateNeurons(5, tau=10 * ms, initial=0.3, name="neurons")
        recurrent = PlasticSynapses(
            neurons, neurons, RFLO(0.1, tau=10 * ms), onto="I_rec", name="recurrent"
        )
        recurrent.connect()
        recurrent.w, neurons.feedback = "randn()", "randn()"
        Network(neurons, recurrent).run(steps * ms)
        return np.concatenate([recurrent.w, neurons.activity])


@pytest.mark.compiled
def test_same_numbers_whether_it_is_compiled_or_kept(tmp_path, kept):
    first = run(tmp_path / "a")
    assert len(objects(kept)) == 2 and not any(
        path.suffix == ".o" for path in (tmp_path / "a" / "code_objects").iterdir()
    )
    other = run(tmp_path / "b", steps=30, number=1)
    assert len(objects(kept)) == 3, (
        "the network is compiled again though only its seed and length differ"
    )
    before = objects(kept)
    np.testing.assert_array_equal(run(tmp_path / "c"), first)
    assert objects(kept) == before and not np.array_equal(other, first)


@pytest.mark.compiled
@pytest.mark.model
def test_same_numbers_where_one_file_does_not_compile(tmp_path, kept, monkeypatch):
    """The way of Brian2, file by file."""
    first = run(tmp_path / "a")
    before = objects(kept)
    monkeypatch.setattr(units, "one_file", lambda objects, frame: "no C++")
    messages = []
    monkeypatch.setattr(programs.logger, "info", lambda message, *args: messages.append(message))
    np.testing.assert_allclose(run(tmp_path / "d"), first, rtol=1e-13, atol=1e-15)
    assert (tmp_path / "d" / "objects.o").exists() and set(objects(kept)) < set(before)
    assert len(messages) == 1
    assert "file by file: they do not compile as one file" in messages[0]


def test_the_preference_switches_it_off():
    prefs["brian_rflo.one_file"] = False
    try:
        assert "one_file is off" in programs.reason_against("unix", debug=False, clean=False)
    finally:
        prefs["brian_rflo.one_file"] = True


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
@pytest.mark.model
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
