"""Curves of a run: operating points, calibration, training, deletion and insertion.

All count windows. "Pooled" means the test windows of all folds together: their probabilities come
from different networks, but are taken as they are.
"""
# Not scikit-learn's displays: each imports pyplot, the global state done without here.

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xai_sleep.report import style
from xai_sleep.results.finished import Finished
from xai_sleep.results.run import FoldRecord
from xai_sleep.results.scores import POOLED, Scores

POINT = ("false_alarm_rate", "sensitivity", "precision")  # of an operating point
WAYS = {"deletion": "most relevant deleted first", "insertion": "most relevant inserted first"}
LOSSES = {"train_loss": "training loss", "val_loss": "validation loss"}
PANELS = {**LOSSES, "val_average_precision": "validation average precision"}
ENDS = (-0.02, 1.02)  # of an axis from 0 to 1


def curves_figure(finished: Finished) -> Figure:
    """Draw ROC and precision-recall curves per fold and pooled; dots are the chosen thresholds."""
    left_out = [o.name for o in finished.outcomes if o.name not in finished.curves]
    words = textwrap.wrap(f"left out, windows of one class only: {', '.join(left_out)}", 60)
    legend = 0.2 * (4.5 + len(words))  # in
    figure = style.paper(11, 5.5 + legend)
    (roc, recall), below = figure.subplots(2, 2, height_ratios=(5.5, legend))
    share = np.mean(finished.windows.label)
    roc.plot([0, 1], [0, 1], "--", color=style.CHANCE, label="chance")
    recall.plot([0, 1], [share, share], "--", color=style.CHANCE, label=f"chance: {share:.3f}")
    _draw_curves(roc, finished, 0, ("auroc", "AUROC"))
    # A step holds the precision of the threshold that reaches it: no optimistic interpolation.
    area = ("average_precision", "average precision")
    _draw_curves(recall, finished, 1, area, drawstyle="steps-pre")
    for axes, legend_axes in ((roc, below[0]), (recall, below[1])):
        axes.plot([], [], "o", color=style.POOLED, label="at the chosen thresholds")
        if left_out:
            axes.plot([], [], " ", label="\n".join(words))
        axes.set(xlim=ENDS, ylim=ENDS, aspect="equal")
        style.plain(axes)
        listed = axes.get_legend_handles_labels()
        legend_axes.legend(*listed, loc="upper left", fontsize=9, frameon=False)
        legend_axes.set_axis_off()
    roc.set(xlabel="false alarm rate (1 − specificity)", ylabel="sensitivity", title="ROC")
    recall.set(xlabel="recall (sensitivity)", ylabel="precision", title="precision and recall")
    return figure


def _draw_curves(
    axes: Axes, finished: Finished, x: int, area: tuple[str, str], **look: Any
) -> None:
    """Draw each fold's curve and the pooled one: coordinate ``x`` of points against the next."""
    drawn = [o.name for o in finished.outcomes if o.name in finished.curves]
    value = finished.scores.one("windows", area[0]).value
    pooled = "pooled" if value is None else f"pooled: {area[1]} {value:.3f}"
    labels = dict.fromkeys(drawn, "_")  # which stays unlisted
    labels |= {name: f"single fold ({len(drawn)} drawn)" for name in drawn[:1]}
    for name, label in (labels | {POOLED: pooled}).items():
        if points := finished.curves.get(name):
            colour, width = (style.POOLED, 2.2) if name == POOLED else (style.FOLD, 0.9)
            curve = [getattr(points, each) for each in POINT[x : x + 2]]
            axes.plot(*curve, color=colour, linewidth=width, label=label, **look)
            dot = [value for value in points.chosen[x : x + 2] if value is not None]
            if len(dot) == 2:
                axes.plot(*dot, "o", color=colour, markersize=3 + 2 * width)


def calibration_figure(finished: Finished) -> Figure:
    """Draw how often windows of about one probability hold an event, and how many there are."""
    bins = finished.scores.select(part="calibration", fold=POOLED)
    curve = [_values(bins.select(metric=name)) for name in ("probability", "observed")]
    brier = finished.scores.one("windows", "brier").value
    said = "undefined" if brier is None else f"{brier:.3f}"
    figure = style.paper(5.2, 5.2)
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    top.plot([0, 1], [0, 1], "--", color=style.CHANCE, label="perfectly calibrated")
    top.plot(*curve, "o-", color=style.POOLED, label="pooled")
    top.set(ylabel="share of windows with an event", ylim=ENDS)
    top.set_title(f"Brier score {said} (0 is best)")
    top.legend(fontsize=9, frameon=False, loc="upper left")
    below.hist(finished.windows.probability, bins=list(np.linspace(0, 1, 11)), color=style.FOLD)
    below.set(xlabel="probability of an event", ylabel="windows", xlim=ENDS)
    for axes in (top, below):
        style.plain(axes)
    return figure


def training_figure(folds: Sequence[FoldRecord]) -> Figure:
    """Draw loss and validation score of every epoch and fold; a dot marks the best epoch."""
    figure = style.paper(11, 3.4)
    panels = figure.subplots(1, len(PANELS))
    for axes, (key, name) in zip(panels, PANELS.items(), strict=True):
        each = [enumerate(getattr(fold.history, key), 1) for fold in folds]
        lines = [[(epoch, value) for epoch, value in one if value is not None] for one in each]
        for defined in filter(None, lines):
            axes.plot(*zip(*defined, strict=True), color=style.FOLD, linewidth=1)
            if key not in LOSSES:
                axes.plot(*max(defined, key=lambda point: point[1]), "o", color=style.POOLED)
        axes.set(xlabel="epoch", ylabel=name)
        if not any(lines):
            axes.text(0.5, 0.5, "undefined", ha="center", transform=axes.transAxes)
        axes.xaxis.get_major_locator().set_params(integer=True)
        style.plain(axes)
    panels[2].set_ylim(*ENDS)
    return figure


def deletion_figure(scores: Scores) -> Figure | None:
    """Draw the mean curves of every explainer beside random order; None where there are none."""
    explainers = scores.select(part="deletion", metric="most").distinct("who")
    if not explainers:
        return None
    figure = style.paper(11, 4.2)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (way, title) in zip(panels, WAYS.items(), strict=True):
        for number, who in enumerate(explainers):
            colour = style.METHODS[number % len(style.METHODS)]
            axes.plot(*_shares(scores, way, who, "most"), color=colour, label=who)
        random = _shares(scores, way, explainers[0], "random")
        axes.plot(*random, color=style.CHANCE, linestyle="--", label="random order")
        axes.set(title=title, xlabel=f"share of the window after {way}", xlim=(0, 1))
        style.plain(axes)
    panels[0].set(ylabel="mean probability of an event", ylim=(0, 1.02))
    panels[1].legend(fontsize=9, frameon=False, ncols=2)
    return figure


def _values(scores: Scores) -> list[float]:
    return [row.value for row in scores if row.value is not None]


def _shares(scores: Scores, way: str, who: str, order: str) -> tuple[list[float], list[float]]:
    """Shares of the window and values of a curve whose rows are over ``share 0.05`` and so on."""
    rows = scores.select(part=way, who=who, metric=order, fold=POOLED)
    return [float(row.over.removeprefix("share ")) for row in rows], _values(rows)
