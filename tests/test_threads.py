"""Loops over synapses on several threads: the same bits for any number of them, and where they do
not run.
"""

import re

import numpy as np
import pytest
import test_dense
from brian2 import PreferenceError, StateMonitor, ms, prefs, set_device
from brian2 import device as brian_device
from test_dense import INPUTS, Filtered, build, plain, records
from test_padding import writes_between

from brian_rflo.brian import step_loop
from brian_rflo.brian.devices import device
from brian_rflo.brian.processors import Layout
from brian_rflo.dense import code, padding, threads
from brian_rflo.dense.code import Geometry

#: Numbers of neurons for which ranges are unequal, and rows end within a line.
SIZE, WHOLE = 165, 168


def twice(p):
    p.network.run(17 * ms)
    p.network.run(28 * ms)


#: What happens, to what network; whether rows are padded, and how many neurons there are.
CASES = {
    "trials": (plain, {}, None, SIZE),
    "two_runs": (twice, {}, None, SIZE),
    "writes": (writes_between, {}, None, SIZE),
    "three_networks": (twice, dict(networks=3), None, SIZE),
    "subgroups": (twice, dict(source=slice(0, 30), target=slice(4, 162)), None, SIZE),
    "whole_lines": (twice, {}, None, WHOLE),
    "inputs": (
        plain,
        dict(task=INPUTS, update="trial", rule=Filtered(learning_rate=0.5, tau=10 * ms)),
        None,
        SIZE,
    ),
    "step": (
        plain,
        dict(trials=False, rule=Filtered(learning_rate=0.5, tau=10 * ms)),
        None,
        SIZE,
    ),
    "histories": (plain, dict(update="trial"), None, SIZE),
}
FEW = ("trials",)


#: Layouts of processors: four, eight or sixteen rows at once, padded or not.
LAYOUTS = {
    "four_padded": Layout(((0, 4),), padded_below=np.inf),
    "eight": Layout(((0, 8),)),
    "sixteen": Layout(((0, 16),)),
    "sixteen_padded": Layout(((0, 16),), padded_below=np.inf),
}


@pytest.fixture
def small(monkeypatch):
    """Small networks run on several threads, too."""
    monkeypatch.setattr(threads, "LEAST", 1)
    has_layout(LAYOUTS["four_padded"], monkeypatch)


def has_layout(layout, monkeypatch):
    """Let the processor have a layout."""
    for module in (code, padding):
        monkeypatch.setattr(module, "layout", lambda: layout)


def outcomes(cases, numbers, monkeypatch, precision=np.float64):
    """Records of the cases on so many threads each, from one C++ program; and why the passes ran on
    one thread.
    """
    made, reasons, before = {}, {}, prefs["core.default_float_dtype"]
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        prefs["core.default_float_dtype"] = precision
        try:
            for name, (scenario, settings, padded, size) in cases.items():
                monkeypatch.setattr(test_dense, "N", size)
                prefs["brian_rflo.padded_rows"] = padded
                for number in numbers:
                    prefs["brian_rflo.threads"] = number
                    case = made[name, number] = watched(f"{name}_{number}_", settings)
                    scenario(case)
                    reasons[name, number] = case.recurrent.dense.why_one_thread
            brian_device.build(directory=None)
            return {case: records(p) for case, p in made.items()}, reasons
        finally:
            prefs["core.default_float_dtype"] = before
            prefs["brian_rflo.padded_rows"], prefs["brian_rflo.threads"] = None, 1


def watched(prefix, settings):
    """A network with a monitor of its neurons."""
    p = build(prefix=prefix, recorded=(), **settings)
    p["seen"] = StateMonitor(
        p.neurons, ["activity", "feedback", "I_rec"], record=True, name=f"{prefix}seen"
    )
    p.network.add(p["seen"])
    return p


def check(names, numbers, monkeypatch, precision=np.float64, size=None):
    """All numbers of threads give the bits of one."""
    cases = {name: (*CASES[name][:-1], size or CASES[name][-1]) for name in names}
    results, reasons = outcomes(cases, numbers, monkeypatch, precision)
    assert {case for case, reason in reasons.items() if reason} == {
        (name, 1) for name in names if 1 in numbers
    }
    different = {
        (name, number, variable): np.abs(values - results[name, numbers[0]][variable]).max()
        for (name, number), found in results.items()
        for variable, values in found.items()
        if not np.array_equal(values, results[name, numbers[0]][variable])
    }
    assert different == {}
    assert all(np.ptp(found["recurrent.w"]) > 0 for found in results.values())


@pytest.mark.compiled
def test_same_bits_on_two_threads(small, monkeypatch):
    check(FEW, (1, 2), monkeypatch)


@pytest.mark.compiled
@pytest.mark.model
@pytest.mark.parametrize("names", [list(CASES)[:3], list(CASES)[3:6], list(CASES)[6:]])
def test_same_bits_on_any_number_of_threads(names, small, monkeypatch):
    check(names, (1, 2, 3, 5), monkeypatch)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_code_for_any_number_of_threads(layout, small, monkeypatch):
    """Loops over a range are one text, in which no number depends on the ranges that there are."""
    has_layout(LAYOUTS[layout], monkeypatch)
    monkeypatch.setattr(test_dense, "N", SIZE)
    texts = {}
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        try:
            for number in (1, 2, 5):
                prefs["brian_rflo.threads"] = number
                plain(watched(f"threads_{number}_", {}))
                texts[number] = functions_of_ranges(f"threads_{number}_")
        finally:
            prefs["brian_rflo.threads"] = 1
    assert len(texts[1]) == 2 and texts[1] == texts[2] == texts[5]


def functions_of_ranges(prefix):
    """C++ of loops over ranges, without blanks, by code object of a network."""
    found = {}
    for name, code_object in brian_device.code_objects.items():
        text = re.sub(r"\s+", " ", str(code_object.code.cpp_file)).replace(prefix, "")
        for body in re.findall(r"_stride, const size_t _base\) \{(.*?)\}\); ", text):
            if prefix in name:
                found[name.replace(prefix, "")] = body
    return found


@pytest.mark.compiled
@pytest.mark.model
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "four_padded"])
def test_same_bits_whatever_the_layout(layout, small, monkeypatch):
    has_layout(LAYOUTS[layout], monkeypatch)
    check(("trials", "three_networks", "subgroups", "whole_lines", "step"), (1, 2, 3), monkeypatch)


@pytest.mark.compiled
@pytest.mark.model
@pytest.mark.parametrize("size", [1000, 1001])
def test_same_bits_of_large_networks(size, monkeypatch):
    """On the processor at hand."""
    check(("step",), (1, 2), monkeypatch, size=size)


@pytest.mark.compiled
@pytest.mark.model
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # Brian2 compares with 1e50
def test_same_bits_in_single_precision(small, monkeypatch):
    check(("trials", "histories"), (1, 2), monkeypatch, np.float32, size=331)


@pytest.mark.compiled
@pytest.mark.model
def test_thread_sanitizer(small, monkeypatch, capfd):
    """Silent, where it runs at all."""
    before = {
        name: list(prefs[name])
        for name in ("codegen.cpp.extra_compile_args_gcc", "codegen.cpp.extra_link_args")
    }
    for name, more in before.items():
        prefs[name] = [*more, "-fsanitize=thread"]
    try:
        outcomes({name: CASES[name] for name in ("trials", "histories")}, (3,), monkeypatch)
    except RuntimeError:
        if "ThreadSanitizer: unexpected memory mapping" in "".join(capfd.readouterr()):
            pytest.skip("the sanitizer does not run on this kernel")
        raise
    finally:
        for name, more in before.items():
            prefs[name] = more
    assert "WARNING: ThreadSanitizer" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", None, True])
def test_other_values_are_refused(value):
    with pytest.raises(PreferenceError, match=r"positive whole number; got .*brian_rflo.threads"):
        prefs["brian_rflo.threads"] = value
    assert prefs["brian_rflo.threads"] == 1


@pytest.mark.parametrize("number", [1, 2, 3, 5, 8])
def test_ranges_are_all_places_once(number):
    for places in (128, 141, 304, 1000, 3001):
        for networks in (1, 2, 3):
            ranges = threads.Ranges.of(places, networks, number)
            assert ranges.last + ranges.rest == places and ranges.last % 16 == 0
            assert ranges.count == 1 or 16 < ranges.rest <= ranges.widest <= ranges.width + 16


@pytest.mark.parametrize(
    "geometry, reason",
    [
        (Geometry(1, 300, 1, 0, 0), "too few postsynaptic"),
        (Geometry(1, 1000, 100, 0, 0), "too few postsynaptic"),
        (Geometry(1, 2, 9000, 0, 0), "too few presynaptic"),
        (Geometry(1, 20, 300, 0, 0), "fewer than"),
        (Geometry(1, 300, 300, 0, 0), None),
    ],
)
def test_little_work_is_not_split(geometry, reason, monkeypatch):
    monkeypatch.setattr(threads, "is_standalone", lambda: True)
    prefs["brian_rflo.threads"] = 2
    try:
        found = next(threads.problems(geometry), None)
    finally:
        prefs["brian_rflo.threads"] = 1
    assert found is None if reason is None else reason in found


def test_brian2s_own_threads_are_warned_of(monkeypatch):
    """Said once a program, with what to write instead."""
    messages = []
    monkeypatch.setattr(
        step_loop.logger, "warn", lambda message, *args, **more: messages.append(message)
    )
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        prefs["devices.cpp_standalone.openmp_threads"] = 2
        try:
            build(prefix="openmp_", recorded=()).network.run(2 * ms)
        finally:
            prefs["devices.cpp_standalone.openmp_threads"] = 0
    assert messages and all("openmp_threads = 2" in text for text in messages)
    assert "prefs['brian_rflo.threads'] = 2" in messages[0]


def test_no_warning_without_them(monkeypatch):
    messages = []
    monkeypatch.setattr(
        step_loop.logger, "warn", lambda message, *args, **more: messages.append(message)
    )
    step_loop.warn_of_openmp()
    assert messages == []


@pytest.mark.compiled
@pytest.mark.model
def test_cython_says_that_it_runs_on_one_thread(monkeypatch):
    messages = []
    monkeypatch.setattr(
        threads.logger, "info", lambda message, *args, **more: messages.append(message)
    )
    prefs["brian_rflo.threads"] = 2
    try:
        with device("cython"):
            p = build(prefix="on_cython_", recorded=())
            p.network.run(2 * ms)
    finally:
        prefs["brian_rflo.threads"] = 1
    assert p.recurrent.dense.why_one_thread == "threads are for C++ standalone"
    assert "one thread" in messages[0] and "C++ standalone" in messages[0]
