"""Tables, and charts that Weights & Biases draws itself: ROC, precision and recall, confusion.

Windows of several folds are pooled, each called by the threshold of its own fold.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd
import wandb
from numpy.typing import NDArray
from wandb.plot.custom_chart import CustomChart

from xai_sleep.results.finished import Curves
from xai_sleep.results.stamp import Stamp
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.tracking.names import CONFUSION, PRECISION_RECALL, ROC

AREA = "wandb/area-under-curve/v0"
MATRIX = "wandb/confusion_matrix/v1"
POINTS = 500  # of a curve; more cannot be told apart on a screen


def table(frame: pd.DataFrame, stamp: Stamp) -> wandb.Table:
    """Make a table of a frame: undefined cells are empty, and a stamp is the last columns."""
    stamped = frame.assign(**stamp.columns).astype(object)
    return wandb.Table(dataframe=stamped.where(stamped.notna(), None))


def charts(windows: TestWindows, curves: Curves | None, stamp: Stamp) -> dict[str, CustomChart]:
    """Charts by key; windows of one class have no curves."""
    classes = ("no event", "event")
    cells = [
        (classes[of], classes[called], np.sum((windows.label == of) & (windows.detected == called)))
        for of, called in product((0, 1), repeat=2)
    ]
    columns = {name: name for name in ("Actual", "Predicted", "nPredictions")}
    counts = table(pd.DataFrame(cells, columns=list(columns)), stamp)
    drawn = {CONFUSION: wandb.plot_table(MATRIX, counts, columns, {"title": "test windows"})}
    if curves:
        rates, hits = curves.false_alarm_rate, curves.sensitivity
        drawn[ROC] = _curve("ROC", {"false alarm rate": rates, "sensitivity": hits}, stamp)
        axes = {"recall": hits, "precision": curves.precision}
        drawn[PRECISION_RECALL] = _curve("precision and recall", axes, stamp)
    return drawn


def _curve(title: str, axes: Mapping[str, NDArray[np.float64]], stamp: Stamp) -> CustomChart:
    points = pd.DataFrame({"class": "event", **axes})
    kept = np.linspace(0, len(points) - 1, min(len(points), POINTS)).round().astype(int)
    x, y = axes
    words = {"title": title, "x-axis-title": x, "y-axis-title": y}
    shown = table(points.iloc[np.unique(kept)], stamp)
    return wandb.plot_table(AREA, shown, {"x": x, "y": y, "class": "class"}, words)
