"""What charts are drawn from, for few windows, for many, and for those of one class."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import auc, roc_auc_score

from tests.support.results import fold_result
from xai_sleep.tracking.charts import POINTS, charts
from xai_sleep.tracking.names import CONFUSION, PRECISION_RECALL, ROC


def rows(chart: Any) -> list[list[Any]]:
    found: list[list[Any]] = chart.table.data
    return found


def test_windows_of_folds_are_pooled_each_called_by_its_own_threshold() -> None:
    folds = [
        fold_result("one", [0, 1, 1], [0.4, 0.6, 0.3]),
        fold_result("two", [0, 1], [0.4, 0.3], threshold=0.2),
    ]
    counts = {(of, called): n for of, called, n in rows(charts(folds)[CONFUSION])}
    assert counts == {
        ("no event", "no event"): 1,
        ("no event", "event"): 1,
        ("event", "no event"): 1,
        ("event", "event"): 2,
    }


def test_windows_of_one_class_have_no_curves() -> None:
    assert set(charts([fold_result("one", [0, 0], [0.4, 0.6])])) == {CONFUSION}


def test_a_long_curve_is_thinned_but_keeps_its_ends_and_area() -> None:
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 5000)
    probability = 0.3 * label + 0.7 * random.random(5000)
    drawn = charts([fold_result("one", label.tolist(), probability.tolist())])
    points = rows(drawn[ROC])
    assert len(points) == POINTS
    assert (points[0][1:], points[-1][1:]) == ([0, 0], [1, 1])
    area = auc([point[1] for point in points], [point[2] for point in points])
    assert area == pytest.approx(roc_auc_score(label, probability), abs=1e-3)
    recall, precision = rows(drawn[PRECISION_RECALL])[-1][1:]
    assert (recall, precision) == (1, pytest.approx(label.mean()))
