"""Curves of a run: operating points, calibration, training, deletion and insertion.

All count windows. "Pooled" means the test windows of all folds together: their probabilities come
from different networks, but are taken as they are.
"""

# Not the displays of scikit-learn: each of them imports pyplot, the global state done without here.

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xai_sleep.report import style
from xai_sleep.results.finished import Curves, Finished
from xai_sleep.results.run import FoldRecord, Numbers
from xai_sleep.results.scores import POOLED, Scores

WAYS = {"deletion": "most relevant deleted first", "insertion": "most relevant inserted first"}
PANELS = {
    "train_loss": "training loss",
    "val_loss": "validation loss",
    "val_average_precision": "validation average precision",
}


def curves_figure(finished: Finished) -> Figure:
    """Draw ROC and precision-recall curves per fold and pooled; dots are the chosen thresholds."""
    folds = [outcome.name for outcome in finished.outcomes]
    drawn = [finished.curves[name] for name in folds if name in finished.curves]
    left_out = ", ".join(name for name in folds if name not in finished.curves)
    words = textwrap.wrap(f"left out, windows of one class only: {left_out}", 60)
    legend = 0.2 * (4.5 + len(words))  # in
    figure = Figure(figsize=(11, 5.5 + legend), layout="constrained")
    both, below = figure.subplots(2, 2, height_ratios=(5.5, legend))
    roc, precision_recall = both
    share = np.mean(finished.windows.label)
    roc.plot([0, 1], [0, 1], "--", color=style.CHANCE, label="chance")
    precision_recall.plot(
        [0, 1], [share, share], "--", color=style.CHANCE, label=f"chance: {share:.3f}"
    )
    for number, points in enumerate(drawn):
        name = "_" if number else f"single fold ({len(drawn)} drawn)"  # "_" stays unlisted
        _draw_curves(both, points, (name, name), style.FOLD, 0.9)
    if POOLED in finished.curves:
        scores = [finished.scores.one("windows", m).value for m in ("auroc", "average_precision")]
        names = [
            f"pooled: {label} {value:.3f}" if value is not None else "pooled"
            for label, value in zip(("AUROC", "average precision"), scores, strict=True)
        ]
        _draw_curves(both, finished.curves[POOLED], (names[0], names[1]), style.POOLED, 2.2)
    for axes, legend_axes in zip(both, below, strict=True):
        _finish(axes, legend_axes, "\n".join(words) if left_out else "")
    roc.set(xlabel="false alarm rate (1 − specificity)", ylabel="sensitivity", title="ROC")
    precision_recall.set(
        xlabel="recall (sensitivity)", ylabel="precision", title="precision and recall"
    )
    return figure


def calibration_figure(finished: Finished) -> Figure:
    """Draw how often windows of about one probability hold an event, and how many there are."""
    bins = finished.scores.select(part="calibration", fold=POOLED)
    curve = [_values(bins.select(metric=name)) for name in ("probability", "observed")]
    brier = finished.scores.one("windows", "brier").value
    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    top.plot([0, 1], [0, 1], "--", color=style.CHANCE, label="perfectly calibrated")
    top.plot(*curve, "o-", color=style.POOLED, label="pooled")
    top.set(
        ylabel="share of windows with an event",
        ylim=(-0.02, 1.02),
        title=f"Brier score {'undefined' if brier is None else f'{brier:.3f}'} (0 is best)",
    )
    top.legend(fontsize=9, frameon=False, loc="upper left")
    below.hist(finished.windows.probability, bins=list(np.linspace(0, 1, 11)), color=style.FOLD)
    below.set(xlabel="probability of an event", ylabel="windows", xlim=(-0.02, 1.02))
    for axes in (top, below):
        style.plain(axes)
    return figure


def training_figure(folds: Sequence[FoldRecord]) -> Figure:
    """Draw loss and validation score of every epoch and fold; a dot marks the best epoch."""
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    panels = figure.subplots(1, len(PANELS))
    for axes, (key, name) in zip(panels, PANELS.items(), strict=True):
        for fold in folds:
            _draw_epochs(axes, getattr(fold.history, key), best=key == "val_average_precision")
        axes.set(xlabel="epoch", ylabel=name)
        if not axes.lines:
            axes.text(0.5, 0.5, "undefined", ha="center", transform=axes.transAxes)
        axes.xaxis.get_major_locator().set_params(integer=True)
        style.plain(axes)
    panels[2].set_ylim(-0.02, 1.02)
    return figure


def deletion_figure(scores: Scores) -> Figure | None:
    """Draw the mean curves of every explainer beside random order; None where there are none."""
    explainers = scores.select(part="deletion", metric="most").distinct("who")
    if not explainers:
        return None
    figure = Figure(figsize=(11, 4.2), layout="constrained")
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


def _draw_curves(
    both: Sequence[Axes], points: Curves, names: tuple[str, str], colour: str, width: float
) -> None:
    roc, precision_recall = both
    look: dict[str, Any] = {"color": colour, "linewidth": width}
    roc.plot(points.false_alarm_rate, points.sensitivity, label=names[0], **look)
    # A step holds the precision of the threshold that reaches it: no optimistic interpolation.
    precision_recall.plot(
        points.sensitivity, points.precision, drawstyle="steps-pre", label=names[1], **look
    )
    false_alarms, sensitivity, precision = points.chosen
    dot: dict[str, Any] = {"color": colour, "markersize": 3 + 2 * width}
    roc.plot(false_alarms, sensitivity, "o", **dot)
    if precision is not None:
        precision_recall.plot(sensitivity, precision, "o", **dot)


def _finish(axes: Axes, legend_axes: Axes, left_out: str) -> None:
    axes.plot([], [], "o", color=style.POOLED, label="at the chosen thresholds")
    if left_out:
        axes.plot([], [], " ", label=left_out)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    style.plain(axes)
    listed = axes.get_legend_handles_labels()
    legend_axes.legend(*listed, loc="upper left", fontsize=9, frameon=False)
    legend_axes.set_axis_off()


def _draw_epochs(axes: Axes, values: Numbers, *, best: bool) -> None:
    defined = [(epoch, value) for epoch, value in enumerate(values, 1) if value is not None]
    if not defined:
        return
    axes.plot(*zip(*defined, strict=True), color=style.FOLD, linewidth=1)
    if best:
        axes.plot(*max(defined, key=lambda point: point[1]), "o", color=style.POOLED)


def _values(scores: Scores) -> list[float]:
    return [row.value for row in scores if row.value is not None]


def _shares(scores: Scores, way: str, who: str, order: str) -> tuple[list[float], list[float]]:
    """Shares of the window and values of a curve whose rows are over ``share 0.05`` and so on."""
    rows = scores.select(part=way, who=who, metric=order, fold=POOLED)
    return [float(row.over.removeprefix("share ")) for row in rows], _values(rows)
