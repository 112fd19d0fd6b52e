"""Pairs of runs: scores against those of the whole, intervals and p-values, what is compared."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import f1_score, roc_auc_score

from xai_sleep.evaluate.compare import Counted, Pair, count, differences
from xai_sleep.evaluate.windows import SCHEMA
from xai_sleep.metrics.statistics import paired_permutation
from xai_sleep.report.__main__ import main
from xai_sleep.report.comparison import SHOWN
from xai_sleep.report.paired_tables import pairs_table

SUBJECTS = 7
Rows = list[dict[str, str]]


def predictions(skill: float, seed: int = 0, windows: int = 30) -> Rows:
    """Windows of seven subjects; labels are always the same, ties abound."""
    label = np.random.default_rng(9).integers(0, 2, (SUBJECTS, windows))
    noise = np.random.default_rng(seed).normal(0.5, 0.3, label.shape)
    probability = np.clip(noise + skill * (label - 0.5), 0, 1).round(1)
    return [
        {
            "record": f"r{s}",
            "subject": f"s{s}",
            "start": str(5 * i),
            "end": str(5 * i + 5),
            "label": str(label[s, i]),
            "probability": str(probability[s, i]),
            "detected": str(int(probability[s, i] >= 0.5)),
        }
        for s in range(SUBJECTS)
        for i in range(windows)
    ]


def event_records(right: int) -> list[dict[str, Any]]:
    counts = {"events": 10, "detections": 12, "matched": right}
    return [{"subject": f"s{s}", "record": f"r{s}", **counts} for s in range(SUBJECTS)]


def column(rows: Rows, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([float(row[name]) for row in rows])


def everyone(one: Counted) -> dict[str, float | None]:
    return one.scores(np.arange(len(one.subjects)))


@pytest.mark.parametrize("draw", [[0, 1, 2, 3, 4, 5, 6], [3], [2, 2, 5, 2, 0]])
def test_scores_of_subjects_are_those_of_all_their_windows(draw: list[int]) -> None:
    """Each window as often as its subject was drawn, scored by scikit-learn."""
    rows = predictions(0.3)
    chosen = [row for s in draw for row in rows if row["subject"] == f"s{s}"]
    scores = count(rows, event_records(6)).scores(np.array(draw))
    label = column(chosen, "label")
    assert scores["f1"] == pytest.approx(f1_score(label, column(chosen, "detected")))
    assert scores["auroc"] == pytest.approx(roc_auc_score(label, column(chosen, "probability")))
    assert scores["event_f1"] == pytest.approx(12 / 22)


def test_a_run_does_not_differ_from_itself() -> None:
    one = count(predictions(0.5), event_records(5))
    for difference in differences(one, one):
        assert difference.first == difference.second
        assert (difference.low, difference.high, difference.p) == (0, 0, 1)
        assert difference.subjects == SUBJECTS


def test_a_better_run_is_told_from_a_worse_and_the_other_way_round() -> None:
    better = count(predictions(0.8, seed=1), event_records(9))
    worse = count(predictions(0.1, seed=2), event_records(3))
    there, back = list(differences(better, worse)), list(differences(worse, better))
    assert [d.score for d in there] == ["f1", "auroc", "event_f1"]
    for one, other in zip(there, back, strict=True):
        assert one.low is not None
        assert one.low > 0
        assert one.p == other.p == 2 ** (1 - SUBJECTS)
        assert (one.first, one.second) == (other.second, other.first)
        assert other.high == pytest.approx(-one.low)
    assert there[0].first == everyone(better)["f1"]


def test_the_test_asks_about_the_scores_of_the_subjects() -> None:
    first, second = count(predictions(0.4, seed=1)), count(predictions(0.3, seed=2))
    alone = [
        [one.scores(np.array([s]))["auroc"] for s in range(SUBJECTS)] for one in (first, second)
    ]
    expected = paired_permutation(np.subtract(*np.array(alone, dtype=np.float64)))
    found = {d.score: d for d in differences(first, second)}
    assert found["auroc"].p == expected
    assert "event_f1" not in found  # neither run counted an event


def test_subjects_of_one_class_leave_the_test_and_stay_in_the_pool() -> None:
    rows = predictions(0.5)
    for row in rows:
        if row["subject"] == "s0":
            row["label"] = "0"
    found = {d.score: d for d in differences(count(rows), count(rows))}
    assert found["auroc"].subjects == SUBJECTS - 1
    assert found["auroc"].first == pytest.approx(
        roc_auc_score(column(rows, "label"), column(rows, "probability"))
    )


def write(directory: Path, rows: Rows, *, cv: str = "loso", right: int = 5) -> Path:
    directory.mkdir(parents=True)
    score = {"mean": 0.5, "std": 0.1, "pooled": 0.5, "ci95": [0.4, 0.6]}
    content = {
        "schema": SCHEMA,
        "data": "synthetic",
        "config": {
            "task": {"name": "rem"},
            "model": {"_target_": "xai_sleep.models.cnn1d.CNN1d"},
            "cv": {"scheme": cv},
        },
        "folds": [],
        "summary": {
            "windows": dict.fromkeys(SHOWN, score),
            "event_records": event_records(right),
        },
    }
    (directory / "results.json").write_text(json.dumps(content))
    with (directory / "predictions.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return directory


def test_only_runs_on_the_same_windows_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a", predictions(0.8, 1), right=8)
    write(tmp_path / "b", predictions(0.2, 2))
    write(tmp_path / "c", predictions(0.2, 2), cv="kfold")
    write(tmp_path / "d", predictions(0.2, 2, windows=29))
    (write(tmp_path / "e", predictions(0.2, 2)) / "predictions.csv").write_text("record\nr1\n")
    main([str(tmp_path)])
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert f"left out: {tmp_path / 'e'} cannot be compared in pairs" in line
    with (tmp_path / "pairs.csv").open() as file:
        found = list(csv.DictReader(file))
    assert [row["score"] for row in found] == ["f1", "auroc", "event_f1"]
    for row in found:
        assert (row["first_run"], row["second_run"]) == (str(tmp_path / "a"), str(tmp_path / "b"))
        assert float(row["difference"]) == float(row["first"]) - float(row["second"])
        assert float(row["low"]) <= float(row["difference"]) <= float(row["high"])
    assert "## pairs of runs" in (tmp_path / "table.md").read_text()
    assert "pairs of runs on the same test windows" in printed.out


def test_without_pairs_there_is_no_table_of_them(tmp_path: Path) -> None:
    write(tmp_path / "a", predictions(0.8, 1))
    main([str(tmp_path)])
    assert not (tmp_path / "pairs.csv").exists()
    assert "pairs of runs" not in (tmp_path / "table.md").read_text()


def test_the_table_fits_a_terminal() -> None:
    one = count(predictions(0.5), event_records(5))
    two = count(predictions(0.1, 3), event_records(2))
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(pairs_table([Pair(11, 12, tuple(differences(one, two)))]))
    text = console.export_text()
    assert "…" not in text
    assert "11 – 12" in text
