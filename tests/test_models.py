"""Published experiments: a short run of each by default, the full ones on request (-m model)."""

import json
import re
from pathlib import Path

import pytest
from brian2 import DEFAULT_FUNCTIONS, prefs
from matplotlib.figure import Figure
from pictures import faults_of

from brian_rflo import cli
from brian_rflo.crews import InProcess, Progress, part
from brian_rflo.crews.pieces import compute_one

ROOT = Path(__file__).parent.parent
#: Experiments that differ from another in their task alone, or in their size, one whose networks
#: `test_comparison` trains, and those whose networks the tests of these models, and `test_reward`,
#: have in a smaller size.
ALIKE = {
    "murray2019/fig2",
    "murray2019/fig2c",
    "murray2019/fig2d",
    "murray2019/fig2s2",
    "murray2019/fig2s3",
    "murray2019/fig4",
    "bellec2020/pattern_generation",
    "rate_and_spiking/periodic",
    "rate_and_spiking/cursor",
    "rate_and_spiking/pattern",
    "rate_and_spiking/interval",
    "bellec2020/evidence_accumulation_large",
    "derived/periodic",
    "derived/cursor",
    "gradient/periodic",
    "gradient/learning_rates",
    "gradient/evidence",
    "gradient/alignment",
    "gradient/conductance",
    "miconi2017/non_match",
    "baldi1991/xor",
    "baldi1991/digits",
    "baldi1991/landscape",
    "baldi1991/trajectory",
    "baldi1991/oscillation",
    "baldi1991/spiking",
    "zuege2023/crossover",
    "zuege2023/recurrent",
    "zuege2023/reservoir",
    "bellec2020/reward",
    "bellec2020/reward_spiking",
    "marschall2019/add",
    "marschall2019/add_slow",
    "marschall2019/delay",
    "sussillo2009/sines",
    "sussillo2009/spiking",
    "buonomano2005/scaling",
    "buonomano2005/readout",
    "buonomano2005/longer",
}


def test_times_are_the_same_wherever_they_are_told():
    """In the list, on the model's page, and, of the first command that a reader gives, in the
    README.
    """
    page = (ROOT / "models" / "murray2019" / "README.md").read_text()
    told = re.findall(r"^\| `(\w+)` \| .* \| (.+?) \| (.+?) \|$", page, flags=re.M)
    known = cli.experiments()
    assert len(told) == 7
    for name, full, quick in told:
        assert known[f"murray2019/{name}"].takes == f"{full}, quick {quick}"
    full, quick = known["murray2019/fig2a"].takes.split(", quick ")
    readme = (ROOT / "README.md").read_text()
    assert f"{quick} after installation" in readme and f"10 000 trials in {full}." in readme


class Here(InProcess):
    """Computes the parts of an experiment in this process."""

    def __init__(self, progress):
        super().__init__()
        self.progress = progress

    def start(self, part, path):
        self.running[part.name] = part, compute_one(part, path, self.progress)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.model] if name in ALIKE else [])
        for name in cli.experiments()
    ],
)
def test_every_experiment_runs_small(name, tmp_path, tmp_path_factory, monkeypatch):
    """In this process; `test_cli` runs one of them in processes, which would mostly load Brian2."""
    progress = Progress(tmp_path_factory.mktemp("progress") / "fraction")
    monkeypatch.setattr(part, "Processes", lambda workers: Here(progress))
    # else Brian2 prints each array that its exprel returns on numpy, for a message of errors
    monkeypatch.setitem(prefs, "codegen.runtime.numpy.discard_units", True)
    known = DEFAULT_FUNCTIONS["exprel"].implementations._implementations
    monkeypatch.delitem(known, "numpy", raising=False)  # that of a network before
    save, faults = Figure.savefig, []

    def watched(figure, *args, **kwargs):
        faults.extend(faults_of(figure))
        save(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", watched)
    assert cli.main(
        [
            "run",
            name,
            "--quick",
            "--networks",
            "1" if name.startswith("bellec") else "2",
            "--trials",
            "1" if name.startswith("bellec") else "3",
            "--device",
            "numpy",
            "--out",
            str(tmp_path),
        ]
    ) in (0, 1)
    assert {"figure.png", "data.npz", "summary.json", name.split("/")[0]} == {
        path.name for path in tmp_path.iterdir()
    }
    assert not faults


#: What full runs do not reproduce, as the README of the model says.
NOT_REPRODUCED = {
    "bellec2020/reward": {"random feedback: networks of 6 with 0.9 or more"},
    "marschall2019/add": {"local DNI, random feedback minus output weights alone: largest"},
}


@pytest.mark.model
@pytest.mark.published
@pytest.mark.parametrize("quick", [True, False], ids=["quick", "full"])
@pytest.mark.parametrize("name", cli.experiments())
def test_every_experiment_shows_what_it_must(name, quick, tmp_path):
    status = cli.main(["run", name, "--out", str(tmp_path), *(["--quick"] if quick else [])])
    summary = json.loads((tmp_path / "summary.json").read_text())
    failed = {row["quantity"] for row in summary["rows"] if row["holds"] is False}
    expected = set() if quick else NOT_REPRODUCED.get(name, set())
    assert failed == expected, summary["rows"]
    assert status == bool(expected)
    assert (
        not expected or "**no**" in (ROOT / "models" / name.split("/")[0] / "README.md").read_text()
    )
