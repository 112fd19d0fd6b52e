"""K-complexes from settings to scores: simulated, and in files of the form of DREAMS."""

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.support.edf import Channel, write_edf
from tests.support.runs import TINY, composed
from xai_sleep.experiment.run import run
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.simulated import simulate
from xai_sleep.results.events import Events
from xai_sleep.results.run import RunRecord
from xai_sleep.results.test_windows import TestWindows

FAST = (*TINY, "task=kcomplex", "explain.sanity=false", "explain.faithfulness=false")
CODES = {-1: -1, 0: 5, 1: 3, 2: 2, 3: 1, 4: 4}
"""Stages as a hypnogram of the database has them."""


def finished(path: Path, *settings: str) -> RunRecord:
    return run(composed(*FAST, *settings, output=path), console=Console(quiet=True))


LOSO = ("cv=loso",), ["synthetic1", "synthetic2"]
KFOLD = ("cv=kfold", "cv.folds=3"), ["fold01", "fold02", "fold03"]


@pytest.mark.parametrize(("scheme", "folds"), [LOSO, KFOLD], ids=["loso", "kfold"])
@pytest.mark.parametrize(
    "model",
    [
        ("model=cnn1d",),
        ("model=cnn2d", "task.image_size=16"),
        ("model=cnn2d", "task.image_size=16", "task.image=coherence"),
    ],
    ids=["cnn1d", "scalogram", "coherence"],
)
def test_simulated_k_complexes_become_scores(
    model: tuple[str, ...], scheme: tuple[str, ...], folds: list[str], tmp_path: Path
) -> None:
    simulated = ("data.subjects=2", "data.minutes=4", "baselines=threshold")
    record = finished(tmp_path, *model, *scheme, *simulated)
    assert (record.config.task.event, record.stamp.source) == ("kcomplex", "synthetic")
    assert [fold.name for fold in record.folds] == folds
    truth = simulate("kcomplex", subjects=2, minutes=4, seed=0)
    assert [each.events for each in record.records] == [len(each.events) for each in truth]
    windows = TestWindows.read(tmp_path / "predictions.csv")
    for each in truth:
        mine = windows.record == each.record
        start, end = windows.start[mine, None], windows.end[mine, None]
        shared = np.minimum(end, each.events[:, 1]) - np.maximum(start, each.events[:, 0])
        assert np.array_equal(windows.label[mine] == 1, (shared >= 0.4 - 1e-9).any(axis=1))
    table = record.table
    assert table.one("maps", "pointing", who="gradcam", over="positives").value is not None
    f1 = table.one("events", "f1", who="threshold").value
    assert f1 is not None
    assert f1 > 0.5  # the rule knows what is looked for


def write_database(root: Path, recordings: list[Recording]) -> None:
    """Write recordings in the form of DREAMS; only in the first did a second expert look."""
    folder = root / "DatabaseKcomplexes"
    folder.mkdir(parents=True)

    def write(name: str, title: str, rows: list[str]) -> None:
        (folder / f"{name}.txt").write_text("\r\n".join([f"[{title}]", *rows, ""]))

    for number, each in enumerate(recordings, start=1):
        assert each.stages is not None
        name, rate = f"excerpt{number}", round(each.sfreq)
        channels = [
            Channel(label, np.rint(np.clip(signal, -327, 327) * 100).astype(np.int16), rate, "UV")
            for label, signal in zip(each.channels, each.signals, strict=True)
        ]
        write_edf(folder / f"{name}.edf", channels)
        marks = [f"{start:.4f}\t{end - start:.4f}" for start, end in each.events]
        later = [f"{start + 0.2:.4f}\t1.0" for start, _ in each.events[1:]]
        write(f"Visual_scoring1_{name}", "vis1_KComplexes/CZ-A1", marks)
        write(f"Automatic_detection_{name}", "Detection_KComplexes/CZ-A1", marks[::2])
        if number == 1:
            write(f"Visual_scoring2_{name}", "vis2_KComplexes/CZ-A1", later)
        write(f"Hypnogram_{name}", "hypnogram", [str(CODES[int(stage)]) for stage in each.stages])


def test_files_of_the_database_become_scores(tmp_path: Path) -> None:
    truth = simulate("kcomplex", subjects=3, minutes=4, sfreq=200, seed=1)
    write_database(tmp_path / "dreams", truth)
    real = ("data=auto", f"data.root={tmp_path / 'dreams'}", "baselines=default")
    record = finished(tmp_path / "run", *real, "trainer.max_epochs=1")
    assert record.data == "dreams"
    assert [each.record for each in record.records] == ["excerpt1", "excerpt2", "excerpt3"]
    assert [each.events for each in record.records] == [len(each.events) for each in truth]
    assert [each.scored_seconds for each in record.records] == [240.0] * 3
    windows = TestWindows.read(tmp_path / "run" / "predictions.csv")
    assert set(windows.stage) <= {"W", "N1", "N2", "N3", "R"}
    table = record.table
    raters = {over for over in table.distinct("over") if over.startswith("rater ")}
    assert raters == {"rater expert1", "rater expert2"}
    # The program found every other one exactly, and nothing else.
    assert table.one("events", "precision", who="automatic").value == 1
    recall = table.one("events", "recall", who="automatic").value
    marked = sum(len(each.events) for each in truth)
    assert recall == pytest.approx(sum(len(each.events[::2]) for each in truth) / marked, abs=0.05)
    events = Events.read(tmp_path / "run" / "events.csv")
    assert set(events.record) <= {"excerpt1", "excerpt2", "excerpt3"}
    assert not any(each.skipped for each in record.baselines)
