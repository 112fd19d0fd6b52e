"""Window scores: which windows were rightly called, and how well the probabilities rank them.

Labels are 0 or 1, probabilities those of class 1, all of shape ``(window,)``. Where a score's
formula divides zero by zero it is None, never 0 as in scikit-learn, which is slower, too.
"""

import math
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.metrics.metric import Best, Metric

Labels = NDArray[np.integer]
Floats = NDArray[np.floating]
Decisions = NDArray[np.bool_]

METRICS = (
    *(Metric("accuracy", "accuracy"), Metric("balanced_accuracy", "balanced accuracy")),
    *(Metric("sensitivity", "sensitivity"), Metric("specificity", "specificity")),
    *(Metric("precision", "precision"), Metric("f1", "F1"), Metric("mcc", "Matthews correlation")),
    *(Metric("kappa", "Cohen's κ"), Metric("auroc", "AUROC")),
    Metric("average_precision", "average precision"),
    Metric("brier", "Brier score (0 is best)", best="low"),
)
CALIBRATION = (
    Metric("probability", "mean probability", best="none"),
    Metric("observed", "share of positives", best="none"),
    Metric("windows", "windows", best="none"),
)
SCORES = tuple(metric.name for metric in METRICS)
RANKING = ("auroc", "average_precision", "brier")  # of probabilities: marks have none
NO_RANKING = "marks have no probability"


@runtime_checkable
class WindowMetric(Protocol):
    """A score of a user's own, declared like a :class:`~xai_sleep.metrics.metric.Metric`."""

    name: str
    label: str
    unit: str
    best: Best

    def __call__(
        self, labels: Labels, probability: Floats | None, detected: Decisions
    ) -> float | None:
        """Score windows; None where that is undefined. Marks have no probability."""


def decide(probability: Floats, threshold: float | Floats) -> NDArray[np.bool_]:
    """Call a window positive where its probability reaches the threshold, in float64."""
    return np.asarray(probability.astype(np.float64) >= threshold)


def require_scorable(labels: Labels, probabilities: Floats) -> None:
    """Raise ValueError unless shapes are alike and labels 0 or 1, InputError for no probability."""
    if labels.ndim != 1 or labels.shape != probabilities.shape:
        got = f"arrays of shape {labels.shape} and {probabilities.shape}"
        raise ValueError(f"expected one label and one probability a window, got {got}")
    if not np.all((labels == 0) | (labels == 1)):
        raise ValueError(f"labels must be 0 or 1, got {np.unique(labels)[:5]}")
    bad = np.flatnonzero(~((probabilities >= 0) & (probabilities <= 1)))
    if len(bad):
        many = f"{len(bad)} of {len(labels)} window probabilities are not between 0 and 1"
        first = f"the first is {probabilities[bad[0]]:g} at window {bad[0]}"
        remedy = "pass probabilities, not logits, and if training diverged lower the learning rate"
        raise InputError(f"{many}, {first}; {remedy}")


def window_scores(
    labels: Labels, probability: Floats | None, detected: Decisions
) -> dict[str, float | None]:
    """Score every window; without probabilities the :data:`RANKING` is undefined.

    ``auroc`` counts a tie as half; ``average_precision`` sums precision over the steps of recall,
    without interpolation. Raises as :func:`require_scorable`.
    """
    require_scorable(labels, detected.astype(np.float64) if probability is None else probability)
    with np.errstate(invalid="ignore"):
        values = _decision_scores(labels == 1, detected)
        if probability is not None:
            values |= _ranking_scores(labels, probability.astype(np.float64))
    found = {name: float(values.get(name, np.nan)) for name in SCORES}
    return {name: None if math.isnan(value) else value for name, value in found.items()}


def undefined_scores(
    labels: Labels, probability: Floats | None, detected: Decisions
) -> dict[str, str]:
    """Why a score of :func:`window_scores` is None, for each that is."""
    windows, positives, calls = len(labels), np.count_nonzero(labels), np.count_nonzero(detected)
    alike = "every window is {} and so called"
    both = ("balanced_accuracy", "mcc", "auroc")
    # From the least telling cause to the most: of several, the last is the one reported.
    causes = (
        (calls == windows, "everything detected", ("mcc",)),
        (calls == 0, "nothing detected", ("precision", "mcc")),
        (positives == windows, "no negative window", ("specificity", *both)),
        (positives == 0, "no positive window", ("sensitivity", "average_precision", *both)),
        (positives == calls == windows, alike.format("positive"), ("kappa",)),
        (positives == calls == 0, alike.format("negative"), ("f1", "kappa")),
        (windows == 0, "no window", SCORES),
        (probability is None, NO_RANKING, RANKING),
    )
    return {name: reason for holds, reason, names in causes if holds for name in names}


def operating_points(
    labels: Labels, probabilities: Floats
) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
    """Distinct probabilities, descending, and the hits and false alarms at each as threshold."""
    order = np.argsort(-probabilities)
    descending = probabilities[order]
    last_of_tie = np.flatnonzero(np.diff(descending, append=-np.inf))
    hits = np.cumsum(labels[order], dtype=np.intp)[last_of_tie]
    return descending[last_of_tie], hits, last_of_tie + 1 - hits


def choose_threshold(labels: Labels, probabilities: Floats) -> float:
    """Find a threshold of nearly the highest F1 on validation windows, the nearest to 0.5.

    The highest F1 of a few hundred windows is partly luck. So all thresholds within one standard
    error of it (that of a proportion among the positive windows) count as equally good (Breiman et
    al. 1984, Classification and regression trees, 3.4.3). Of a range the middle is returned, or 0.5
    if that lies in it or only one class is present. Raises as :func:`require_scorable`.
    """
    require_scorable(labels, probabilities)
    positives = np.count_nonzero(labels)
    if positives in (0, len(labels)):
        return 0.5
    levels, hits, alarms = operating_points(labels, probabilities.astype(np.float64))
    f1 = 2 * hits / (positives + hits + alarms)
    best = f1.max()
    good = f1 >= best - np.sqrt(best * (1 - best) / positives) - 1e-12  # rounding is no difference
    upper, lower = levels[good], np.append(levels[1:], 0.0)[good]
    if np.any((lower < 0.5) & (upper >= 0.5)):
        return 0.5
    nearest = np.argmin(np.maximum(lower - 0.5, 0.5 - upper))
    low, high = lower[nearest], upper[nearest]
    # Between floats too close to have a middle, rounding may end on the excluded lower border.
    return float(middle if (middle := (high + low) / 2) > low else high)


def agreement(tp: float, fp: float, fn: float, tn: float) -> dict[str, tuple[float, float]]:
    """F1, Cohen's κ and Matthews correlation, each as numerator and denominator."""
    determinant = tp * tn - fp * fn
    return {
        "f1": (2 * tp, 2 * tp + fp + fn),
        "kappa": (2 * determinant, (tp + fp) * (fp + tn) + (tp + fn) * (fn + tn)),
        "mcc": (determinant, math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))),
    }


def _decision_scores(truth: Decisions, detected: Decisions) -> dict[str, float]:
    tp = np.float64(np.count_nonzero(truth & detected))
    fp, fn = np.count_nonzero(detected) - tp, np.count_nonzero(truth) - tp
    tn = len(truth) - tp - fp - fn
    sensitivity, specificity = tp / (tp + fn), tn / (tn + fp)
    return {
        "accuracy": (tp + tn) / np.float64(len(truth)),
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "precision": tp / (tp + fp),
        **{name: top / bottom for name, (top, bottom) in agreement(tp, fp, fn, tn).items()},
    }


def _ranking_scores(labels: Labels, probabilities: Floats) -> dict[str, float]:
    _, hits, alarms = operating_points(labels, probabilities)
    positives = np.float64(np.count_nonzero(labels))
    new_hits, new_alarms = np.diff(hits, prepend=0), np.diff(alarms, prepend=0)
    # Each negative ranks below the hits made before it and, in a tie, below half of the new ones.
    pairs = np.sum(new_alarms * (hits - new_hits / 2))
    return {
        "auroc": pairs / (positives * (len(labels) - positives)),
        "average_precision": np.sum(new_hits * (hits / (hits + alarms))) / positives,
        "brier": np.sum((probabilities - labels) ** 2) / np.float64(len(labels)),
    }
