"""A score over folds: its rows against the standard library and counts by hand."""

import statistics as stdlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from xai_sleep.evaluate.judged import HERE, TOGETHER, Rows
from xai_sleep.metrics.statistics import Scores, Statistic
from xai_sleep.results.scores import MEAN, POOLED, Score

ROWS = Rows("windows", "coin", "all")


def mean_of(values: list[float]) -> Statistic:
    return lambda index: {"mean": float(np.mean(np.array(values)[index]))}


@settings(deadline=None, max_examples=50)
@given(st.lists(st.none() | st.floats(0, 1), max_size=6))
def test_mean_and_sd_run_over_the_folds_that_have_a_score(scores: list[float | None]) -> None:
    folds = [{"mean": score} for score in scores]
    mean, pooled = ROWS.of_all(folds, mean_of([0.0, 1.0]), ["a", "b"])
    defined = [score for score in scores if score is not None]
    assert (mean.fold, pooled.fold) == (MEAN, POOLED)
    assert mean.n == len(defined)
    assert mean.value == (pytest.approx(stdlib.fmean(defined)) if defined else None)
    assert mean.sd == (
        pytest.approx(stdlib.stdev(defined), abs=1e-12) if len(defined) > 1 else None
    )
    assert bool(mean.reason) == (mean.sd is None)
    assert (pooled.value, pooled.low, pooled.high, pooled.reason) == (0.5, 0, 1, "")


def test_a_score_undefined_everywhere_says_so() -> None:
    def nothing(index: NDArray[np.intp]) -> Scores:
        return {"auroc": None if len(index) else 0.0}

    folds = [{"auroc": None}, {"auroc": None}]
    mean, pooled = ROWS.of_all(folds, nothing, ["a", "b"])
    assert (mean.value, mean.n, mean.reason) == (None, 0, "undefined in every fold")
    assert (pooled.value, pooled.low, pooled.reason) == (None, None, TOGETHER)
    for row in ROWS.of_all(folds, nothing, ["a", "b"], {"auroc": "no probability"}):
        assert row.reason == "no probability"


def test_a_score_that_many_resamples_leave_undefined_has_no_interval() -> None:
    def rare(index: NDArray[np.intp]) -> Scores:
        return {"rare": 1.0 if 0 in index else None}

    _, pooled = ROWS.of_all([{"rare": 1.0}], rare, ["a", "b"])
    assert (pooled.value, pooled.low) == (1, None)
    assert "of 1000 resamples" in pooled.reason


def test_one_subject_has_scores_but_no_interval() -> None:
    mean, pooled = ROWS.of_all([{"mean": 0.5}], mean_of([0.0, 1.0]), ["a", "a"])
    assert (mean.value, mean.sd, mean.n) == (0.5, None, 1)
    assert mean.reason == "needs two folds, defined in 1"
    assert (pooled.value, pooled.low, pooled.high) == (0.5, None, None)
    assert pooled.reason == "needs two subjects to resample, found 1"


def test_rows_of_a_fold_say_why_a_score_is_missing() -> None:
    rows = ROWS.of_fold({"f1": np.float64(1), "mcc": None, "auroc": None}, "a", {"mcc": "why"})
    assert rows == [
        Score("windows", "coin", "all", "f1", "a", 1.0),
        Score("windows", "coin", "all", "mcc", "a", reason="why"),
        Score("windows", "coin", "all", "auroc", "a", reason=HERE),
    ]
    assert type(rows[0].value) is float
