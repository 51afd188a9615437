"""Rows padded to whole lines of the cache, rows as Brian2 has them, and ordinary objects give the
same numbers.
"""

import numpy as np
import pytest
from brian2 import StateMonitor, ms, prefs, set_device
from brian2 import device as brian_device
from test_dense import (
    INPUTS,
    Filtered,
    Kept,
    build,
    clips,
    difference,
    frozen,
    in_pieces,
    kicks,
    plain,
    records,
)

from brian_rflo.brian.devices import device
from brian_rflo.brian.processors import MEASURED, Layout, flags
from brian_rflo.dense import padding

pytestmark = pytest.mark.compiled


def writes_between(p):
    p.network.run(25 * ms)
    p.recurrent.w["i == 3 and j == 7"] = 0.5
    p.recurrent.w["i == 2"] = "0.9*w"
    p.neurons.activity = "activity + 0.01*i"
    p.recurrent.trace = 0.1
    p.network.run(25 * ms)


def looked_at(p):
    p.network.add(StateMonitor(p.recurrent, "w", record=[0, 5], name=f"{p.recurrent.name}_look"))
    plain(p)


#: What happens, to what network, and the beginning of why it has no padded rows.
CASES = {
    "without_trials": (in_pieces, dict(trials=False), None),
    "trials": (in_pieces, {}, None),
    "writes": (writes_between, {}, None),
    "kicks": (kicks, dict(trials=False), None),
    "frozen": (frozen, {}, None),
    "three_networks": (in_pieces, dict(networks=3), None),
    "subgroups": (in_pieces, dict(source=slice(0, 5), target=slice(4, 13)), None),
    "inputs": (
        plain,
        dict(task=INPUTS, update="trial", rule=Filtered(learning_rate=0.5, tau=10 * ms)),
        None,
    ),
    "kept_trace": (in_pieces, dict(rule=Kept(learning_rate=0.5, tau=10 * ms)), None),
    "looked_at": (looked_at, {}, "'looked_at_0_recurrent_look' uses w"),
    "clips": (clips("end"), {}, "'clips_0_recurrent_clip_end' uses w"),
    "histories": (plain, dict(update="trial"), "it takes no pass"),
}


#: Preferences: padded rows, rows as they are, ordinary objects.
WAYS = (True, True), (False, True), (None, False)


def outcomes(cases, precision=np.float64, ways=WAYS):
    """Records of the cases by each way, from one C++ program; and why the first way had no padded
    rows.
    """
    made, reasons, before = {}, {}, prefs["core.default_float_dtype"]
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        prefs["core.default_float_dtype"] = precision
        try:
            for name, (scenario, settings, _) in cases.items():
                for way, (
                    prefs["brian_rflo.padded_rows"],
                    prefs["brian_rflo.dense_pass"],
                ) in enumerate(ways):
                    made[name, way] = p = build(prefix=f"{name}_{way}_", recorded=(), **settings)
                    monitor = StateMonitor(
                        p.neurons,
                        ["activity", "feedback", "I_rec"],
                        record=True,
                        name=f"{name}_{way}_seen",
                    )
                    p["seen"] = monitor
                    p.network.add(monitor)
                    scenario(p)
                    reasons.setdefault(name, p.recurrent.dense.why_not_padded)
            brian_device.build(directory=None)
            return {case: records(p) for case, p in made.items()}, reasons
        finally:
            (
                prefs["core.default_float_dtype"],
                prefs["brian_rflo.dense_pass"],
                prefs["brian_rflo.padded_rows"],
            ) = (before, True, None)


def check(cases, precision=np.float64, most=1e-12):
    """The three ways agree, and the first was gone where it should."""
    results, reasons = outcomes(cases, precision)
    assert {
        name: reason
        for name, reason in reasons.items()
        if (reason or "")[: len(cases[name][2] or "")] != (cases[name][2] or "")
        or (reason is None) != (cases[name][2] is None)
    } == {}
    differences = {
        (name, way): difference(results[name, 0], results[name, way])
        for name in cases
        for way in (1, 2)
    }
    assert max(differences.values()) < most, differences
    return results


FEW = ("writes",)


def test_same_numbers():
    check({name: CASES[name] for name in FEW})


@pytest.mark.model
def test_same_numbers_whatever_happens():
    check({name: case for name, case in CASES.items() if name not in FEW})


@pytest.mark.model
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # Brian2 compares with 1e50
def test_single_precision():
    results = check(
        {name: CASES[name] for name in ("trials", "without_trials", "subgroups")}, np.float32, 1e-5
    )
    assert results["trials", 0]["recurrent.w"].dtype == np.float32


@pytest.mark.model
def test_sanitizers(capfd, monkeypatch):
    """No report of the address and undefined-behaviour sanitizers but for arrays that Brian2 never
    frees.
    """
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")
    before = {
        name: list(prefs[name])
        for name in ("codegen.cpp.extra_compile_args_gcc", "codegen.cpp.extra_link_args")
    }
    for name, more in before.items():
        prefs[name] = [*more, "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    try:
        outcomes({name: CASES[name] for name in ("three_networks", "subgroups")}, ways=WAYS[:1])
    finally:
        for name, more in before.items():
            prefs[name] = more
    assert "runtime error" not in "".join(capfd.readouterr())


def test_default_layout():
    """What is true of a processor that nobody has measured."""
    assert (Layout().side_by_side(30), Layout().side_by_side(3000), Layout().padded_below) == (
        8,
        8,
        0,
    )
    assert [layout.side_by_side(n) for _, layout in MEASURED.values() for n in (30, 100, 1000)] == [
        16,
        8,
        16,
        4,
        4,
        16,
    ]


def test_flags_of_the_user_hold(monkeypatch):
    monkeypatch.setattr(
        "brian_rflo.brian.processors.layout", lambda: Layout(flags=("-mprefer-vector-width=512",))
    )
    assert flags() == ["-mprefer-vector-width=512"]
    before = list(prefs["codegen.cpp.extra_compile_args_gcc"])
    prefs["codegen.cpp.extra_compile_args_gcc"] = [*before, "-mprefer-vector-width=256"]
    try:
        assert flags() == []
    finally:
        prefs["codegen.cpp.extra_compile_args_gcc"] = before


def test_rows_are_whole_lines():
    class Geometry:
        n_post = 300

    assert padding.width(Geometry) == 304
