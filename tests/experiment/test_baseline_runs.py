"""Baselines as part of a run: once, repeatable, in its record and its table."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.support.runs import TINY, composed
from xai_sleep.evaluate.compare import rows
from xai_sleep.experiment.run import run
from xai_sleep.results.run import RunRecord
from xai_sleep.results.scores import Scores

SMALL = (*TINY, "explain=none", "trainer.max_epochs=1", "baselines=default")
QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run")
    run(composed(*SMALL, output=path), console=QUIET)
    return path


def test_the_record_holds_each_baseline_on_the_test_windows(finished: Path) -> None:
    record = RunRecord.load(finished)
    skipped = {each.name: each.skipped for each in record.baselines}
    assert list(skipped) == ["automatic", "experts", "threshold", "never", "always", "coin"]
    assert {name for name, why in skipped.items() if why} == {"automatic", "experts"}
    folds = [fold.name for fold in record.folds]
    assert all(list(each.parameters) == folds for each in record.baselines if not each.skipped)
    of = {who: record.table.select(part="windows", who=who) for who in ("model", "threshold")}
    assert [row.metric for row in of["model"]] == [row.metric for row in of["threshold"]]
    positive = sum(fold.test.positive for fold in record.folds)
    windows = sum(fold.test.windows for fold in record.folds)
    precision = record.table.summary("windows", "precision", who="always").pooled
    assert precision == pytest.approx(positive / windows)


def test_the_table_of_scores_says_the_same(finished: Path) -> None:
    assert Scores.read(finished / "scores.csv") == RunRecord.load(finished).table


def test_a_resumed_run_says_the_same(finished: Path) -> None:
    files = [finished / "results.json", finished / "scores.csv"]
    before = [file.read_text() for file in files]
    for file in files:
        file.unlink()
    run(composed(*SMALL, output=finished), console=QUIET)
    assert [file.read_text() for file in files] == before


def test_runs_alike_show_their_baselines_once(finished: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        RunRecord.load(finished).save(_made(tmp_path / name))
    found, skipped = rows([tmp_path])
    assert skipped == []
    assert [row.is_baseline for row in found] == [False, False, True, True, True, True]
    assert sorted(row.model for row in found[2:]) == [
        f"baseline {name}" for name in ("always", "coin", "never", "threshold")
    ]


def _made(path: Path) -> Path:
    path.mkdir()
    return path
