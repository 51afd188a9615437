"""Loops over synapses on several threads: the same bits for any number of them, and where they do
not run.
"""

import numpy as np
import pytest
import test_dense
from brian2 import PreferenceError, StateMonitor, ms, prefs, set_device
from brian2 import device as brian_device
from test_dense import INPUTS, Filtered, build, plain, records
from test_padding import looked_at, writes_between

from brian_rflo.brian import step_loop
from brian_rflo.brian.devices import device
from brian_rflo.dense import threads
from brian_rflo.dense.code import Geometry

#: Numbers of neurons for which ranges are unequal, and rows end within a line.
SIZE, WHOLE = 141, 144


def twice(p):
    p.network.run(17 * ms)
    p.network.run(28 * ms)


#: What happens, to what network; whether rows are padded, and how many neurons there are.
CASES = {
    "trials": (twice, {}, None, SIZE),
    "as_they_are": (twice, {}, False, SIZE),
    "writes": (writes_between, {}, None, SIZE),
    "three_networks": (twice, dict(networks=3), None, 130),
    "subgroups": (twice, dict(source=slice(0, 30), target=slice(4, 135)), None, SIZE),
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
    "looked_at": (looked_at, {}, None, SIZE),
    "histories": (plain, dict(update="trial"), None, SIZE),
}
FEW = ("trials",)


@pytest.fixture
def small(monkeypatch):
    """Small networks run on several threads, too."""
    monkeypatch.setattr(threads, "LEAST", 1)
    monkeypatch.setattr(threads, "SHORT", 0)


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
                    parts = case.recurrent.dense
                    runner = [*parts.passing[1:], *parts.keeping[1:]][-1 if "his" in name else 0]
                    reasons[name, number] = runner.why_one_thread
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


def check(names, numbers, monkeypatch, precision=np.float64):
    """All numbers of threads give the bits of one."""
    cases = {name: CASES[name] for name in names}
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
@pytest.mark.parametrize("names", [list(CASES)[:4], list(CASES)[4:7], list(CASES)[7:]])
def test_same_bits_on_any_number_of_threads(names, small, monkeypatch):
    check(names, (1, 2, 3, 5), monkeypatch)


@pytest.mark.compiled
@pytest.mark.model
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # Brian2 compares with 1e50
def test_same_bits_in_single_precision(small, monkeypatch):
    check(("trials", "as_they_are", "histories"), (1, 2, 3), monkeypatch, np.float32)
