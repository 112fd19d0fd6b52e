"""The leakage ledger, from runs made up by hand."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn import metrics

from experiments.leakage.__main__ import main
from experiments.leakage.ledger import entries, load
from tests.support.outcomes import run_record
from xai_sleep.errors import InputError
from xai_sleep.results.files import Leak
from xai_sleep.results.scores import Score
from xai_sleep.results.test_windows import TestWindows

SUBJECTS, WINDOWS = 6, 40


def write(
    directory: Path,
    leaks: list[str],
    *,
    noise: float,
    more: int = 0,
    seed: int = 0,
    scheme: str = "kfold",
) -> TestWindows:
    """Make up predictions, the better the less noise, with ``more`` windows a subject."""
    rng = np.random.default_rng(seed)
    label = (np.arange(SUBJECTS * WINDOWS) % 4 == 0).astype(np.int64)
    probability = np.clip(label + rng.normal(0, noise, len(label)), 0, 1).astype(np.float32)
    subject = np.repeat([f"s{n}" for n in range(SUBJECTS)], WINDOWS)
    start = np.tile(np.arange(WINDOWS), SUBJECTS)
    windows = _windows(subject, start, label, probability)
    extra = np.repeat(np.unique(subject), more)
    later = 100 + np.tile(np.arange(more), SUBJECTS)
    added = _windows(extra, later, np.zeros(len(extra), np.int64), np.full(len(extra), 0.1))
    both = (
        np.concatenate([getattr(each, field.name) for each in (windows, added)])
        for field in fields(TestWindows)
    )
    oversampled = {"accuracy": (0.85, 0.95), "f1": (0.8, 0.8), "auroc": (0.6, 0.8)}
    rows = [
        Score("windows_oversampled", "model", "all", name, fold, value)
        for name, values in oversampled.items()
        for fold, value in zip("ab", values, strict=True)
        if leaks
    ]
    said = [Leak(name, "…") for name in leaks]
    settings = (f"cv={scheme}", f"seed={seed}", *(f"leak={name}" for name in leaks[:1]))
    record = run_record(rows, (), *settings, leaks=said)
    directory.mkdir(parents=True)
    record.save(directory)
    TestWindows(*both).write(directory / "predictions.csv", record.stamp)
    return windows


def _windows(
    subject: NDArray[np.str_],
    start: NDArray[np.integer],
    label: NDArray[np.int64],
    probability: NDArray[np.floating],
) -> TestWindows:
    n = len(subject)
    return TestWindows(
        subject,
        subject,
        np.full(n, "a"),
        start.astype(np.float64),
        start.astype(np.float64) + 1,
        label,
        np.full(n, "unknown"),
        probability.astype(np.float64),
        np.full(n, 0.5),
        probability >= 0.5,
    )


def test_inflation_is_the_difference_to_the_clean_run(tmp_path: Path) -> None:
    made = [
        write(tmp_path / "none", [], noise=0.6),
        write(tmp_path / "one", ["carried_weights"], noise=0.3),
        write(tmp_path / "all", ["carried_weights", "scaling_on_all"], noise=0.2),
    ]
    found = entries(load(tmp_path))
    assert [entry.name for entry in found] == ["none", "carried_weights", "all"]
    for entry, run in zip(found, made, strict=True):
        y, p, d = run.label, run.probability, run.detected
        expected = {
            "accuracy": metrics.accuracy_score(y, d),
            "f1": metrics.f1_score(y, d),
            "auroc": metrics.roc_auc_score(y, p),
        }
        for name, score in expected.items():
            one = entry.scores[name]
            assert one.score == pytest.approx(100 * score)
            assert one.ci95 is not None
            assert one.ci95[0] <= one.score <= one.ci95[1]
            if entry.leaks:
                assert one.over == pytest.approx(one.score - found[0].scores[name].score)
                assert one.over is not None
                assert one.over_ci95 is not None
                assert 0 < one.over_ci95[0] <= one.over <= one.over_ci95[1]
            else:
                assert one.over is None
    assert [entry.oversampled for entry in found[:1]] == [{}]
    assert found[1].oversampled == pytest.approx({"accuracy": 90, "f1": 80, "auroc": 70})


def test_equal_runs_differ_by_nothing(tmp_path: Path) -> None:
    write(tmp_path / "none", [], noise=0.5)
    write(tmp_path / "one", ["scaling_on_all"], noise=0.5)
    for one in entries(load(tmp_path))[1].scores.values():
        assert (one.over, one.over_ci95) == (0, [0, 0])


def test_other_windows_of_the_same_people_are_compared_and_said_to_be_others(
    tmp_path: Path,
) -> None:
    write(tmp_path / "none", [], noise=0.6)
    write(tmp_path / "more", ["unscored_as_negative"], noise=0.6, more=40)
    entry = entries(load(tmp_path))[1]
    assert not entry.same_windows
    assert entry.windows == 2 * SUBJECTS * WINDOWS
    assert entry.scores["f1"].over == 0
    accuracy = entry.scores["accuracy"]
    assert accuracy.over is not None
    assert accuracy.over == pytest.approx((100 - (accuracy.score - accuracy.over)) / 2)


def test_table_and_figure_say_leaky(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "none", [], noise=0.6)
    write(tmp_path / "one", ["carried_weights"], noise=0.3)
    main([str(tmp_path), "--out", str(tmp_path / "out")])
    text = (tmp_path / "out" / "table.md").read_text()
    assert capsys.readouterr().out == text
    rows = text.splitlines()[2:]
    assert [row.startswith("| LEAKY `carried_weights`") for row in rows] == [False, True, True]
    assert rows[0].startswith("| clean | kfold | 240 |")
    assert "90.0 (mean of folds)" in rows[2]
    with Image.open(tmp_path / "out" / "inflation.png") as picture:
        assert min(picture.size) > 150


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([], "no finished run"),
        ([(["carried_weights"], {})], "found 0 runs without leaks for cv=kfold"),
        ([([], {}), ([], {})], "found 2 runs without leaks for cv=kfold"),
        ([([], {}), (["carried_weights"], {"seed": 1})], r"more than its leaks \(seed\)"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(
    tmp_path: Path, runs: list[tuple[list[str], dict[str, Any]]], said: str
) -> None:
    for i, (leaks, settings) in enumerate(runs):
        write(tmp_path / str(i), leaks, noise=0.5, **settings)
    with pytest.raises(InputError, match=said):
        entries(load(tmp_path))


def test_a_ledger_without_runs_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([str(tmp_path)])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
