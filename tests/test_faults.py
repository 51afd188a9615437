"""What happens when something goes wrong: the rows of docs/faults.md, each with a test, here or beside what it is about."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from brian2 import defaultclock, ms

from brian_rflo import RFLO, CursorMovements, LearningNetwork, RateNeurons, TrainingResult
from brian_rflo.files import save_arrays, scratch, write_whole

ROOT = Path(__file__).parent.parent
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits")
NETWORK = """
from brian2 import *
from brian_rflo import *
prefs.codegen.target = "numpy"
task = CursorMovements(movement=20*ms)
defaultclock.dt = task.dt
net = LearningNetwork(task, RateNeurons(10, tau=10*ms), RFLO(0.02, tau=10*ms), update="trial")
"""


def network(**options):
    task = CursorMovements(movement=20 * ms)
    defaultclock.dt = task.dt
    return LearningNetwork(task, RateNeurons(10, tau=10 * ms), RFLO(0.02, tau=10 * ms), update="trial", **options)


def script(source, *arguments, **options):
    """A script that runs in a process of its own."""
    return subprocess.Popen([sys.executable, "-W", "ignore", "-c", source, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


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
saved = net.save("network.npz"), result.save("result.npz"), result.save("result.nc"), Path("spiking.nir")
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
assert sorted(os.listdir()) == ["network.npz", "result.nc", "result.npz", "spiking.nir"], os.listdir()
"""


@POSIX
def test_a_full_disk_loses_nothing(tmp_path):
    """Files that may not grow stand for a full disk."""
    process = script(FULL, tmp_path)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said


@POSIX
def test_a_full_disk_in_a_run(tmp_path):
    """The command ends with an error that names the file; with room again the same command finishes."""
    run = "import resource, sys\nfrom brian_rflo.cli import main\nif sys.argv[2] == 'full':\n    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))\nsys.exit(main(['run', 'murray2019/fig2a', '--networks', '1', '--trials', '5', '--device', 'numpy', '--out', sys.argv[1]]))"
    process = script(run, tmp_path, "full")
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 2 and "cannot write" in said and "Make room" in said, said
    assert not list(tmp_path.rglob("*.png")) and not list(tmp_path.rglob(".*npz"))
    process = script(run, tmp_path, "room")
    said, _ = process.communicate(timeout=200)
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
def test_a_kill_while_saving_leaves_a_whole_file(tmp_path):
    """Killed at any moment, the file is that of the last trial saved, or the one before; the next save removes what lay half written."""
    path, rng = tmp_path / "network.npz", np.random.default_rng(3)
    for _ in range(2):
        process = script(SAVING, path)
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        net = network().load(path)
        assert round(net.t / net.task.duration) >= 1 and np.isfinite(net.train(1).losses).all()
    net.save(path)
    assert os.listdir(tmp_path) == ["network.npz"]


@POSIX
def test_what_lay_half_written_goes(tmp_path):
    """A process was killed within a write: the file of before is there, and the rest goes with the next write."""
    path = tmp_path / "x.npz"
    write_whole(path, lambda waiting: save_arrays(waiting, {"a": np.ones(3)}))
    process = script(f"from brian_rflo.files import write_whole\nimport os, signal, sys\nfrom pathlib import Path\nwrite_whole(Path({str(path)!r}), lambda waiting: (waiting.write_bytes(b'half'), os.kill(os.getpid(), signal.SIGKILL)))")
    process.communicate()
    assert len(os.listdir(tmp_path)) == 2
    with np.load(path) as kept:
        assert (kept["a"] == 1).all()
    write_whole(path, lambda waiting: save_arrays(waiting, {"a": np.zeros(3)}))
    assert os.listdir(tmp_path) == ["x.npz"]


@POSIX
def test_two_runs_in_one_folder(tmp_path):
    """Two of the same command at once: both end well, with the same data."""
    run = [sys.executable, "-m", "brian_rflo", "run", "murray2019/fig2a", "--networks", "1", "--trials", "5", "--device", "numpy", "--workers", "1", "--out"]
    both = [subprocess.Popen([*run, str(tmp_path / "out")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    said = [process.communicate(timeout=200)[0] for process in both]
    assert all(process.returncode in (0, 1) and "Written" in text for process, text in zip(both, said)), said
    assert sorted(os.listdir(tmp_path / "out")) == ["data.npz", "figure.png", "murray2019", "summary.json"]
    with np.load(tmp_path / "out" / "data.npz") as data:
        assert all(np.isfinite(data[name]).all() for name in data if name.endswith("losses"))


@POSIX
def test_a_kill_within_a_simulation_keeps_what_was_saved(tmp_path):
    process = script(f"{NETWORK}\nnet.train(2)\nnet.save({str(tmp_path / 'network.npz')!r})\nprint('saved', flush=True)\nnet.train(10**6)")
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
    """Killed while Cython compiles, at several moments; the next run compiles what is missing, and computes the same numbers."""
    for wait in (1, 3, 6, 10, 15):
        process = script(COMPILED, tmp_path / "cache", tmp_path / "result.npz", start_new_session=True)
        process.stdout.readline()
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    process = script(COMPILED, tmp_path / "cache", tmp_path / "result.npz")
    said, _ = process.communicate(timeout=900)
    assert process.returncode == 0, said
    np.testing.assert_allclose(TrainingResult.load(tmp_path / "result.npz").losses, network().train(3).losses, rtol=1e-12)


STANDALONE = f"""{NETWORK.replace('prefs.codegen.target = "numpy"', 'set_device("cpp_standalone", directory=__import__("sys").argv[1])')}
print("building", flush=True)
net.train(3).save(__import__("sys").argv[2])
"""


@POSIX
@pytest.mark.compiled
@pytest.mark.model
def test_a_build_that_was_interrupted(tmp_path):
    """The same of a C++ program, built in a folder that stays."""
    for wait in (1, 3, 6):
        process = script(STANDALONE, tmp_path / "program", tmp_path / "result.npz", start_new_session=True)
        process.stdout.readline()
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    process = script(STANDALONE, tmp_path / "program", tmp_path / "result.npz")
    said, _ = process.communicate(timeout=900)
    assert process.returncode == 0, said
    np.testing.assert_allclose(TrainingResult.load(tmp_path / "result.npz").losses, network().train(3).losses, rtol=1e-12)


@POSIX
def test_what_killed_processes_have_left_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = "import os, signal; from brian_rflo.files import scratch_folder; (scratch_folder('build') / 'header').touch(); os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"TMPDIR": str(tmp_path)})
    (left,), other = tmp_path.glob("brian_rflo_*"), tmp_path / "brian_rflo_build.elsewhere.1.x"
    other.mkdir()
    with scratch("build") as mine, scratch("task") as second:
        assert not left.exists() and other.exists()
        assert mine.exists() and second.exists()
    assert list(tmp_path.glob("brian_rflo_*")) == [other]
