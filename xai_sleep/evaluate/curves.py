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
    parts = {each.name: [each] for each in outcomes} | {POOLED: list(outcomes)}
    found = {}
    for name, part in parts.items():
        label = np.concatenate([each.windows.label for each in part])
        if len(np.unique(label)) == 2:
            probability = np.concatenate([each.probabilities for each in part])
            detected = np.concatenate([each.detected for each in part])
            found[name] = curve(label, probability, detected)
    return found


def curve(
    label: NDArray[np.integer], probability: NDArray[np.floating], detected: Decisions
) -> Curves:
    """Every operating point of windows of both classes; equal probabilities share one."""
    hits, alarms = (np.r_[0, each] for each in operating_points(label, probability)[1:])
    positives, calls = np.count_nonzero(label), hits + alarms
    precision = float(label[detected].mean()) if detected.any() else None
    return Curves(
        alarms / (len(label) - positives),
        hits / positives,
        np.divide(hits, calls, out=np.ones(len(hits)), where=calls > 0),
        (float(detected[label == 0].mean()), float(detected[label == 1].mean()), precision),
    )
