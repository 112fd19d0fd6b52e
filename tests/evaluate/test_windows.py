"""What a run found: tables row by row, scores of all folds together, maps beside their events."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.recordings import make_recording
from tests.support.results import LENGTH, SFREQ
from xai_sleep.evaluate.windows import (
    FoldResult,
    describe,
    predictions_csv,
    results_csv,
    score_maps,
    score_windows,
    summary,
)
from xai_sleep.metrics.maps import MEASURES
from xai_sleep.metrics.windows import SCORES, window_scores
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.windows import Windows

SECONDS = LENGTH / SFREQ

# Two records of one subject and one of another; the first window of each holds its event.
EVENTS = [[(0.5, 1.0)], [(0.0, 1.5)], [(1.25, 2.0)]]
RECORDINGS = [
    make_recording(name, subject=subject, seconds=20, sfreq=SFREQ, events=events)
    for name, subject, events in zip(("a1", "a2", "b"), "AAB", EVENTS, strict=True)
]


def fold(
    name: str,
    records: Sequence[int],
    label: Sequence[int],
    probability: Sequence[float],
    threshold: float = 0.5,
) -> FoldResult:
    """Make a fold of windows one after another in each record, each looking at its event."""
    record = np.array(records, dtype=np.int64)
    place = np.array([list(records[:i]).count(r) for i, r in enumerate(records)], dtype=np.int64)
    labels, of_event = np.array(label, dtype=np.int64), np.array(probability, dtype=np.float32)
    windows = Windows(record, place * LENGTH, labels, LENGTH, SFREQ)
    return FoldResult(
        name,
        windows,
        of_event,
        masks(windows),
        {
            "threshold": threshold,
            "windows": score_windows(labels, of_event, threshold),
            "windows_at_half": score_windows(labels, of_event, 0.5),
        },
    )


def masks(windows: Windows) -> np.ndarray[Any, np.dtype[np.float16]]:
    """Make maps: 1 where a sample lies inside an event of its own record, 0 elsewhere."""
    times = windows.start_time[:, None] + np.arange(LENGTH) / SFREQ
    maps = np.zeros(times.shape, dtype=np.float16)
    for row, (record, here) in enumerate(zip(windows.record, times, strict=True)):
        for start, end in EVENTS[record]:
            maps[row, (here >= start) & (here < end)] = 1
    return maps


FOLDS = [
    fold("A", [0, 0, 0, 1, 1], [1, 0, 0, 1, 0], [0.9, 0.7, 0.1, 0.4, 0.2], threshold=0.35),
    fold("B", [2, 2, 2], [1, 0, 0], [0.625, 0.65, 0.3], threshold=0.625),
]
SILENT = fold("B", [2, 2], [1, 0], [0.2, 0.1])


def rows(text: str) -> list[dict[str, str]]:
    assert "\r" not in text
    return list(csv.DictReader(text.splitlines()))


def test_predictions_are_a_row_for_each_window_in_the_order_of_the_folds() -> None:
    table = rows(predictions_csv(RECORDINGS, FOLDS))
    assert [row["record"] for row in table] == ["a1", "a1", "a1", "a2", "a2", "b", "b", "b"]
    assert [row["subject"] for row in table] == [*"AAAAABBB"]
    assert [row["fold"] for row in table] == [*"AAAAABBB"]
    assert [row["start"] for row in table] == ["0", "2", "4", "0", "2", "0", "2", "4"]
    assert all(float(row["end"]) - float(row["start"]) == SECONDS for row in table)
    assert [row["label"] for row in table] == [*"10010100"]
    # By the threshold of the fold; a probability that reaches it is a detection.
    assert [row["detected"] for row in table] == [*"11010110"]


def test_predictions_lose_nothing_in_writing() -> None:
    """Times to a sample after eight hours, probabilities to the last bit."""
    rng = np.random.default_rng(0)
    start = np.array([0, 2_880_057, 100_000_001], dtype=np.int64)
    of_event = rng.random(3, dtype=np.float32)
    late = replace(
        SILENT,
        windows=Windows(start * 0, start, start * 0, LENGTH, SFREQ),
        probability=of_event,
    )
    table = rows(predictions_csv(RECORDINGS, [late]))
    assert [row["start"] for row in table] == ["0", "28800.57", "1000000.01"]
    assert [row["end"] for row in table] == ["2", "28802.57", "1000002.01"]
    assert [np.float32(row["probability"]) for row in table] == of_event.tolist()


def test_a_fold_is_one_row_and_an_undefined_score_an_empty_cell() -> None:
    table = rows(results_csv([*FOLDS, SILENT]))
    assert list(table[0]) == ["fold", "windows", "positive", "threshold", *SCORES]
    assert [(r["fold"], r["windows"], r["positive"], r["threshold"]) for r in table] == [
        ("A", "5", "2", "0.35"),
        ("B", "3", "1", "0.625"),
        ("B", "2", "1", "0.5"),
    ]
    assert [float(row["f1"]) for row in table] == [0.8, 2 / 3, 0.0]
    assert [row["precision"] for row in table[1:]] == ["0.5", ""]


def test_why_a_score_is_undefined_stands_beside_it() -> None:
    scores = SILENT.metrics["windows"]
    assert (scores["precision"], scores["f1"]) == (None, 0.0)
    assert scores["undefined"] == {"precision": "nothing detected", "mcc": "nothing detected"}


@pytest.mark.parametrize("key", ["windows", "windows_at_half"])
def test_pooled_scores_take_each_window_at_the_threshold_of_its_fold(key: str) -> None:
    found = summary(RECORDINGS, FOLDS)[key]
    labels = np.array([1, 0, 0, 1, 0, 1, 0, 0])
    probability = np.concatenate([each.probability for each in FOLDS])
    thresholds = np.array([0.35] * 5 + [0.625] * 3) if key == "windows" else 0.5
    together = window_scores(labels, probability, thresholds)
    assert {name: found[name]["pooled"] for name in SCORES} == together
    # Counted by hand: three of three found and two false alarms; at one half two of three.
    f1, accuracies = {"windows": (6 / 8, [4 / 5, 2 / 3]), "windows_at_half": (4 / 7, [0.6, 2 / 3])}[
        key
    ]
    assert found["f1"]["pooled"] == pytest.approx(f1)
    assert found["accuracy"]["mean"] == pytest.approx(np.mean(accuracies))
    assert found["accuracy"]["std"] == pytest.approx(np.std(accuracies, ddof=1))


def test_intervals_are_over_subjects() -> None:
    """Resampling two subjects gives one, the other or both: the interval spans the two."""
    found = summary(RECORDINGS, FOLDS)["windows"]["accuracy"]
    assert found["ci95"] == pytest.approx([2 / 3, 4 / 5])
    alone = summary(RECORDINGS, FOLDS[:1])["windows"]["accuracy"]
    assert alone["ci95"] is None
    assert alone["undefined"]["ci95"] == "needs two subjects to resample, found 1"


def test_each_map_is_compared_with_the_events_of_its_own_record() -> None:
    for each in FOLDS:
        scores = score_maps(RECORDINGS, each.windows, each.maps)
        positive = each.windows.label == 1
        assert np.array_equal(scores.eventless, ~positive)
        assert scores.score[positive] == pytest.approx(1)
    shuffled = [RECORDINGS[i] for i in (1, 2, 0)]
    assert score_maps(shuffled, FOLDS[0].windows, FOLDS[0].maps).score[0].mean() < 1


def test_maps_of_positives_and_of_those_found_are_summarised() -> None:
    blank = FOLDS[1].maps.copy()
    blank[0] = 0
    folds = [FOLDS[0], replace(FOLDS[1], maps=blank)]
    maps = summary(RECORDINGS, folds)["maps"]
    assert maps["positives"]["counts"] == {"windows": 3, "blank": 1}
    assert maps["true_positives"]["counts"] == {"windows": 3, "blank": 1}
    for measure in MEASURES:
        assert maps["positives"][measure]["pooled"] == pytest.approx(1)
        assert maps["positives"][measure]["folds"] == 1
    missed = replace(FOLDS[0], metrics={**FOLDS[0].metrics, "threshold": 0.8})
    maps = summary(RECORDINGS, [missed, FOLDS[1]])["maps"]
    assert maps["positives"]["counts"] == {"windows": 3, "blank": 0}
    assert maps["true_positives"]["counts"] == {"windows": 2, "blank": 0}


def test_a_window_with_too_little_of_an_event_is_no_positive() -> None:
    label = np.array([0, 0, 0, 1, 0])
    brief = replace(FOLDS[0], windows=replace(FOLDS[0].windows, label=label))
    maps = summary(RECORDINGS, [brief, FOLDS[1]])["maps"]
    assert maps["positives"]["counts"]["windows"] == 2
    assert maps["true_positives"]["counts"]["windows"] == 2


def test_nothing_found_is_no_score_of_maps_and_still_json() -> None:
    found = summary(RECORDINGS, [SILENT, SILENT])
    assert found["maps"]["true_positives"]["counts"] == {"windows": 0, "blank": 0}
    assert found["maps"]["true_positives"]["mass"]["pooled"] is None
    assert found["maps"]["positives"]["mass"]["pooled"] == pytest.approx(1)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_without_maps_there_is_no_summary_of_them() -> None:
    bare = replace(FOLDS[1], maps=np.empty((0, 0), dtype=np.float16))
    assert set(summary(RECORDINGS, FOLDS)) == {
        *("windows", "windows_at_half", "maps", "calibration")
    }
    assert set(summary(RECORDINGS, [FOLDS[0], bare])) == {
        *("windows", "windows_at_half", "calibration")
    }


def test_records_are_described_without_their_signals() -> None:
    recording: Recording = replace(
        make_recording("x", subject="s", seconds=30, events=[(1, 2), (3, 4)]),
        scored=np.array([[0.0, 10.0], [20.0, 25.0]]),
        notes=("one mark dropped",),
    )
    assert describe([recording]) == [
        {
            "record": "x",
            "subject": "s",
            "seconds": 30.0,
            "scored_seconds": 15.0,
            "events": 2,
            "notes": ["one mark dropped"],
        }
    ]
