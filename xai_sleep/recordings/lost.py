"""Time in which a channel holds no signal: an input came loose, or an amplifier at its limit.

Such time is found by what no living signal does, and is bridged by a straight line, on which no
filter rings; what stood there means nothing.
"""

import numpy as np
from numpy.typing import NDArray

from xai_sleep.recordings.intervals import NOWHERE, Intervals, intervals, union
from xai_sleep.recordings.recording import Signals

# s of one value: however coarse its steps are, no EEG or EOG keeps one for so long, while an input
# that came loose keeps it for minutes.
FLAT = 3.0
# Of so many seconds in a row each has this share of samples at the limits. Large waves and
# movements touch them for instants, which is signal all the same.
CLIPPED, SHARE = 3, 0.5


def without_signal(signal: Signals, sfreq: float) -> Intervals:
    """Find the time in s in which a signal of shape ``(time,)`` is flat or clipped."""
    if not len(signal) or not np.isfinite(signal).any():
        return NOWHERE
    flat = _flat(signal, sfreq)
    return union([flat / sfreq, _clipped(signal, sfreq, flat)])


def bridge(signal: Signals, sfreq: float, lost: Intervals) -> None:
    """Draw a straight line over lost time, in place; level at the ends, and not if all is lost."""
    for first, last in np.floor(lost * sfreq + 0.5).astype(int):
        before = signal[first - 1] if first > 0 else None
        after = signal[last] if last < len(signal) else before
        before = after if before is None else before
        if before is not None and after is not None:
            signal[first:last] = np.linspace(before, after, last - first + 2)[1:-1]


def _flat(signal: Signals, sfreq: float) -> NDArray[np.int64]:
    """First and last (exclusive) sample of each flat stretch."""
    least = max(2, round(FLAT * sfreq))
    # Of a run so long some half lies in step; where none is flat, no more needs to be looked at.
    halves = signal[: len(signal) // (least // 2) * (least // 2)].reshape(-1, least // 2)
    if not (halves == halves[:, :1]).all(axis=1).any():
        return np.empty((0, 2), dtype=np.int64)
    runs = _runs(signal[1:] == signal[:-1], least - 1)
    runs[:, 1] += 1
    return runs


def _clipped(signal: Signals, sfreq: float, flat: NDArray[np.int64]) -> Intervals:
    """Whole seconds at the limits that are not ``flat``."""
    limits = np.nanmin(signal), np.nanmax(signal)
    second = max(1, round(sfreq))
    touching = np.isin(signal[: len(signal) // second * second], limits)
    for first, last in flat:
        touching[first:last] = False
    share = touching.reshape(-1, second).mean(axis=1)
    return intervals(_runs(share >= SHARE, CLIPPED) * second / sfreq)


def _runs(holds: NDArray[np.bool_], least: int) -> NDArray[np.int64]:
    """First and last (exclusive) of each run in which something holds for at least ``least``."""
    edges = np.flatnonzero(np.diff(holds, prepend=False, append=False)).reshape(-1, 2)
    return edges[edges[:, 1] - edges[:, 0] >= least]
