"""Windows: where a recording is cut for the network.

::

    scored   |=======================|        |==========|
    events        ▂▂         ▂▂▂                  ▂
    windows  [0   ][1   ][0   ][1 …           [1   ][0 …      step = length: none overlaps

A window is three numbers; its signal is cut when it is asked for, so overlap costs no memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import Intervals, longest_overlap, time_inside, union
from xai_sleep.recordings.recording import Recording, Signals

Labels = NDArray[np.int64]
Index = NDArray[np.int64] | NDArray[np.bool_] | slice


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of equal length over recordings of one sampling rate."""

    record: NDArray[np.int64]  # (window,) index of the recording
    start: NDArray[np.int64]  # (window,) first sample
    label: Labels  # (window,) 1 if an event overlaps the window enough, else 0
    length: int  # samples per window
    sfreq: float  # sampling frequency in Hz

    def __len__(self) -> int:
        return len(self.start)

    def take(self, index: Index) -> "Windows":
        """Select some of the windows."""
        record, start, label = self.record[index], self.start[index], self.label[index]
        return replace(self, record=record, start=start, label=label)

    @property
    def start_time(self) -> NDArray[np.float64]:
        """Start of each window in s."""
        return self.start / self.sfreq

    @property
    def end_time(self) -> NDArray[np.float64]:
        """End of each window in s."""
        return (self.start + self.length) / self.sfreq


def cut(
    recordings: Sequence[Recording],
    within: Sequence[Intervals],
    *,
    length: float,
    step: float,
    min_overlap: float = 0.0,
    to_the_end: bool = False,
) -> Windows:
    """Cut windows that lie wholly inside the allowed time of each recording.

    They start at the start of every allowed interval of ``within``, in s, and then every ``step``
    seconds; with ``to_the_end`` one more ends where an interval does. A window is positive when one
    event overlaps it by at least ``min_overlap`` seconds; 0: at all. A microsecond of rounding is
    forgiven. InputError if sampling rates differ, or length or step is no whole number of samples.
    """
    first, sfreq = recordings[0].record, recordings[0].sfreq
    for other in recordings:
        if other.sfreq != sfreq:
            rates = f"{other.record} has {other.sfreq:g} Hz and {first} {sfreq:g} Hz"
            raise InputError(f"record {rates}; resample them to one rate first")
    n_length, n_step = whole_samples("length", length, sfreq), whole_samples("step", step, sfreq)
    least = max(min_overlap - 1e-6, 1e-6)
    rows = [np.empty((3, 0), dtype=np.int64)]
    for index, (recording, allowed) in enumerate(zip(recordings, within, strict=True)):
        edges = union([allowed]) * sfreq
        begin = np.maximum(np.ceil(edges[:, 0] - 1e-6), 0).astype(np.int64)
        stop = np.minimum(np.floor(edges[:, 1] + 1e-6), recording.signals.shape[1])
        for a, b in zip(begin, stop.astype(np.int64), strict=True):
            starts = np.arange(a, b - n_length + 1, n_step, dtype=np.int64)
            if to_the_end and len(starts):
                starts = np.union1d(starts, b - n_length)
            positive = longest_overlap(starts / sfreq, length, recording.events) >= least
            rows.append(np.stack([np.full_like(starts, index), starts, positive]))
    record, start, label = np.concatenate(rows, axis=1)
    return Windows(record, start, label, n_length, sfreq)


def whole_samples(name: str, seconds: float, sfreq: float) -> int:
    """Convert a duration to samples, refusing fractions of a sample."""
    samples = round(seconds * sfreq)
    if samples < 1 or abs(samples - seconds * sfreq) > 1e-6:
        held = f"a window {name} of {seconds:g} s is {seconds * sfreq:g} samples at {sfreq:g} Hz"
        whole = "a whole number of samples, at least one (task.window, task.step, task.sfreq)"
        raise InputError(f"{held}; choose {whole}")
    return samples


def marks(recordings: Sequence[Recording], windows: Windows, n_cells: int) -> NDArray[np.float32]:
    """Share of each of ``n_cells`` equal cells inside an event: (window, cell) in [0, 1]."""
    duration = windows.length / windows.sfreq
    grid = np.linspace(0, duration, n_cells + 1)
    out = np.empty((len(windows), n_cells), dtype=np.float32)
    for index in np.unique(windows.record):
        rows = windows.record == index
        edges = windows.start_time[rows, None] + grid
        out[rows] = np.diff(time_inside(recordings[index].events, edges), axis=1)
    return np.asarray(np.clip(out * (n_cells * windows.sfreq / windows.length), 0, 1))


def cut_signals(
    signals: Sequence[Signals], windows: Windows, index: Index = slice(None)
) -> Signals:
    """Cut windows ``(window, channel, time)`` out of one ``(channel, time)`` per recording."""
    record, start = windows.record[index], windows.start[index]
    out = np.empty((len(start), len(signals[0]), windows.length), dtype=np.float32)
    for one in np.unique(record):
        of_record = np.flatnonzero(record == one)
        views = np.lib.stride_tricks.sliding_window_view(signals[one], windows.length, axis=1)
        out[of_record] = views[:, start[of_record]].transpose(1, 0, 2)
    return out
