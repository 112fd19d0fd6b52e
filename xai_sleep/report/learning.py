"""How the networks learned and how far their probabilities can be trusted."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.metrics.statistics import calibration
from xai_sleep.report import style
from xai_sleep.report.curves import pooled

PANELS = {
    "train_loss": "training loss",
    "val_loss": "validation loss",
    "val_average_precision": "validation average precision",
}


def training_figure(folds: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Draw loss and validation score of every epoch and fold; None where no fold kept them.

    Parameters
    ----------
    folds : sequence of mappings
        ``folds`` of ``results.json``, with a ``history``; a dot marks the best epoch.
    """
    histories = [fold["history"] for fold in folds if "history" in fold]
    if not histories:
        return None
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    panels = figure.subplots(1, len(PANELS))
    for axes, (key, name) in zip(panels, PANELS.items(), strict=True):
        for history in histories:
            _draw_epochs(axes, history[key], best=key == "val_average_precision")
        axes.set(xlabel="epoch", ylabel=name)
        if not axes.lines:
            axes.text(0.5, 0.5, "undefined", ha="center", transform=axes.transAxes)
        axes.xaxis.get_major_locator().set_params(integer=True)
        style.plain(axes)
    panels[2].set_ylim(-0.02, 1.02)
    return figure


def calibration_figure(results: Sequence[FoldResult]) -> Figure:
    """Draw how often windows of about one probability hold an event, and how many there are."""
    label, probability, _ = pooled(results)
    curve = calibration(label, probability)
    brier = np.mean((probability - label) ** 2)
    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    top.plot([0, 1], [0, 1], "--", color=style.CHANCE, label="perfectly calibrated")
    top.plot(curve.probability, curve.observed, "o-", color=style.POOLED, label="pooled")
    top.set(
        ylabel="share of windows with an event",
        ylim=(-0.02, 1.02),
        title=f"Brier score {brier:.3f} (0 is best)",
    )
    top.legend(fontsize=9, frameon=False, loc="upper left")
    below.hist(probability, bins=list(np.linspace(0, 1, 11)), color=style.FOLD)
    below.set(xlabel="probability of an event", ylabel="windows", xlim=(-0.02, 1.02))
    for axes in (top, below):
        style.plain(axes)
    return figure


def _draw_epochs(axes: Axes, values: Sequence[float | None], *, best: bool) -> None:
    defined = [(epoch, value) for epoch, value in enumerate(values, 1) if value is not None]
    if not defined:
        return
    axes.plot(*zip(*defined, strict=True), color=style.FOLD, linewidth=1)
    if best:
        axes.plot(*max(defined, key=lambda point: point[1]), "o", color=style.POOLED)
