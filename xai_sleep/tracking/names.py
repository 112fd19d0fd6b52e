"""Keys of a tracked run: one scheme for folds, summaries and baselines.

::

    train/loss  val/loss  val/f1 …          every epoch of a fold
    test/f1  events/f1  maps/…/pointing …   once a fold
    test/f1/mean  …/std  …/low  …/high      over folds, and the interval over subjects
    test/f1/pooled                          all test windows together
    baselines/<name>/test/f1/mean …         the same of a baseline
"""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd
import wandb
from numpy.typing import NDArray
from wandb.plot.custom_chart import CustomChart

from xai_sleep.results.files import Stamp
from xai_sleep.results.finished import Curves
from xai_sleep.results.scores import MEAN, MODEL, POOLED, Score, Scores
from xai_sleep.results.test_windows import TestWindows

PREDICTIONS, DETECTIONS = "test/predictions", "events/detections"
ROC, PRECISION_RECALL, CONFUSION = "test/roc", "test/precision_recall", "test/confusion"
EXAMPLES, FIGURES = "maps/examples", "figures"
SCORES, FOLDS = "tables/scores", "tables/folds"

# Parts of the table of scores that have keys, and the first word of these.
PARTS = {"windows": "test", "windows_at_half": "test_at_half", "events": "events", "maps": "maps"}
OVER = ("all", "n2n3", "true_positives", "positives")
OF_BASELINES = ("f1", "auroc")  # beside the network's
COUNTS = ("windows", "blank", "events", "detections", "matched", "minutes")


def keyed(scores: Scores) -> dict[str, Score]:
    """Figures with keys of their own; all others are in the table of scores alone."""
    main = next(iter(scores.select(part="maps").distinct("who")), "")
    return {_key(row): row for row in scores if _has_key(row, main)}


def numbers(scores: Scores) -> dict[str, float]:
    """Values by key; what is undefined is left out, never 0."""
    found: dict[str, float | None] = {}
    for key, row in keyed(scores).items():
        ends = {POOLED: {"low": row.low, "high": row.high}, MEAN: {"std": row.sd}}
        further = ends.get(row.fold, {}).items()
        found |= {key: row.value, **{f"{key.rpartition('/')[0]}/{e}": v for e, v in further}}
    return {key: value for key, value in found.items() if value is not None}


def _has_key(row: Score, main: str) -> bool:
    if row.part not in PARTS or row.over not in OVER:
        return False
    if row.part == "maps":
        return row.who == main
    return row.who == MODEL or (row.over == "all" and row.metric in OF_BASELINES)


def _key(row: Score) -> str:
    maps, counts = row.part == "maps", row.metric in COUNTS
    words = ["baselines", row.who] * (not maps and row.who != MODEL)
    words += [PARTS[row.part] + "_n2n3" * (row.over == "n2n3"), *[row.over] * maps]
    # the same word may count and, pooled, be a score
    words += ["counts"] * counts + [row.metric]
    words += [row.fold] * (row.fold in (POOLED, MEAN) and not counts)
    return "/".join(words)


COUNTED = {name: name for name in ("Actual", "Predicted", "nPredictions")}
AREA, MATRIX = "wandb/area-under-curve/v0", "wandb/confusion_matrix/v1"
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
    counts = table(pd.DataFrame(cells, columns=list(COUNTED)), stamp)
    drawn = {CONFUSION: wandb.plot_table(MATRIX, counts, COUNTED, {"title": "test windows"})}
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
