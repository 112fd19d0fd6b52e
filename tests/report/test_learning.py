"""Training curves and calibration."""

from typing import Any

import numpy as np
import pytest
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from tests.support.results import fold_result
from xai_sleep.report.learning import calibration_figure, training_figure
from xai_sleep.report.style import FOLD, POOLED

RNG = np.random.default_rng(0)


def fold(scores: list[float | None]) -> dict[str, Any]:
    losses = [1.0 / (i + 1) for i in range(len(scores))]
    history = {"train_loss": losses, "val_loss": losses, "val_average_precision": scores}
    return {"name": "a", "history": history}


def points(line: Line2D) -> Any:
    return np.asarray(line.get_xydata()).tolist()


def test_every_fold_is_a_line_with_its_best_epoch() -> None:
    figure = training_figure([fold([0.2, 0.9, 0.4]), fold([0.1, None])])
    assert figure
    loss, _, score = figure.axes
    assert [points(line) for line in loss.lines] == [
        [[1, 1], [2, 0.5], [3, 1 / 3]],
        [[1, 1], [2, 0.5]],
    ]
    dots = [points(line) for line in score.lines if line.get_color() == POOLED]
    assert dots == [[[2, 0.9]], [[1, 0.1]]]
    assert len([line for line in score.lines if line.get_color() == FOLD]) == 2


def test_a_score_that_no_fold_defines_is_said() -> None:
    figure = training_figure([fold([None, None])])
    assert figure
    assert [text.get_text() for text in figure.axes[2].texts] == ["undefined"]


def test_runs_that_kept_no_history_have_no_curves() -> None:
    assert training_figure([{"name": "a"}]) is None


def test_calibration_is_that_of_scikit_learn() -> None:
    probability = RNG.random(400)
    label = (RNG.random(400) < probability).astype(int)
    halves = [
        fold_result(name, label[part].tolist(), probability[part].tolist())
        for name, part in (("a", slice(200)), ("b", slice(200, None)))
    ]
    top, below = calibration_figure(halves).axes
    observed, predicted = calibration_curve(label, probability.astype(np.float32), n_bins=10)
    (curve,) = [line for line in top.lines if line.get_color() == POOLED]
    np.testing.assert_allclose(points(curve), np.column_stack([predicted, observed]))
    assert top.get_title().startswith(f"Brier score {brier_score_loss(label, probability):.3f}")
    bars = [patch for patch in below.patches if isinstance(patch, Rectangle)]
    assert sum(bar.get_height() for bar in bars) == 400


def test_calibration_without_events_lies_on_the_floor() -> None:
    figure = calibration_figure([fold_result("a", [0, 0], [0.1, 0.9])])
    (curve,) = [line for line in figure.axes[0].lines if line.get_color() == POOLED]
    assert curve.get_ydata() == pytest.approx([0, 0])
