"""Scores of a baseline: by the same functions, on the same windows and folds as a network's."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.baselines.trial import Answer, Baseline, Trial
from xai_sleep.metrics.events import EventScores, contains, event_scores, pool
from xai_sleep.metrics.statistics import summarise
from xai_sleep.metrics.windows import Floats, Labels, window_scores
from xai_sleep.recordings.intervals import Intervals, union
from xai_sleep.windows.folds import Fold

RANKING = ("auroc", "average_precision", "brier")
"""Scores of probabilities: marks have none."""
NO_RANKING = "marks have no probability"

Row = dict[str, float | None]


def score(baseline: Baseline) -> dict[str, Any]:
    """Scores as JSON values.

    Returns
    -------
    dict
        ``description``; ``windows`` and ``events``, tables of
        :func:`xai_sleep.metrics.statistics.summarise`, mean and sd over folds and intervals over
        subjects; ``folds`` with the scores of each and the parameters chosen (``detector``);
        ``undefined`` with why there are no ``events``.
    """
    trial = baseline.trial
    pairs = list(zip(trial.folds, baseline.answers, strict=True))
    decided = [_decided(trial, fold, answer) for fold, answer in pairs]
    folds: list[dict[str, Any]] = [
        {"name": fold.name, "detector": dict(answer.detector), "windows": of_fold.scores()}
        for (fold, answer), of_fold in zip(pairs, decided, strict=True)
    ]
    found: dict[str, Any] = {
        "description": baseline.description,
        "windows": _window_table(decided),
        "folds": folds,
        "undefined": {"events": baseline.no_events} if baseline.no_events else {},
    }
    if not baseline.no_events:
        for fold_scores, pair in zip(folds, pairs, strict=True):
            of_records = _event_scores(trial, [pair])
            fold_scores["events"] = pool(list(of_records.values())).figures
        found["events"] = _event_table(trial, pairs, [fold["events"] for fold in folds])
    return found


def baselines_csv(found: Mapping[str, Mapping[str, Any]]) -> str:
    """One row a baseline and score: of windows and events, over folds, pooled, its interval.

    Parameters
    ----------
    found : mapping
        As :func:`xai_sleep.baselines.catalogue.measure` returns it.
    """
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    head = ["baseline", "of", "score", "mean", "std", "pooled", "low", "high", "folds", "reason"]
    rows.writerow(head)
    for name, baseline in found.items():
        if "skipped" in baseline:
            rows.writerow([name, *[""] * 8, baseline["skipped"]])
        for part in ("windows", "events"):
            for figure, values in baseline.get(part, {}).items():
                low, high = values["ci95"] or (None, None)
                three = [values[key] for key in ("mean", "std", "pooled")]
                why = "; ".join(dict.fromkeys(values["undefined"].values()))
                rows.writerow([name, part, figure, *three, low, high, values["folds"], why])
    return table.getvalue()


@dataclass(frozen=True, eq=False)
class _Decided:
    """Test windows, with what a baseline says of them; one entry a window."""

    labels: Labels
    decided: Floats
    probability: Floats | None
    subject: NDArray[np.str_]

    def scores(self, index: NDArray[np.intp] | slice = slice(None)) -> Row:
        labels = self.labels[index]
        ranking: Row = dict.fromkeys(RANKING)
        if self.probability is not None:
            scores = window_scores(labels, self.probability[index])
            ranking = {name: scores[name] for name in RANKING}
        return window_scores(labels, self.decided[index]) | ranking


def _decided(trial: Trial, fold: Fold, answer: Answer) -> _Decided:
    windows = trial.windows(fold.test)
    decided = answer.decided
    if decided is None:
        assert answer.detections is not None
        decided = trial.windows(fold.test, answer.detections).label == 1
    return _Decided(
        windows.label,
        decided.astype(np.float64),
        answer.probability,
        np.array([trial.recordings[i].subject for i in windows.record], dtype=np.str_),
    )


def _window_table(folds: Sequence[_Decided]) -> dict[str, Any]:
    probabilities = [fold.probability for fold in folds if fold.probability is not None]
    together = _Decided(
        np.concatenate([fold.labels for fold in folds]),
        np.concatenate([fold.decided for fold in folds]),
        np.concatenate(probabilities) if probabilities else None,
        np.concatenate([fold.subject for fold in folds]),
    )
    table = dict(summarise([fold.scores() for fold in folds], together.scores, together.subject))
    for name in RANKING if not probabilities else ():
        why = table[name]["undefined"]
        why.update(dict.fromkeys(why, NO_RANKING))
    return dict(table)


def _event_scores(trial: Trial, pairs: Sequence[tuple[Fold, Answer]]) -> dict[int, EventScores]:
    """Scores of each record that these folds test, by its index.

    A detection belongs to the fold that tests the time of its midpoint.
    """
    scores = {}
    for i, recording in enumerate(trial.recordings):
        tested = union([fold.test[i] for fold, _ in pairs])
        if not len(tested):
            continue
        detections = [_tested(answer, i, fold.test[i]) for fold, answer in pairs]
        scores[i] = event_scores(
            recording.events,
            np.concatenate(detections),
            tested,
            trial.iou,
            duration=recording.duration,
        )
    return scores


def _tested(answer: Answer, index: int, test: Intervals) -> Intervals:
    assert answer.detections is not None
    detections = answer.detections[index]
    return detections[contains(test, detections.mean(axis=1))]


def _event_table(
    trial: Trial, pairs: Sequence[tuple[Fold, Answer]], folds: Sequence[Row]
) -> dict[str, Any]:
    of_record = _event_scores(trial, pairs)
    scores = list(of_record.values())
    subjects = [trial.recordings[i].subject for i in of_record]
    return dict(summarise(folds, lambda index: pool([scores[i] for i in index]).figures, subjects))
