"""Scores of test windows: as called, at one half, how far probabilities hold; and their curves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.evaluate.judged import Judged, Rows
from xai_sleep.metrics import windows as metrics
from xai_sleep.metrics.statistics import calibration
from xai_sleep.metrics.windows import NO_RANKING, RANKING, Decisions, Floats, Labels, decide
from xai_sleep.results.finished import Curves
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import MODEL, POOLED, Score


@dataclass(frozen=True, eq=False)
class Called:
    """Windows with what was said of them; arrays of shape (window,)."""

    labels: Labels  # 0 or 1
    probability: Floats | None  # of an event; marks have none
    detected: Decisions  # which of them are called positive
    further: tuple[metrics.WindowMetric, ...] = ()  # scores beside the built-in ones

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "Called":
        """Select some of the windows."""
        probability = None if self.probability is None else self.probability[index]
        return Called(self.labels[index], probability, self.detected[index], self.further)

    def scores_at(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> dict[str, float | None]:
        """Score some of the windows."""
        return self.take(index).scores()

    def scores(self) -> dict[str, float | None]:
        """Score them; InputError if a score of a user's own is no number."""
        found = metrics.window_scores(self.labels, self.probability, self.detected)
        for metric in self.further:
            value = metric(self.labels, self.probability, self.detected)
            if value is not None and not math.isfinite(value):
                expected = "expected a number, or None where it is undefined (conf/metrics)"
                raise InputError(f"the metric {metric.name} returned {value}; {expected}")
            found[metric.name] = value
        return found

    def rows(self, rows: Rows, fold: str) -> list[Score]:
        """Make the rows of one fold, with reasons for what is undefined."""
        undefined = metrics.undefined_scores(self.labels, self.probability, self.detected)
        return rows.of_fold(self.scores(), fold, undefined)


def fold_rows(judged: Judged) -> list[Score]:
    """Rows of each fold alone: as windows were called and, of a network, at one half."""
    return [
        row
        for part, called in _calls(judged).items()
        for i, outcome in enumerate(judged.outcomes)
        for row in called.take(judged.fold == i).rows(Rows(part, judged.who), outcome.name)
    ]


def all_rows(judged: Judged) -> list[Score]:
    """Rows of all folds together, of the same parts."""
    reasons = dict.fromkeys(RANKING, NO_RANKING) if judged.probability is None else {}
    found = []
    for part, called in _calls(judged).items():
        folds = [called.scores_at(judged.fold == i) for i in range(len(judged.outcomes))]
        rows = Rows(part, judged.who)
        found += rows.of_all(folds, called.scores_at, judged.subject, reasons)
    return found


def calibration_rows(judged: Judged) -> list[Score]:
    """Share of positives among windows of about one probability, all folds together."""
    assert judged.probability is not None
    bins = calibration(judged.windows.label, judged.probability)
    names = [metric.name for metric in metrics.CALIBRATION]
    scores = []
    for number, *values in zip(*bins, strict=True):
        rows = Rows("calibration", judged.who, f"bin {number}")
        scores += rows.of_fold(dict(zip(names, values, strict=True)))
    return scores


def curves(outcomes: Sequence[FoldOutcome]) -> dict[str, Curves]:
    """ROC and precision-recall curves of each fold that tests both classes, and of all together."""
    parts = {each.name: [each] for each in outcomes} | {POOLED: list(outcomes)}
    found = {}
    for name, part in parts.items():
        label = np.concatenate([each.windows.label for each in part])
        if len(np.unique(label)) == 2:
            probability = np.concatenate([each.probabilities for each in part])
            detected = np.concatenate([each.detected for each in part])
            found[name] = curve(label, probability, detected)
    return found


def curve(label: Labels, probability: Floats, detected: Decisions) -> Curves:
    """Every operating point of windows of both classes; equal probabilities share one."""
    hits, alarms = (np.r_[0, each] for each in metrics.operating_points(label, probability)[1:])
    positives, calls = np.count_nonzero(label), hits + alarms
    precision = float(label[detected].mean()) if detected.any() else None
    return Curves(
        alarms / (len(label) - positives),
        hits / positives,
        np.divide(hits, calls, out=np.ones(len(hits)), where=calls > 0),
        (float(detected[label == 0].mean()), float(detected[label == 1].mean()), precision),
    )


def _calls(judged: Judged) -> dict[str, Called]:
    """Decisions by part of the table."""
    further = judged.judging.further
    found = {"windows": Called(judged.windows.label, judged.probability, judged.detected, further)}
    if judged.who == MODEL and judged.probability is not None:
        half = decide(judged.probability, 0.5)
        found["windows_at_half"] = replace(found["windows"], detected=half)
    return found
