"""Where the network looks around the onset of an event: maps and signals, averaged over events.

Lags are in s; an onset that lies in no test window counts for nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xai_sleep.recordings.recording import Recording
from xai_sleep.results.finished import Aligned, Values
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.windows.windows import Windows

LAGS = np.arange(-75, 126) / 50  # −1.5 to 2.5 s


def sampled(
    values: NDArray[np.floating], windows: Windows, record: int, times: Values
) -> NDArray[np.float64]:
    """Read values of windows, ordered by time in each record, at times of one record, in s.

    From ``values`` (window, …, time) to the shape of ``times``, then …; NaN where no window is.
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


def align(recordings: Sequence[Recording], outcomes: Sequence[FoldOutcome]) -> Aligned | None:
    """Average maps and signals around the onsets in test windows; None where there are none."""
    if not all(outcome.maps.size for outcome in outcomes):
        return None
    parts = [
        part
        for outcome in outcomes
        for index in np.unique(outcome.windows.record)
        if (part := _around(recordings[index], outcome, int(index)))
    ]
    if not parts:
        return None
    columns = zip(*(part[:4] for part in parts), strict=True)
    relevance, signal, duration, subject = map(np.concatenate, columns)
    positive = [outcome.maps[outcome.windows.label == 1].astype(np.float32) for outcome in outcomes]
    images = [part.images for part in parts if part.images is not None]
    return Aligned(
        LAGS,
        events=len(relevance),
        duration=float(np.median(duration)),
        relevance=_mean(relevance),
        subjects=np.array([_mean(relevance[subject == one]) for one in np.unique(subject)]),
        level=float(np.sum([p.sum() for p in positive]) / max(sum(p.size for p in positive), 1)),
        images=_ratio(*np.sum(images, axis=0)).T if images else None,
        mean=_mean(signal),
        spread=np.sqrt(_mean(signal**2)),
    )


class _Part(NamedTuple):
    """Maps and signals around the onsets of one record in one fold."""

    relevance: Values
    signal: Values  # (event, channel, lag) NaN outside the recording
    duration: Values
    subject: NDArray[np.str_]
    images: Values | None  # sum and count


def _around(recording: Recording, outcome: FoldOutcome, index: int) -> _Part | None:
    times = recording.events[:, :1] + LAGS
    relevance = sampled(outcome.profiles, outcome.windows, index, times)
    here = np.isfinite(relevance[:, LAGS == 0][:, 0])
    if not here.any():
        return None
    images, times = None, times[here]
    if outcome.maps.ndim == 3:
        found = sampled(outcome.maps, outcome.windows, index, times)
        images = np.stack([np.nansum(found, axis=0), np.isfinite(found).sum(axis=0)])
    place = np.round(times * recording.sfreq).astype(np.intp)
    inside = (place >= 0) & (place < recording.signals.shape[1])
    signals = recording.signals[:, np.where(inside, place, 0)].astype(np.float64)
    signals = np.where(inside, signals, np.nan).transpose(1, 0, 2)
    duration = np.diff(recording.events[here], axis=1)[:, 0]
    return _Part(relevance[here], signals, duration, np.full(here.sum(), recording.subject), images)


def _mean(values: Values) -> Values:
    """Mean over the first axis of what is defined."""
    return _ratio(np.nansum(values, axis=0), np.isfinite(values).sum(axis=0))


def _ratio(total: Values, count: NDArray[np.number]) -> Values:
    nothing = np.full(total.shape, np.nan)
    return np.asarray(np.divide(total, count, out=nothing, where=count > 0))
