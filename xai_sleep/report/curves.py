"""ROC and precision-recall curves of test windows.

"Pooled" means the test windows of all folds together. Their probabilities come from different
networks, but are taken as they are: no scaling per fold makes the pooled curve look better.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.metrics.windows import window_scores
from xai_sleep.report import style

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curves:
    """Operating points from the highest threshold, at which nothing is detected, to the lowest.

    Parameters
    ----------
    false_alarm_rate, sensitivity, precision : arrays of shape (point,)
        Where nothing is detected precision is 1, by convention.
    """

    false_alarm_rate: Floats
    sensitivity: Floats
    precision: Floats


def curves(label: NDArray[np.integer], probability: NDArray[np.floating]) -> Curves:
    """Every operating point of windows of both classes; equal probabilities share one.

    Examples
    --------
    >>> curves(np.array([0, 1, 1]), np.array([0.2, 0.2, 0.7])).sensitivity
    array([0. , 0.5, 1. ])
    """
    order = np.argsort(-probability, kind="stable")
    last_of_tie = np.flatnonzero(np.diff(probability[order], append=-np.inf))
    hits = np.r_[0, np.cumsum(label[order])[last_of_tie]]
    detected = np.r_[0, last_of_tie + 1]
    positives = np.count_nonzero(label)
    precision = np.divide(hits, detected, out=np.ones(len(hits)), where=detected > 0)
    return Curves((detected - hits) / (len(label) - positives), hits / positives, precision)


def curves_figure(results: Sequence[FoldResult]) -> Figure:
    """Draw ROC and precision-recall curves per fold and pooled; dots are the chosen thresholds."""
    drawn = [result for result in results if len(np.unique(result.windows.label)) == 2]
    left_out = ", ".join(result.name for result in results if result not in drawn)
    words = textwrap.wrap(f"left out, windows of one class only: {left_out}", 60)
    legend = 0.2 * (4.5 + len(words))  # in
    figure = Figure(figsize=(11, 5.5 + legend), layout="constrained")
    both, below = figure.subplots(2, 2, height_ratios=(5.5, legend))
    roc, precision_recall = both
    label, probability, _ = pooled(results)
    share = np.mean(label)
    roc.plot([0, 1], [0, 1], "--", color=style.CHANCE, label="chance")
    precision_recall.plot(
        [0, 1], [share, share], "--", color=style.CHANCE, label=f"chance: {share:.3f}"
    )
    for number, result in enumerate(drawn):
        name = "_" if number else f"single fold ({len(drawn)} drawn)"  # "_" stays unlisted
        _draw_curves(both, [result], (name, name), style.FOLD, 0.9)
    if len(np.unique(label)) == 2:
        scores = window_scores(label, probability)
        names = (
            f"pooled: AUROC {scores['auroc']:.3f}",
            f"pooled: average precision {scores['average_precision']:.3f}",
        )
        _draw_curves(both, results, names, style.POOLED, 2.2)
    for axes, legend_axes in zip(both, below, strict=True):
        _finish(axes, legend_axes, "\n".join(words) if left_out else "")
    roc.set(xlabel="false alarm rate (1 − specificity)", ylabel="sensitivity", title="ROC")
    precision_recall.set(
        xlabel="recall (sensitivity)", ylabel="precision", title="precision and recall"
    )
    return figure


def pooled(
    results: Sequence[FoldResult],
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Label, probability and threshold of the windows of all folds, each of shape (window,)."""
    return (
        np.concatenate([result.windows.label for result in results]),
        np.concatenate([result.probability for result in results]).astype(np.float64),
        np.concatenate([np.full(len(r.windows), r.threshold, np.float64) for r in results]),
    )


def _draw_curves(
    both: Sequence[Axes],
    results: Sequence[FoldResult],
    names: tuple[str, str],
    colour: str,
    width: float,
) -> None:
    label, probability, threshold = pooled(results)
    detected = probability >= threshold
    points = curves(label, probability)
    roc, precision_recall = both
    style: dict[str, Any] = {"color": colour, "linewidth": width}
    roc.plot(points.false_alarm_rate, points.sensitivity, label=names[0], **style)
    # A step holds the precision of the threshold that reaches it: no optimistic interpolation.
    precision_recall.plot(
        points.sensitivity, points.precision, drawstyle="steps-pre", label=names[1], **style
    )
    sensitivity = detected[label == 1].mean()
    dot: dict[str, Any] = {"color": colour, "markersize": 3 + 2 * width}
    roc.plot(detected[label == 0].mean(), sensitivity, "o", **dot)
    if detected.any():
        precision_recall.plot(sensitivity, label[detected].mean(), "o", **dot)


def _finish(axes: Axes, legend_axes: Axes, left_out: str) -> None:
    axes.plot([], [], "o", color=style.POOLED, label="at the chosen thresholds")
    if left_out:
        axes.plot([], [], " ", label=left_out)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    style.plain(axes)
    listed = axes.get_legend_handles_labels()
    legend_axes.legend(*listed, loc="upper left", fontsize=9, frameon=False)
    legend_axes.set_axis_off()
