"""Scores of detected events, by fold, record and overlap; and the table that lists them.

A detection belongs to the fold that tested the time of its midpoint, and so does an event. Records
are scored with the detections of all folds together.
"""

from collections.abc import Sequence

import numpy as np

from xai_sleep.evaluate.judged import Judged, Rows
from xai_sleep.metrics import events as metrics
from xai_sleep.metrics.events import EventScores, contains, pool
from xai_sleep.recordings.intervals import Intervals, intersection, intervals, union
from xai_sleep.recordings.recording import STAGES, Recording
from xai_sleep.results.outcome import Events, FoldOutcome
from xai_sleep.results.scores import MEAN, MODEL, POOLED, Score

OVER = {"all": None, "n2n3": ("N2", "N3")}  # stages of each block of figures
OF_RECORD = ("precision", "recall", "f1")


def fold_rows(judged: Judged) -> list[Score]:
    """Rows of each fold alone, in all and where stages are known in N2 and N3."""
    found = []
    for over, stages in OVER.items():
        for outcome in judged.outcomes:
            if of_record := _of_records(judged, [outcome], stages):
                scores, rows = pool(list(of_record.values())), Rows("events", judged.who, over)
                found += rows.of_fold(scores.figures, outcome.name, scores.undefined)
                found += _counts_and_curve(rows, scores, outcome.name)
    return found


def all_rows(judged: Judged) -> list[Score]:
    """Rows of all folds together: figures, counts, curves, and those of each record."""
    found = []
    for over, stages in OVER.items():
        of_record = _of_records(judged, judged.outcomes, stages)
        if not of_record:
            continue
        folds = [_of_records(judged, [outcome], stages) for outcome in judged.outcomes]
        scores, rows = list(of_record.values()), Rows("events", judged.who, over)
        found += rows.of_all(
            [pool(list(fold.values())).figures for fold in folds if fold],
            lambda index, s=scores: pool([s[i] for i in index]).figures,  # type: ignore[misc]
            [judged.recordings[i].subject for i in of_record],
        )
        found += _counts_and_curve(rows, pool(scores), POOLED)
        for i, each in of_record.items() if stages is None else ():
            figures = {name: each.figures[name] for name in OF_RECORD}
            rows = Rows("events", judged.who, f"record {judged.recordings[i].record}")
            found += rows.of_fold(each.counts | figures, POOLED, each.undefined)
    return found


def no_rows(judged: Judged, reason: str) -> list[Score]:
    """Rows of what says nothing of events, and why."""
    rows = Rows("events", judged.who)
    pairs = ((fold, m.name) for fold in (MEAN, POOLED) for m in metrics.METRICS)
    return [rows.row(name, fold, None, reason) for fold, name in pairs]


def stage_time(recording: Recording, stages: Sequence[str]) -> Intervals:
    """Time of a recording in any of these stages."""
    assert recording.stages is not None
    codes = [code for code, name in STAGES.items() if name in stages]
    start = np.flatnonzero(np.isin(recording.stages, codes)) * recording.epoch
    return union([intervals(np.column_stack([start, start + recording.epoch]))])


def listed(judged: Judged) -> Events:
    """List the detections of all folds by record and onset, with their overlap with an event."""
    folds = {outcome.name: outcome.events for outcome in judged.outcomes if outcome.events}
    record = np.concatenate([each.record for each in folds.values()])
    events = np.concatenate([each.events for each in folds.values()])
    scored, overlap = np.zeros(len(record), dtype=np.bool_), np.full(len(record), np.nan)
    for i, tested in _tested(judged.outcomes).items():
        truth, mine = judged.recordings[i].events, np.flatnonzero(record == i)
        mine = mine[contains(tested, events[mine].mean(axis=1))]
        truth = truth[contains(tested, truth.mean(axis=1))]
        pairs = metrics.match(truth, events[mine], judged.judging.iou)
        scored[mine], overlap[mine[pairs.detection]] = True, pairs.iou
    order = np.lexsort((events[:, 0], record))
    name, subject = (
        np.array([getattr(each, column) for each in judged.recordings], dtype=np.str_)
        for column in ("record", "subject")
    )
    return Events(
        name[record[order]],
        subject[record[order]],
        np.repeat(list(folds), [len(each.record) for each in folds.values()])[order],
        events[order, 0],
        np.diff(events[order], axis=1)[:, 0],
        np.concatenate([each.confidence for each in folds.values()])[order],
        scored[order],
        overlap[order],
    )


def _of_records(
    judged: Judged, outcomes: Sequence[FoldOutcome], stages: Sequence[str] | None
) -> dict[int, EventScores]:
    """Score every tested record, by its index; without those nobody staged if stages matter."""
    scores = {}
    for i, tested in _tested(outcomes).items():
        recording = judged.recordings[i]
        if stages is not None:
            if recording.stages is None:
                continue
            tested = intersection(tested, stage_time(recording, stages))
        folds = (o.events for o in outcomes if o.events)
        found = np.concatenate([fold.events[fold.record == i] for fold in folds])
        settings = {"iou": judged.judging.iou, "duration": recording.duration}
        scores[i] = metrics.event_scores(recording.events, found, tested, **settings)
    return scores


def _tested(outcomes: Sequence[FoldOutcome]) -> dict[int, Intervals]:
    """Time of each record that any of the folds judged, by ascending index of the recording."""
    folds = [outcome.events.tested for outcome in outcomes if outcome.events]
    indices = sorted({i for tested in folds for i in tested})
    return {i: union([tested[i] for tested in folds if i in tested]) for i in indices}


def _counts_and_curve(rows: Rows, scores: EventScores, fold: str) -> list[Score]:
    found = rows.of_fold(scores.counts, fold)
    where = "" if rows.over == "all" else f"{rows.over} "
    for i, iou in enumerate(metrics.CURVE if rows.who == MODEL else ()):
        point = {name: values[i] for name, values in scores.curve.items()}
        curve = Rows("event_curve", rows.who, f"{where}iou {iou:g}")
        found += curve.of_fold(point, fold, scores.undefined)
    return found
