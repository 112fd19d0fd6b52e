"""ROC and precision-recall curves of test windows, fold by fold and pooled.

"Pooled" means the test windows of all folds together. Their probabilities come from different
networks, but are taken as they are: no scaling per fold makes the pooled curve look better.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xai_sleep.metrics.windows import Decisions, operating_points
from xai_sleep.results.finished import Curves
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import POOLED


def curves(outcomes: Sequence[FoldOutcome]) -> dict[str, Curves]:
    """Curves of each fold that tests both classes, by name, and of all together."""
    found = {
        each.name: curve(each.windows.label, each.probabilities, each.detected)
        for each in outcomes
        if len(np.unique(each.windows.label)) == 2
    }
    label = np.concatenate([each.windows.label for each in outcomes])
    if len(np.unique(label)) == 2:
        probability = np.concatenate([each.probabilities for each in outcomes])
        detected = np.concatenate([each.detected for each in outcomes])
        found[POOLED] = curve(label, probability, detected)
    return found


def curve(
    label: NDArray[np.integer], probability: NDArray[np.floating], detected: Decisions
) -> Curves:
    """Every operating point of windows of both classes; equal probabilities share one.

    Examples
    --------
    >>> probability = np.array([0.2, 0.2, 0.7])
    >>> found = curve(np.array([0, 1, 1]), probability, np.array([False, False, True]))
    >>> found.sensitivity, found.chosen
    (array([0. , 0.5, 1. ]), (0.0, 0.5, 1.0))
    """
    _, hits, alarms = operating_points(label, probability)
    hits, alarms = np.r_[0, hits], np.r_[0, alarms]
    positives = np.count_nonzero(label)
    calls = hits + alarms
    return Curves(
        alarms / (len(label) - positives),
        hits / positives,
        np.divide(hits, calls, out=np.ones(len(hits)), where=calls > 0),
        (
            float(detected[label == 0].mean()),
            float(detected[label == 1].mean()),
            float(label[detected].mean()) if detected.any() else None,
        ),
    )
