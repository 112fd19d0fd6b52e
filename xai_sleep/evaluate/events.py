"""What a run found as events: detections, their scores, and the files both are written to.

A detection belongs to the fold that tested the time of its midpoint, and so does an event: one that
straddles the border of two test blocks is counted once. Records are scored with the detections of
all folds together.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.detect.detector import RATE, Activation
from xai_sleep.metrics.events import EventScores, contains, event_scores, match, pool
from xai_sleep.metrics.statistics import summarise
from xai_sleep.recordings.intervals import Intervals, intersection, intervals, union
from xai_sleep.recordings.recording import STAGES, Recording

NO_EVENTS: Intervals = np.empty((0, 2))
DEEP = ("N2", "N3")
"""Stages of the second block of figures."""


@dataclass(frozen=True, eq=False)
class FoundEvents:
    """Events that one fold detected in its test records.

    Parameters
    ----------
    record : int64 array of shape (n,)
        Index of the recording of each detection.
    events : array of shape (n, 2)
        Start and end in s.
    confidence : array of shape (n,)
        Highest activation inside.
    activations : mapping of int to Activation
        Of each test record, by its index.
    tested : mapping of int to Intervals
        The scored time of each that this fold tested.
    """

    record: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    events: Intervals = field(default_factory=lambda: NO_EVENTS)
    confidence: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    activations: Mapping[int, Activation] = field(default_factory=dict)
    tested: Mapping[int, Intervals] = field(default_factory=dict)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays to be stored."""
        stored: dict[str, NDArray[Any]] = {
            "event_record": self.record,
            "event": self.events,
            "event_confidence": self.confidence,
        }
        for i, activation in self.activations.items():
            for name, part in activation.parts.items():
                stored[f"activation_{name}_{i}"] = part
            stored[f"tested_{i}"] = self.tested[i]
        return stored

    @classmethod
    def stored(cls, arrays: Mapping[str, NDArray[Any]]) -> "FoundEvents":
        """Take up what was stored by :meth:`arrays`."""
        tested = {
            int(name.removeprefix("tested_")): times
            for name, times in arrays.items()
            if name.startswith("tested_")
        }
        activations = {
            i: Activation(
                **{
                    name: arrays[f"activation_{name}_{i}"]
                    for name in ("probability", "relevance", "evidence")
                    if f"activation_{name}_{i}" in arrays
                }
            )
            for i in tested
        }
        return cls(
            arrays["event_record"],
            arrays["event"],
            arrays["event_confidence"],
            activations,
            tested,
        )


def score_records(
    recordings: Sequence[Recording],
    folds: Sequence[FoundEvents],
    iou: float,
    stages: Sequence[str] | None = None,
) -> dict[int, EventScores]:
    """Score every tested record, with what all these folds found in it.

    Parameters
    ----------
    recordings : sequence of Recording
        With the experts' events.
    folds : sequence of FoundEvents
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


def event_metrics(
    recordings: Sequence[Recording], found: FoundEvents, iou: float
) -> dict[str, dict[str, Any]]:
    """Figures of one fold: ``events``, and ``events_n2n3`` where stages are known."""
    metrics = {}
    for key, stages in (("events", None), ("events_n2n3", DEEP)):
        scores = score_records(recordings, [found], iou, stages)
        if scores:
            together = pool(list(scores.values()))
            metrics[key] = {
                **together.figures,
                "undefined": together.undefined,
                "curve": together.curve,
                "counts": _counts(together),
            }
    return metrics


def summarise_events(
    recordings: Sequence[Recording],
    folds: Sequence[FoundEvents],
    metrics: Sequence[Mapping[str, Any]],
    iou: float,
) -> dict[str, Any]:
    """Mean ± sd over folds, figures of all records pooled, and their intervals over subjects.

    Returns
    -------
    dict
        ``events`` and, where stages are known, ``events_n2n3``: each a summary by name of figure;
        ``event_curve``, the pooled precision, recall and F1 over intersection over union, and
        ``event_records``, the counts and the table of each record.
    """
    summary: dict[str, Any] = {}
    for key, stages in (("events", None), ("events_n2n3", DEEP)):
        scores = score_records(recordings, folds, iou, stages)
        if not scores:
            continue
        of_record = list(scores.values())
        summary[key] = summarise(
            [fold[key] for fold in metrics if key in fold],
            lambda index, s=of_record: pool([s[i] for i in index]).figures,  # type: ignore[misc]
            [recordings[i].subject for i in scores],
        )
        if stages is None:
            summary["event_curve"] = pool(of_record).curve
            summary["event_records"] = [
                {
                    "record": recordings[i].record,
                    "subject": recordings[i].subject,
                    **_counts(s),
                    **{name: s.figures[name] for name in ("precision", "recall", "f1")},
                }
                for i, s in scores.items()
            ]
    return summary


def events_csv(
    recordings: Sequence[Recording], folds: Mapping[str, FoundEvents], iou: float
) -> str:
    """One row a detection: where it is, and which of the experts' events it found.

    ``scored`` says whether its midpoint lies in scored time; only there it is ``matched`` or not,
    and ``iou`` is its overlap with the event it is matched to.
    """
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(
        ["record", "subject", "fold", "onset", "duration", "confidence", "scored", "matched", "iou"]
    )
    for i, tested in _tested(list(folds.values())).items():
        recording = recordings[i]
        mine = {name: fold.record == i for name, fold in folds.items()}
        name = np.concatenate([np.full(m.sum(), n) for n, m in mine.items()])
        events = np.concatenate([fold.events[mine[n]] for n, fold in folds.items()])
        confidence = np.concatenate([fold.confidence[mine[n]] for n, fold in folds.items()])
        scored, overlap = _matched(recording.events, events, tested, iou)
        for row in np.argsort(events[:, 0], kind="stable"):
            start, end = events[row]
            rows.writerow(
                [
                    *(recording.record, recording.subject, name[row]),
                    *(f"{start:.10g}", f"{end - start:.10g}", f"{confidence[row]:.9g}"),
                    int(scored[row]),
                    int(overlap[row] > 0) if scored[row] else "",
                    f"{overlap[row]:.6g}" if overlap[row] > 0 else "",
                ]
            )
    return table.getvalue()


def activation_arrays(
    recordings: Sequence[Recording], folds: Sequence[FoundEvents]
) -> dict[str, NDArray[Any]]:
    """Activations by name of the record, ``step`` in s; NaN where no fold tested."""
    arrays: dict[str, NDArray[Any]] = {"step": np.array(1 / RATE)}
    for fold in folds:
        for i, activation in fold.activations.items():
            for key, values in activation.named(recordings[i].record).items():
                before = arrays.get(key, values)
                arrays[key] = np.where(np.isnan(before), values, before)
    return arrays


def _tested(folds: Sequence[FoundEvents]) -> dict[int, Intervals]:
    """Time of each record that any of the folds tested, by ascending index of the recording."""
    indices = sorted({i for fold in folds for i in fold.tested})
    return {i: union([fold.tested[i] for fold in folds if i in fold.tested]) for i in indices}


def _matched(
    events: Intervals, detections: Intervals, tested: Intervals, iou: float
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which detections are scored, and their overlap with the event each found, else 0."""
    scored = contains(tested, detections.mean(axis=1))
    pairs = match(events[contains(tested, events.mean(axis=1))], detections[scored], iou)
    overlap = np.zeros(len(detections))
    overlap[np.flatnonzero(scored)[pairs.detection]] = pairs.iou
    return scored, overlap


def _counts(scores: EventScores) -> dict[str, float]:
    return {
        "events": scores.events,
        "detections": scores.detections,
        "matched": len(scores.onset),
        "minutes": scores.minutes,
    }
