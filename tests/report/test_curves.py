"""Curves of a run show what it is handed, and say what is left out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from tests.support.outcomes import fold_record
from tests.support.pages import CURVES, Kind, made_up
from xai_sleep.report.figures import (
    calibration_figure,
    curves_figure,
    deletion_figure,
    training_figure,
)
from xai_sleep.report.style import CHANCE, FOLD, METHODS, POOLED
from xai_sleep.results.finished import Curves
from xai_sleep.results.run import History, Numbers

RUN = made_up()
OTHER = Curves(np.array([0, 1.0]), np.array([0, 1.0]), np.array([1, 0.2]), (0, 0, None))


def test_every_fold_and_all_together_are_drawn() -> None:
    roc, precision_recall = curves_figure(
        replace(RUN, curves={**RUN.curves, "pooled": OTHER})
    ).axes[:2]
    for axes, x, y in (
        (roc, "false_alarm_rate", "sensitivity"),
        (precision_recall, "sensitivity", "precision"),
    ):
        (bold,), thin = _lines(axes, POOLED), _lines(axes, FOLD)
        for line, points in ((bold, OTHER), (thin[0], CURVES), (thin[1], CURVES)):
            expected = np.column_stack([getattr(points, x), getattr(points, y)])
            np.testing.assert_array_equal(line.get_xydata(), expected)
        assert thin[0].get_linewidth() < bold.get_linewidth()


def test_dots_are_the_chosen_thresholds_and_nothing_detected_has_no_precision() -> None:
    roc, precision_recall = curves_figure(
        replace(RUN, curves={**RUN.curves, "pooled": OTHER})
    ).axes[:2]
    assert _dots(roc, FOLD) == [(0.25, 0.5)] * 2
    assert _dots(precision_recall, FOLD) == [(0.5, 0.75)] * 2
    assert _dots(roc, POOLED) == [(0, 0)]
    assert _dots(precision_recall, POOLED) == []


def test_chance_is_the_diagonal_and_the_share_of_events() -> None:
    roc, precision_recall = curves_figure(RUN).axes[:2]
    (diagonal,), (share,) = _lines(roc, CHANCE), _lines(precision_recall, CHANCE)
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    assert share.get_ydata() == pytest.approx([RUN.windows.label.mean()] * 2)


def test_a_fold_without_curves_is_named_not_drawn() -> None:
    first, second = (fold.name for fold in RUN.outcomes)
    figure = curves_figure(replace(RUN, curves={first: CURVES}))
    for axes in figure.axes[:2]:
        assert len(_lines(axes, FOLD)) == 1
        assert not _lines(axes, POOLED)
    for words in _legends(figure):
        assert f"left out, windows of one class only: {second}" in words
        assert "single fold (1 drawn)" in words
    for words, score in zip(_legends(curves_figure(RUN)), (0.9, 0.7), strict=True):
        assert "left out" not in " ".join(words)
        assert any(word.startswith("pooled: ") and f"{score:.3f}" in word for word in words)


def test_calibration_shows_the_bins_and_all_windows() -> None:
    top, below = calibration_figure(RUN).axes
    (curve,) = [line for line in top.lines if line.get_color() == POOLED]
    expected = [(i / 10 - 0.05, i / 20) for i in range(1, 11)]
    np.testing.assert_allclose(_points(curve), expected)
    assert top.get_title() == "Brier score 0.125 (0 is best)"
    bars = [patch for patch in below.patches if isinstance(patch, Rectangle)]
    assert sum(bar.get_height() for bar in bars) == len(RUN.windows)


def test_every_fold_is_a_line_with_its_best_epoch() -> None:
    histories: list[Numbers] = [[0.2, 0.9, 0.4], [0.1, None]]
    folds = [
        replace(fold_record("a"), history=History([1.0, 0.5], [1.0, 0.5], scores))
        for scores in histories
    ]
    loss, _, score = training_figure(folds).axes
    assert [_points(line) for line in loss.lines] == [[(1, 1), (2, 0.5)]] * 2
    dots = [_points(line) for line in score.lines if line.get_color() == POOLED]
    assert dots == [[(2, 0.9)], [(1, 0.1)]]
    assert len([line for line in score.lines if line.get_color() == FOLD]) == 2


def test_a_score_that_no_fold_defines_is_said() -> None:
    fold = replace(fold_record("a"), history=History([1.0], [1.0], [None]))
    assert [text.get_text() for text in training_figure([fold]).axes[2].texts] == ["undefined"]


def test_every_explainer_is_a_line_beside_random_order() -> None:
    figure = deletion_figure(RUN.scores)
    assert figure
    for axes, ends in zip(figure.axes, ((0.9, 0.1), (0.1, 0.7)), strict=True):
        drawn = {str(line.get_label()): _points(line) for line in axes.lines}
        middle = {"gradcam": 0.3, "saliency": 0.3, "random order": 0.5}
        assert drawn.keys() == middle.keys()
        for name, points in drawn.items():
            expected = [(0, ends[0]), (0.5, middle[name]), (1, ends[1])]
            np.testing.assert_allclose(points, expected, atol=1e-12)
        assert [line.get_color() for line in axes.lines] == [*METHODS[:2], CHANCE]


def test_without_maps_there_are_no_curves_of_deletion() -> None:
    assert deletion_figure(made_up(Kind(maps="none")).scores) is None


def _lines(axes: Axes, colour: str) -> list[Line2D]:
    return [
        line for line in axes.lines if line.get_color() == colour and line.get_marker() == "None"
    ]


def _points(line: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in np.reshape(line.get_xydata(), (-1, 2))]


def _dots(axes: Axes, colour: str) -> list[tuple[float, float]]:
    dots = [line for line in axes.lines if line.get_color() == colour and line.get_marker() == "o"]
    return [point for dot in dots for point in _points(dot)]


def _legends(figure: Figure) -> list[Sequence[str]]:
    legends = [axes.get_legend() for axes in figure.axes]
    return [[text.get_text() for text in legend.texts] for legend in legends if legend]
