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
    relevance = np.stack([part.relevance for part in parts])
    signal, square = (np.sum([s[i] for s in (p.signal for p in parts)], axis=0) for i in (0, 1))
    subject = np.array([part.subject for part in parts])
    level, count = np.sum([_level(outcome) for outcome in outcomes], axis=0)
    owners = [subject == one for one in np.unique(subject)]
    images = [part.images for part in parts if part.images is not None]
    return Aligned(
        LAGS,
        events=sum(len(part.duration) for part in parts),
        duration=float(np.median(np.concatenate([part.duration for part in parts]))),
        relevance=_ratio(*relevance.sum(axis=0)),
        subjects=np.array([_ratio(*relevance[mine].sum(axis=0)) for mine in owners]),
        level=float(level / max(count, 1)),
        images=_ratio(*np.sum(images, axis=0)).T if images else None,
        mean=_ratio(*signal),
        spread=np.sqrt(_ratio(*square)),
    )


class _Part(NamedTuple):
    """Maps and signals around the onsets of one record in one fold, as sums and counts."""

    relevance: Values  # (2, lag)
    signal: tuple[Values, Values]  # (2, channel, lag) of the signal, and of its square
    duration: Values  # (event,) in s
    subject: str
    images: Values | None  # (2, lag, freq)


def _around(recording: Recording, outcome: FoldOutcome, index: int) -> _Part | None:
    times = recording.events[:, :1] + LAGS
    rows = np.flatnonzero(outcome.windows.record == index)
    mine = outcome.windows.take(rows)
    relevance = sampled(outcome.profiles(rows), mine, index, times)
    here = np.isfinite(relevance[:, LAGS == 0][:, 0])
    if not here.any():
        return None
    images, times = None, times[here]
    if outcome.maps.ndim == 3:
        images = _summed(sampled(outcome.maps[rows], mine, index, times))
    signals = recording.signals
    place = np.round(times * recording.sfreq).astype(np.intp)
    inside = (place >= 0) & (place < signals.shape[1])
    around = signals[:, np.where(inside, place, 0)].astype(np.float64)
    around = np.where(inside, around, np.nan).transpose(1, 0, 2)  # outside there is nothing
    duration = np.diff(recording.events[here], axis=1)[:, 0]
    both = (_summed(around), _summed(around**2))
    return _Part(_summed(relevance[here]), both, duration, recording.subject, images)


def _level(outcome: FoldOutcome) -> tuple[float, int]:
    """Sum and number of the relevance of windows with an event."""
    total, count = 0.0, 0
    positive = np.flatnonzero(outcome.windows.label == 1)
    for rows in np.array_split(positive, len(positive) // 1024 + 1):
        part = outcome.maps[rows].astype(np.float32)
        total, count = total + float(part.sum()), count + part.size
    return total, count


def _summed(values: Values) -> Values:
    """Sum over the first axis of what is defined, and how often it is."""
    return np.stack([np.nansum(values, axis=0), np.isfinite(values).sum(axis=0)])


def _ratio(total: Values, count: Values) -> Values:
    nothing = np.full(total.shape, np.nan)
    return np.asarray(np.divide(total, count, out=nothing, where=count > 0))
