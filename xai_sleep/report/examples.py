"""Examples of a fold: the windows of which the network was surest, rightly and wrongly.

::

      hits            misses          false alarms
    [ p = 0.99 ]    [ p = 0.01 ]    [ p = 0.98 ]      signal in µV over time in s,
    [ p = 0.98 ]    [ p = 0.04 ]    [ p = 0.91 ]      coloured by relevance,
    [ p = 0.97 ]    [ p = 0.05 ]    [  no other]      marked by the expert

Where the network sees images, each signal has its image above it with the map drawn over it, and
the colours of the map's profile over time.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from numpy.typing import NDArray

from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.report.overlay import Backdrops, backdrops, draw_overlay, overlay_legend
from xai_sleep.report.panels import draw_signals, half_heights
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.windows.images import Images

PLURAL = {"hit": "hits", "miss": "misses", "false alarm": "false alarms"}

_WIDTH = 14.0  # in, as all below
_TOP, _BOTTOM, _LEFT, _RIGHT = 1.1, 0.55, 0.75, 1.35
_GAP, _GUTTER = 0.5, 0.8  # between rows and columns
_IMAGE, _SEAM = 1.5, 0.1  # height of an image, and what parts it from its signal

Chosen = Mapping[str, NDArray[np.intp]]
"""Numbers of windows by outcome."""


def surest(windows: TestWindows, n: int) -> Chosen:
    """Up to ``n`` windows of each outcome, the one with the clearest probability first.

    Returns
    -------
    dict of str to int array
        Hits and false alarms by falling probability, misses by rising; of equals the earlier.
    """
    falling = np.argsort(-windows.probability, kind="stable")
    rising = np.argsort(windows.probability, kind="stable")
    return {
        name: by[windows.outcome[by] == name][:n]
        for name, by in (("hit", falling), ("miss", rising), ("false alarm", falling))
    }


def examples_figure(
    recordings: Sequence[Recording], fold: FoldOutcome, n: int, images: Images | None = None
) -> Figure:
    """Draw ``n`` rows of hits, misses and false alarms with their maps.

    Parameters
    ----------
    recordings : sequence of Recording
        Those the windows were cut from.
    fold : FoldOutcome
        With maps.
    n : int
        Rows, at least 1.
    images : Images, optional
        What the network saw, if its maps are over frequency and time.

    Returns
    -------
    Figure
        Its ``3 * n`` first axes are the panels, row by row; with images, as many of these follow.
    """
    tested = TestWindows.of(recordings, [fold])
    chosen = surest(tested, n)
    figure, panels, tops = _grid(n, len(recordings[0].channels), with_images=images is not None)
    halves = half_heights(recordings, fold, np.concatenate(list(chosen.values())))
    common = min(halves.values(), default=0.0)
    for (outcome, windows), column in zip(chosen.items(), panels.T, strict=True):
        for axes, window in zip(column, windows, strict=False):
            draw_signals(axes, recordings, fold, window, halves[window])
            note = "   own scale" if halves[window] > common else ""
            words = f"{tested.record[window]}   p = {tested.probability[window]:.3f}{note}"
            axes.set_title(words, loc="left", fontsize=9)
        for axes in column[len(windows) :]:
            axes.set_axis_off()
        if len(windows) < n:
            words = f"no other {outcome}" if len(windows) else f"no {outcome}"
            column[len(windows)].text(0.5, 0.5, words, ha="center", color=style.QUIET)
    under = None
    if images is not None:
        under = backdrops(images, fold.windows, np.concatenate(list(chosen.values())))
        _draw_images(panels, tops, recordings, fold, chosen, under)
    _write_heads(figure, tested, chosen)
    _write_around(figure, fold, under)
    return figure


def _draw_images(
    panels: NDArray[Any],
    tops: NDArray[Any],
    recordings: Sequence[Recording],
    fold: FoldOutcome,
    chosen: Chosen,
    under: Backdrops,
) -> None:
    for windows, column, above in zip(chosen.values(), panels.T, tops.T, strict=True):
        for axes, top, window in zip(column, above, windows, strict=False):
            events = recordings[fold.windows.record[window]].events
            draw_overlay(top, axes, window, fold.maps[window], events, under)
        for top in above[len(windows) :]:
            top.set_axis_off()


def _grid(n: int, channels: int, *, with_images: bool) -> tuple[Figure, NDArray[Any], NDArray[Any]]:
    """Paper, its panels and their images, each of shape (n, 3); heights are always the same."""
    signal = 0.9 + 0.6 * channels
    panel = signal + (_IMAGE + _SEAM if with_images else 0)
    height = _TOP + _BOTTOM + n * panel + (n - 1) * _GAP
    figure = Figure(figsize=(_WIDTH, height))
    grid = figure.add_gridspec(
        n,
        3,
        left=_LEFT / _WIDTH,
        right=1 - _RIGHT / _WIDTH,
        bottom=_BOTTOM / height,
        top=1 - _TOP / height,
        wspace=_GUTTER / ((_WIDTH - _LEFT - _RIGHT - 2 * _GUTTER) / 3),
        hspace=_GAP / panel,
    )
    if not with_images:
        return figure, grid.subplots(squeeze=False), np.empty((n, 0), dtype=object)
    panels, tops = np.empty((2, n, 3), dtype=object)
    for row, axes in ((1, panels), (0, tops)):
        for place in np.ndindex(n, 3):
            cell = grid[place].subgridspec(
                2, 1, height_ratios=(_IMAGE, signal), hspace=2 * _SEAM / (_IMAGE + signal)
            )
            axes[place] = figure.add_subplot(cell[row])
    return figure, panels, tops


def _write_heads(figure: Figure, tested: TestWindows, chosen: Chosen) -> None:
    """Name each column, and how many of its windows are shown."""
    top = 1 - (_TOP - 0.4) / figure.get_figheight()
    for axes, (outcome, shown) in zip(figure.axes, chosen.items(), strict=False):
        total = np.count_nonzero(tested.outcome == outcome)
        count = f"{len(shown)} of {total}" if len(shown) else "none"
        look: dict[str, Any] = {"color": style.COLOURS[outcome], "fontsize": 12, "weight": "bold"}
        figure.text(axes.get_position().x0, top, f"{PLURAL[outcome]}: {count}", **look)


def _write_around(figure: Figure, fold: FoldOutcome, under: Backdrops | None) -> None:
    """Title, labels of the axes, legend and colour bars."""
    height = figure.get_figheight()
    figure.text(
        _LEFT / _WIDTH,
        1 - 0.35 / height,
        f"fold {fold.name}: most confident of {len(fold.windows)} test windows; "
        f"an event is detected from p = {fold.threshold:.3f}",
        fontsize=12,
    )
    figure.supxlabel("time in the recording (s)", fontsize=10, y=0.12 / height, va="bottom")
    rows = "frequency (Hz)  and  signal (µV)" if under else "signal (µV)"
    figure.supylabel(rows, fontsize=10, x=0.05 / _WIDTH, ha="left")
    figure.legend(
        handles=[style.event_patch(), *(overlay_legend() if under else [])],
        loc="upper right",
        bbox_to_anchor=(1 - 0.1 / _WIDTH, 1 - 0.1 / height),
        frameon=False,
    )
    scale = ScalarMappable(style.RELEVANCE_RANGE, style.RELEVANCE)
    if under is None:
        _bar(figure, (0, 1), scale, "relevance")
    else:
        _bar(figure, (0, 0.47), scale, "relevance")
        _bar(figure, (0.53, 1), under.mappable, under.label)


def _bar(figure: Figure, span: tuple[float, float], scale: ScalarMappable, label: str) -> None:
    """Draw a colour bar beside a part of the panels: from 0, their bottom, to 1, their top."""
    height = figure.get_figheight()
    inner = 1 - (_TOP + _BOTTOM) / height
    low, high = (_BOTTOM / height + share * inner for share in span)
    bar = figure.add_axes((1 - 0.85 / _WIDTH, low, 0.15 / _WIDTH, high - low))
    figure.colorbar(scale, cax=bar, label=label)
