"""Events of a run: scores of records, folds and all together, and the table that lists them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.recordings import make_recording
from xai_sleep.detect.detector import NO_EVENTS, DetectedEvents
from xai_sleep.errors import InputError
from xai_sleep.evaluate.events import all_rows, fold_rows, listed, no_rows, stage_time
from xai_sleep.evaluate.judged import Judged, Judging
from xai_sleep.metrics.events import CURVE, METRICS
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.files import Stamp
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import MEAN, POOLED, Scores
from xai_sleep.windows.windows import Windows

EVENTS = [(10.0, 11.0), (30.0, 32.0), (59.2, 61.2), (100.0, 101.0)]  # the third straddles 60 s
MADE = [
    make_recording("a", seconds=120.0, events=EVENTS),
    make_recording("b", seconds=120.0, events=[(20.0, 21.0)], scored=[(0, 60)]),
]
NOTHING = np.empty(0, dtype=np.int64)
NONE = Windows(NOTHING, NOTHING, NOTHING, 10, 10.0)


def found(
    rows: dict[int, Intervals], tested: dict[int, Intervals] | None = None, name: str = "x"
) -> FoldOutcome:
    """One fold that detected these events, in all scored time unless told otherwise."""
    record = np.concatenate([np.full(len(events), i) for i, events in rows.items()])
    events = DetectedEvents(
        record.astype(np.int64),
        np.concatenate(list(rows.values())),
        np.arange(len(record)) / 10,
        tested or {i: MADE[i].scored for i in rows},
    )
    return FoldOutcome(name, NONE, np.empty(0, dtype=np.bool_), events=events)


def scored(*folds: FoldOutcome, made: list[Recording] | None = None, who: str = "model") -> Scores:
    tested = Judged(made or MADE, folds, Judging(iou=0.2), who)
    return Scores(fold_rows(tested) + all_rows(tested))


def prf(scores: Scores, over: str = "all", fold: str = POOLED) -> list[float | None]:
    names = ("precision", "recall", "f1")
    return [scores.one("events", name, over=over, fold=fold).value for name in names]


def counts(scores: Scores, over: str = "all", fold: str = POOLED) -> list[float | None]:
    names = ("events", "detections", "matched")
    return [scores.one("events", name, over=over, fold=fold).value for name in names]


PERFECT = found({i: recording.events for i, recording in enumerate(MADE)})


def test_a_perfect_detector_scores_one() -> None:
    scores = scored(PERFECT)
    assert prf(scores) == prf(scores, fold="x") == prf(scores, fold=MEAN) == [1, 1, 1]
    assert scores.summary("events", "f1").interval == (1, 1)
    for iou in CURVE:
        assert scores.one("event_curve", "f1", over=f"iou {iou:g}").value == 1
    assert counts(scores, "record a") == [4, 4, 4]
    assert prf(scores, "record b") == [1, 1, 1]
    assert counts(scores) == counts(scores, fold="x") == [5, 5, 5]


def test_swapping_detector_and_expert_swaps_precision_and_recall() -> None:
    fold = found({0: intervals([(10.2, 11), (50, 51)]), 1: np.empty((0, 2))})
    assert fold.events is not None
    swapped = [replace(MADE[0], events=fold.events.events), replace(MADE[1], events=NO_EVENTS)]
    precision, recall, f1 = prf(scored(fold))
    assert (precision, recall) == (0.5, 0.2)
    assert prf(scored(PERFECT, made=swapped)) == [recall, precision, f1]


def test_detections_in_unscored_time_change_nothing_but_are_listed() -> None:
    fold = found({0: MADE[0].events, 1: intervals([(20, 21), (80, 81), (100, 119)])})
    assert prf(scored(fold)) == prf(scored(PERFECT))
    table = listed(Judged(MADE, [fold]))
    assert table.record[4:].tolist() == ["b", "b", "b"]
    assert table.onset[4:].tolist() == [20, 80, 100]
    assert table.scored[4:].tolist() == table.matched[4:].tolist() == [True, False, False]


def test_an_event_across_the_border_of_two_folds_counts_once() -> None:
    """It belongs to the second by its midpoint, its detection to the first."""
    halves = [{0: intervals([(0, 60)])}, {0: intervals([(60, 120)])}]
    first = found({0: intervals([(10, 11), (59, 60.5)])}, halves[0], "1")
    second = found({0: intervals([(100, 101)])}, halves[1], "2")
    scores = scored(first, second)
    assert counts(scores, "record a") == counts(scores) == [4, 3, 3]
    assert counts(scores, fold="1") == [2, 2, 1]
    assert counts(scores, fold="2") == [2, 1, 1]
    table = listed(Judged(MADE, [first, second]))
    assert table.fold.tolist() == ["1", "1", "2"]
    assert table.matched.all()


def test_rows_of_the_table_are_the_detections_in_order(tmp_path: Path) -> None:
    fold = found({1: np.empty((0, 2)), 0: intervals([(10.25, 11), (50, 51.5)])})
    listed(Judged(MADE, [fold])).write(tmp_path / "events.csv", Stamp("dreams"))
    assert (tmp_path / "events.csv").read_text().splitlines() == [
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
    scores = scored(fold, made=made)
    assert counts(scores, fold="x") == [6, 5, 5]
    assert counts(scores, "n2n3") == counts(scores, "n2n3", "x") == [2, 2, 2]
    minutes = scores.one("events", "minutes", over="n2n3").value
    assert minutes == pytest.approx(1 / 3)
    assert scores.summary("events", "recall").pooled == pytest.approx(5 / 6)
    assert scores.summary("events", "recall", over="n2n3").pooled == 1
    assert scores.one("event_curve", "f1", over="n2n3 iou 0.5").value == 1
    nobody = scored(found({0: made[1].events}, {0: made[1].scored}), made=made[1:])
    assert not nobody.select(over="n2n3")


def test_a_fold_without_such_sleep_is_undefined_there() -> None:
    made = [staged("a", [0, 0, 4, 4])]
    scores = scored(found({0: made[0].events}, {0: made[0].scored}), made=made)
    density = scores.one("events", "events_per_minute", over="n2n3", fold="x")
    assert (density.value, density.reason) == (None, "no scored time")
    assert scores.one("events", "f1", over="n2n3", fold=MEAN).value is None


def test_no_scored_time_and_no_detection_are_undefined_and_never_zero() -> None:
    nothing = found({0: NO_EVENTS}, {0: NO_EVENTS})
    assert prf(scored(nothing), fold="x") == [None, None, None]
    silent = scored(found({0: NO_EVENTS}))
    assert prf(silent, fold="x") == [None, 0, 0]
    assert silent.one("events", "precision", fold="x").reason == "nothing detected in scored time"


def test_detections_longer_than_the_record_are_refused() -> None:
    with pytest.raises(InputError, match="1 of 1 detections do not fit into 120 s"):
        scored(found({0: intervals([(1000, 3000)])}))


def test_a_baseline_has_the_same_figures_and_no_curve() -> None:
    network, baseline = scored(PERFECT), scored(PERFECT, who="always")
    assert "event_curve" not in baseline.distinct("part")
    assert [replace(row, who="model") for row in baseline] == list(network.select(part="events"))


def test_what_does_not_say_when_says_why() -> None:
    rows = no_rows(Judged(MADE, [PERFECT], who="always"), "it does not say when")
    assert len(rows) == 2 * len(METRICS)
    assert {(row.value, row.reason) for row in rows} == {(None, "it does not say when")}
