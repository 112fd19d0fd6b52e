"""The ledger as a figure: how many points each leak adds, with its interval over subjects."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.leakage.ledger import SCORES, Entry
from xai_sleep.report import style

COLOURS = {"accuracy": "#0072B2", "f1": "#D55E00", "auroc": "#009E73"}  # Okabe and Ito


def inflation_figure(entries: Sequence[Entry]) -> Figure:
    """Draw a panel a score, a bar a leak; zero is the clean run."""
    leaky = [entry for entry in entries if entry.leaks]
    figure = Figure(figsize=(11, 1.4 + 0.4 * len(leaky)), layout="constrained")
    panels = figure.subplots(1, len(SCORES), sharey=True, sharex=True)
    for axes, (name, label) in zip(panels, SCORES.items(), strict=True):
        _draw(axes, leaky, name)
        axes.set_title(label, fontsize=10)
        axes.set_xlabel("points above the clean run", fontsize=8)
    panels[0].set(
        yticks=range(len(leaky)),
        yticklabels=[f"{entry.name} ({entry.scheme})" for entry in leaky],
        ylim=(len(leaky) - 0.5, -0.5),
    )
    figure.suptitle("LEAKY: what each mistake adds to a score (95 % interval over subjects)")
    return figure


def _draw(axes: Axes, leaky: Sequence[Entry], name: str) -> None:
    places = np.arange(len(leaky))
    found = [entry.scores[name] for entry in leaky]
    over = [each.over or 0.0 for each in found]
    axes.barh(places, over, height=0.6, color=COLOURS[name], alpha=0.6)
    for place, each in zip(places, found, strict=True):
        if each.over_ci95:
            axes.plot(each.over_ci95, [place, place], color=style.POOLED, linewidth=1.5)
    axes.axvline(0, color=style.POOLED, linewidth=0.8)
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    style.plain(axes)
