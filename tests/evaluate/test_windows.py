"""Scores of windows: folds and all together against scikit-learn, and metrics of a user's own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn import metrics as sk

from tests.support.outcomes import LENGTH, SFREQ, fold_record
from tests.support.recordings import make_recording
from xai_sleep.errors import InputError
from xai_sleep.evaluate.declared import BUILT_IN, declared
from xai_sleep.evaluate.judged import Judged, Judging, Rows
from xai_sleep.evaluate.windows import Called, all_rows, calibration_rows, fold_rows
from xai_sleep.metrics.metric import Best
from xai_sleep.metrics.windows import NO_RANKING, RANKING, SCORES, decide
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import MEAN, MODEL, Score, Scores
from xai_sleep.windows.windows import Windows

# Two records of one subject and one of another.
RECORDINGS = [
    make_recording(name, subject=subject, seconds=20, sfreq=SFREQ)
    for name, subject in (("a1", "A"), ("a2", "A"), ("b", "B"))
]


def fold(
    name: str,
    records: Sequence[int],
    label: Sequence[int],
    probability: Sequence[float] | None,
    threshold: float = 0.5,
) -> FoldOutcome:
    """Make a fold of windows one after another in each record."""
    record = np.array(records, dtype=np.int64)
    place = np.array([list(records[:i]).count(r) for i, r in enumerate(records)], dtype=np.int64)
    windows = Windows(record, place * LENGTH, np.array(label, dtype=np.int64), LENGTH, SFREQ)
    given = None if probability is None else np.array(probability, dtype=np.float32)
    detected = windows.label == 0 if given is None else decide(given, threshold)
    return FoldOutcome(name, windows, detected, given, record=fold_record(name, threshold))


FOLDS = [
    fold("A", [0, 0, 0, 1, 1], [1, 0, 0, 1, 0], [0.9, 0.7, 0.1, 0.4, 0.2], threshold=0.35),
    fold("B", [2, 2, 2], [1, 0, 0], [0.625, 0.65, 0.3], threshold=0.625),
]
LABELS = np.array([1, 0, 0, 1, 0, 1, 0, 0])


def rows(judged: Judged) -> Scores:
    return Scores(fold_rows(judged) + all_rows(judged))


FOUND = rows(Judged(RECORDINGS, FOLDS))


def test_folds_are_scored_by_their_own_thresholds_and_at_half() -> None:
    assert FOUND.one("windows", "accuracy", fold="A").value == 4 / 5
    assert FOUND.one("windows_at_half", "accuracy", fold="A").value == 3 / 5
    assert FOUND.one("windows", "accuracy", fold="B").value == 2 / 3
    silent = rows(Judged(RECORDINGS, [fold("B", [2, 2], [1, 0], [0.2, 0.1])]))
    precision = silent.one("windows", "precision", fold="B")
    assert (precision.value, precision.reason) == (None, "nothing detected")


@pytest.mark.parametrize("part", ["windows", "windows_at_half"])
def test_all_folds_are_scored_together(part: str) -> None:
    probability = np.concatenate([np.asarray(each.probability) for each in FOLDS])
    thresholds = np.array([0.35] * 5 + [0.625] * 3) if part == "windows" else 0.5
    detected = decide(probability, thresholds)
    expected = {
        "accuracy": sk.accuracy_score(LABELS, detected),
        "f1": sk.f1_score(LABELS, detected),
        "auroc": sk.roc_auc_score(LABELS, probability),
    }
    for name, value in expected.items():
        assert FOUND.summary(part, name).pooled == pytest.approx(value)
    accuracies = [FOUND.one(part, "accuracy", fold=name).value for name in "AB"]
    summary = FOUND.summary(part, "accuracy")
    assert summary.mean == pytest.approx(np.mean(np.array(accuracies, dtype=float)))
    assert summary.sd == pytest.approx(np.std(np.array(accuracies, dtype=float), ddof=1))
    assert set(FOUND.select(part=part).distinct("metric")) == set(SCORES)


def test_intervals_are_over_subjects() -> None:
    """Resampling two subjects gives one, the other or both: the interval spans the two."""
    assert FOUND.summary("windows", "accuracy").interval == pytest.approx((2 / 3, 4 / 5))


def test_marks_are_scored_by_their_decisions_alone() -> None:
    marks = [fold(name, [2, 2], [1, 0], None) for name in ("x", "y")]
    found = rows(Judged(RECORDINGS, marks, who="automatic"))
    assert found.distinct("part") == ["windows"]
    for row in found:
        assert (row.reason == NO_RANKING) == (row.metric in RANKING)
    assert found.summary("windows", "accuracy", who="automatic").mean == 0
    assert found.one("windows", "auroc", who="automatic", fold=MEAN).n == 0


def test_calibration_is_by_bin_and_leaves_out_empty_ones() -> None:
    found = Scores(calibration_rows(Judged(RECORDINGS, FOLDS)))
    assert found.distinct("over") == [f"bin {i}" for i in (2, 3, 4, 5, 7, 9)]
    assert found.one("calibration", "windows", over="bin 7").value == 3  # .7, .625, .65
    assert found.one("calibration", "observed", over="bin 7").value == pytest.approx(1 / 3)
    mean = found.one("calibration", "probability", over="bin 7").value
    assert mean == pytest.approx((0.7 + 0.625 + 0.65) / 3)


@dataclass
class Informedness:
    """Sensitivity and specificity, less 1; undefined without either class."""

    name: str = "informedness"
    label: str = "informedness"
    unit: str = ""
    best: Best = "high"

    def __call__(
        self, labels: np.ndarray, probability: np.ndarray | None, detected: np.ndarray
    ) -> float | None:
        """Score windows."""
        del probability
        if len(np.unique(labels)) < 2:
            return None
        return float(detected[labels == 1].mean() - detected[labels == 0].mean())


def test_a_metric_of_a_users_own_has_the_rows_of_a_built_in_one() -> None:
    quiet = fold("C", [2], [0], [0.1])
    judged = Judged(RECORDINGS, [*FOLDS, quiet], Judging(further=(Informedness(),)))
    found = rows(judged)
    for part in ("windows", "windows_at_half"):
        own, built_in = (
            [row.fold for row in found.select(part=part, metric=name)]
            for name in ("informedness", "balanced_accuracy")
        )
        assert own == built_in
    for name in ("A", "B", "pooled"):
        balanced = found.one("windows", "balanced_accuracy", fold=name).value
        assert balanced is not None
        own_value = found.one("windows", "informedness", fold=name).value
        assert own_value == pytest.approx(2 * balanced - 1)
    assert found.one("windows", "informedness", fold="C").reason == "undefined in this fold"
    assert found.one("windows", "informedness", fold=MEAN).n == 2
    assert declared((Informedness(),))[-1].label == "informedness"


def test_a_metric_that_is_no_number_or_takes_a_name_is_refused() -> None:
    class Broken(Informedness):
        def __call__(self, *_: np.ndarray | None, **__: np.ndarray | None) -> float:
            return float("nan")

    judged = Judged(RECORDINGS, FOLDS, Judging(further=(Broken("odd"),)))
    with pytest.raises(InputError, match="the metric odd returned nan; expected a number, or None"):
        all_rows(judged)
    with pytest.raises(InputError, match="called f1, as F1 is already; give it another name"):
        declared((Informedness("f1"),))


def test_windows_that_no_record_holds_can_be_scored_too() -> None:
    """As synthetic ones, for a figure that only one fold has."""
    probability = np.array([0.25, 0.75, 0.75])
    called = Called(np.array([0, 1, 0]), probability, decide(probability, 0.5))
    (row,) = (r for r in called.rows(Rows("extra"), "A") if r.metric == "accuracy")
    assert row == Score("extra", MODEL, "all", "accuracy", "A", 2 / 3)


def test_names_are_declared_once() -> None:
    names = [metric.name for metric in BUILT_IN]
    assert len(names) == len(set(names))
    assert {row.metric for row in FOUND} <= set(names)
    assert all(metric.label for metric in BUILT_IN)
