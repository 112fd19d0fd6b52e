"""Scores of detected events, by fold, record and overlap; and the table that lists them.

A detection belongs to the fold that tested the time of its midpoint, and so does an event: one that
straddles the border of two test blocks is counted once. Records are scored with the detections of
all folds together.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xai_sleep.detect.detected import DetectedEvents
from xai_sleep.evaluate.judged import Judged
from xai_sleep.evaluate.over_folds import Rows
from xai_sleep.metrics.events import (
    CURVE,
    METRICS,
    EventScores,
    contains,
    event_scores,
    match,
    pool,
)
from xai_sleep.recordings.intervals import Intervals, intersection, intervals, union
from xai_sleep.recordings.recording import STAGES, Recording
from xai_sleep.results.events import Events
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import MEAN, POOLED, Score

DEEP = ("N2", "N3")
"""Stages of the second block of figures."""
OVER = {"all": None, "n2n3": DEEP}
OF_RECORD = ("precision", "recall", "f1")


def fold_rows(judged: Judged) -> list[Score]:
    """Rows of each fold alone, in all and where stages are known in N2 and N3: figures, counts.

    Those of a network have a curve over the overlap that counts.
    """
    found = []
    for over, stages in OVER.items():
        for outcome in judged.outcomes:
            of_record = _scores(judged, [outcome], stages)
            if of_record:
                scores = pool(list(of_record.values()))
                found += _figures(judged, scores, over, outcome.name)
    return found


def all_rows(judged: Judged) -> list[Score]:
    """Rows of all folds together: figures, counts, curves, and those of each record."""
    found = []
    for over, stages in OVER.items():
        of_record = _scores(judged, judged.outcomes, stages)
        if not of_record:
            continue
        folds = [_scores(judged, [outcome], stages) for outcome in judged.outcomes]
        scores = list(of_record.values())
        found += Rows("events", judged.who, over).of_all(
            [pool(list(fold.values())).figures for fold in folds if fold],
            lambda index, s=scores: pool([s[i] for i in index]).figures,  # type: ignore[misc]
            [judged.recordings[i].subject for i in of_record],
        )
        found += _counts_and_curve(judged, pool(scores), over, POOLED)
        if stages is None:
            found += _records(judged, of_record)
    return found


def no_rows(judged: Judged, reason: str) -> list[Score]:
    """Rows of what says nothing of events, and why."""
    rows = Rows("events", judged.who)
    return [rows.row(m.name, fold, None, reason) for fold in (MEAN, POOLED) for m in METRICS]


def score_records(
    recordings: Sequence[Recording],
    folds: Sequence[DetectedEvents],
    iou: float,
    stages: Sequence[str] | None = None,
) -> dict[int, EventScores]:
    """Score every tested record, with what all these folds detected in it.

    Parameters
    ----------
    recordings : sequence of Recording
        With the experts' events.
    folds : sequence of DetectedEvents
        One fold, or all.
    iou : float
        Intersection over union from which a pair counts.
    stages : sequence of str, optional
        Look at these stages only; records whose stages nobody scored are left out.

    Returns
    -------
    dict of int to EventScores
        By index of the recording.
    """
    scores = {}
    for i, tested in _tested(folds).items():
        recording = recordings[i]
        if stages is not None:
            if recording.stages is None:
                continue
            tested = intersection(tested, stage_time(recording, stages))
        found = np.concatenate([fold.events[fold.record == i] for fold in folds])
        scores[i] = event_scores(recording.events, found, tested, iou, duration=recording.duration)
    return scores


def stage_time(recording: Recording, stages: Sequence[str]) -> Intervals:
    """Time of a recording in any of these stages."""
    assert recording.stages is not None
    codes = [code for code, name in STAGES.items() if name in stages]
    start = np.flatnonzero(np.isin(recording.stages, codes)) * recording.epoch
    return union([intervals(np.column_stack([start, start + recording.epoch]))])


def listed(judged: Judged) -> Events:
    """List the detections of all folds by record and onset, with their overlap with an event."""
    folds = [(o.name, o.events) for o in judged.outcomes if o.events is not None]
    record = np.concatenate([each.record for _, each in folds])
    events = np.concatenate([each.events for _, each in folds])
    scored, overlap = np.zeros(len(record), dtype=np.bool_), np.full(len(record), np.nan)
    for i, time in _tested([each for _, each in folds]).items():
        mine = record == i
        truth = judged.recordings[i].events
        scored[mine], overlap[mine] = _matched(truth, events[mine], time, judged.judging.iou)
    order = np.lexsort((events[:, 0], record))
    name, subject = (
        np.array([getattr(each, column) for each in judged.recordings], dtype=np.str_)
        for column in ("record", "subject")
    )
    return Events(
        record=name[record[order]],
        subject=subject[record[order]],
        fold=np.repeat([name for name, _ in folds], [len(each.record) for _, each in folds])[order],
        onset=events[order, 0],
        duration=np.diff(events[order], axis=1)[:, 0],
        confidence=np.concatenate([each.confidence for _, each in folds])[order],
        scored=scored[order],
        iou=overlap[order],
    )


def _scores(
    judged: Judged, outcomes: Sequence[FoldOutcome], stages: Sequence[str] | None
) -> dict[int, EventScores]:
    detected = [outcome.events for outcome in outcomes if outcome.events is not None]
    return score_records(judged.recordings, detected, judged.judging.iou, stages)


def _figures(judged: Judged, scores: EventScores, over: str, fold: str) -> list[Score]:
    rows = Rows("events", judged.who, over).of_fold(scores.figures, fold, scores.undefined)
    return rows + _counts_and_curve(judged, scores, over, fold)


def _counts_and_curve(judged: Judged, scores: EventScores, over: str, fold: str) -> list[Score]:
    rows = Rows("events", judged.who, over).of_fold(scores.counts, fold)
    if not judged.is_network:
        return rows
    where = "" if over == "all" else f"{over} "
    for i, iou in enumerate(CURVE):
        point = {name: values[i] for name, values in scores.curve.items()}
        curve = Rows("event_curve", judged.who, f"{where}iou {iou:g}")
        rows += curve.of_fold(point, fold, scores.undefined)
    return rows


def _records(judged: Judged, of_record: dict[int, EventScores]) -> list[Score]:
    found = []
    for i, scores in of_record.items():
        rows = Rows("events", judged.who, f"record {judged.recordings[i].record}")
        figures = {name: scores.figures[name] for name in OF_RECORD}
        found += rows.of_fold(scores.counts | figures, POOLED, scores.undefined)
    return found


def _tested(folds: Sequence[DetectedEvents]) -> dict[int, Intervals]:
    """Time of each record that any of the folds judged, by ascending index of the recording."""
    indices = sorted({i for fold in folds for i in fold.tested})
    return {i: union([fold.tested[i] for fold in folds if i in fold.tested]) for i in indices}


def _matched(
    events: Intervals, detections: Intervals, tested: Intervals, iou: float
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which detections are scored, and their overlap with the event each found, else NaN."""
    scored = contains(tested, detections.mean(axis=1))
    pairs = match(events[contains(tested, events.mean(axis=1))], detections[scored], iou)
    overlap = np.full(len(detections), np.nan)
    overlap[np.flatnonzero(scored)[pairs.detection]] = pairs.iou
    return scored, overlap
