"""Parts of experiments: on disk when finished, never computed twice, and nothing is lost by
interruptions, failures or damage.
"""

import errno
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian2 import BrianLogger
from processes import Forked, fork_parts

from brian_rflo import cli, identity
from brian_rflo.crews import Progress
from brian_rflo.crews import part as parts
from brian_rflo.crews.part import Part, compute
from brian_rflo.crews.pieces import FINISHED, compute_one
from brian_rflo.identity import code

SCRIPT = """
import sys
from processes import fork_parts
from test_parts import many
from brian_rflo.crews.part import compute
fork_parts()
try:
    compute(many(sys.argv[1]), sys.argv[1], 2, print)
except KeyboardInterrupt:
    sys.exit(130)
"""


def double(progress, value, counter=None, seconds=0.0):
    """A small part, which leaves a mark each time it is computed."""
    if counter:
        with open(counter, "a") as file:
            file.write(f"{value}\n")
    progress(0.5)
    time.sleep(seconds)
    return {"twice": np.array(2 * value)}


def fail(progress, message):
    """A part that cannot be computed."""
    raise ValueError(message)


def die(progress, note):
    """A part whose process ends; it tells where Brian2's log is."""
    Path(note).write_text(BrianLogger.tmp_log)
    os._exit(7)


def slow(progress, counter):
    """A part that takes long, in a process that it tells."""
    return double(progress, os.getpid(), counter, seconds=60.0)


def many(folder):
    """Parts, the last of which take long."""
    quick = [Part(f"part{number}", double, dict(value=number), cost=10) for number in range(1)]
    return quick + [
        Part(f"slow{number}", slow, dict(counter=f"{folder}.pids"), cost=1) for number in range(2)
    ]


@pytest.fixture
def forked(monkeypatch):
    """Let parts be computed in forks: new processes would mostly load Brian2."""
    fork_parts(monkeypatch.setattr)


def test_computed_once(tmp_path, forked):
    counter, said = str(tmp_path / "counter"), []
    wanted = [
        Part(f"p{value}", double, dict(value=value, counter=counter), 1) for value in range(2)
    ]
    for _ in range(2):
        found, failed = compute(wanted, tmp_path / "parts", 2, said.append)
        assert not failed
    assert {name: int(arrays["twice"]) for name, arrays in found.items()} == {
        "p0": 0,
        "p1": 2,
    }
    assert sorted(Path(counter).read_text().split()) == ["0", "1"]
    assert "2 of 2 parts are finished already" in said[-1]
    parts.forget(wanted[:1], tmp_path / "parts")
    compute(wanted, tmp_path / "parts", 1, said.append)
    assert sorted(Path(counter).read_text().split()) == ["0", "0", "1"]


def test_other_settings_are_another_part():
    one, other = (Part("p", double, dict(value=value), 1).path("") for value in (1, 2))
    assert one != other and one == Part("p", double, dict(value=1), 5).path("")


def test_a_failure_leaves_the_others(tmp_path, forked):
    wanted = [
        Part("good", double, dict(value=1), 1),
        Part("bad", fail, dict(message="no such thing"), 2),
    ]
    found, failed = compute(wanted, tmp_path / "parts", 2, lambda line: None)
    assert failed == {"bad": "ValueError: no such thing"} and list(found) == ["good"]
    assert wanted[0].load(tmp_path / "parts")["twice"] == 2


def test_a_process_that_dies_leaves_nothing_in_the_temporary_folder(tmp_path):
    note = tmp_path / "note"
    wanted = [Part("dead", die, dict(note=str(note)), 2)]
    assert compute(wanted, tmp_path / "parts", 2, lambda line: None) == (
        {},
        {"dead": "its process ended with status 7"},
    )
    assert "brian_debug" in note.read_text() and not Path(note.read_text()).exists()


def no_room(progress):
    """A part that finds the disk full."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_stops_a_run(tmp_path, forked):
    """The others are not computed, and named."""
    counter, said = tmp_path / "counter", []
    wanted = [
        Part("full", no_room, {}, 2),
        Part("left", double, dict(value=1, counter=str(counter)), 1),
    ]
    found, failed = compute(wanted, tmp_path / "parts", 1, said.append)
    assert (
        found == {}
        and "No space left" in failed["full"]
        and failed["left"] == "not computed, since nothing more could be kept"
    )
    assert not counter.exists()


@pytest.mark.parametrize("content", [b"", b"PK broken", "half"])
def test_damage_is_named_before_anything_is_computed(tmp_path, content):
    counter = str(tmp_path / "counter")
    wanted = [
        Part("one", double, dict(value=1), 1),
        Part("two", double, dict(value=2, counter=counter), 1),
    ]
    path = wanted[0].path(tmp_path)
    assert compute_one(replace(wanted[0], began=wanted[0].identity()), path) == FINISHED
    path.write_bytes(path.read_bytes()[:100] if content == "half" else content)
    with pytest.raises(RuntimeError, match=f"'{path}' is damaged.*delete it"):
        compute(wanted, tmp_path, 1, lambda line: None)
    assert not os.path.exists(counter)


def test_what_decides_the_numbers_is_in_the_name(tmp_path, monkeypatch):
    from brian2 import ms
    from brian_rflo.models.murray2019 import fig3

    from brian_rflo.tasks import ArrayTask

    zero, other = np.zeros((1600, 2)), np.zeros((1600, 2))
    other[800] = 1
    names = {
        Part("p", double, dict(task=ArrayTask(target=target, dt=dt * ms)), 1).path("")
        for target, dt in ((zero, 1), (other, 1), (zero, 2))
    }
    assert len(names) == 3
    module = fig3.train.__module__
    assert {name.rpartition(".")[2] for name in code.neighbours(module)} == {"fig3", "trainings"}
    before = identity.sources(fig3.train)
    changed = tmp_path / "trainings.py"
    changed.write_text("other code")
    monkeypatch.setattr(fig3.trainings, "__file__", str(changed))
    assert identity.sources(fig3.train) != before


def test_other_code_keeps_nothing(tmp_path):
    """And it is named what is other code, and another version."""
    part = Part("p", double, dict(value=1), 1)
    began = part.identity() | {"numpy": "1.0", "the function's 'helper'": "another"}
    outcome = compute_one(replace(part, began=began), tmp_path / "p-of_other_code.npz")
    assert "numpy and the function's 'helper' changed after the command was given" in outcome.reason
    assert not list(tmp_path.glob("*.npz"))


def lives(pid):
    """Whether a process runs; one that has ended may wait for somebody to ask how."""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        signal.SIGKILL,
        *(
            pytest.param(number, marks=pytest.mark.model)
            for number in (signal.SIGINT, signal.SIGHUP)
        ),
    ],
)
def test_interrupted(tmp_path, number):
    """What is finished stays, what is running ends with it, and nothing half-written is left."""
    folder = tmp_path / "parts"
    process = Forked(SCRIPT, folder)
    wanted, pids = many(folder), Path(f"{folder}.pids")
    while not pids.exists() or len(pids.read_text().split()) < 2:
        assert process.poll() is None
        time.sleep(0.1)
    os.kill(process.pid, number)
    assert process.wait(timeout=30) == (130 if number != signal.SIGKILL else -signal.SIGKILL)
    time.sleep(2 if number == signal.SIGKILL else 0)
    assert sorted(name for name in os.listdir(folder) if name != ".claims") == sorted(
        part.path(folder).name for part in wanted[:1]
    )
    assert not any(lives(pid) for pid in pids.read_text().split())


def test_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(OSError, match="cannot write to the folder"):
        compute([Part("p", double, dict(value=1), 1)], "/dev/null/parts", 1, print)


def test_progress(tmp_path):
    progress = Progress(tmp_path / "p").between(0.5, 1.0)
    progress(0.5)
    assert float((tmp_path / "p").read_text()) == 0.75
    progress.report("numpy")["report"](0, np.float64(1.0), 0, 0)  # as Brian2 calls it
    assert float((tmp_path / "p").read_text()) == 1.0
    assert "std::ofstream" in progress.report("cpp_standalone")["report"]


def test_a_model_is_all_of_its_experiments():
    assert [experiment.name for experiment in cli.chosen_experiments("murray2019")] == [
        name for name in cli.experiments() if name.startswith("murray2019/")
    ]
