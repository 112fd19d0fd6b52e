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

from xai_sleep.data.recording import Recording
from xai_sleep.data.windows import Windows
from xai_sleep.metrics.maps import (
    LocalisationScores,
    event_mask,
    localisation,
    mean_scores,
    time_profiles,
)
from xai_sleep.metrics.statistics import calibration, summarise
from xai_sleep.metrics.windows import undefined_scores, window_scores
from xai_sleep.report.event_results import FoundEvents

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
    """

    name: str
    windows: Windows
    probability: NDArray[np.float32]
    maps: NDArray[np.float16]
    metrics: Mapping[str, Any]
    found: FoundEvents = field(default_factory=FoundEvents)

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


def score_maps(
    recordings: Sequence[Recording], windows: Windows, maps: NDArray[np.float16]
) -> LocalisationScores:
    """Compare each map with the events in its window."""
    inside = np.zeros((len(windows), windows.length), dtype=np.bool_)
    for index in np.unique(windows.record):
        rows = windows.record == index
        inside[rows] = event_mask(
            windows.start_time[rows], windows.length, windows.sfreq, recordings[index].events
        )
    return localisation(time_profiles(maps, windows.length), inside)


def summary(recordings: Sequence[Recording], folds: Sequence[FoldResult]) -> dict[str, Any]:
    """Mean ± sd over folds, pooled scores and their intervals over subjects.

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
        scores["maps"] = _summarise_maps(recordings, folds, probability >= threshold, subject)
    return scores


def _summarise_maps(
    recordings: Sequence[Recording],
    folds: Sequence[FoldResult],
    detected: NDArray[np.bool_],
    subject: NDArray[np.str_],
) -> dict[str, Any]:
    localised = [score_maps(recordings, fold.windows, fold.maps) for fold in folds]
    together = LocalisationScores(
        *(
            np.concatenate([getattr(scores, part) for scores in localised])
            for part in ("score", "uniform", "shifted", "blank", "eventless")
        )
    )
    of_fold = np.repeat(np.arange(len(folds)), [len(fold.windows) for fold in folds])

    def over(chosen: NDArray[np.bool_]) -> dict[str, Any]:
        rows = np.flatnonzero(chosen)
        return {
            "counts": {"windows": len(rows), "blank": int(together.blank[rows].sum())},
            **summarise(
                [mean_scores(together, chosen & (of_fold == f)) for f in range(len(folds))],
                lambda i: mean_scores(together, rows[i]),
                subject[rows],
            ),
        }

    # A window may hold less of an event than makes it positive (task.min_overlap).
    positive = np.concatenate([fold.windows.label == 1 for fold in folds]) & ~together.eventless
    return {"true_positives": over(positive & detected), "positives": over(positive)}


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
