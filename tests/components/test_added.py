"""Components of one's own, a file and a YAML each: those of ``docs/components.md``, as printed.

No line of the package knows them. Two runs hold them all, an input and its network apart.
"""

import ast
import html
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.support import mine
from tests.support.own import EVENTS, write_signals
from tests.support.runs import launch
from xai_sleep.recordings.simulated import simulate
from xai_sleep.results.run import RunRecord
from xai_sleep.results.scores import Scores

FAST = ("trainer.max_epochs=1", "cv.val_blocks=4", "explain.figures=1", "logger=none")
EVERY = (
    *("task=alpha", "data=synthetic", "data.subjects=3", "data.minutes=3", "model=small"),
    *("explain=[gradcam,energy]", "metrics=youden", "baselines=[threshold,loud]"),
    *("balance=twice", "leak=no_guard"),
)
SLOPE = ("data=numpy_files", "input=slope", "model=slope", "explain=none", "baselines=none")


pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Shown:
    """What a user sees of a run."""

    directory: Path
    terminal: str

    @property
    def page(self) -> str:
        """Words of the page."""
        return html.unescape((self.directory / "report.html").read_text(encoding="utf-8"))

    @property
    def record(self) -> RunRecord:
        """What the run says of itself."""
        return RunRecord.load(self.directory)

    @property
    def scores(self) -> Scores:
        """Its table."""
        return Scores.read(self.directory / "scores.csv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of the page, and recordings in NumPy's format."""
    folder = tmp_path_factory.mktemp("mine")
    mine.write(folder)
    (folder / "recordings").mkdir()
    for each in simulate("spindle", subjects=3, minutes=3):
        kept = {"signals": each.signals, "channels": each.channels, "sfreq": each.sfreq}
        path = folder / "recordings" / f"night_{each.record}.npz"
        np.savez(path, **kept, events=each.events, scored=each.scored)  # type: ignore[arg-type]
    return folder


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    where = mine.write(folder)
    process = launch("--config-dir", "conf", *arguments, cwd=folder, PYTHONPATH=where)
    out, errors = process.communicate(timeout=300)
    return subprocess.CompletedProcess(arguments, process.returncode, out, errors)


def run(folder: Path, name: str, *arguments: str) -> Shown:
    finished = command(folder, *FAST, *arguments, f"hydra.run.dir={folder / name}")
    assert finished.returncode == 0, finished.stderr
    return Shown(folder / name, finished.stderr)


@pytest.fixture(scope="module")
def every(folder: Path) -> Shown:
    return run(folder, "every", *EVERY)


@pytest.fixture(scope="module")
def slope(folder: Path) -> Shown:
    return run(folder, "slope", *SLOPE, f"data.root={folder / 'recordings'}")


def test_the_page_shows_a_file_and_a_yaml_of_each() -> None:
    files = mine.shown()
    groups = {Path(name).parent.name for name in files if name.endswith(".yaml")}
    several = {"input", "marks", "explain", "metrics", "baselines", "leak"}
    assert groups == several | {"model", "task", "data", "balance"}
    for name, text in files.items():
        if name.endswith(".py"):
            assert ast.get_docstring(ast.parse(text)), name
            assert max(map(len, text.splitlines())) <= 100, name
            assert re.search(rf"_target_: {Path(name).stem}\.", "".join(files.values())), name


def test_help_lists_what_is_there(folder: Path) -> None:
    said = command(folder, "--help").stdout
    for name in mine.shown():
        if name.endswith(".yaml"):
            path = Path(name)
            (line,) = re.findall(rf"^{path.parent.name}: (.*)$", said, re.M)
            assert path.stem in line.split(", ")


def test_a_network(every: Shown) -> None:
    assert every.record.model == "Small"
    assert "alpha-Small-loso" in every.terminal
    assert "Small" in every.page


def test_a_task(every: Shown) -> None:
    record = every.record
    assert record.config.task.event == "alpha"
    assert {each.record for each in record.records} == {f"synthetic{i}" for i in (1, 2, 3)}
    assert sum(each.scored_events for each in record.records) > 10
    assert "alpha" in every.page
    rule = next(each for each in record.baselines if each.name == "threshold")
    assert (rule.description, rule.skipped) == (
        "amplitude at 8–10.5 Hz, thresholds chosen in training",
        "",
    )
    assert rule.description in every.page


def test_an_explainer(every: Shown) -> None:
    whole = [row for row in every.scores if row.part == "maps" and row.who == "energy"]
    assert any(row.value is not None for row in whole)
    assert "energy" in every.page


def test_a_metric(every: Shown) -> None:
    """It is sensitivity + specificity - 1, of the network and of baselines alike."""
    found = {
        (row.who, row.metric): row.value
        for row in every.scores
        if (row.part, row.over, row.fold) == ("windows", "all", "pooled")
    }
    for who in ("model", "loud"):
        pair = [found[who, name] for name in ("sensitivity", "specificity")]
        assert None not in pair
        assert found[who, "youden"] == pytest.approx(sum(map(float, pair)) - 1)  # type: ignore[arg-type]
    assert every.record.metric("youden").label == "Youden's J"
    assert "Youden's J" in every.page


def test_a_baseline(every: Shown) -> None:
    record = next(each for each in every.record.baselines if each.name == "loud")
    assert record.skipped == ""
    assert all(chosen["least"] > 0 for chosen in record.parameters.values())
    assert any(row.who == "loud" and row.metric == "f1" for row in every.scores)
    assert "loud" in every.terminal
    assert "loud" in every.page


def test_a_balance(every: Shown) -> None:
    assert "Twice" in every.page
    for fold in every.record.folds:
        assert fold.train.positive < fold.train.windows / 2  # of the windows that were cut


def test_a_leak(every: Shown) -> None:
    assert [leak.name for leak in every.record.leaks] == ["no_guard"]
    assert "LEAKY alpha-Small-loso" in every.terminal
    assert "<title>LEAKY: " in every.page
    assert "training time touches validation and test time" in every.page
    lines = (every.directory / "scores.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith(",leaks")
    assert all("LEAKY no_guard" in line for line in lines[1:])


def test_a_source_of_data(slope: Shown) -> None:
    record = slope.record
    assert record.data == "numpy_files"
    assert "NumPy files in" in record.source
    assert "(numpy_files data)" in slope.terminal
    assert "numpy_files" in slope.page
    assert {each.record for each in record.records} == {f"night_synthetic{i}" for i in (1, 2, 3)}
    assert "SIMULATED" not in slope.page  # nobody said that these are


def test_a_reader_of_marks(folder: Path) -> None:
    nights = folder / "nights"
    for name in ("night1", "night2"):
        write_signals(nights, name)
        marks = [f"[{at:g} {at + length:g}] spindle\n" for at, length in EVENTS]
        (nights / f"{name}.txt").write_text("".join([*marks, "[0 30] arousal\n"]))
    asked = ("data=files", f"data.root={nights}", "data.scored=all", "data.event_names=[spindle]")
    rest = ("task.channels=[[C3-A2]]", "explain=none", "baselines=none", "marks=[brackets,table]")
    shown = run(folder, "marks", *asked, *rest)
    assert [each.events for each in shown.record.records] == [len(EVENTS)] * 2


def test_an_input(slope: Shown) -> None:
    assert slope.record.model == "SlopeCNN1d"
    assert slope.record.config.input["slope"]["_target_"] == "slope.SlopeInput"
    assert "slope.SlopeInput" in slope.page


def test_what_is_missing_is_said_in_one_line(folder: Path) -> None:
    asked = ("model=slope", "data=synthetic", f"hydra.run.dir={folder / 'refused'}")
    refused = command(folder, *asked)  # its input is not chosen
    assert refused.returncode == 2
    assert re.fullmatch(r"xai_sleep: .*slope.*\n", refused.stderr)
