"""Where the network looks around the onset of an event: maps and signals, averaged over events.

::

    onset of each event   |        |             |            the maps of test windows are read at
    test windows   [   ‿∩‿  ][     ∩‿    ][  ‿∩‿      ]       the same lags from every onset,
    lag (s)           −1 0 1 2                                then averaged

A lag that lies in no test window counts for nothing. Lags are s after the onset.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.metrics.maps import time_profiles
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.windows.windows import Windows

LAGS = np.arange(-75, 126) / 50  # −1.5 to 2.5 s

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Aligned:
    """Averages at :data:`LAGS` from the onsets of events; NaN where no test window was.

    Parameters
    ----------
    events : int
        Onsets in test windows.
    duration : float
        Median duration of these events in s.
    relevance : array of shape (lag,)
        Mean over the events.
    subjects : array of shape (subject, lag)
        The same of each subject.
    level : float
        Mean relevance of all windows with an event: what a map that knows nothing would show.
    images : array of shape (freq, lag) or None
        Mean map, where maps have frequencies.
    mean, spread : arrays of shape (channel, lag)
        Mean and root mean square of the signals in µV.
    """

    events: int
    duration: float
    relevance: Values
    subjects: Values
    level: float
    images: Values | None
    mean: Values
    spread: Values


def sampled(
    values: NDArray[np.floating], windows: Windows, record: int, times: Values
) -> NDArray[np.float64]:
    """Read values of windows at times of one record.

    Parameters
    ----------
    values : array of shape (window, …, time)
        The last axis spans the window evenly.
    windows : Windows
        In order of record and time.
    record : int
        Index of the record.
    times : array
        In s.

    Returns
    -------
    array of the shape of ``times``, then that of the middle axes
        NaN where no window is.

    Examples
    --------
    >>> one = np.zeros(1, dtype=np.int64)
    >>> windows = Windows(record=one, start=one, label=one, length=4, sfreq=1.0)
    >>> sampled(np.array([[5.0, 6.0]]), windows, 0, np.array([-1.0, 1.5, 2.0, 4.0]))
    array([nan,  5.,  6., nan])
    """
    rows = np.flatnonzero(windows.record == record)
    starts, length = windows.start_time[rows], windows.length / windows.sfreq
    found = np.full((*times.shape, *values.shape[1:-1]), np.nan)
    if len(rows) == 0:
        return found
    place = np.searchsorted(starts, times, side="right") - 1
    since = times - starts[np.maximum(place, 0)]
    held = (place >= 0) & (since < length - 1e-9)
    size = values.shape[-1]
    columns = np.minimum(since[held] / length * size + 1e-6, size - 1).astype(np.intp)
    found[held] = values[rows[place[held]], ..., columns]
    return found


def align(recordings: Sequence[Recording], results: Sequence[FoldResult]) -> Aligned | None:
    """Average maps and signals around the onsets in test windows; None where there are none."""
    parts = [
        part
        for result in results
        for index in np.unique(result.windows.record)
        if (part := _around(recordings[index], result, int(index)))
    ]
    if not parts:
        return None
    relevance = np.concatenate([part.relevance for part in parts])
    signal = np.concatenate([part.signal for part in parts])
    subject = np.concatenate([[part.subject] * len(part.relevance) for part in parts])
    positive = [result.maps[result.windows.label == 1].astype(np.float32) for result in results]
    images = [part.images for part in parts if part.images is not None]
    return Aligned(
        events=len(relevance),
        duration=float(np.median(np.concatenate([part.duration for part in parts]))),
        relevance=_mean(relevance),
        subjects=np.array([_mean(relevance[subject == one]) for one in np.unique(subject)]),
        level=float(np.sum([p.sum() for p in positive]) / max(sum(p.size for p in positive), 1)),
        images=_ratio(*np.sum(images, axis=0)).T if images else None,
        mean=_mean(signal),
        spread=np.sqrt(_mean(signal**2)),
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """Maps and signals around the onsets of one record in one fold; images: sum and count."""

    subject: str
    relevance: Values
    signal: Values
    duration: Values
    images: Values | None


def _around(recording: Recording, result: FoldResult, index: int) -> _Part | None:
    profiles = time_profiles(result.maps, result.windows.length)
    times = recording.events[:, :1] + LAGS
    relevance = sampled(profiles, result.windows, index, times)
    here = np.isfinite(relevance[:, LAGS == 0][:, 0])
    if not here.any():
        return None
    images = None
    if result.maps.ndim == 3:
        found = sampled(result.maps, result.windows, index, times[here])
        images = np.stack([np.nansum(found, axis=0), np.isfinite(found).sum(axis=0)])
    duration = np.diff(recording.events[here], axis=1)[:, 0]
    signal = _signals(recording, times[here])
    return _Part(recording.subject, relevance[here], signal, duration, images)


def alignment_figure(
    aligned: Aligned, channels: Sequence[str], freqs: Values | None = None
) -> Figure:
    """Draw the average map above the average signals, all against the time since the onset.

    Parameters
    ----------
    aligned : Aligned
        What to draw.
    channels : sequence of str
        Names of the signals.
    freqs : array of shape (freq,), optional
        In Hz, descending: rows of the average map.
    """
    shown = aligned.images is not None and freqs is not None
    heights = [2.2] * shown + [2.2] + [1.6] * len(channels)
    figure = Figure(figsize=(8, 1.0 + sum(heights)), layout="constrained")
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)
    panels = panels[:, 0]
    if aligned.images is not None and freqs is not None:
        _draw_images(figure, panels[0], aligned.images, freqs)
    _draw_relevance(panels[int(shown)], aligned)
    for axes, name, mean, spread in zip(
        panels[-len(channels) :], channels, aligned.mean, aligned.spread, strict=True
    ):
        axes.plot(LAGS, spread, color=style.CHANCE, label="root mean square")
        axes.plot(LAGS, mean, color=style.POOLED, label="mean")
        axes.set_ylabel(f"{name} (µV)")
        axes.margins(y=0.25)  # room for the legend
        axes.legend(fontsize=8, frameon=False, loc="upper right", ncols=2)
    for axes in panels:
        axes.axvspan(0, aligned.duration, color=style.EVENT, alpha=0.2, linewidth=0, zorder=0)
        axes.axvline(0, color=style.EVENT, linewidth=1.2)
        style.plain(axes)
    panels[-1].set(xlabel="time since the onset of the event (s)", xlim=(LAGS[0], LAGS[-1]))
    figure.suptitle(
        f"{aligned.events} events of test windows; blue: median duration "
        f"({aligned.duration:.2f} s)",
        fontsize=11,
    )
    return figure


def _draw_relevance(axes: Axes, aligned: Aligned) -> None:
    for number, line in enumerate(aligned.subjects):
        name = "_" if number else "each subject"
        axes.plot(LAGS, line, color=style.FOLD, linewidth=0.9, label=name)
    axes.plot(LAGS, aligned.relevance, color=style.POOLED, linewidth=2.2, label="all events")
    axes.axhline(
        aligned.level, color=style.CHANCE, linestyle="--", label="mean of windows with an event"
    )
    axes.set(ylabel="relevance (0 to 1)", ylim=(0, None))
    axes.legend(fontsize=8, frameon=False, loc="upper right")


def _draw_images(figure: Figure, axes: Axes, images: Values, freqs: Values) -> None:
    mesh = axes.pcolormesh(LAGS, freqs, images, cmap=style.RELEVANCE, shading="nearest", vmin=0)
    axes.set(yscale="log", ylabel="frequency (Hz)")
    ticks = [tick for tick in style.OCTAVES if freqs.min() <= tick <= freqs.max()]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    figure.colorbar(mesh, ax=axes, label="mean relevance", fraction=0.04)


def _signals(recording: Recording, times: Values) -> Values:
    """Signals at times, of shape (event, channel, lag); NaN outside the recording."""
    place = np.round(times * recording.sfreq).astype(np.intp)
    inside = (place >= 0) & (place < recording.signals.shape[1])
    found: Values = recording.signals[:, np.where(inside, place, 0)].astype(np.float64)
    found[:, ~inside] = np.nan
    return found.transpose(1, 0, 2)


def _mean(values: Values) -> Values:
    """Mean over the first axis of what is defined."""
    return _ratio(np.nansum(values, axis=0), np.isfinite(values).sum(axis=0))


def _ratio(total: Values, count: NDArray[np.number]) -> Values:
    ratio = np.full(total.shape, np.nan)
    np.divide(total, count, out=ratio, where=count > 0)
    return ratio
