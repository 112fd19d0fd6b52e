"""Charts that Weights & Biases draws itself: ROC, precision and recall, confusion of test windows.

Windows of several folds are pooled, each called by the threshold of its own fold.
"""

from collections.abc import Sequence

import numpy as np
import wandb
from numpy.typing import NDArray
from wandb.plot.custom_chart import CustomChart

from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.report.curves import curves, pooled
from xai_sleep.tracking.names import CONFUSION, PRECISION_RECALL, ROC
from xai_sleep.tracking.tables import table

AREA = "wandb/area-under-curve/v0"
MATRIX = "wandb/confusion_matrix/v1"
POINTS = 500  # of a curve; more cannot be told apart on a screen
CLASSES = ("no event", "event")


def charts(results: Sequence[FoldResult]) -> dict[str, CustomChart]:
    """Charts by key; windows of one class have no curves."""
    label, probability, threshold = pooled(results)
    detected = probability >= threshold
    drawn = {CONFUSION: _confusion(label == 1, detected)}
    if len(np.unique(label)) == 2:
        found = curves(label, probability)
        rates, hits = found.false_alarm_rate, found.sensitivity
        drawn[ROC] = _curve(rates, hits, "ROC", ("false alarm rate", "sensitivity"))
        names = ("recall", "precision")
        drawn[PRECISION_RECALL] = _curve(hits, found.precision, "precision and recall", names)
    return drawn


def _curve(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    title: str,
    names: tuple[str, str],
) -> CustomChart:
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), POINTS)).round().astype(int))
    rows = [["event", float(x[i]), float(y[i])] for i in kept]
    words = {"title": title, "x-axis-title": names[0], "y-axis-title": names[1]}
    return wandb.plot_table(
        AREA,
        table(["class", *names], rows),
        {"x": names[0], "y": names[1], "class": "class"},
        words,
    )


def _confusion(
    event: NDArray[np.bool_],
    detected: NDArray[np.bool_],
) -> CustomChart:
    rows = [
        [CLASSES[of], CLASSES[called], int(np.sum((event == of) & (detected == called)))]
        for of in (0, 1)
        for called in (0, 1)
    ]
    columns = ["Actual", "Predicted", "nPredictions"]
    return wandb.plot_table(
        MATRIX, table(columns, rows), {c: c for c in columns}, {"title": "test windows"}
    )
