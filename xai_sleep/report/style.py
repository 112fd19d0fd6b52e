"""What all figures share: colours, paper, and a signal coloured by its relevance.

Colours are those of Okabe and Ito ("Color universal design", 2008), told apart by colour-blind
readers; the same thing has the same colour in every figure. Figures know no ``pyplot``: they hold
no global state and can be drawn side by side in threads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from xai_sleep.recordings.intervals import Intervals
from xai_sleep.results.scores import Summary
from xai_sleep.results.test_windows import OUTCOMES

COLOURS = dict(zip(OUTCOMES, ("#009E73", "#0072B2", "#D55E00", "#999999"), strict=True))
EVENT, EVENT_ALPHA = "#56B4E9", 0.3  # marked by the expert
FOLD, POOLED, CHANCE = "#999999", "#000000", "#E69F00"
METHODS = ("#000000", "#0072B2", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
QUIET = "#666666"  # words beside the data
MARK = "#D55E00"  # of simulated data

# The upper end of plasma is left off: its yellow cannot be seen as a line on white.
RELEVANCE = ListedColormap(matplotlib.colormaps["plasma"](np.arange(200)), name="relevance")
RELEVANCE_RANGE = Normalize(0, 1)
# The same on a dark page, where the lower end would be lost instead.
RELEVANCE_ON_DARK = ListedColormap(matplotlib.colormaps["plasma"](np.arange(70, 256)))
OCTAVES = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)  # Hz, ticks of a logarithmic axis

DPI = 110
Floats = NDArray[np.floating]


def paper(width: float, height: float) -> Figure:
    """Make an empty figure of a size in inches that finds room for all labels."""
    return Figure(figsize=(width, height), layout="constrained")


def signal_with_relevance(
    axes: Axes, time: Floats, signal: Floats, relevance: Floats
) -> LineCollection:
    """Draw a signal as a line whose colour is its relevance in [0, 1]; all of shape (time,)."""
    # A segment a sample, from halfway after the sample before to halfway to the next.
    points = np.column_stack([time, signal]).astype(np.float64)
    between = (points[1:] + points[:-1]) / 2
    before, after = np.vstack([points[:1], between]), np.vstack([between, points[-1:]])
    segments = list(np.stack([before, points, after], axis=1))
    look: dict[str, Any] = {"linewidths": 1.2, "capstyle": "round", "joinstyle": "round"}
    look |= {"cmap": RELEVANCE, "norm": RELEVANCE_RANGE}
    line = LineCollection(segments, array=relevance.astype(np.float64), **look)
    axes.add_collection(line)
    axes.autoscale_view()
    return line


def mark_events(axes: Axes, events: Intervals) -> None:
    """Shade intervals in s that the expert marked, behind all else."""
    for start, end in events:
        axes.axvspan(start, end, color=EVENT, alpha=EVENT_ALPHA, linewidth=0, zorder=0)


def frequency_ticks(axes: Axes, low: float, high: float) -> None:
    """Make the vertical axis logarithmic, with a tick in Hz at every octave between two of them."""
    ticks = [tick for tick in OCTAVES if low <= tick <= high]
    axes.set_yscale("log")
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()


def plain(axes: Axes) -> None:
    """Take off the frame what carries nothing."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, length=3)


def save(figure: Figure, path: Path, mark: str = "") -> Path:
    """Write a PNG whose bytes depend on the figure alone, with a ``mark`` across if any."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if mark:
        look: dict[str, Any] = {"fontsize": 32, "weight": "bold", "color": MARK, "alpha": 0.15}
        figure.text(0.5, 0.5, mark, rotation=15, ha="center", va="center", **look)
    FigureCanvasAgg(figure)  # the figure draws on it from now on, whatever the user's backend
    figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None})
    return path


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
        plain(axes)
    n = len(names)
    panels[0].set(yticks=range(n), yticklabels=names, ylim=(n - 0.5, -0.5), ylabel=label)
    return panels


def keys() -> list[Line2D]:
    """Entries of a legend for scores of runs."""
    return [
        Line2D([], [], color=POOLED, marker="D", fillstyle="none", label="pooled, 95 % interval"),
        Line2D([], [], color=FOLD, marker="o", linestyle="", label="mean over folds"),
        Line2D([], [], color=CHANCE, marker="|", linestyle="", markersize=14, label="chance"),
    ]


def _draw_row(axes: Axes, y: int, row: Dots) -> None:
    if row.pooled is None and row.part is None:
        axes.text(0.5, y, "undefined", ha="center", va="center", color=QUIET, fontsize=8)
        return
    if row.interval is not None:
        axes.plot(row.interval, [y, y], color=POOLED, linewidth=1.5)
    if row.part is not None:
        axes.plot(row.part, y, "o", color=FOLD)
    if row.pooled is not None:
        axes.plot(row.pooled, y, "D", color=POOLED, markersize=5, fillstyle="none")
    if row.chance is not None:
        axes.plot(row.chance, y, "|", color=CHANCE, markersize=14, markeredgewidth=2)
