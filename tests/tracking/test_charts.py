"""What tables and charts are drawn from, for few windows, for many, and with a stamp."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import auc, roc_auc_score

from tests.support.outcomes import outcome, recording
from xai_sleep.evaluate.windows import curves
from xai_sleep.results.files import Leak, Stamp
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import POOLED
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.tracking.names import CONFUSION, POINTS, PRECISION_RECALL, ROC, charts, table

LEAKY = Stamp("synthetic", (Leak("carried_weights", "…"),))


def drawn(*folds: FoldOutcome, stamp: Stamp | None = None) -> dict[str, Any]:
    windows = TestWindows.of([recording("a")], folds)
    found: dict[str, Any] = charts(windows, curves(folds).get(POOLED), stamp or Stamp())
    return found


def test_windows_of_folds_are_pooled_each_called_by_its_own_threshold() -> None:
    folds = [
        outcome("one", [0, 1, 1], [0.4, 0.6, 0.3]),
        outcome("two", [0, 1], [0.4, 0.3], threshold=0.2),
    ]
    counts = {(of, called): n for of, called, n in drawn(*folds)[CONFUSION].table.data}
    assert counts == {
        ("no event", "no event"): 1,
        ("no event", "event"): 1,
        ("event", "no event"): 1,
        ("event", "event"): 2,
    }


def test_windows_of_one_class_have_no_curves() -> None:
    assert set(drawn(outcome("one", [0, 0], [0.4, 0.6]))) == {CONFUSION}


def test_a_long_curve_is_thinned_but_keeps_its_ends_and_area() -> None:
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 5000)
    probability = 0.3 * label + 0.7 * random.random(5000)
    found = drawn(outcome("one", label.tolist(), probability.tolist()))
    points = found[ROC].table.data
    assert len(points) == POINTS
    assert (points[0][1:], points[-1][1:]) == ([0, 0], [1, 1])
    area = auc([point[1] for point in points], [point[2] for point in points])
    assert area == pytest.approx(roc_auc_score(label, probability), abs=1e-3)
    recall, precision = found[PRECISION_RECALL].table.data[-1][1:]
    assert (recall, precision) == (1, pytest.approx(label.mean()))


def test_undefined_cells_are_empty_and_values_are_plain() -> None:
    frame = pd.DataFrame({"name": ["a", ""], "value": [0.5, np.nan], "n": pd.array([None, 2])})
    found = table(frame, Stamp())
    assert found.columns == ["name", "value", "n"]
    assert found.data == [["a", 0.5, None], ["", None, 2]]


def test_every_row_of_tables_and_charts_is_stamped() -> None:
    marks = {"data": "SIMULATED", "leaks": "LEAKY carried_weights"}
    for chart in drawn(outcome("one", [0, 1], [0.4, 0.6]), stamp=LEAKY).values():
        assert chart.table.columns[-2:] == list(marks)
        assert all(row[-2:] == list(marks.values()) for row in chart.table.data)
