"""Operating points against scikit-learn; what is drawn of which fold."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sklearn.metrics import precision_recall_curve, roc_curve

from tests.support.results import fold_result
from xai_sleep.report.curves import curves, curves_figure
from xai_sleep.report.style import CHANCE, FOLD, POOLED

GRID = st.integers(0, 8).map(lambda step: step / 8)  # many ties
WINDOWS = st.lists(st.tuples(st.integers(0, 1), GRID), min_size=2, max_size=40).filter(
    lambda windows: len({label for label, _ in windows}) == 2
)

TWO_CLASSES = fold_result("one", [0, 1, 1, 0, 1], [0.2, 0.9, 0.4, 0.6, 0.7])
OTHER = fold_result("two", [0, 0, 1, 0], [0.1, 0.3, 0.8, 0.2], threshold=0.25)
NEGATIVE = fold_result("three", [0, 0], [0.3, 0.95])


@settings(deadline=None)
@given(WINDOWS)
def test_points_equal_those_of_scikit_learn(windows: list[tuple[int, float]]) -> None:
    label = np.array([one for one, _ in windows])
    probability = np.array([one for _, one in windows], dtype=np.float32)
    points = curves(label, probability)
    false_alarm_rate, sensitivity, _ = roc_curve(label, probability, drop_intermediate=False)
    np.testing.assert_allclose(points.false_alarm_rate, false_alarm_rate)
    np.testing.assert_allclose(points.sensitivity, sensitivity)
    precision, recall, _ = precision_recall_curve(label, probability)
    np.testing.assert_allclose(points.precision, precision[::-1])
    np.testing.assert_allclose(points.sensitivity, recall[::-1])


def test_every_fold_and_all_together_are_drawn() -> None:
    figure = curves_figure([TWO_CLASSES, OTHER])
    roc, precision_recall = figure.axes[:2]
    label = np.concatenate([TWO_CLASSES.windows.label, OTHER.windows.label])
    probability = np.concatenate([TWO_CLASSES.probability, OTHER.probability])
    together = curves(label, probability)
    for axes, x, y in (
        (roc, "false_alarm_rate", "sensitivity"),
        (precision_recall, "sensitivity", "precision"),
    ):
        (bold,) = _lines(axes, POOLED)
        np.testing.assert_allclose(np.asarray(bold.get_xdata(), float), getattr(together, x))
        np.testing.assert_allclose(np.asarray(bold.get_ydata(), float), getattr(together, y))
        thin = _lines(axes, FOLD)
        assert len(thin) == 2
        one = curves(TWO_CLASSES.windows.label, TWO_CLASSES.probability)
        np.testing.assert_allclose(np.asarray(thin[0].get_ydata(), float), getattr(one, y))
        assert thin[0].get_linewidth() < bold.get_linewidth()


def test_dots_are_the_thresholds_of_the_folds() -> None:
    """By hand: fold one detects 2 of 3 events and 1 of 2 others, fold two 1 of 1 and 1 of 3."""
    roc, precision_recall = curves_figure([TWO_CLASSES, OTHER]).axes[:2]
    np.testing.assert_allclose(_dots(roc, FOLD), [(1 / 2, 2 / 3), (1 / 3, 1)])
    np.testing.assert_allclose(_dots(roc, POOLED), [(2 / 5, 3 / 4)])
    np.testing.assert_allclose(_dots(precision_recall, FOLD), [(2 / 3, 2 / 3), (1, 1 / 2)])
    np.testing.assert_allclose(_dots(precision_recall, POOLED), [(3 / 4, 3 / 5)])


def test_chance_is_the_diagonal_and_the_share_of_events() -> None:
    roc, precision_recall = curves_figure([TWO_CLASSES, OTHER]).axes[:2]
    (diagonal,), (share,) = _lines(roc, CHANCE), _lines(precision_recall, CHANCE)
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    np.testing.assert_allclose(np.asarray(share.get_ydata(), float), 4 / 9)


def test_fold_of_one_class_is_named_not_drawn() -> None:
    figure = curves_figure([TWO_CLASSES, NEGATIVE])
    assert len(_lines(figure.axes[0], FOLD)) == 1
    for words in _legends(figure):
        assert "left out, windows of one class only: three" in words
        assert "single fold (1 drawn)" in words
    for words in _legends(curves_figure([TWO_CLASSES, OTHER])):
        assert "left out" not in " ".join(words)


def test_no_curve_where_all_windows_are_of_one_class() -> None:
    figure = curves_figure([NEGATIVE])
    assert not _lines(figure.axes[0], FOLD) + _lines(figure.axes[0], POOLED)


def test_nothing_detected_has_no_precision_to_mark() -> None:
    silent = fold_result("silent", [0, 1], [0.2, 0.4], threshold=0.9)
    roc, precision_recall = curves_figure([silent]).axes[:2]
    assert _dots(roc, POOLED) == [(0, 0)]
    assert _dots(precision_recall, POOLED) == []


def _lines(axes: Axes, colour: str) -> list[Line2D]:
    return [
        line for line in axes.lines if line.get_color() == colour and line.get_marker() == "None"
    ]


def _dots(axes: Axes, colour: str) -> list[tuple[float, float]]:
    dots = [line for line in axes.lines if line.get_color() == colour and line.get_marker() == "o"]
    return [(float(x), float(y)) for dot in dots for x, y in np.reshape(dot.get_xydata(), (-1, 2))]


def _legends(figure: Figure) -> list[Sequence[str]]:
    legends = [axes.get_legend() for axes in figure.axes]
    return [[text.get_text() for text in legend.texts] for legend in legends if legend]
