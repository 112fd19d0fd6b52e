"""Scores as strips: a row a fold, a subject or a run, and in it a dot, its interval and chance.

A grey dot is a part (a fold, a subject) or the mean over parts, a black diamond what is pooled over
subjects with its 95 % interval, an orange bar what chance would score.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from xai_sleep.report import style
from xai_sleep.results.scores import Summary


@dataclass(frozen=True)
class Dots:
    """What stands in one row; None is not drawn, and a row without a score is ``undefined``."""

    part: float | None = None
    pooled: float | None = None
    interval: tuple[float, float] | None = None
    chance: float | None = None

    @classmethod
    def of(cls, score: Summary, chance: Summary | None = None) -> "Dots":
        """Show a score over the folds."""
        return cls(score.mean, score.pooled, score.interval, chance.pooled if chance else None)


def draw_strip(axes: Axes, rows: Sequence[Dots], title: str) -> None:
    """Draw scores from 0 to 1, one row below the other."""
    for y, row in enumerate(rows):
        _draw_row(axes, y, row)
    axes.set_title(title, fontsize=10)
    axes.set_xlim(-0.03, 1.03)
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    style.plain(axes)


def name_rows(axes: Axes, names: Sequence[str], label: str = "") -> None:
    """Write the names of rows beside the first strip of a figure."""
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    axes.set_ylabel(label)


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
