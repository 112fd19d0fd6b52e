"""One window of an example: its signals in µV over time in s, coloured by relevance."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from xai_sleep.recordings.intervals import intersection, intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.windows.windows import cut_signals


def half_heights(
    recordings: Sequence[Recording], fold: FoldOutcome, windows: NDArray[np.intp]
) -> dict[int, float]:
    """µV from the middle of a trace to its edge, for each of these windows.

    One scale for all, so that amplitudes compare; but a window twice as large as most (an artefact,
    a K-complex) has a scale of its own, lest it flatten the others.
    """
    if len(windows) == 0:
        return {}
    signals = cut_signals([r.signals for r in recordings], fold.windows, windows)
    peaks = np.maximum(np.abs(signals).max(axis=(1, 2)), 1e-3).astype(np.float64)
    usual = peaks <= 2 * np.median(peaks)
    return dict(zip(windows, np.where(usual, peaks[usual].max(), peaks), strict=True))


def draw_signals(
    axes: Axes, recordings: Sequence[Recording], fold: FoldOutcome, window: int, half: float
) -> None:
    """Draw the signals of one window.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    recordings : sequence of Recording
        Those the windows were cut from.
    fold : FoldOutcome
        With maps.
    window : int
        Which window of the fold.
    half : float
        µV from the middle of a trace to its edge.
    """
    windows, relevance = fold.windows, fold.profiles[window]
    recording = recordings[windows.record[window]]
    start, end = windows.start_time[window], windows.end_time[window]
    signals = cut_signals([r.signals for r in recordings], windows, np.array([window]))[0]
    time = start + np.arange(windows.length) / windows.sfreq
    offsets = -2 * half * np.arange(len(signals))
    style.mark_events(axes, intersection(recording.events, intervals([(start, end)])))
    for signal, offset, name in zip(signals, offsets, recording.channels, strict=True):
        style.signal_with_relevance(axes, time, signal + offset, relevance)
        axes.axhline(offset, color=style.QUIET, linewidth=0.4, zorder=0.5)
        _name_channel(axes, offset, name)
    tick = _round_down(0.8 * half)
    axes.set_yticks(
        np.add.outer(offsets, [-tick, 0, tick]).ravel(),
        [f"−{tick:g}", "0", f"{tick:g}"] * len(offsets),
    )
    axes.set_xlim(start, end)
    axes.set_ylim(offsets[-1] - 1.05 * half, 1.05 * half)
    axes.ticklabel_format(axis="x", useOffset=False, style="plain")
    style.plain(axes)


def _name_channel(axes: Axes, offset: float, name: str) -> None:
    axes.text(
        1.02,
        offset,
        name.replace(" ", "\n", 1),
        transform=axes.get_yaxis_transform(),
        rotation=90,
        va="center",
        fontsize=7,
        color=style.QUIET,
    )


def _round_down(value: float) -> float:
    """Largest of 1, 2, 5, 10, 20, 50, … (and so on below 1) that does not exceed the value."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * max(digit for digit in (1, 2, 5) if digit * power <= value * (1 + 1e-9)))
