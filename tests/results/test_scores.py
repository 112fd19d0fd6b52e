"""The table of scores answers what is asked, and keeps every figure once."""

import pytest

from xai_sleep.results.scores import MEAN, POOLED, Score, Scores, Summary

ROWS = (
    Score("windows", "model", "all", "f1", "a", 0.25),
    Score("windows", "model", "all", "f1", "b", reason="no positive window"),
    Score("windows", "model", "all", "f1", MEAN, 0.25, n=1, reason="needs two folds"),
    Score("windows", "model", "all", "f1", POOLED, 0.5, low=0.25, high=0.75),
    Score("windows", "always", "all", "f1", POOLED, 0.125),
    Score("maps", "gradcam", "positives", "pointing", POOLED, 0.75, reason="one subject"),
)
SCORES = Scores(ROWS)


def test_one_figure_is_looked_up_by_its_key() -> None:
    assert SCORES.one("windows", "f1") is ROWS[3]
    assert SCORES.one("windows", "f1", who="always").value == 0.125
    assert SCORES.one("windows", "f1", fold="b").reason == "no positive window"
    assert SCORES.one("maps", "pointing", who="gradcam", over="positives").value == 0.75


def test_a_figure_that_is_not_there_has_no_value() -> None:
    assert SCORES.one("windows", "mcc") == Score("windows", "model", "all", "mcc", POOLED)
    assert SCORES.summary("windows", "mcc") == Summary("mcc")


def test_a_summary_is_two_rows() -> None:
    found = SCORES.summary("windows", "f1")
    assert found == Summary("f1", 0.5, 0.25, 0.75, 0.25, None, 1, "", "needs two folds")
    assert found.interval == (0.25, 0.75)
    alone = SCORES.summary("maps", "pointing", who="gradcam", over="positives")
    assert (alone.interval, alone.reason, alone.mean, alone.folds) == (None, "one subject", None, 0)


def test_rows_are_selected_and_listed_in_order() -> None:
    assert SCORES.distinct("who") == ["model", "always", "gradcam"]
    assert list(SCORES.select(part="windows", fold=POOLED)) == [ROWS[3], ROWS[4]]
    assert len(SCORES.select(part="events")) == 0


def test_a_frame_has_a_row_a_figure() -> None:
    frame = SCORES.frame
    assert len(frame) == len(SCORES) == len(ROWS)
    assert frame["n"].tolist()[2] == 1
    assert frame["low"].isna().sum() == 5


def test_a_figure_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="the figure windows always all f1 pooled is there twice"):
        Scores([*ROWS, ROWS[4]])
