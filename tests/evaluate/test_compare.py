"""Runs side by side: what is read, what is left out, and pairs against a count from the whole."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from tests.support.outcomes import fold_record, run_record
from xai_sleep.evaluate.compare import Resampled, differences, pairs, resample, rows
from xai_sleep.metrics.statistics import paired_permutation
from xai_sleep.results.files import Leak, Stamp
from xai_sleep.results.run import BaselineRecord, RecordSummary
from xai_sleep.results.scores import MEAN, POOLED, Row, Score, Scores
from xai_sleep.results.test_windows import TestWindows

SUBJECTS = 7
LEAKS = [Leak("carried_weights", "weights of the fold before")]


def windows(skill: float, seed: int = 0, n: int = 30) -> TestWindows:
    """Windows of seven subjects; labels are always the same, ties abound."""
    label = np.random.default_rng(9).integers(0, 2, (SUBJECTS, n))
    noise = np.random.default_rng(seed).normal(0.5, 0.3, label.shape)
    probability = np.clip(noise + skill * (label - 0.5), 0, 1).round(1).ravel()
    number = np.repeat(np.arange(SUBJECTS), n)
    start = np.tile(5.0 * np.arange(n), SUBJECTS)
    return TestWindows(
        record=np.array([f"r{s}" for s in number]),
        subject=np.array([f"s{s}" for s in number]),
        fold=np.array([f"s{s}" for s in number]),
        start=start,
        end=start + 5,
        label=label.ravel(),
        stage=np.array(["N2"] * len(number)),
        probability=probability.astype(np.float32).astype(np.float64),
        threshold=np.full(len(number), 0.5),
        detected=probability >= 0.5,
    )


def events(right: int) -> Scores:
    """Ten events and twelve detections of each record."""
    counts = {"events": 10, "detections": 12, "matched": right}
    return Scores(
        Score("events", "model", f"record r{s}", name, POOLED, value)
        for s in range(SUBJECTS)
        for name, value in counts.items()
    )


def run(skill: float, seed: int = 0, right: int | None = None) -> Resampled:
    return resample(windows(skill, seed), Scores(()) if right is None else events(right))


def test_scores_are_those_of_all_windows() -> None:
    """By scikit-learn, of everybody and of each subject alone."""
    table = windows(0.3)
    found = resample(table, events(6))
    everyone = np.ones(len(table), dtype=np.bool_)
    each = [(found.together, everyone)]
    each += [(one, table.subject == f"s{s}") for s, one in enumerate(found.alone)]
    for scores, mine in each:
        label = table.label[mine]
        assert scores["f1"] == pytest.approx(f1_score(label, table.detected[mine]))
        assert scores["auroc"] == pytest.approx(roc_auc_score(label, table.probability[mine]))
        assert scores["event_f1"] == pytest.approx(12 / 22)


def test_a_run_does_not_differ_from_itself() -> None:
    one = run(0.5, right=5)
    for difference in differences(one, one):
        assert difference.first == difference.second
        assert (difference.low, difference.high, difference.p) == (0, 0, 1)
        assert difference.subjects == SUBJECTS


def test_a_better_run_is_told_from_a_worse_and_the_other_way_round() -> None:
    better, worse = run(0.8, seed=1, right=9), run(0.1, seed=2, right=3)
    there, back = list(differences(better, worse)), list(differences(worse, better))
    named = [(d.part, d.metric) for d in there]
    assert named == [("windows", "f1"), ("windows", "auroc"), ("events", "f1")]
    for one, other in zip(there, back, strict=True):
        assert one.low is not None
        assert one.low > 0
        assert one.p == other.p == 2 ** (1 - SUBJECTS)
        assert (one.first, one.second) == (other.second, other.first)
        assert other.high == pytest.approx(-one.low)
    assert there[0].first == better.together["f1"]


def test_the_interval_is_that_of_the_differences_of_the_same_draws() -> None:
    first, second = run(0.4, seed=1), run(0.3, seed=2)
    drawn = [
        np.array([one["auroc"] for one in each.drawn], dtype=np.float64) for each in (first, second)
    ]
    found = {d.metric: d for d in differences(first, second)}["auroc"]
    assert [found.low, found.high] == np.percentile(drawn[0] - drawn[1], [2.5, 97.5]).tolist()


def test_the_test_asks_about_the_scores_of_the_subjects() -> None:
    first, second = run(0.4, seed=1), run(0.3, seed=2)
    alone = [[one["auroc"] for one in each.alone] for each in (first, second)]
    found = {(d.part, d.metric): d for d in differences(first, second)}
    expected = paired_permutation(np.subtract(*np.array(alone, dtype=np.float64)))
    assert found["windows", "auroc"].p == expected
    assert ("events", "f1") not in found  # neither run counted an event


def test_subjects_of_one_class_leave_the_test_and_stay_in_the_pool() -> None:
    table = windows(0.5)
    table.label[table.subject == "s0"] = 0
    one = resample(table, Scores(()))
    found = {d.metric: d for d in differences(one, one)}["auroc"]
    assert found.subjects == SUBJECTS - 1
    assert found.first == pytest.approx(roc_auc_score(table.label, table.probability))


def listed(
    path: Path, table: TestWindows, cv: str = "loso", leaks: list[Leak] | None = None
) -> Row:
    """Make a run that left its predictions behind."""
    path.mkdir()
    table.write(path / "predictions.csv", Stamp("synthetic"))
    stamp = Stamp("synthetic", tuple(leaks or ()))
    return Row(str(path), "synthetic", "rem", cv, "CNN1d", 7, events(5), stamp)


def test_only_runs_on_the_same_windows_are_compared(tmp_path: Path) -> None:
    wrong = listed(tmp_path / "e", windows(0.2, 2))
    Path(wrong.run, "predictions.csv").write_text("record\nr1\n")
    found, skipped = pairs(
        [
            listed(tmp_path / "a", windows(0.8, 1)),
            listed(tmp_path / "b", windows(0.2, 2)),
            listed(tmp_path / "c", windows(0.2, 2), cv="kfold"),
            listed(tmp_path / "d", windows(0.2, 2, n=29)),
            wrong,
            listed(tmp_path / "f", windows(0.2, 2), leaks=LEAKS),
            replace(wrong, run=str(tmp_path), who="always"),
            replace(wrong, run=str(tmp_path / "gone")),
        ]
    )
    (pair,) = found
    assert (pair.first, pair.second) == (1, 2)
    expected = differences(run(0.8, 1, 5), run(0.2, 2, 5))
    assert pair.differences == tuple(expected)
    (line,) = skipped
    assert line.startswith(f"{tmp_path / 'e'} cannot be compared in pairs: ")


SCORES = [
    Score("windows", "model", "all", "f1", MEAN, 0.5, sd=0.05, n=2),
    Score("windows", "model", "all", "f1", POOLED, 0.51, 0.4, 0.6),
    Score("maps", "gradcam", "true_positives", "pointing", POOLED, 0.71),
    *(Score("windows", "always", "all", "f1", fold, 0.25) for fold in ("a", "b", MEAN, POOLED)),
]
BASELINES = [
    BaselineRecord("automatic", "marks that came along", skipped="there are none"),
    BaselineRecord("always", "every window is called positive"),
]


def write(
    path: Path, *settings: str, data: str = "synthetic", leaks: list[Leak] | None = None
) -> Path:
    path.mkdir(parents=True)
    folds = [fold_record(name) for name in ("a", "b")]
    record = run_record(SCORES, folds, *settings, data=data, leaks=leaks or [])
    summary = RecordSummary("r1", "s1", 60.0, 50.0, 3, 2, [])
    replace(record, baselines=BASELINES, records=[summary]).save(path)
    return path


def test_a_row_holds_what_the_record_says(tmp_path: Path) -> None:
    write(tmp_path / "run", "task=rem")
    (network, baseline), skipped = rows([tmp_path])
    assert skipped == []
    assert (network.name, network.data, network.folds) == ("rem CNN1d loso", "synthetic", 2)
    f1 = network.score("windows", "f1")
    assert (f1.mean, f1.sd, f1.pooled, f1.interval) == (0.5, 0.05, 0.51, (0.4, 0.6))
    assert network.of_maps("pointing").pooled == 0.71
    assert network.run == str(tmp_path / "run")
    assert (baseline.run, baseline.model, baseline.folds) == ("", "baseline always", 2)
    assert baseline.score("windows", "f1").pooled == 0.25
    assert baseline.of_maps("pointing").pooled is None


def test_a_run_that_is_named_twice_counts_once_and_so_does_its_baseline(tmp_path: Path) -> None:
    for seed in (0, 1):
        write(tmp_path / "sweep" / f"seed={seed}", f"seed={seed}")
    found, _ = rows([tmp_path, tmp_path / "sweep", tmp_path / "sweep" / "seed=0"])
    assert [row.is_baseline for row in found] == [False, False, True]


def test_a_baseline_counts_once_for_each_way_of_testing(tmp_path: Path) -> None:
    write(tmp_path / "one")
    write(tmp_path / "two", "task.min_overlap=1.0")
    write(tmp_path / "three", "detector.iou=0.5")
    found, _ = rows([tmp_path])
    assert [row.is_baseline for row in found] == [False] * 3 + [True] * 3


def test_sources_and_leaks_keep_apart(tmp_path: Path) -> None:
    write(tmp_path / "1", data="synthetic")
    write(tmp_path / "2", data="dreams")
    write(tmp_path / "3", data="dreams", leaks=LEAKS)
    found, _ = rows([tmp_path])
    order = [(row.data, bool(row.stamp.leaks), row.is_baseline) for row in found]
    assert order == [
        *(("dreams", False, False), ("dreams", False, True)),
        *(("dreams", True, False), ("dreams", True, True)),
        *(("synthetic", False, False), ("synthetic", False, True)),
    ]


def unfinished(run: Path) -> None:
    (run / "results.json").unlink()
    (run / "run.lock").touch()


def half_written(run: Path) -> None:
    text = (run / "results.json").read_text()
    (run / "results.json").write_text(text[: len(text) // 2])


def other_schema(run: Path) -> None:
    found = json.loads((run / "results.json").read_text())
    del found["scores"]
    (run / "results.json").write_text(json.dumps(found))


def a_list(run: Path) -> None:
    (run / "results.json").write_text("[]")


def no_text(run: Path) -> None:
    (run / "results.json").write_bytes(b"\xff\xfe\x00")


def a_folder(run: Path) -> None:
    (run / "results.json").unlink()
    (run / "results.json").mkdir()


@pytest.mark.parametrize(
    "damage", [unfinished, half_written, other_schema, a_list, no_text, a_folder]
)
def test_a_run_that_cannot_be_used_is_left_out_by_name(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    write(tmp_path / "whole")
    damage(write(tmp_path / "broken"))
    found, (line,) = rows([tmp_path])
    assert [row.run for row in found] == [str(tmp_path / "whole"), ""]
    assert str(tmp_path / "broken") in line
    assert "results.json" in line


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert rows([tmp_path / "nowhere"]) == ([], [f"{tmp_path / 'nowhere'} is no directory"])
