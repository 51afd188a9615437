"""What happens when something goes wrong: the rows of docs/faults.md, each with a test, here or
beside what it is about.
"""

import errno
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from brian2 import Network, defaultclock, ms
from helpers import assemble
from processes import Forked

from brian_rflo import RFLO, LIFNeurons, RateNeurons, TrainingResult, sweep
from brian_rflo.nir import from_nir, to_nir
from brian_rflo.results.files import (
    WAITING,
    existing_file,
    machine,
    own_folder,
    save_arrays,
    scratch,
    scratch_folder,
    writable_folder,
    write_together,
    write_whole,
)
from brian_rflo.tasks import CursorMovements

ROOT = Path(__file__).parent.parent
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits")
NETWORK = """
from brian2 import *
from brian_rflo import *
from brian_rflo.nir import to_nir
from brian_rflo.tasks import CursorMovements
prefs.codegen.target = "numpy"
task = CursorMovements(movement=20*ms)
defaultclock.dt = task.dt
net = LearningNetwork(task, RateNeurons(10, tau=10*ms), RFLO(0.02, tau=10*ms), learn=PerTrial())
"""


def network(**options):
    task = CursorMovements(movement=20 * ms)
    defaultclock.dt = task.dt
    return assemble(
        task, RateNeurons(10, tau=10 * ms), RFLO(0.02, tau=10 * ms), update="trial", **options
    )


def script(source, *arguments, **options):
    """A script that runs in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", source, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def test_each_row_names_a_test():
    """The table in the documentation, against the tests that are there."""
    rows = re.findall(r"`(test_\w+)::(test_\w+)`", (ROOT / "docs" / "faults.md").read_text())
    assert len(rows) > 12
    for module, name in rows:
        assert f"def {name}(" in (ROOT / "tests" / f"{module}.py").read_text(), f"{module}::{name}"


FULL = f"""{NETWORK}
import os, resource, sys
from pathlib import Path
os.chdir(sys.argv[1])
result = net.train(2)
spiking = Network(LIFNeurons(200, 20*ms, 50*ms))
to_nir(spiking, "spiking.nir")
saved = [net.save("network.npz"), result.save("result.npz"), result.save("result.nc")]
saved.append(Path("spiking.nir"))
write = dict(network=net.save, spiking=lambda path: to_nir(spiking, path))
before = [path.read_bytes() for path in saved]
net.train(2)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
for path in saved:
    try:
        write.get(path.stem, result.save)(path)
    except OSError as error:
        assert f"cannot write '{{path}}'" in str(error) and "Make room" in str(error), error
    else:
        raise AssertionError(path)
assert [path.read_bytes() for path in saved] == before
assert sorted(os.listdir()) == sorted(map(str, saved)), os.listdir()
"""


@POSIX
def test_a_full_disk_loses_nothing(tmp_path):
    """Files that may not grow stand for a full disk."""
    process = Forked(FULL, tmp_path)
    said = process.communicate()
    assert process.returncode == 0, said


#: A small run of an experiment, with its parts in processes; and, in front of it, in this one.
RUN = """
import sys
from brian_rflo.cli import main
small = ["--networks", "1", "--trials", "2", "--device", "numpy", "--workers", "1"]
sys.exit(main(["run", sys.argv[1], "--quick", *small, "--out", sys.argv[2]]))
"""
HERE = """
import tempfile
from test_models import Here
from brian_rflo.crews import Progress, part
part.Processes = lambda workers: Here(Progress(tempfile.mktemp()))
"""


@POSIX
def test_a_full_disk_in_a_run(tmp_path):
    """The command ends with an error that names the file; with room again the same command
    finishes.
    """
    process = Forked(
        f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (3000, -1))\n{RUN}",
        "murray2019/fig2a",
        tmp_path,
    )
    said = process.communicate()
    assert process.returncode == 2 and "cannot write" in said and "Make room" in said, said
    assert not list(tmp_path.rglob("*.png")) and not list(tmp_path.rglob(".*npz"))
    process = Forked(f"{HERE}{RUN}", "murray2019/fig2a", tmp_path)
    said = process.communicate()
    assert process.returncode in (0, 1) and "Written" in said, said


SAVING = f"""{NETWORK}
import sys
net.train(1)
while True:
    net.save(sys.argv[1])
    print("saved", flush=True)
    net.train(1)
"""


@POSIX
@pytest.mark.parametrize("kills", [2, pytest.param(30, marks=pytest.mark.model)])
def test_a_kill_while_saving_leaves_a_whole_file(tmp_path, kills):
    """Killed at any moment, the file is that of the last trial saved, or the one before; the next
    save removes what lay half written.
    """
    path, rng = tmp_path / "network.npz", np.random.default_rng(3)
    for _ in range(kills):
        process = Forked(SAVING, path)
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.communicate()
        net = network().load(path)
        assert round(net.t / net.task.duration) >= 1 and np.isfinite(net.train(1).losses).all()
    net.save(path)
    assert os.listdir(tmp_path) == ["network.npz"]


def kill_in(write):
    """Let a process begin to write, which is killed in the middle: where it calls `die`."""
    child = os.fork()
    if not child:
        try:
            write()
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def die(waiting):
    waiting.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)


def new(text="new"):
    """Writes a text."""
    return lambda waiting: waiting.write_text(text)


@POSIX
def test_what_lay_half_written_goes(tmp_path):
    """A process was killed within a write: the file of before is there, and the rest goes with the
    next write.
    """
    path = tmp_path / "x.npz"
    write_whole(path, lambda waiting: save_arrays(waiting, {"a": np.ones(3)}))
    kill_in(lambda: write_whole(path, die))
    assert len(os.listdir(tmp_path)) == 2
    with np.load(path) as kept:
        assert (kept["a"] == 1).all()
    write_whole(path, lambda waiting: save_arrays(waiting, {"a": np.zeros(3)}))
    assert os.listdir(tmp_path) == ["x.npz"]


@POSIX
@pytest.mark.parametrize("name", ["run1.net.npz", "net.npz", "a[b]*.npz", "x" * 246 + ".npz"])
def test_a_killed_writer_of_another_name_hides_nothing(tmp_path, name):
    """Whatever a killed process has left beside a file, the file is written, and the rest goes."""
    kill_in(lambda: write_whole(tmp_path / name, die))
    assert len(os.listdir(tmp_path)) == 1
    write_whole(tmp_path / "net.npz", new())
    write_whole(tmp_path / name, new())
    assert sorted(os.listdir(tmp_path)) == sorted({"net.npz", name})


@POSIX
def test_numbers_in_names_are_no_processes(tmp_path):
    """A file that is being written stays, whatever its name; so do files that look like ours."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    ours = own_folder(WAITING, tmp_path).name
    others = [
        ours.replace(machine(), "elsewhere"),
        f"mine{ours}",
        f"{ours}.npz",
        ours.replace(f".{os.getpid()}.", ".."),
        f"{WAITING}_{ours[-8:]}",
        f".{socket.gethostname()}.{ended.pid}.5.npz",
    ]
    others = [name.replace(str(os.getpid()), str(ended.pid)) for name in others]
    for name in others:
        (tmp_path / name).touch()

    def write(waiting):
        write_whole(tmp_path / "5.npz", new())
        waiting.write_text("whole")

    write_whole(tmp_path / f"{ended.pid}.5.npz", write)
    assert (tmp_path / f"{ended.pid}.5.npz").read_text() == "whole" and (
        tmp_path / "5.npz"
    ).read_text() == "new"
    assert {*others, ours} < set(os.listdir(tmp_path))


@POSIX
def test_folders_of_killed_runs_go(tmp_path):
    """What a run leaves that is killed while it writes; that of one that goes on writing stays."""
    kill_in(lambda: write_together(tmp_path, {"a": new("half"), "b": die}))
    assert len(os.listdir(tmp_path)) == 2
    write_together(
        tmp_path,
        {"a": new(), "b": lambda path: write_together(tmp_path, {"c": new()}) and path.touch()},
    )
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "c"]


@POSIX
def test_a_link_in_the_place_of_the_temporary_file_leads_nowhere(tmp_path, monkeypatch):
    """Nobody foresees the name, nothing that is there is used, and nobody else enters."""
    victim, names = tmp_path / "victim", iter(["foreseen", "other", "then"])
    victim.mkdir()
    tempfile.gettempdir()
    monkeypatch.setattr(tempfile, "_get_candidate_names", lambda: names)
    (tmp_path / f"{WAITING}.{machine()}.{os.getpid()}.foreseen").symlink_to(victim)
    modes = []
    write_whole(
        tmp_path / "x.npz",
        lambda waiting: (
            waiting.write_text("new"),
            modes.append(stat.S_IMODE(waiting.parent.stat().st_mode)),
        ),
    )
    assert not list(victim.iterdir()) and modes == [0o700] and next(names) == "then"
    monkeypatch.undo()
    (tmp_path / f".{socket.gethostname()}.{os.getpid()}.y.npz").symlink_to(victim / "file")
    write_whole(tmp_path / "y.npz", new())
    assert not list(victim.iterdir()) and not (tmp_path / "y.npz").is_symlink()


@POSIX
def test_links_stay_and_their_targets_are_written(tmp_path):
    for name in ("disk", "home"):
        (tmp_path / name).mkdir()
    link, target = tmp_path / "home" / "x.npz", tmp_path / "disk" / "x.npz"
    link.symlink_to("../disk/x.npz")
    for text in ("first", "second"):  # of a target that is not there, and of one that is
        assert write_whole(link, new(text)) == link
        assert link.is_symlink() and target.read_text() == text
    write_together(tmp_path / "home", {"x.npz": new("third"), "y": new()})
    assert link.is_symlink() and target.read_text() == "third"
    assert os.listdir(tmp_path / "disk") == ["x.npz"] and sorted(os.listdir(tmp_path / "home")) == [
        "x.npz",
        "y",
    ]


@POSIX
def test_permissions_stay(tmp_path):
    path, before = tmp_path / "x.npz", os.umask(0o027)
    try:
        assert stat.S_IMODE(write_whole(path, new()).stat().st_mode) == 0o640
        for mode in (0o600, 0o664, 0o400):
            path.chmod(mode)
            assert stat.S_IMODE(write_whole(path, new()).stat().st_mode) == mode
    finally:
        os.umask(before)


def test_two_threads_save_to_one_path(tmp_path):
    """Both are in the middle of it at the same time; both write a whole file, and end well."""
    both = threading.Barrier(2)

    def write(waiting, text):
        waiting.write_text(text)
        both.wait(60)

    with ThreadPoolExecutor(2) as threads:
        for done in [
            threads.submit(write_whole, tmp_path / "x.npz", partial(write, text=text))
            for text in ("one", "two")
        ]:
            done.result()
    assert (tmp_path / "x.npz").read_text() in ("one", "two") and os.listdir(tmp_path) == ["x.npz"]


@POSIX
def test_two_processes_save_to_one_path(tmp_path):
    """Whenever it is read, the file is a whole one of either process."""
    path = tmp_path / "network.npz"
    both = [Forked(SAVING, path) for _ in range(2)]
    for process in both:
        process.stdout.readline()
    net = network()
    for _ in range(6):
        assert round(net.load(path).t / net.task.duration) >= 1
    for process in both:
        process.kill()
        process.communicate()
    net.save(path)
    assert os.listdir(tmp_path) == ["network.npz"]


@POSIX
@pytest.mark.model
def test_a_run_that_is_killed_thirty_times(tmp_path):
    """At random moments; the same command finishes, with the data of an undisturbed run."""
    rng, folder, whole = np.random.default_rng(5), tmp_path / "out", tmp_path / "whole"
    undisturbed = Forked(f"{HERE}{RUN}", "murray2019/fig4", whole)
    said = undisturbed.communicate()
    assert undisturbed.returncode in (0, 1) and "Written" in said, said
    for _ in range(30):
        process = Forked(f"{HERE}{RUN}", "murray2019/fig4", folder)
        time.sleep(rng.uniform(0, 2))
        process.kill()
        process.communicate()
    process = Forked(f"{HERE}{RUN}", "murray2019/fig4", folder)
    said = process.communicate()
    assert process.returncode in (0, 1) and "Written" in said, said
    assert sorted(os.listdir(folder)) == sorted(os.listdir(whole))
    with np.load(folder / "data.npz") as found, np.load(whole / "data.npz") as wanted:
        assert sorted(found) == sorted(wanted)
        for name in wanted:
            if not name.endswith("seconds"):
                np.testing.assert_array_equal(found[name], wanted[name])


def refused(*_, **__):
    raise OSError(errno.EROFS, "Read-only file system")


UNWRITABLE = {
    "folder that is not there": (
        "none/x.npz",
        "there is no folder '.*none'; make it, or choose another one",
    ),
    "folder of that name": ("folder", "that is a folder; choose another name"),
    "file in the place of the folder": ("file/x.npz", "Not a directory.*Choose another folder"),
    "name too long": ("x" * 252 + ".npz", "File name too long.*Choose a shorter name"),
    "link to a device": ("null", "that is a device or pipe; choose another name"),
    "link to a folder that is not there": (
        "astray",
        "there is no folder '.*gone'; make it, or choose another one",
    ),
    "link to itself": ("circle", "Too many levels of symbolic links.*Choose another folder"),
}


@POSIX
@pytest.mark.parametrize("name, message", UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_cannot_be_written_is_named(tmp_path, name, message):
    """With the file and what to do, and nothing is left; `load` names what it cannot read."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for link, target in (
        ("null", os.devnull),
        ("astray", tmp_path / "gone" / "x"),
        ("circle", "circle"),
    ):
        (tmp_path / link).symlink_to(target)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OSError, match=f"cannot write '{tmp_path / name}'.*{message}$"):
        write_whole(tmp_path / name, new())
    assert sorted(os.listdir(tmp_path)) == before
    with pytest.raises(OSError, match=f"'{tmp_path / name}'"):
        existing_file(tmp_path / name)


@pytest.mark.parametrize("step", ["tempfile.mkdtemp", "os.fsync", "os.replace"])
def test_the_first_error_is_the_one_that_is_shown(tmp_path, monkeypatch, step):
    """A disk has become read-only: what is left cannot be deleted, and nothing is said of that."""
    (tmp_path / "x.npz").write_text("before")
    with monkeypatch.context() as disk:
        for name in (step, "os.unlink", "os.rmdir"):
            disk.setattr(name, refused)
        with pytest.raises(
            OSError,
            match=f"cannot write '{tmp_path / 'x.npz'}' .Read-only file system.; .* folder$",
        ) as caught:
            write_whole(tmp_path / "x.npz", new())
    assert caught.value.errno == errno.EROFS and (tmp_path / "x.npz").read_text() == "before"


def test_the_home_folder_can_be_written_as_a_tilde(tmp_path, monkeypatch):
    """Everywhere where a path is given."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    net = network()
    result = net.train(1)
    assert net.save("~/network.npz") == tmp_path / "network.npz"
    network().load("~/network.npz")
    for name in ("result.npz", "result.nc"):
        np.testing.assert_array_equal(
            TrainingResult.load(result.save(f"~/{name}")).losses, result.losses
        )
        TrainingResult.load(f"~/{name}")
    to_nir(Network(LIFNeurons(3, 20 * ms, 50 * ms)), "~/graph.nir")
    from_nir("~/graph.nir")
    table = sweep(number_of, {"seed": [3]}, "~/sweep", workers=1, report=None)
    assert table.save("~/table.csv").exists() and (tmp_path / "sweep" / "table.csv").exists()
    assert writable_folder("~/out") == tmp_path / "out"  # that of `run`, `compare` and `bench`
    assert {
        "network.npz",
        "result.npz",
        "result.nc",
        "graph.nir",
        "sweep",
        "table.csv",
        "out",
    } == set(os.listdir(tmp_path))


def number_of(seed):
    return {"seed_again": seed}


@POSIX
def test_two_runs_in_one_folder(tmp_path):
    """Two of the same command at once: both end well, with the same data."""
    both = [Forked(f"{HERE}{RUN}", "murray2019/fig4", tmp_path / "out") for _ in range(2)]
    said = [process.communicate() for process in both]
    assert all(
        process.returncode in (0, 1) and "Written" in text for process, text in zip(both, said)
    ), said
    assert sorted(os.listdir(tmp_path / "out")) == [
        "data.npz",
        "figure.png",
        "murray2019",
        "summary.json",
    ]
    with np.load(tmp_path / "out" / "data.npz") as data:
        assert all(np.isfinite(data[name]).all() for name in data if name.endswith("losses"))


@POSIX
def test_a_kill_within_a_simulation_keeps_what_was_saved(tmp_path):
    process = Forked(
        f"{NETWORK}\nnet.train(2)\nnet.save({str(tmp_path / 'network.npz')!r})\nprint('saved',"
        " flush=True)\nnet.train(10**6)"
    )
    process.stdout.readline()
    time.sleep(0.3)
    process.kill()
    process.communicate()
    gone_on = network().load(tmp_path / "network.npz").train(3)
    undisturbed = network().train(5)
    np.testing.assert_array_equal(gone_on.losses, undisturbed.losses[:, 2:])


COMPILED = f"""{NETWORK.replace('"numpy"', '"cython"')}
import sys
prefs.codegen.runtime.cython.cache_dir = sys.argv[1]
print("compiling", flush=True)
net.train(3).save(sys.argv[2])
"""


@POSIX
@pytest.mark.model
def test_a_compilation_that_was_interrupted(tmp_path):
    """Killed while Cython compiles, at several moments; the next run compiles what is missing, and
    computes the same numbers.
    """
    for wait in (1, 3, 6, 10, 15):
        process = script(
            COMPILED, tmp_path / "cache", tmp_path / "result.npz", start_new_session=True
        )
        process.stdout.readline()
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    process = script(COMPILED, tmp_path / "cache", tmp_path / "result.npz")
    said, _ = process.communicate(timeout=900)
    assert process.returncode == 0, said
    np.testing.assert_allclose(
        TrainingResult.load(tmp_path / "result.npz").losses, network().train(3).losses, rtol=1e-12
    )


ON_STANDALONE = NETWORK.replace(
    'prefs.codegen.target = "numpy"',
    'set_device("cpp_standalone", directory=__import__("sys").argv[1])',
)
STANDALONE = f"""{ON_STANDALONE}
print("building", flush=True)
net.train(3).save(__import__("sys").argv[2])
"""


@POSIX
@pytest.mark.compiled
@pytest.mark.model
def test_a_build_that_was_interrupted(tmp_path):
    """The same of a C++ program, built in a folder that stays."""
    for wait in (1, 3, 6):
        process = script(
            STANDALONE, tmp_path / "program", tmp_path / "result.npz", start_new_session=True
        )
        process.stdout.readline()
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    process = script(STANDALONE, tmp_path / "program", tmp_path / "result.npz")
    said, _ = process.communicate(timeout=900)
    assert process.returncode == 0, said
    np.testing.assert_allclose(
        TrainingResult.load(tmp_path / "result.npz").losses, network().train(3).losses, rtol=1e-12
    )


@POSIX
def test_what_killed_processes_have_left_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kill_in(
        lambda: (
            (scratch_folder("build") / "header").touch(),
            os.kill(os.getpid(), signal.SIGKILL),
        )
    )
    (left,), other = tmp_path.glob("brian_rflo_*"), tmp_path / "brian_rflo_build.elsewhere.1.x"
    other.mkdir()
    with scratch("build") as mine, scratch("task") as second:
        assert not left.exists() and other.exists()
        assert mine.exists() and second.exists()
    assert list(tmp_path.glob("brian_rflo_*")) == [other]
