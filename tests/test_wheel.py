"""What is distributed: all that the repository has of the package, in small files that install and
run where nothing else is.
"""

import configparser
import shutil
import subprocess
import sys
import tarfile
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: Folders of the repository, and of which folder of the package each is.
FOLDERS = {"brian_rflo": "", "models": "models", "benchmarks": "benchmarks"}
LARGEST_MB = 20


def tracked():
    """Files that git has or would take, as they are here."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository")
    found = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [Path(name) for name in found.split("\0") if name and (ROOT / name).exists()]


def in_package(path):
    """The place of a file of the repository within the package."""
    return Path("brian_rflo", FOLDERS[path.parts[0]], *path.parts[1:])


def test_setup_names_every_folder_and_every_file_of_data():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    packages = setup["options"]["packages"].split()
    patterns = {
        f"{package.replace('.', '/')}/{pattern.strip()}"
        for package, found in setup["options.package_data"].items()
        for pattern in found.split(",")
    }
    ours = [in_package(path) for path in tracked() if path.parts[0] in FOLDERS]
    code = [path for path in ours if path.suffix == ".py"]
    assert {".".join(path.parent.parts) for path in code} == set(packages)
    data = [path.as_posix() for path in ours if path.suffix != ".py"]
    assert len(data) > 20
    assert [path for path in data if not any(fnmatch(path, p) for p in patterns)] == []


def built(folder):
    """A wheel and an archive of the source, made of what git has."""
    for path in tracked():
        (folder / "source" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / "source" / path)
    python = environment(folder / "tools")
    run(python, "-m", "pip", "install", "-q", "build")
    run(python, "-m", "build", "-o", folder / "dist", folder / "source")
    (wheel,) = (folder / "dist").glob("*.whl")
    (archive,) = (folder / "dist").glob("*.tar.gz")
    return wheel, archive


def environment(folder):
    """An empty environment: its Python."""
    run(sys.executable, "-m", "venv", folder)
    return folder / "bin" / "python"


def run(*command, **options):
    """Run a command that must succeed; what it has printed."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=1500, **options
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.model
def test_wheel_and_source_are_whole_small_and_run(tmp_path):
    wheel, archive = built(tmp_path)
    assert max(path.stat().st_size for path in (wheel, archive)) < LARGEST_MB * 1e6
    with zipfile.ZipFile(wheel) as opened:
        inside = set(opened.namelist())
    files = tracked()
    wanted = {in_package(path).as_posix() for path in files if path.parts[0] in FOLDERS}
    assert wanted - inside == set()
    assert all("dist-info/" in name for name in inside - wanted)
    with tarfile.open(archive) as opened:
        inside = {name.partition("/")[2] for name in opened.getnames()}
    assert {path.as_posix() for path in files} - inside == set()

    python, empty = environment(tmp_path / "fresh"), tmp_path / "empty"
    empty.mkdir()
    run(python, "-m", "pip", "install", "-q", wheel)
    command = python.parent / "brian-rflo"
    assert "murray2019/fig2a" in run(command, "list", cwd=empty)
    run(command, "run", "murray2019/fig2a", "--quick", cwd=empty)
    made = {path.name for path in (empty / "results" / "murray2019" / "fig2a-quick").iterdir()}
    assert made >= {"figure.png", "data.npz", "summary.json"}
