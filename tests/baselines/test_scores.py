"""Scores of baselines are those of the network's windows: scikit-learn says the same."""

import csv
import io

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score

from tests.support.trials import EVENTS, f1, loso, noise
from xai_sleep.baselines.scores import NO_RANKING, RANKING, baselines_csv, score
from xai_sleep.baselines.trial import Answer, Baseline, Trial
from xai_sleep.metrics.windows import SCORES
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import k_fold


def random_marks(trial: Trial, seed: int = 0) -> list[Intervals]:
    """Half of the events, and as many marks elsewhere."""
    rng = np.random.default_rng(seed)
    return [
        intervals(
            [
                *r.events[rng.random(len(r.events)) < 0.5],
                *[(t, t + 1) for t in rng.uniform(0, 190, 5)],
            ]
        )
        for r in trial.recordings
    ]


def by_hand(trial: Trial, marks: list[Intervals]) -> tuple[list[int], list[int]]:
    """Labels and decisions of all 5-s windows, window by window."""

    def meets(start: float, rows: Intervals) -> int:
        return int(any(min(start + 5, b) - max(start, a) >= trial.min_overlap for a, b in rows))

    cells = [
        (r, m, t) for r, m in zip(trial.recordings, marks, strict=True) for t in range(0, 200, 5)
    ]
    return [meets(t, r.events) for r, _, t in cells], [meets(t, m) for _, m, t in cells]


def test_pooled_window_scores_are_those_counted_by_hand() -> None:
    trial = loso(noise(), min_overlap=0.4)
    marks = random_marks(trial)
    windows = score(Baseline("", trial, [Answer(marks)] * 3))["windows"]
    truth, decided = by_hand(trial, marks)
    assert f1(windows) == pytest.approx(f1_score(truth, decided))
    assert windows["precision"]["pooled"] == pytest.approx(precision_score(truth, decided))


def test_windows_are_those_that_the_network_is_tested_on() -> None:
    trial = loso(noise(), min_overlap=0.4)
    for fold in trial.folds:
        windows = trial.windows(fold.test)
        tested = FoldDataModule(trial.recordings, fold, window=5.0, step=1.0, min_overlap=0.4).test
        assert np.array_equal(windows.label, tested.label)
        assert np.array_equal(windows.start, tested.start)
        assert np.array_equal(windows.record, tested.record)


def test_marks_have_no_ranking_scores_and_say_so() -> None:
    trial = loso(noise())
    windows = score(Baseline("", trial, [Answer(random_marks(trial))] * 3))["windows"]
    assert windows.keys() == set(SCORES)
    for name in RANKING:
        assert windows[name]["pooled"] is windows[name]["mean"] is windows[name]["ci95"] is None
        assert set(windows[name]["undefined"].values()) == {NO_RANKING}


def test_folds_of_blocks_count_every_event_once() -> None:
    recordings = noise(events=(*EVENTS, (79.5, 80.4)))
    folds = k_fold(recordings, k=5, window=5.0, guard=5.0, seed=0)
    trial = Trial(recordings, folds, "spindle", 5.0, 0.0, 0)
    # One event and its mark lie in the test blocks of two folds.
    marks = [intervals([*rows, (79.8, 80.9)]) for rows in random_marks(trial)]
    found = score(Baseline("", trial, [Answer(marks)] * 5))
    whole = score(Baseline("", loso(recordings), [Answer(marks)] * 3))
    assert len(found["folds"]) == 5
    for part in ("windows", "events"):
        for name in ("f1", "precision"):
            assert found[part][name]["pooled"] == pytest.approx(whole[part][name]["pooled"])


def test_a_record_without_an_event_is_scored_too() -> None:
    recordings = [*noise(), *noise(["none"], events=())]
    trial = loso(recordings)
    found = score(Baseline("", trial, [Answer([r.events for r in recordings])] * 4))
    assert f1(found["windows"]) == f1(found["events"]) == 1.0
    assert found["windows"]["f1"]["folds"] == 3


def test_the_table_says_everything_once() -> None:
    trial = loso(noise())
    found = {
        "half": score(Baseline("", trial, [Answer(random_marks(trial))] * 3)),
        "absent": {"description": "absent", "skipped": "it is not here, bring it"},
    }
    rows = list(csv.DictReader(io.StringIO(baselines_csv(found))))
    assert rows[-1]["reason"] == "it is not here, bring it"
    figures = {(row["of"], row["score"]): row for row in rows[:-1]}
    assert (
        len(figures)
        == len(rows) - 1
        == len(found["half"]["windows"]) + len(found["half"]["events"])
    )
    f1_row = figures["events", "f1"]
    table = found["half"]["events"]["f1"]
    assert [float(f1_row[key]) for key in ("pooled", "low", "high")] == [
        table["pooled"],
        *table["ci95"],
    ]
    assert (figures["windows", "auroc"]["pooled"], figures["windows", "auroc"]["reason"]) == (
        "",
        NO_RANKING,
    )
