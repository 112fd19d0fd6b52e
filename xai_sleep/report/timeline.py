"""One record from start to end: probability, relevance, what experts marked, and unscored time.

The strip of relevance shows probability times map, lest relevance for nothing draw the eye.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from xai_sleep.recordings.intervals import intervals, subtraction
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.results.finished import Finished

COLUMNS = 1200  # of the strip of relevance, at most


def timeline_figure(finished: Finished, recording: Recording) -> Figure:
    """Draw a record of a run; unscored time is hatched, and what was never tested is left empty."""
    activation = finished.activations.get(recording.record)
    figure = style.paper(11, 2.4)
    top, strip, marks = figure.subplots(3, 1, sharex=True, height_ratios=(4, 1, 1.4))
    if activation is not None:
        top.plot(activation.time, activation.probability, color=style.POOLED, linewidth=0.8)
        _draw_strip(strip, activation.time, activation.relevance)
    top.set(ylabel="probability", ylim=(-0.03, 1.03))
    strip.set(yticks=[], ylim=(0, 1))
    strip.set_ylabel("p × relevance", rotation=0, ha="right", va="center", fontsize=8)
    detected = finished.events.of(recording.record)
    bars = ((recording.events, style.EVENT), (detected, style.COLOURS["hit"]))
    for row, (events, colour) in enumerate(bars):
        spans = [(start, end - start) for start, end in events]
        marks.broken_barh(spans, (row - 0.4, 0.8), color=colour, linewidths=0.8)
    marks.set(yticks=(0, 1), yticklabels=("expert", "detected"), ylim=(1.6, -0.6))
    look: dict[str, Any] = {"facecolor": "#eeeeee", "edgecolor": "#aaaaaa", "hatch": "///"}
    for axes in (top, strip, marks):
        for start, end in subtraction(intervals([(0, recording.duration)]), recording.scored):
            axes.axvspan(start, end, zorder=-1, linewidth=0, **look)
        style.plain(axes)
    marks.set(xlabel="time in the recording (s); hatched: unscored", xlim=(0, recording.duration))
    return figure


def _draw_strip(axes: Axes, time: NDArray[np.float64], relevance: NDArray[np.floating]) -> None:
    """Draw relevance as a strip of colour: the largest of each column, so that peaks are seen."""
    width = -(-len(time) // COLUMNS)
    padded = np.full(-(-len(time) // width) * width, np.nan)
    padded[: len(time)] = relevance
    peaks = np.fmax.reduce(padded.reshape(-1, width), axis=1)
    edges = time[0] + (time[1] - time[0]) * width * np.arange(len(peaks) + 1)
    look: dict[str, Any] = {"cmap": style.RELEVANCE, "norm": style.RELEVANCE_RANGE}
    axes.pcolormesh(edges, [0, 1], peaks[np.newaxis], **look)
