"""Examples of a fold: the windows of which the network was surest, rightly and wrongly.

::

      hits            misses          false alarms
    [ p = 0.99 ]    [ p = 0.01 ]    [ p = 0.98 ]      signal in µV over time in s,
    [ p = 0.98 ]    [ p = 0.04 ]    [ p = 0.91 ]      coloured by relevance,
    [ p = 0.97 ]    [ p = 0.05 ]    [  no other]      marked by the expert
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from numpy.typing import NDArray

from xai_sleep.data.intervals import intersection, intervals
from xai_sleep.data.recording import Recording
from xai_sleep.data.windows import cut_signals
from xai_sleep.report import drawing
from xai_sleep.report.results import FoldResult

PLURAL = {"hit": "hits", "miss": "misses", "false alarm": "false alarms"}

_WIDTH = 14.0  # in, as all below
_TOP, _BOTTOM, _LEFT, _RIGHT = 1.1, 0.55, 0.75, 1.35
_GAP, _GUTTER = 0.5, 0.8  # between rows and columns


def outcomes(
    label: NDArray[np.integer], detected: NDArray[np.bool_]
) -> Mapping[str, NDArray[np.bool_]]:
    """Which windows are a hit, a miss, a false alarm or a correct rejection.

    Examples
    --------
    >>> outcomes(np.array([1, 0]), np.array([True, True]))["false alarm"]
    array([False,  True])
    """
    event = label == 1
    return {
        "hit": event & detected,
        "miss": event & ~detected,
        "false alarm": ~event & detected,
        "correct rejection": ~event & ~detected,
    }


def surest(result: FoldResult, n: int) -> dict[str, NDArray[np.intp]]:
    """Up to ``n`` windows of each outcome, the one with the clearest probability first.

    Returns
    -------
    dict of str to int array
        Hits and false alarms by falling probability, misses by rising; of equals the earlier.
    """
    probability = result.probability.astype(np.float64)
    of = outcomes(result.windows.label, probability >= result.threshold)
    order = np.argsort(-probability, kind="stable")
    rising = np.argsort(probability, kind="stable")
    return {
        name: by[of[name][by]][:n]
        for name, by in (("hit", order), ("miss", rising), ("false alarm", order))
    }


def examples_figure(recordings: Sequence[Recording], result: FoldResult, n: int) -> Figure:
    """Draw ``n`` rows of hits, misses and false alarms with their maps.

    Parameters
    ----------
    recordings : sequence of Recording
        Those the windows were cut from.
    result : FoldResult
        With maps.
    n : int
        Rows, at least 1.

    Returns
    -------
    Figure
        Its ``3 * n`` first axes are the panels, row by row.
    """
    chosen = surest(result, n)
    figure, panels = _grid(n, len(recordings[0].channels))
    halves = _half_heights(recordings, result, chosen)
    common = min(halves.values(), default=0.0)
    for (outcome, windows), column in zip(chosen.items(), panels.T, strict=True):
        for axes, window in zip(column, windows, strict=False):
            note = "   own scale" if halves[window] > common else ""
            _draw_window(axes, recordings, result, window, halves[window], note)
        for axes in column[len(windows) :]:
            axes.set_axis_off()
        if len(windows) < n:
            words = f"no other {outcome}" if len(windows) else f"no {outcome}"
            column[len(windows)].text(0.5, 0.5, words, ha="center", color=drawing.QUIET)
    _annotate(figure, result, chosen)
    return figure


def _grid(n: int, channels: int) -> tuple[Figure, NDArray[Any]]:
    """Paper and its panels, of shape (n, 3); each channel has the same height on every paper."""
    panel = 0.9 + 0.6 * channels
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
    return figure, grid.subplots(squeeze=False)


def _half_heights(
    recordings: Sequence[Recording], result: FoldResult, chosen: Mapping[str, NDArray[np.intp]]
) -> dict[int, float]:
    """µV from the middle of a trace to its edge, for each window.

    One scale for all, so that amplitudes compare; but a window twice as large as most (an artefact,
    a K-complex) has a scale of its own, lest it flatten the others.
    """
    windows = np.concatenate(list(chosen.values()))
    if len(windows) == 0:
        return {}
    signals = cut_signals([r.signals for r in recordings], result.windows, windows)
    peaks = np.maximum(np.abs(signals).max(axis=(1, 2)), 1e-3).astype(np.float64)
    usual = peaks <= 2 * np.median(peaks)
    return dict(zip(windows, np.where(usual, peaks[usual].max(), peaks), strict=True))


def _draw_window(
    axes: Axes,
    recordings: Sequence[Recording],
    result: FoldResult,
    window: int,
    half: float,
    note: str,
) -> None:
    windows = result.windows
    recording = recordings[windows.record[window]]
    start, end = windows.start_time[window], windows.end_time[window]
    signals = cut_signals([r.signals for r in recordings], windows, np.array([window]))[0]
    time = start + np.arange(windows.length) / windows.sfreq
    offsets = -2 * half * np.arange(len(signals))
    drawing.mark_events(axes, intersection(recording.events, intervals([(start, end)])))
    for signal, offset, name in zip(signals, offsets, recording.channels, strict=True):
        drawing.signal_with_relevance(axes, time, signal + offset, result.maps[window])
        axes.axhline(offset, color=drawing.QUIET, linewidth=0.4, zorder=0.5)
        _name_channel(axes, offset, name)
    tick = _round_down(0.8 * half)
    axes.set_yticks(
        np.add.outer(offsets, [-tick, 0, tick]).ravel(),
        [f"−{tick:g}", "0", f"{tick:g}"] * len(offsets),
    )
    axes.set_xlim(start, end)
    axes.set_ylim(offsets[-1] - 1.05 * half, 1.05 * half)
    axes.ticklabel_format(axis="x", useOffset=False, style="plain")
    axes.set_title(
        f"{recording.record}   p = {result.probability[window]:.3f}{note}", loc="left", fontsize=9
    )
    drawing.plain(axes)


def _name_channel(axes: Axes, offset: float, name: str) -> None:
    axes.text(
        1.02,
        offset,
        name.replace(" ", "\n", 1),
        transform=axes.get_yaxis_transform(),
        rotation=90,
        va="center",
        fontsize=7,
        color=drawing.QUIET,
    )


def _annotate(figure: Figure, result: FoldResult, chosen: Mapping[str, NDArray[np.intp]]) -> None:
    """Title, heads of the columns, labels of the axes, legend and colour bar."""
    height = figure.get_figheight()
    windows = result.windows
    of = outcomes(windows.label, result.probability.astype(np.float64) >= result.threshold)
    for axes, (outcome, shown) in zip(figure.axes, chosen.items(), strict=False):
        left, top = axes.get_position().x0, 1 - (_TOP - 0.4) / height
        count = f"{len(shown)} of {of[outcome].sum()}" if len(shown) else "none"
        head = f"{PLURAL[outcome]}: {count}"
        colour = drawing.OUTCOMES[outcome]
        figure.text(left, top, head, color=colour, fontsize=12, weight="bold")
    figure.text(
        _LEFT / _WIDTH,
        1 - 0.35 / height,
        f"fold {result.name}: most confident of {len(windows)} test windows; "
        f"an event is detected from p = {result.threshold:.3f}",
        fontsize=12,
    )
    figure.supxlabel("time in the recording (s)", fontsize=10, y=0.12 / height, va="bottom")
    figure.supylabel("signal (µV)", fontsize=10, x=0.05 / _WIDTH, ha="left")
    figure.legend(
        handles=[drawing.event_patch()],
        loc="upper right",
        bbox_to_anchor=(1 - 0.1 / _WIDTH, 1 - 0.1 / height),
        frameon=False,
    )
    bar = figure.add_axes(
        (1 - 0.85 / _WIDTH, _BOTTOM / height, 0.15 / _WIDTH, 1 - (_TOP + _BOTTOM) / height)
    )
    scale = ScalarMappable(drawing.RELEVANCE_RANGE, drawing.RELEVANCE)
    figure.colorbar(scale, cax=bar, label="relevance")


def _round_down(value: float) -> float:
    """Largest of 1, 2, 5, 10, 20, 50, … (and so on below 1) that does not exceed the value."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * max(digit for digit in (1, 2, 5) if digit * power <= value * (1 + 1e-9)))
