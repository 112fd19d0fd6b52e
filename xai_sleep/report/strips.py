"""Scores as strips: a row a fold, a subject or a run, and in it a dot, its interval and chance.

A grey dot is a part (a fold, a subject) or the mean over parts, a black diamond what is pooled over
subjects with its 95 % interval, an orange bar what chance would score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D

from xai_sleep.report import style
from xai_sleep.results.scores import Summary


@dataclass(frozen=True)
class Dots:
    """What stands in one row; None is not drawn, and a row without a score is ``undefined``."""

    part: float | None = None
    chance: float | None = None
    pooled: float | None = None
    interval: tuple[float, float] | None = None

    @classmethod
    def of(cls, score: Summary, chance: Summary | None = None) -> "Dots":
        """Show a score over the folds."""
        return cls(score.mean, chance.pooled if chance else None, score.pooled, score.interval)


def draw_strips(
    figure: FigureBase, strips: Mapping[str, Sequence[Dots]], names: Sequence[str], label: str = ""
) -> Sequence[Axes]:
    """Draw scores from 0 to 1, a strip a title, whose rows have the same names; their axes."""
    panels: Sequence[Axes] = figure.subplots(1, len(strips), sharey=True)
    for axes, (title, rows) in zip(panels, strips.items(), strict=True):
        for y, row in enumerate(rows):
            _draw_row(axes, y, row)
        axes.set_title(title, fontsize=10)
        axes.set_xlim(-0.03, 1.03)
        axes.grid(axis="x", color="#dddddd")
        axes.set_axisbelow(True)
        style.plain(axes)
    n = len(names)
    panels[0].set(yticks=range(n), yticklabels=names, ylim=(n - 0.5, -0.5), ylabel=label)
    return panels


def keys() -> list[Line2D]:
    """Entries of a legend for scores of runs."""
    pooled, bar = style.POOLED, style.CHANCE
    return [
        Line2D([], [], color=pooled, marker="D", fillstyle="none", label="pooled, 95 % interval"),
        Line2D([], [], color=style.FOLD, marker="o", linestyle="", label="mean over folds"),
        Line2D([], [], color=bar, marker="|", linestyle="", markersize=14, label="chance"),
    ]


def _draw_row(axes: Axes, y: int, row: Dots) -> None:
    if row.pooled is None and row.part is None:
        axes.text(0.5, y, "undefined", ha="center", va="center", color=style.QUIET, fontsize=8)
        return
    if row.interval is not None:
        axes.plot(row.interval, [y, y], color=style.POOLED, linewidth=1.5)
    if row.part is not None:
        axes.plot(row.part, y, "o", color=style.FOLD)
    if row.pooled is not None:
        axes.plot(row.pooled, y, "D", color=style.POOLED, markersize=5, fillstyle="none")
    if row.chance is not None:
        axes.plot(row.chance, y, "|", color=style.CHANCE, markersize=14, markeredgewidth=2)
