"""What the README promises to somebody who comes with two nights: three commands, as they stand."""

import csv
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.nights import by_clock, write_nights
from tests.support.runs import ROOT
from xai_sleep.metrics.events import contains
from xai_sleep.recordings.intervals import intervals
from xai_sleep.results.run import RunRecord

pytestmark = pytest.mark.slow


def commands() -> list[list[str]]:
    """Split the commands of the README's section on recordings of one's own."""
    section = (ROOT / "README.md").read_text().split("\n## Your own recordings\n")[1]
    lines = re.findall(r"^    (python -m .*)$", section.split("\n## ")[0], re.MULTILINE)
    return [shlex.split(line) for line in lines]


def call(command: list[str], folder: Path, *settings: str) -> str:
    """Run a command where a user would; what it said."""
    done = subprocess.run(
        [sys.executable, *command[1:], *settings],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_two_nights_become_a_trained_and_explained_run_in_three_commands(tmp_path: Path) -> None:
    """Marks by the clock, over midnight; the third night is marked by nobody."""
    made = write_nights(tmp_path / "nights", ("night1", "night2", "night3"))
    (tmp_path / "nights" / "night3.edf").rename(tmp_path / "night3.edf")
    for name, one in zip(("night1", "night2"), made, strict=False):
        (tmp_path / "nights" / f"{name}.csv").write_text(by_clock(one))
    look, train, predict = commands()

    seen = call(look, tmp_path)
    (page,) = (tmp_path / "outputs" / "inspect").glob("*/inspect.html")
    assert str(page) in seen
    assert "night1" in seen
    assert "shifted" not in seen

    said = call(train, tmp_path, "trainer.max_epochs=6")
    run = tmp_path / "outputs" / "nights"
    record = RunRecord.load(run)
    for summary, truth in zip(record.records, made, strict=False):
        assert (summary.events, summary.kinds) == (len(truth.events), {"spindle": summary.events})
        assert summary.seconds == summary.scored_seconds == truth.duration
    explained = record.table.one("maps", "pointing_or_blank", who="gradcam", over="positives")
    assert explained.value is not None
    assert said.index("what was understood") < said.index("spindle-CNN1d-loso")
    assert f"to look at: {run / 'report.html'}" in said
    assert (run / "report.html").is_file()
    assert f"python -m xai_sleep.predict {shlex.quote(str(run))} night.edf" in said

    call(predict, tmp_path)
    with (tmp_path / "events.csv").open() as file:
        onsets = np.array([float(row["onset"]) for row in csv.DictReader(file)])
    assert contains(intervals([(0, made[2].duration)]), onsets).all()
