"""Benchmarks: all contestants compute the same networks; ratios, goals and files from invented
rounds; errors name the argument.
"""

import json
import os
import re
import tempfile
from argparse import Namespace
from importlib.util import find_spec

import numpy as np
import pytest
from brian_rflo.benchmarks import command, force, gradient, perturbation, sparse, targets
from brian_rflo.benchmarks.brian import Runtime, take_length_from_outside
from brian_rflo.benchmarks.contestants import BY_NAME, CONTESTANTS, idiomatic, ours
from brian_rflo.benchmarks.contestants.base import Contestant
from brian_rflo.benchmarks.force_contestants import ByFORCE
from brian_rflo.benchmarks.gradient_contestants import KINDS as GRADIENTS
from brian_rflo.benchmarks.perturbation_contestants import CONTESTANTS as PAIRS
from brian_rflo.benchmarks.problem import INITIAL, KINDS, RISE, STEPS, Problem
from brian_rflo.benchmarks.results import Results, Spread, disagreements, table
from brian_rflo.benchmarks.rounds import Entry
from brian_rflo.benchmarks.sparse_contestants import CONTESTANTS as SPARSE
from brian_rflo.benchmarks.sparse_contestants import OurParts, PlainParts
from brian_rflo.benchmarks.worker import Failure, Worker

from brian_rflo import cli
from brian_rflo.brian import processors

XEON = next(iter(targets.GOALS))
SIZE, PERIODS = 7, 2
OTHERS = [name for name in ("numba", "jax", "torch") if find_spec(name)]


def outcome(contestant, problem, folder):
    contestant.prepare(problem, folder)
    run = contestant.run(PERIODS)
    return run.change, run.output


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    problems = [
        Problem(SIZE, mode=mode, kind=kind) for mode in ("online", "trial") for kind in KINDS
    ]
    return {
        (problem.kind, problem.mode): outcome(
            BY_NAME["numpy"], problem, tmp_path_factory.mktemp("numpy")
        )
        for problem in problems
    }


@pytest.mark.parametrize("mode", ["online", "trial"])
@pytest.mark.parametrize("module, kind", [(ours, "rate"), (idiomatic, "rate"), (ours, "spiking")])
def test_brian_models_compute_the_timed_network(module, kind, mode, expected, tmp_path):
    class OnNumpy(Runtime):
        target, model = "numpy", module.model

    assert outcome(OnNumpy(), Problem(SIZE, mode=mode, kind=kind), tmp_path) == pytest.approx(
        expected[kind, mode], rel=1e-9
    )
    assert expected[kind, mode][0] > {"rate": 1e-3, "spiking": 1e-6}[kind]


@pytest.mark.parametrize("mode", ["online", "trial"])
def test_spiking_neurons_fire_at_20_hertz(mode, tmp_path):
    BY_NAME["numpy"].prepare(Problem(100, mode=mode, kind="spiking"), tmp_path)
    assert BY_NAME["numpy"].run(PERIODS).hertz == pytest.approx(20, abs=3)


def test_networks_side_by_side_do_not_touch_the_first(expected, tmp_path):
    class Three(Runtime):
        target, networks, model = "numpy", 3, ours.model

    assert outcome(Three(), Problem(SIZE), tmp_path) == pytest.approx(
        expected["rate", "online"], rel=1e-9
    )


@pytest.mark.compiled
@pytest.mark.parametrize("size", [SIZE, 41])
@pytest.mark.parametrize("mode", ["online", "trial"])
def test_limit_computes_the_timed_network(mode, size, tmp_path):
    problem = Problem(size, mode=mode)
    limit = outcome(BY_NAME["limit"], problem, tmp_path)
    assert limit == pytest.approx(outcome(BY_NAME["numpy"], problem, tmp_path), rel=1e-9)
    single = outcome(BY_NAME["limit"], Problem(size, "float32", mode), tmp_path)
    assert single == pytest.approx(limit, rel=1e-3) and single != limit


@pytest.mark.compiled
@pytest.mark.parametrize("size", [SIZE, 41])
@pytest.mark.parametrize(
    "name, mode", [("limit", "online"), ("limit", "trial"), ("limit-events", "trial")]
)
def test_limits_compute_the_spiking_network(name, mode, size, tmp_path):
    problem = Problem(size, mode=mode, kind="spiking")
    expected = outcome(BY_NAME["numpy"], problem, tmp_path)
    assert outcome(BY_NAME[name], problem, tmp_path) == pytest.approx(expected, rel=1e-9)
    assert BY_NAME[name].run(PERIODS).hertz == BY_NAME["numpy"].run(PERIODS).hertz > 5


@pytest.mark.compiled
@pytest.mark.model
def test_standalone_program_takes_any_length(expected):
    with Worker("ours") as worker:
        assert worker.prepare(Problem(SIZE))["prepare_s"] > 0
        for periods in (PERIODS + 1, PERIODS):
            run = worker.run(periods)
    assert (run["change"], run["output"]) == pytest.approx(expected["rate", "online"], rel=1e-9)
    assert 0 < run["cpu"] < run["program"] and run["wall"] > 0 and run["memory"] > 1e6


@pytest.mark.compiled
@pytest.mark.parametrize("name", OTHERS)
def test_others_compute_the_timed_network(name, expected):
    with Worker(name) as worker:
        worker.prepare(Problem(SIZE))
        run = worker.run(PERIODS)
    assert (run["change"], run["output"]) == pytest.approx(expected["rate", "online"], rel=1e-9)


def test_the_length_is_replaced_once(tmp_path):
    path = tmp_path / "main.cpp"
    path.write_text("network.run(0.2, NULL, 10.0);")
    take_length_from_outside(path)
    assert "network.run(std::stod(std::getenv(" in path.read_text() and path.read_text().endswith(
        ", NULL, 10.0);"
    )
    with pytest.raises(RuntimeError, match="0 runs"):
        path.write_text("nothing")
        take_length_from_outside(path)


@pytest.mark.model
def test_a_contestant_that_fails_says_why(tmp_path, monkeypatch):
    """And leaves nothing in the temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Worker("numpy") as worker, pytest.raises(Failure, match="ValueError|TypeError"):
        worker.prepare(Problem(SIZE, dtype="float12"))
    with Worker("nobody") as worker, pytest.raises(Failure, match="KeyError"):
        worker.prepare(Problem(SIZE))
    assert os.listdir(tmp_path) == []


def invented(name, problem, seconds, change=1.0):
    """An entry whose rounds took so many microseconds per step and network."""
    entry = Entry(name, problem)
    entry.periods, entry.facts = 1, {"change": change, "prepare_s": 1.0}
    entry.rounds = [{"cpu": value * STEPS * entry.networks / 1e6, "wall": 1.0} for value in seconds]
    return entry


def test_ratios_are_formed_within_rounds():
    problem = Problem(30)
    results = Results(
        [invented("limit", problem, [1, 2, 4]), invented("ours-9", problem, [2, 4, 12])]
    )
    ratio = results.ratio("ours-9", "limit", problem)
    assert (ratio.middle, ratio.low, ratio.high) == pytest.approx((2, 2, 3))
    assert results.ratio("jax", "limit", problem) is None and Spread.of([]) is None
    assert "2.00" in table(results) and "4 (2 .. 12)" in table(results)


def test_goals_judge_what_was_measured():
    online, trial = Problem(100), Problem(100, mode="trial")
    entries = [
        invented(name, online, [value])
        for name, value in (("limit", 3), ("ours", 4), ("numpy", 30), ("torch", 8), ("jax", 5))
    ]
    rows = {
        row.quantity: row.holds
        for row in targets.rows(Results([*entries, invented("ours", trial, [2])]), processor=XEON)
    }
    assert rows == {
        "ours / limit, N = 100": False,
        "numpy / ours, N = 100": True,
        "torch / ours, N = 100": False,
        "ours / jax, N = 100": True,
        "ours (online) / ours (trial), N = 100": True,
    }
    spiking = [Problem(size, mode="trial", kind="spiking") for size in (100, 300)]
    results = Results(
        [
            invented(name, problem, [value * problem.synapses / 1e3])
            for problem in spiking
            for name, value in (("limit", 0.2), ("ours", 0.8), ("nest", 3.0))
        ]
    )
    assert {row.quantity: row.holds for row in targets.rows(results, processor=XEON)} == {
        "nest / ours, N = 100, spiking, trial, float64": False,
        "nest / ours, N = 300, spiking, trial, float64": False,
        "ours, N = 300, spiking, trial, float64: ns per synapse": True,
    }
    assert (
        "Nanoseconds per plastic synapse" in table(results)
        and "0.8 (0.8 .. 0.8)" in table(results)
        and "4.00" in table(results)
    )
    growth = {
        "paper": {"program": 3.0},
        "sizes": [{"size": 3000, "memory": 5e8}, {"size": 30, "memory": 1e6}],
    }
    assert [row.holds for row in targets.rows(Results([]), growth, XEON)] == [False, True]
    assert "NO" in targets.table(targets.rows(Results([]), growth, XEON))


def test_each_processor_has_goals_and_others_have_none():
    problems = [Problem(100), Problem(1000, "float32")]
    results = Results(
        [
            invented(name, problem, [value])
            for problem in problems
            for name, value in (("limit", 1), ("ours", 1.25))
        ]
    )
    growth = {"paper": {"program": 3.0}, "sizes": []}
    assert [row.holds for row in targets.rows(results, processor=XEON)] == [False, False]
    assert [row.holds for row in targets.rows(results, processor="AMD Zen 5")] == [True, True]
    rows = targets.rows(results, growth, "unknown")
    assert [(row.measured, row.holds) for row in rows] == [(1.25, None), (1.25, None), (3.0, None)]
    assert "NO" not in targets.table(rows) and "1.25" in targets.table(rows)
    assert set(targets.GOALS) == set(processors.MEASURED)


def test_failures_and_disagreements_are_shown():
    problem = Problem(30)
    failed = Entry("torch", problem)
    failed.reason = "torch not installed"
    results = Results(
        [invented("limit", problem, [1]), invented("numpy", problem, [2], change=1.1), failed]
    )
    assert "torch, N = 30, online, float64: torch not installed" in table(results)
    assert (
        len(disagreements(results)) == 1 and "numpy and limit disagree" in disagreements(results)[0]
    )
    results.entries["numpy", problem].facts = {"change": 1.0, "output": 1e-6}
    assert (
        "last output 1e-06 and 0" in disagreements(results)[0] and len(disagreements(results)) == 1
    )


def test_every_contestant_is_complete():
    assert len(BY_NAME) > len(CONTESTANTS)
    for contestant in CONTESTANTS:
        assert (
            contestant.name
            and contestant.title
            and type(contestant).prepare is not Contestant.prepare
            and type(contestant).run is not Contestant.run
        )


def test_bench_measures_and_writes(tmp_path, capsys):
    arguments = [
        "bench",
        "--sizes",
        "5",
        "--dtypes",
        "float64",
        "--modes",
        "online",
        "--rounds",
        "2",
        "--contestants",
        "numpy",
        "torch",
        "--kinds",
        "spiking",
        "--out",
        str(tmp_path),
    ]
    assert cli.main(arguments) == 0
    said = capsys.readouterr().out
    assert (
        "[1/3] N = 5, spiking, online, float64: numpy: prepared" in said
        and "round 2 of 2" in said
        and "No goal was measured" in said
    )
    content = json.loads((tmp_path / "bench.json").read_text(), parse_constant=pytest.fail)
    assert content["machine"]["packages"]["brian2"] and not content["interrupted"]
    (entry,) = content["entries"]
    assert len(entry["rounds"]) == len(entry["us_per_step"]) == 2 and entry["us_per_step"][0] > 0
    assert entry["kind"] == "spiking" and len(entry["hertz"]) == 2 and entry["hertz"][0] > 5
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


def chosen(**given):
    nothing = dict.fromkeys(("kinds", "sizes", "dtypes", "modes", "contestants", "rounds"))
    return command.plan(Namespace(**{**nothing, "growth": False, "quick": False, **given}))


def test_cases_are_those_that_somebody_takes_part_in():
    spiking = [problem for problem in chosen().cases if problem.is_spiking]
    assert len(chosen().cases) == 16 + 8 and {problem.dtype for problem in spiking} == {"float64"}
    assert chosen(kinds=["spiking"], contestants=["torch"]).cases == []
    assert (
        chosen(quick=True).cases[-1] == Problem(100, mode="trial", kind="spiking")
        and len(chosen(quick=True).cases) == 4 + 1
    )
    assert chosen(quick=True).who(Problem(100, mode="trial", kind="spiking")) == [
        "limit",
        "ours",
        "numpy",
    ]
    assert chosen(quick=True, kinds=["spiking"], sizes=[30]).cases[0] == Problem(30, kind="spiking")


def test_interrupted_writes_what_there_is(tmp_path, monkeypatch, capsys):
    def measure(problem, names, rounds, entries, say):
        entries.append(invented("limit", problem, [1.0, 2.0], change=float("nan")))
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "measure", measure)
    assert cli.main(["bench", "--sizes", "30", "--quick", "--out", str(tmp_path)]) == 130
    content = json.loads((tmp_path / "bench.json").read_text(), parse_constant=pytest.fail)
    assert (
        content["interrupted"]
        and len(content["entries"]) == 1
        and content["entries"][0]["change"] is None
    )
    assert "Interrupted" in capsys.readouterr().out


def test_no_compiler_leaves_those_that_need_none(monkeypatch):
    monkeypatch.setattr("brian_rflo.benchmarks.contestants.base.has_compiler", lambda: False)
    assert BY_NAME["limit"].obstacle() == BY_NAME["ours"].obstacle() == "no C++ compiler found"
    assert BY_NAME["numpy"].obstacle() is None


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--sizes", "0"], "--sizes: must be a whole number of at least 1; got '0'"),
        (["--rounds", "few"], "--rounds: must be a whole number"),
        (["--dtypes", "float16"], "--dtypes: no 'float16'; choose from float64, float32"),
        (["--kinds", "binary"], "--kinds: no 'binary'; choose from rate, spiking"),
        (["--modes", "batch"], "--modes: no 'batch'; choose from online, trial"),
        (
            ["--contestants", "limit", "matlab"],
            "--contestants: no 'matlab'; choose from limit, limit-9, limit-events, ours",
        ),
        (["--quick", "--out", "/dev/null/out"], "cannot write to the folder '/dev/null/out'"),
    ],
)
def test_bad_arguments(arguments, message, capsys):
    try:
        status = cli.main(["bench", *arguments])
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert message in capsys.readouterr().err


@pytest.mark.model
@pytest.mark.parametrize("kind", GRADIENTS)
def test_contestants_of_the_gradient_have_the_same(kind):
    """And a contestant that is not installed says so."""
    problem = dict(kind=kind, size=6, steps=70, batch=2)
    found, memory, reasons = gradient.measure(("numpy", "jax"), problem, 1)
    assert set(reasons) == {"jax"} - set(OTHERS)
    first = found["numpy"][0]["gradient"]
    assert all(abs(value) > 1e-6 for values in first.values() for value in values)
    for runs in found.values():
        assert gradient.difference(runs[0]["gradient"], first) < 1e-10
    text = gradient.table(kind, found, memory, reasons)
    assert "jax not installed" in text.replace("is ", "") or "/ jax" in text
    assert 0 < memory["numpy"]["kept"] < 1e6 and memory["numpy"]["peak"] > 0


def test_the_gradient_is_compared_within_rounds():
    runs = {
        name: [{"cpu": cpu, "gradient": {"w": [1.0, gap]}} for cpu in times]
        for name, times, gap in (("jax", (1, 2, 1), 2), ("cython", (3, 8, 3), 2 + 2e-12))
    }
    memory = {"jax": {}, "cython": {"kept": 6e7, "peak": 7e7}}
    text = gradient.table("lif", runs, memory, {"numpy": "it failed"})
    assert re.search(r"cython +3 \(3 .. 8\) +3.00 +4 +60 +70 +150 +1e-12", text)
    assert "numpy: it failed" in text


def test_pairs_are_trials_of_the_timed_network(tmp_path):
    problem, found = Problem(SIZE, mode="trial"), {}
    for name, kind in PAIRS.items():
        own = dict(target="numpy", networks=2, model=kind.model, rule=getattr(kind, "rule", None))
        made = type("OnNumpy", (Runtime,), own)()
        found[name] = outcome(made, problem, tmp_path)
        assert len(made.projections) == 2
    assert all(change > 0 for change, _ in found.values())
    outputs = [output for _, output in found.values()]
    assert outputs == pytest.approx([outputs[0]] * 3, abs=0.05)


def test_pairs_are_compared_within_rounds():
    found = {"rflo": [1e-6, 2e-6, 1e-6], "np": [2e-6, 4e-6, 3e-6], "wp": [1e-6, 1e-6, 1e-6]}
    reasons = {name: [None, "few"] for name in found}
    text = perturbation.table(Problem(SIZE, mode="trial"), found, reasons)
    assert re.search(
        r"np, a pair +3 \(2 .. 4\) +2 \(2 .. 3\) +2.2 +recurrent: -; readout: few", text
    )
    assert perturbation.ratios(found, "wp").middle == 1


def test_force_is_compared_with_the_limit(tmp_path):
    own = dict(target="numpy", model=ByFORCE.model)
    made = type("OnNumpy", (Runtime,), own)()
    change, _ = outcome(made, Problem(SIZE), tmp_path)
    assert change > 0 and len(made.projections) == 2
    found = {"limit": [1e-6, 2e-6, 1e-6], "force": [2e-6, 2e-6, 3e-6]}
    text = force.table(Problem(SIZE), found, [None, None])
    assert re.search(r"FORCE +2 \(2 .. 3\) +2 \(1 .. 3\) +2.7 +in dense loops", text)


def sparse_outcome(drawn, problem, periods=1):
    """The sparse network in NumPy: the sum of changes, and the last output."""
    full = np.zeros((problem.size, problem.size))
    full[drawn.post, drawn.pre] = drawn.weights
    there, before, (_, readout, back) = full != 0, full.copy(), problem.weights()
    activity, trace = np.full(problem.size, INITIAL), np.zeros_like(full)
    for target in np.tile(problem.target(), periods):
        response, last = np.tanh(full @ activity), activity
        activity = activity + RISE * (response - activity)
        output = readout @ activity
        error = target - output
        trace += RISE * (there * np.outer(1 - response**2, last) - trace)
        full += problem.rate * error * back[:, None] * trace
        readout = readout + problem.rate * error * activity
    return np.abs(full - before).sum(), output


@pytest.mark.parametrize("parts", [OurParts, PlainParts])
def test_sparse_models_compute_the_sparse_network(parts, tmp_path):
    made, problem = type("OnNumpy", (parts, Runtime), dict(target="numpy"))(0.4), Problem(SIZE)
    found = outcome(made, problem, tmp_path)
    assert found == pytest.approx(sparse_outcome(made, problem, PERIODS), rel=1e-9)


@pytest.mark.compiled
@pytest.mark.parametrize("name", ["tiles", "rows"])
@pytest.mark.parametrize("size", [SIZE, 41])
def test_sparse_limits_compute_the_sparse_network(name, size, tmp_path):
    made, problem = SPARSE[name](0.4), Problem(size)
    found = outcome(made, problem, tmp_path)
    assert found == pytest.approx(sparse_outcome(made, problem, PERIODS), rel=1e-9)


def test_sparse_bounds_are_of_one_processor(monkeypatch):
    found = {"tiles": [2, 4, 2], "ours": [2.5, 5, 4], "ordinary": [5, 10, 12]}
    for processor, expected in ((sparse.PROCESSOR, [True, False]), (None, [None, None])):
        monkeypatch.setattr(sparse.processors, "name", lambda name=processor: name)
        assert [holds for _, holds in sparse.verdicts(1000, 0.1, found)] == expected
    assert re.search(r"ours +2.5e\+06", sparse.table(1000, 0.1, {"ours": [2.5]}))
    assert not sparse.agree({"tiles": 1.0, "ours": 1.001})
