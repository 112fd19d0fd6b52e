"""More recordings than memory: the same results from files, and what does not fit said."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from experiments.speed.nights import SETTINGS
from tests.support.runs import TINY, composed
from xai_sleep.experiment.run import run
from xai_sleep.recordings.cache import Mapped
from xai_sleep.report.run_tables import methods
from xai_sleep.results.files import Stamp
from xai_sleep.results.finished import Finished, Observer
from xai_sleep.results.run import RunRecord
from xai_sleep.schema import Config

# As the bench has it, but six nights of two minutes.
NIGHTS = (*TINY, *SETTINGS, "data.subjects=6", "data.minutes=2", "explain.figures=0")
TABLES = ("predictions.csv", "events.csv", "scores.csv")


class Watch(Observer):
    """Keeps what a run came to."""

    def __init__(self, config: Config, stamp: Stamp, directory: Path) -> None:
        del config, stamp, directory

    def run_finished(self, finished: Finished) -> None:
        """Note whether recordings are mapped."""
        kinds.append({type(each) for each in finished.recordings})


kinds: list[set[type]] = []


def nights(path: Path, *overrides: str) -> RunRecord:
    return run(composed(*NIGHTS, *overrides, output=path), [Watch])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All in memory."""
    path = tmp_path_factory.mktemp("nights")
    nights(path / "run", "baselines=default", f"cache.folder={path}/cache")
    assert not (path / "cache").exists()
    return path / "run"


def test_from_files_everything_is_the_same(
    whole: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The first two nights still fit, and go to files when the third does not."""
    caplog.set_level(logging.INFO)
    budget, files = ("cache.signals=0.0016", f"cache.folder={tmp_path}/cache"), []
    for name in ("made", "found"):
        record = nights(tmp_path / name, "baselines=default", *budget)
        assert kinds.pop() == {Mapped}
        for table in (*TABLES, "recordings.json"):
            assert (tmp_path / name / table).read_bytes() == (whole / table).read_bytes()
        told = "12 files of this run, 0.0 GiB; 0.0 GiB in all, of 100 (cache.size)"
        assert f"prepared signals are mapped from {tmp_path}/cache: {told}" in caplog.text
        files.append({path.stat().st_ino for path in (tmp_path / "cache").glob("*.npy")})
    assert record.config == RunRecord.load(whole).config
    assert len(files[0]) == 12
    assert files[0] == files[1]


def test_maps_in_files_are_the_same_and_are_taken_up_again(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xai_sleep.explain.callback.LARGE", 10_000)
    for _ in ("fresh", "taken up"):
        record = nights(tmp_path, "baselines=default")
        for fold in record.folds:
            assert (tmp_path / "folds" / fold.name / "maps.npy").exists()
        for table in TABLES:
            assert (tmp_path / table).read_bytes() == (whole / table).read_bytes()
        with np.load(tmp_path / "maps.npz") as one, np.load(whole / "maps.npz") as other:
            assert set(one) == set(other)
            assert all(np.array_equal(one[name], other[name]) for name in one)
        (tmp_path / "results.json").unlink()


def test_a_subset_trains_where_all_would_not_fit(
    whole: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = nights(tmp_path, "balance.memory=0.008", "explain=none")
    n = [sum(f.train.windows for f in record.folds), sum(f.train_of or 0 for f in record.folds)]
    for fold, before in zip(record.folds, RunRecord.load(whole).folds, strict=True):
        assert fold.train_of == before.train.windows
        assert before.train_of is None
        assert fold.train.windows < before.train.windows / 2
        share, usual = (each.train.positive / each.train.windows for each in (fold, before))
        assert share == pytest.approx(usual, abs=0.01)
        assert fold.test == before.test
        assert fold.val == before.val
        assert f"of a random {n[0]} of {n[1]} training windows" in " ".join(methods(record))
        said = f"fold {fold.name}: {fold.train.windows} of {fold.train_of} training windows train"
        assert said in caplog.text
    stored = json.loads((tmp_path / "folds" / "fold01" / "metrics.json").read_text())
    assert stored["train_of"] == record.folds[0].train_of


def test_maps_are_checked_and_the_detector_chosen_on_some(whole: Path, tmp_path: Path) -> None:
    """Test windows and events are all there still."""
    few = ("explain.assessed=5", "detector.hours=0.01", "detector.min_events=0")
    record = nights(tmp_path, *few)
    for fold in record.folds:
        assert fold.detector.chosen_on == "validation (2 of 3 records, drawn at random)"
        checked = record.table.one("faithfulness", "windows", who="gradcam", over="positives")
        assert checked.value == 10
        assert record.table.one("sanity", "windows", who="gradcam", over="random_weights").value
    assert record.table.one("sanity", "windows", who="gradcam", over="random_weights").value == 10
    before = (whole / "predictions.csv").read_text()
    assert (tmp_path / "predictions.csv").read_text() == before


def test_windows_that_are_cut_when_asked_for_are_the_same(tmp_path: Path) -> None:
    """Without a balance none need be held; this network is shown marks as well."""
    short = ("explain=none", "data.subjects=2", "model=cnn1d_marks", "trainer.max_epochs=1")
    for name, memory in (("held", 1.0), ("cut", 1e-6)):
        nights(tmp_path / name, *short, f"balance.memory={memory}")
    held, cut = ((tmp_path / name / "predictions.csv").read_text() for name in ("held", "cut"))
    assert held == cut
