"""The command line: files, table, exit status, errors that lose nothing."""

import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pytest
from brian2 import prefs
from test_models import Here

from brian_rflo import cli
from brian_rflo.brian import devices
from brian_rflo.crews import Progress, part
from brian_rflo.crews.experiment import Experiment, Outcome, Row, Settings, save, table
from brian_rflo.results.files import write_together

GROUPS = sorted({name.split("/")[0] for name in cli.experiments()})
QUICK = ["run", "murray2019/fig2a", "--networks", "2", "--trials", "12", "--device", "numpy"]


def run(tmp_path, *arguments):
    return cli.main([*QUICK, "--out", str(tmp_path / "out"), *arguments])


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out.startswith("brian_rflo 0.2.0.dev0, brian2 ")


def test_list(capsys):
    assert cli.main(["list"]) == 0
    assert "murray2019/fig2a" in capsys.readouterr().out


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run with its parts in processes: its folder, its exit status and what it has said."""
    prefs.codegen.target, folder = "numpy", tmp_path_factory.mktemp("ran")
    with redirect_stdout(StringIO()) as said:
        status = run(folder, "--seed", "5")
    return folder / "out", status, said.getvalue()


def test_run_writes_figure_data_and_summary(ran):
    folder, status, said = ran
    assert "measured" in said and "RFLO: final loss, median" in said and "100% after" in said
    assert sorted(os.listdir(folder)) == [
        "data.npz",
        "figure.png",
        "murray2019",
        "summary.json",
    ]
    summary = json.loads((folder / "summary.json").read_text())
    assert set(summary["rows"][0]) == {
        "quantity",
        "measured",
        "spread",
        "published",
        "expected",
        "holds",
    }
    assert (
        summary["settings"]["seed"] == 5
        and summary["settings"]["trials"] == 12
        and summary["settings"]["device"] == "numpy"
    )
    assert {"python", "brian2", "numpy", "brian_rflo"} <= set(summary["versions"]) and summary[
        "wall_time_s"
    ] > 0
    assert set(summary["parts_s"]) == {"rflo-T200", "bptt-T200"} and all(
        seconds > 0 for seconds in summary["parts_s"].values()
    )
    assert status == (0 if all(row["holds"] is not False for row in summary["rows"]) else 1)
    assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
    with np.load(folder / "data.npz", allow_pickle=False) as data:
        assert (
            data["rflo-T200/losses"].shape == (2, 12)
            and np.isfinite(data["rflo-T200/losses"]).all()
        )
        assert np.array_equal(
            data["rflo-T200/weights_before_recurrent"], data["bptt-T200/weights_before_recurrent"]
        )
        assert np.allclose(
            data["rflo-T200/losses"][:, 0], data["bptt-T200/losses"][:, 0], rtol=1e-12
        )
        assert (data["rflo-T200/losses"][:, -1] != data["bptt-T200/losses"][:, -1]).all()


def test_the_same_seed_gives_the_same_data(ran, tmp_path, monkeypatch):
    """Whether parts are computed in processes or in this one."""
    monkeypatch.setattr(part, "Processes", lambda _: Here(Progress(tmp_path / "progress")))
    run(tmp_path, "--seed", "5")
    with np.load(ran[0] / "data.npz") as a, np.load(tmp_path / "out" / "data.npz") as b:
        assert all(np.array_equal(a[key], b[key]) for key in a if not key.endswith("/seconds"))


def test_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "brian_rflo", "list"], capture_output=True, text=True, check=True
    )
    assert "murray2019/fig2a" in done.stdout


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["run", "murray2019/fig9"],
            (f"no experiment 'murray2019/fig9'; there are: {', '.join(GROUPS)}, baldi1991/"),
        ),
        ([*QUICK, "--networks", "0"], "--networks: must be a whole number of at least 1; got '0'"),
        ([*QUICK, "--trials", "ten"], "--trials: must be a whole number of at least 1; got 'ten'"),
        ([*QUICK, "--seed", "-1"], "--seed"),
        ([*QUICK, "--device", "gpu"], "--device: invalid choice: 'gpu'"),
        ([*QUICK, "--out", "/dev/null/out"], "cannot write to the folder '/dev/null/out'"),
    ],
)
def test_bad_arguments(arguments, message, capsys):
    try:
        status = cli.main(arguments)
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert message in capsys.readouterr().err


@pytest.mark.skipif(not devices.has_compiler(), reason="needs a C++ compiler")
def test_an_experiment_in_cpp(ran, tmp_path, capfd):
    """Its program compiles, reports as it goes, and gives the numbers of numpy."""
    assert run(tmp_path, "--seed", "5", "--device", "cpp_standalone") == ran[1]
    assert "100% after" in capfd.readouterr().out
    with np.load(ran[0] / "data.npz") as numpy, np.load(tmp_path / "out" / "data.npz") as cpp:
        assert numpy.files == cpp.files
        for name in numpy.files:
            if numpy[name].dtype.kind == "f" and not name.endswith("/seconds"):
                np.testing.assert_allclose(cpp[name], numpy[name], rtol=1e-8, err_msg=name)


def test_no_compiler(monkeypatch, capsys):
    said = []
    monkeypatch.setattr(devices, "has_compiler", lambda: False)
    monkeypatch.setattr(devices.logger, "info", lambda message, *args, **more: said.append(message))
    assert devices.chosen("auto") == "numpy" and "runs on numpy" in said[0]
    assert cli.main([*QUICK[:-1], "cpp_standalone"]) == 2
    assert "needs a C++ compiler" in capsys.readouterr().err


def test_files_come_together_or_not_at_all(tmp_path):
    (tmp_path / "a").write_text("old")

    def fail(path):
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        write_together(tmp_path, {"a": lambda path: path.write_text("new"), "b": fail})
    assert os.listdir(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "old"


def test_a_full_disk_does_not_hide_a_table(tmp_path, monkeypatch, capsys):
    """That of each experiment that is computed is shown, though its files cannot be written."""

    def full(*_):
        raise OSError(f"cannot write '{tmp_path}'")

    monkeypatch.setattr(cli, "save", full)
    monkeypatch.setattr(cli.parts, "compute", lambda *_: ({}, {}))
    outcomes = [Outcome([Row(f"loss of {name}", 0.5)], {}, None) for name in "ab"]
    chosen = [
        Experiment(
            f"paper/{name}", "", "", lambda _: [], lambda *_, outcome=outcome: outcome, 1, 1, {}
        )
        for name, outcome in zip("ab", outcomes)
    ]
    args = cli.parser().parse_args(["run", "paper", "--out", str(tmp_path)])
    with pytest.raises(OSError, match="cannot write"):
        cli.run_all(chosen, tmp_path, "numpy", args)
    said = capsys.readouterr().out
    assert "loss of a" in said and "loss of b" in said


def test_rows_judge_what_they_are_told():
    rows = [
        Row("a", 1.0, "seen", high=2),
        Row("b", 1.0, low=2),
        Row("c", 1.0),
        Row("d", np.nan, high=1),
        Row("e", 1.0, low=0, high=2),
    ]
    assert [row.holds for row in rows] == [True, False, None, False, True]
    assert rows[3].as_json()["measured"] is None
    text = table(rows)
    assert "NO" in text and "0 .. 2" in text and text.count("\n") == 6


def test_save_is_strict_json(tmp_path):
    from matplotlib.figure import Figure

    outcome = Outcome([Row("a", np.inf)], {"x": np.arange(3)}, Figure)
    experiment = Experiment("p/f", "title", "source", None, None, 1, 1, {})
    save(outcome, experiment, Settings(1, 1, 0, "numpy", False), 1.0, tmp_path)
    json.loads((tmp_path / "summary.json").read_text(), parse_constant=pytest.fail)
