"""Events of a run: scores of records, folds and all together, and the files they are written to."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from tests.support.recordings import make_recording
from xai_sleep.detect.detector import Activation
from xai_sleep.errors import InputError
from xai_sleep.evaluate.events import (
    FoundEvents,
    activation_arrays,
    event_metrics,
    events_csv,
    score_records,
    stage_time,
    summarise_events,
)
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Recording

EVENTS = [(10.0, 11.0), (30.0, 32.0), (59.2, 61.2), (100.0, 101.0)]  # the third straddles 60 s
MADE = [
    make_recording("a", seconds=120.0, events=EVENTS),
    make_recording("b", seconds=120.0, events=[(20.0, 21.0)], scored=[(0, 60)]),
]


def found(rows: dict[int, Intervals], tested: dict[int, Intervals] | None = None) -> FoundEvents:
    """One fold that detected these events, in all scored time unless told otherwise."""
    record = np.concatenate([np.full(len(events), i) for i, events in rows.items()])
    activations = {i: Activation(*np.zeros((2, 1200), np.float16)) for i in rows}
    return FoundEvents(
        record.astype(np.int64),
        np.concatenate(list(rows.values())),
        np.arange(len(record)) / 10,
        activations,
        tested or {i: MADE[i].scored for i in rows},
    )


def pooled(fold: FoundEvents, made: list[Recording] | None = None) -> dict[str, float | None]:
    metrics = event_metrics(made or MADE, fold, 0.2)
    return {name: metrics["events"][name] for name in ("precision", "recall", "f1")}


PERFECT = found({i: recording.events for i, recording in enumerate(MADE)})


def test_a_perfect_detector_scores_one() -> None:
    assert pooled(PERFECT) == {"precision": 1, "recall": 1, "f1": 1}
    summary = summarise_events(MADE, [PERFECT], [event_metrics(MADE, PERFECT, 0.2)], 0.2)
    f1 = summary["events"]["f1"]
    assert (f1["mean"], f1["pooled"], f1["ci95"]) == (1, 1, [1, 1])
    assert summary["event_curve"]["f1"] == [1] * 9
    assert [(r["record"], r["matched"], r["f1"]) for r in summary["event_records"]] == [
        *(("a", 4, 1), ("b", 1, 1))
    ]


def test_swapping_detector_and_expert_swaps_precision_and_recall() -> None:
    fold = found({0: intervals([(10.2, 11), (50, 51)]), 1: np.empty((0, 2))})
    swapped = [
        replace(MADE[0], events=fold.events),
        replace(MADE[1], events=np.empty((0, 2))),
    ]
    there, back = pooled(fold), pooled(PERFECT, swapped)
    assert (
        (there["precision"], there["recall"]) == (back["recall"], back["precision"]) == (0.5, 0.2)
    )
    assert there["f1"] == back["f1"]


def test_detections_in_unscored_time_change_nothing_but_are_listed() -> None:
    rows = {0: MADE[0].events, 1: intervals([(20, 21), (80, 81), (100, 119)])}
    assert pooled(found(rows)) == pooled(PERFECT)
    table = list(csv.DictReader(events_csv(MADE, {"x": found(rows)}, 0.2).splitlines()))
    listed = [(r["record"], r["onset"], r["scored"], r["matched"], r["iou"]) for r in table]
    assert listed[4:] == [
        *(("b", "20", "1", "1", "1"), ("b", "80", "0", "", ""), ("b", "100", "0", "", ""))
    ]


def test_an_event_across_the_border_of_two_folds_counts_once() -> None:
    """It belongs to the second by its midpoint, its detection to the first."""
    halves = [{0: intervals([(0, 60)])}, {0: intervals([(60, 120)])}]
    first = found({0: intervals([(10, 11), (59, 60.5)])}, halves[0])
    second = found({0: intervals([(100, 101)])}, halves[1])
    (scores,) = score_records(MADE, [first, second], 0.2).values()
    assert (scores.events, scores.detections, len(scores.onset)) == (4, 3, 3)
    of_folds = [event_metrics(MADE, fold, 0.2)["events"]["counts"] for fold in (first, second)]
    assert [c["events"] for c in of_folds] == [2, 2]
    assert [c["matched"] for c in of_folds] == [1, 1]
    table = list(csv.DictReader(events_csv(MADE, {"1": first, "2": second}, 0.2).splitlines()))
    assert [(row["fold"], row["matched"]) for row in table] == [("1", "1"), ("1", "1"), ("2", "1")]


def test_rows_of_the_table_are_the_detections_in_order() -> None:
    fold = found({0: intervals([(10.25, 11), (50, 51.5)]), 1: np.empty((0, 2))})
    lines = events_csv(MADE, {"x": fold}, 0.2).splitlines()
    assert lines == [
        "record,subject,fold,onset,duration,confidence,scored,matched,iou",
        "a,a,x,10.25,0.75,0,1,1,0.75",
        "a,a,x,50,1.5,0.1,1,0,",
    ]


def staged(record: str, stages: list[int]) -> Recording:
    codes = np.array(stages, dtype=np.int8)
    one = make_recording(record, seconds=40.0, events=[(2, 3), (12, 13), (22, 23)])
    return replace(one, stages=codes, epoch=10.0)


def test_stages_are_intervals() -> None:
    one = staged("a", [1, 2, 3, 2])
    assert stage_time(one, ("N2", "N3")).tolist() == [[10, 40]]
    assert stage_time(one, ("N1", "N3")).tolist() == [[0, 10], [20, 30]]
    assert stage_time(one, ("R",)).tolist() == []


def test_sleep_of_stages_two_and_three_has_figures_of_its_own() -> None:
    """Records that nobody staged are left out there, and only there."""
    made = [staged("a", [0, 2, 3, 4]), replace(staged("b", [0] * 4), stages=None)]
    fold = found({0: made[0].events[1:], 1: made[1].events}, {i: made[i].scored for i in (0, 1)})
    metrics = event_metrics(made, fold, 0.2)
    assert metrics["events"]["counts"]["events"] == 6
    assert metrics["events_n2n3"]["counts"] == {
        "events": 2,
        "detections": 2,
        "matched": 2,
        "minutes": pytest.approx(1 / 3),
    }
    summary = summarise_events(made, [fold], [metrics], 0.2)
    assert summary["events"]["recall"]["pooled"] == pytest.approx(5 / 6)
    assert summary["events_n2n3"]["recall"]["pooled"] == 1
    assert "events_n2n3" not in event_metrics(made[1:], found({0: made[1].events}), 0.2)


def test_a_fold_without_such_sleep_is_undefined_there() -> None:
    made = [staged("a", [0, 0, 4, 4])]
    metrics = event_metrics(made, found({0: made[0].events}, {0: made[0].scored}), 0.2)
    assert metrics["events_n2n3"]["f1"] is None
    assert "no scored time" in metrics["events_n2n3"]["undefined"]["events_per_minute"]


def test_no_scored_time_and_no_detection_are_undefined_and_never_zero() -> None:
    nothing = found({0: np.empty((0, 2))}, {0: np.empty((0, 2))})
    metrics = event_metrics(MADE, nothing, 0.2)["events"]
    assert metrics["f1"] is metrics["precision"] is metrics["events_per_minute"] is None
    silent = event_metrics(MADE, found({0: np.empty((0, 2))}), 0.2)["events"]
    assert (silent["f1"], silent["recall"], silent["precision"]) == (0, 0, None)
    assert silent["undefined"]["precision"] == "nothing detected in scored time"


def test_detections_longer_than_the_record_are_refused() -> None:
    with pytest.raises(InputError, match="1 of 1 detections do not fit into 120 s"):
        event_metrics(MADE, found({0: intervals([(1000, 3000)])}), 0.2)


def test_activations_of_blocks_are_joined() -> None:
    nan = np.nan
    parts = [([0.5, nan, nan], [0.25, nan, nan]), ([nan, nan, 1.0], [nan, nan, 0.0])]
    folds = [
        FoundEvents(activations={0: Activation(*np.array(part, dtype=np.float16))})
        for part in parts
    ]
    arrays = activation_arrays(MADE, folds)
    assert set(arrays) == {"step", "a", "a_relevance"}
    assert arrays["step"] == 0.1
    assert np.array_equal(arrays["a"], [0.5, nan, 1.0], equal_nan=True)
    assert np.array_equal(arrays["a_relevance"], [0.25, nan, 0.0], equal_nan=True)
    assert arrays["a"].dtype == np.float16
