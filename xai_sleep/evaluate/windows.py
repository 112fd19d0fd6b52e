"""What a run found: the results of each fold, their summary, and the files both are written to.

Everything is computed from untouched test windows: labels, probabilities, thresholds and maps.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.evaluate.events import FoundEvents
from xai_sleep.metrics.maps import (
    SCORES,
    LocalisationScores,
    event_mask,
    localisation,
    score_table,
    time_profiles,
)
from xai_sleep.metrics.statistics import calibration, column_means, summarise
from xai_sleep.metrics.windows import undefined_scores, window_scores
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.windows import Windows

SCHEMA = 1


@dataclass(frozen=True, eq=False)
class FoldResult:
    """Test windows of a fold with what the network said of them.

    Parameters
    ----------
    name : str
        Of the fold.
    windows : Windows
        Test windows, in order of record and time.
    probability : float32 array of shape (window,)
        Of an event.
    maps : float16 array of shape (window, time) or (window, freq, time)
        Relevance in [0, 1]; of shape (0, 0) where nothing was explained.
    metrics : mapping
        As stored in the fold's ``metrics.json``.
    found : FoundEvents
        Events detected in the test records.
    explained : mapping of str to array
        What :mod:`xai_sleep.explain.assessment` found of its maps.
    """

    name: str
    windows: Windows
    probability: NDArray[np.float32]
    maps: NDArray[np.float16]
    metrics: Mapping[str, Any]
    found: FoundEvents = field(default_factory=FoundEvents)
    explained: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def threshold(self) -> float:
        """Chosen on validation windows; a probability that reaches it is a detection."""
        return float(self.metrics["threshold"])


def score_windows(
    labels: NDArray[np.int64], probability: NDArray[np.float32], threshold: float
) -> dict[str, Any]:
    """Scores of a fold's windows, with the reasons for those that are undefined."""
    return {
        **window_scores(labels, probability, threshold),
        "undefined": undefined_scores(labels, probability, threshold),
    }


def events_inside(recordings: Sequence[Recording], windows: Windows) -> NDArray[np.bool_]:
    """Which samples of each window lie inside an event of its record: ``(window, time)``."""
    inside = np.zeros((len(windows), windows.length), dtype=np.bool_)
    for index in np.unique(windows.record):
        rows = windows.record == index
        inside[rows] = event_mask(
            windows.start_time[rows], windows.length, windows.sfreq, recordings[index].events
        )
    return inside


def score_maps(
    recordings: Sequence[Recording],
    windows: Windows,
    maps: NDArray[np.floating],
    tolerance: float = 0.0,
) -> LocalisationScores:
    """Compare each map with the events in its window; a peak may lie ``tolerance`` s off."""
    profiles = time_profiles(maps, windows.length)
    near = round(tolerance * windows.sfreq)
    return localisation(profiles, events_inside(recordings, windows), near)


def summary(
    recordings: Sequence[Recording], folds: Sequence[FoldResult], tolerance: float = 0.0
) -> dict[str, Any]:
    """Mean ± sd over folds, pooled scores and their intervals over subjects.

    A map's peak may lie ``tolerance`` s from an event and still point at it.

    Returns
    -------
    dict
        ``windows`` at the thresholds chosen on validation data, ``windows_at_half`` at 0.5, and
        ``maps`` of true positives and of all positives where there are maps; ``calibration``, the
        share of positives among windows of about one probability.
    """
    labels = np.concatenate([fold.windows.label for fold in folds])
    probability = np.concatenate([fold.probability for fold in folds])
    threshold = np.concatenate([np.full(len(f.windows), f.threshold) for f in folds])
    subject = np.array([recordings[i].subject for f in folds for i in f.windows.record])

    def at(thresholds: NDArray[np.float64]) -> dict[str, Any]:
        key = "windows" if thresholds is threshold else "windows_at_half"
        per_fold = [
            {name: value for name, value in fold.metrics[key].items() if name != "undefined"}
            for fold in folds
        ]
        return dict(
            summarise(
                per_fold,
                lambda i: window_scores(labels[i], probability[i], thresholds[i]),
                subject,
            )
        )

    scores: dict[str, Any] = {
        "windows": at(threshold),
        "windows_at_half": at(np.full(len(labels), 0.5)),
        "calibration": {
            name: values.tolist() for name, values in vars(calibration(labels, probability)).items()
        },
    }
    if all(fold.maps.size for fold in folds):
        localised = [score_maps(recordings, f.windows, f.maps, tolerance) for f in folds]
        scores["maps"] = summarise_maps(localised, folds, subject)
    return scores


def summarise_maps(
    localised: Sequence[LocalisationScores],
    folds: Sequence[FoldResult],
    subject: NDArray[np.str_],
) -> dict[str, Any]:
    """Localisation of true positives and of all positives, with counts of windows.

    Parameters
    ----------
    localised : sequence of LocalisationScores
        Of every test window of each fold.
    folds : sequence of FoldResult
        The same folds.
    subject : array of shape (window,)
        Of the windows of all folds together.
    """
    table = np.concatenate([score_table(scores) for scores in localised])
    blank, eventless = (
        np.concatenate([getattr(scores, part) for scores in localised])
        for part in ("blank", "eventless")
    )
    # A window may hold less of an event than makes it positive (task.min_overlap).
    positive = np.concatenate([fold.windows.label == 1 for fold in folds]) & ~eventless
    detected = np.concatenate([fold.probability >= fold.threshold for fold in folds])
    over = {"true_positives": positive & detected, "positives": positive}
    return {
        key: {
            "counts": {"windows": int(rows.sum()), "blank": int((blank & rows).sum())},
            **summarise_table(table, SCORES, rows, folds, subject),
        }
        for key, rows in over.items()
    }


def summarise_table(
    table: NDArray[np.floating],
    names: Sequence[str],
    chosen: NDArray[np.bool_],
    folds: Sequence[FoldResult],
    subject: NDArray[np.str_],
) -> dict[str, Any]:
    """Summary of scores that every window has for itself, over those chosen.

    Parameters
    ----------
    table : array of shape (window, score)
        NaN where undefined; windows of all folds, one fold after another.
    names : sequence of str
        Of the scores.
    chosen : bool array of shape (window,)
        Windows that count.
    folds : sequence of FoldResult
        Whose windows they are.
    subject : array of shape (window,)
        Whose bootstrap gives the interval.
    """
    of_fold = np.repeat(np.arange(len(folds)), [len(fold.windows) for fold in folds])
    rows = np.flatnonzero(chosen)
    per_fold = [column_means(table[chosen & (of_fold == f)], names) for f in range(len(folds))]
    return dict(summarise(per_fold, lambda i: column_means(table[rows[i]], names), subject[rows]))


def predictions_csv(recordings: Sequence[Recording], folds: Sequence[FoldResult]) -> str:
    """One row a test window: record, subject, fold, start, end, label, probability, detected."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["record", "subject", "fold", "start", "end", "label", "probability", "detected"])
    for fold in folds:
        windows = fold.windows
        for i, recording in enumerate(recordings[r] for r in windows.record):
            rows.writerow(
                [
                    recording.record,
                    recording.subject,
                    fold.name,
                    f"{windows.start_time[i]:.10g}",
                    f"{windows.end_time[i]:.10g}",
                    windows.label[i],
                    f"{fold.probability[i]:.9g}",
                    int(float(fold.probability[i]) >= fold.threshold),
                ]
            )
    return table.getvalue()


def results_csv(folds: Sequence[FoldResult]) -> str:
    """One row a fold: its windows, threshold and scores; an undefined score is empty."""
    names = [name for name in folds[0].metrics["windows"] if name != "undefined"]
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    figures = ("precision", "recall", "f1")
    of_events = [f"event_{name}" for name in figures if "events" in folds[0].metrics]
    rows.writerow(["fold", "windows", "positive", "threshold", *names, *of_events])
    for fold in folds:
        scores = [fold.metrics["windows"][name] for name in names]
        label = fold.windows.label
        found = [fold.metrics["events"][name] for name in figures] if of_events else []
        rows.writerow([fold.name, len(label), label.sum(), fold.threshold, *scores, *found])
    return table.getvalue()


def describe(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    """Describe what was worked on, record by record; no signal and nothing personal."""
    return [
        {
            "record": recording.record,
            "subject": recording.subject,
            "seconds": recording.duration,
            "scored_seconds": float(np.diff(recording.scored, axis=1).sum()),
            "events": len(recording.events),
            "notes": list(recording.notes),
        }
        for recording in recordings
    ]
