"""Deletion and insertion: whether the probability follows what the maps mark."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xai_sleep.report import style

WAYS = {"deletion": "most relevant deleted first", "insertion": "most relevant inserted first"}


def deletion_figure(explainers: Mapping[str, Any]) -> Figure | None:
    """Draw the mean curves of every method beside random order; None where there are none.

    Parameters
    ----------
    explainers : mapping
        ``explainers`` of the summary in ``results.json``: by method ``faithfulness``, whose
        ``curves`` hold ``share`` and, for each of :data:`WAYS`, the mean probability of an event
        by order (``most``, ``random``).
    """
    curves = {
        method: found["faithfulness"]["curves"]
        for method, found in explainers.items()
        if "share" in found.get("faithfulness", {}).get("curves", {})
    }
    if not curves:
        return None
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (way, title) in zip(panels, WAYS.items(), strict=True):
        for (method, found), colour in zip(curves.items(), _hues(len(curves)), strict=True):
            axes.plot(found["share"], found[way]["most"], color=colour, label=method)
        _draw_random(axes, next(iter(curves.values())), way)
        axes.set(title=title, xlabel=f"share of the window after {way}", xlim=(0, 1))
        style.plain(axes)
    panels[0].set(ylabel="mean probability of an event", ylim=(0, 1.02))
    panels[1].legend(fontsize=9, frameon=False, ncols=2)
    return figure


def _draw_random(axes: Axes, found: Mapping[str, Any], way: str) -> None:
    curve = found["share"], found[way]["random"]
    axes.plot(*curve, color=style.CHANCE, linestyle="--", label="random order")


def _hues(n: int) -> list[str]:
    return [style.METHODS[i % len(style.METHODS)] for i in range(n)]
