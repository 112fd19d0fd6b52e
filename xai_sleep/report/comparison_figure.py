"""Many runs in one figure: a dot plot with intervals, one block per data source."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from xai_sleep.report import style
from xai_sleep.report.comparison import EVENT_F1, POINTING, SHOWN, Row, Score, by_source

ROW = 0.42  # in
AROUND = 1.3  # in, titles and axes of a block


def comparison_figure(rows: Sequence[Row]) -> Figure:
    """Draw every score of every run: pooled with its interval, mean over folds, and chance."""
    blocks = list(by_source(rows))
    heights = [AROUND + ROW * len(numbered) for _, numbered in blocks]
    figure = Figure(figsize=(15, sum(heights) + 0.4), layout="constrained")
    parts = figure.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (title, numbered) in zip(parts, blocks, strict=True):
        part.suptitle(title, weight="bold")
        panels = part.subplots(1, len(SHOWN) + 2, sharey=True)
        for axes, (name, label) in zip(panels, SHOWN.items(), strict=False):
            for y, (_, row) in enumerate(numbered):
                _draw(axes, y, row.windows[name])
            _finish(axes, label)
        for y, (_, row) in enumerate(numbered):
            _draw(panels[-2], y, row.event_f1)
        _finish(panels[-2], EVENT_F1)
        for y, (_, row) in enumerate(numbered):
            _draw(panels[-1], y, row.pointing)
            if row.chance.pooled is not None:
                panels[-1].plot(row.chance.pooled, y, "|", color=style.CHANCE, markersize=14)
        _finish(panels[-1], f"{POINTING}\nof true positives")
        panels[0].set(
            yticks=range(len(numbered)),
            yticklabels=[f"{i}  {row.name}" for i, row in numbered],
            ylim=(len(numbered) - 0.5, -0.5),
        )
    figure.legend(handles=_keys(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw(axes: Axes, y: int, score: Score) -> None:
    if score.pooled is None:
        axes.text(0.5, y, "undefined", ha="center", va="center", color=style.QUIET, fontsize=8)
        return
    if score.low is not None and score.high is not None:
        axes.plot([score.low, score.high], [y, y], color=style.POOLED, linewidth=1.5)
    if score.mean is not None:
        axes.plot(score.mean, y, "o", color=style.FOLD, markersize=5)
    axes.plot(score.pooled, y, "D", color=style.POOLED, markersize=5, fillstyle="none")


def _finish(axes: Axes, label: str) -> None:
    axes.set_title(label, fontsize=10)
    axes.set_xlim(-0.03, 1.03)
    axes.set_xlabel("score (0 to 1)", fontsize=8)
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    style.plain(axes)


def _keys() -> list[Line2D]:
    pooled, fold, chance = style.POOLED, style.FOLD, style.CHANCE
    return [
        Line2D([], [], color=pooled, marker="D", fillstyle="none", label="pooled, 95 % interval"),
        Line2D([], [], color=fold, marker="o", linestyle="", label="mean over folds"),
        Line2D([], [], color=chance, marker="|", linestyle="", markersize=14, label="chance"),
    ]
