"""Whenever a run with a leak is killed, every file it has left says LEAKY.

``python -m pytest -n 0 tests/leaks/test_kill.py``: about a minute, alone on a core.
"""

import csv
import json
import multiprocessing
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import numpy as np
import pytest

from tests.support.runs import ROOT
from xai_sleep.__main__ import main

RUN = (
    *("data=synthetic", "data.subjects=3", "data.minutes=3", "cv.val_blocks=4"),
    *("trainer.max_epochs=1", "explain=none", "baselines=none", "logger=none"),
    "leak=carried_weights",
)
MARKED = (".csv", ".npz", ".json", ".html")
KILLS = 20
ELSEWHERE = 5  # of them while folds are worked on; the others while tables and pages are written
LATE = ("__main__", "experiment.run", "report.observer", "tracking.observer", "models.cnn1d")
SOON = 0.03  # s between a file and the kill, at most

Start = Callable[[Path], ForkServerProcess]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Start:
    """Start the command of the console script, in a process of its own whose imports are done."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"xai_sleep.{name}" for name in LATE])

    def started(directory: Path) -> ForkServerProcess:
        # A process of this kind takes over the arguments of its parent.
        monkeypatch.setattr(sys, "argv", ["xai-sleep", *RUN, f"hydra.run.dir={directory}"])
        process = context.Process(target=main)
        process.start()
        return process

    return started


def files(directory: Path) -> Iterator[Path]:
    """Files of a run; hidden ones are Hydra's, or halves that no reader takes for files."""
    for folder, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def says_so(path: Path) -> bool:
    """Whether a file is marked in the way of its kind, in every row; others need not be."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            return "leaks" in (rows.fieldnames or ()) and all(
                row["leaks"] == "LEAKY carried_weights" for row in rows
            )
    if path.suffix == ".npz":
        with np.load(path) as stored:
            return "leaks" in stored and "LEAKY" in str(stored["leaks"])
    if path.suffix == ".json":
        content = json.loads(path.read_text(encoding="utf-8"))
        return "carried_weights" in json.dumps(content.get("leaks") or content.get("leak"))
    return path.suffix != ".html" or "<title>LEAKY: " in path.read_text(encoding="utf-8")


def unmarked(directory: Path) -> list[str]:
    return [str(p.relative_to(directory)) for p in files(directory) if not says_so(p)]


@pytest.mark.slow
def test_no_moment_leaves_an_unmarked_file(start: Start, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    process = start(whole)
    process.join(120)
    assert process.exitcode == 0
    assert (whole / "results.json").exists()
    assert {path.suffix for path in files(whole)} >= set(MARKED)
    assert unmarked(whole) == []
    every = sorted(str(path.relative_to(whole)) for path in files(whole) if path.suffix in MARKED)
    by_folds = [name for name in every if name.startswith("folds")]
    at_the_end = [name for name in every if "/" not in name and name != "settings.json"]

    moments, killed = random.Random(0), 0
    for number in range(KILLS):
        directory = tmp_path / str(number)
        if number >= ELSEWHERE:  # the folds are finished
            shutil.copytree(whole, directory)
            for name in at_the_end:
                (directory / name).unlink()
        awaited = moments.choice(by_folds if number < ELSEWHERE else at_the_end)
        process = start(directory)
        while not (directory / awaited).exists() and process.exitcode is None:
            time.sleep(0.0005)
        time.sleep(moments.uniform(0, SOON))
        process.kill()
        process.join()
        killed += process.exitcode != 0
        assert unmarked(directory) == [], f"killed after {awaited} was written"
    assert killed > KILLS / 2, "most runs ended before they were killed"
