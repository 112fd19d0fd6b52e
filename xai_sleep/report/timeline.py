"""One record from start to end: probability, relevance, what experts marked, and unscored time.

The strip of relevance shows probability times map, lest relevance for nothing draw the eye.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.metrics.maps import time_profiles
from xai_sleep.recordings.intervals import Intervals, intervals, subtraction
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.report.alignment import sampled

COLUMNS = 1200  # of the strip of relevance, at most


@dataclass(frozen=True, eq=False)
class Trace:
    """Probability and relevance on one grid of a record; NaN where nothing was tested.

    Parameters
    ----------
    time : array of shape (time,)
        In s.
    probability : array of shape (time,)
        Of an event, in [0, 1].
    relevance : array of shape (time,) or None
        Probability times map: relevance for what was hardly detected is next to nothing.
    """

    time: NDArray[np.float64]
    probability: NDArray[np.floating]
    relevance: NDArray[np.floating] | None


def of_windows(recording: Recording, index: int, results: Sequence[FoldResult]) -> Trace:
    """Trace of a record from its test windows, in steps of a tenth of a second."""
    time = np.arange(0, recording.duration, 0.1)
    probability, relevance = np.full((2, len(time)), np.nan)
    explained = all(result.maps.size for result in results)
    for result in results:
        of_event = sampled(result.probability[:, np.newaxis], result.windows, index, time)
        held = np.isfinite(of_event)
        probability[held] = of_event[held]
        if explained and held.any():
            profiles = time_profiles(result.maps, result.windows.length)
            profile = sampled(profiles, result.windows, index, time[held])
            relevance[held] = probability[held] * profile
    return Trace(time, probability, relevance if explained else None)


def timeline_figure(
    recording: Recording, trace: Trace, detections: Intervals | None = None
) -> Figure:
    """Draw a record; unscored time is hatched.

    Parameters
    ----------
    recording : Recording
        Whose events and scored time are drawn.
    trace : Trace
        What the network said.
    detections : array of shape (n, 2), optional
        Start and end of detected events in s.
    """
    figure = Figure(figsize=(11, 2.4), layout="constrained")
    top, strip, marks = figure.subplots(3, 1, sharex=True, height_ratios=(4, 1, 1.4))
    top.plot(trace.time, trace.probability, color=style.POOLED, linewidth=0.8)
    top.set(ylabel="probability", ylim=(-0.03, 1.03))
    if trace.relevance is None:
        strip.text(0.5, 0.5, "no maps", ha="center", va="center", transform=strip.transAxes)
    else:
        _draw_strip(strip, trace.time, trace.relevance)
    strip.set(yticks=[], ylim=(0, 1))
    strip.set_ylabel("p × relevance", rotation=0, ha="right", va="center", fontsize=8)
    bars = {"expert": (recording.events, style.EVENT)}
    if detections is not None:
        bars["detected"] = (detections, style.OUTCOMES["hit"])
    for row, (events, colour) in enumerate(bars.values()):
        _draw_bars(marks, events, row, colour)
    marks.set(yticks=range(len(bars)), yticklabels=list(bars), ylim=(len(bars) - 0.4, -0.6))
    unscored = subtraction(intervals([(0, recording.duration)]), recording.scored)
    for axes in (top, strip, marks):
        for start, end in unscored:
            look: dict[str, Any] = {"facecolor": "#eeeeee", "edgecolor": "#aaaaaa", "hatch": "///"}
            axes.axvspan(start, end, zorder=-1, linewidth=0, **look)
        style.plain(axes)
    marks.set(xlabel="time in the recording (s); hatched: unscored", xlim=(0, recording.duration))
    return figure


def _draw_bars(axes: Axes, events: Intervals, row: float, colour: str) -> None:
    spans = [(start, end - start) for start, end in events]
    axes.broken_barh(spans, (row - 0.4, 0.8), facecolors=colour, edgecolors=colour, linewidths=0.8)


def _draw_strip(axes: Axes, time: NDArray[np.float64], relevance: NDArray[np.floating]) -> None:
    """Draw relevance as a strip of colour: the largest of each column, so that peaks are seen."""
    width = -(-len(time) // COLUMNS)
    padded = np.full(-(-len(time) // width) * width, np.nan)
    padded[: len(time)] = relevance
    peaks = np.fmax.reduce(padded.reshape(-1, width), axis=1)
    edges = time[0] + (time[1] - time[0]) * width * np.arange(len(peaks) + 1)
    axes.pcolormesh(
        edges, [0, 1], peaks[np.newaxis], cmap=style.RELEVANCE, norm=style.RELEVANCE_RANGE
    )
