"""Baselines as part of a run: once, repeatable, in all its tables."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.support.runs import TINY, composed
from xai_sleep.errors import InputError
from xai_sleep.experiment.run import run
from xai_sleep.report.comparison import load

SMALL = (*TINY, "explain=none", "trainer.max_epochs=1", "baselines=default")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run")
    with (path / "shown.txt").open("w") as shown:
        run(composed(*SMALL, output=path), Console(file=shown, width=80))
    return path


def test_results_hold_each_baseline_on_the_test_windows(finished: Path) -> None:
    found = json.loads((finished / "results.json").read_text())
    baselines = found["baselines"]
    assert list(baselines) == ["automatic", "experts", "threshold", "never", "always", "coin"]
    assert {name for name, each in baselines.items() if "skipped" in each} == {
        "automatic",
        "experts",
    }
    assert baselines["threshold"]["windows"].keys() == found["summary"]["windows"].keys()
    assert [f["name"] for f in baselines["threshold"]["folds"]] == [
        f["name"] for f in found["folds"]
    ]
    counts = [fold["counts"]["test"] for fold in found["folds"]]
    share = sum(c["positive"] for c in counts) / sum(c["windows"] for c in counts)
    assert baselines["always"]["windows"]["precision"]["pooled"] == pytest.approx(share)


def test_the_terminal_and_a_file_show_them(finished: Path) -> None:
    shown = (finished / "shown.txt").read_text()
    found = json.loads((finished / "results.json").read_text())["baselines"]
    (line,) = (line for line in shown.splitlines() if line.startswith("threshold"))
    pooled = found["threshold"]["windows"]["f1"]["pooled"]
    assert line.split()[5] == f"{pooled:.3f}".replace("0.", ".", 1)
    assert "left out: automatic, experts" in shown
    assert "threshold,events,f1," in (finished / "baselines.csv").read_text()


def test_a_resumed_run_says_the_same(finished: Path) -> None:
    files = [finished / "results.json", finished / "baselines.csv"]
    before = [file.read_text() for file in files]
    for file in files:
        file.unlink()
    run(composed(*SMALL, output=finished), Console(quiet=True))
    assert [file.read_text() for file in files] == before


def test_a_report_shows_them_once_for_runs_alike(finished: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text((finished / "results.json").read_text())
    rows, skipped = load([tmp_path])
    assert skipped == []
    assert [row.is_baseline for row in rows] == [False, False, True, True, True, True]
    assert sorted(row.model for row in rows[2:]) == [
        f"baseline {name}" for name in ("always", "coin", "never", "threshold")
    ]


def test_an_unknown_baseline_is_refused() -> None:
    with pytest.raises(InputError, match=r"baselines.names holds 'yassa'; .* one of automatic"):
        composed("baselines.names=[automatic,yassa]")
