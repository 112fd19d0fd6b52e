"""A recording: one continuous stretch of signals with what experts said about it.

Signals are float32 µV of shape ``(channel, time)``; times are seconds from the start of the
recording; sets of intervals follow :mod:`xai_sleep.recordings.intervals`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import Intervals

Signals = NDArray[np.float32]

STAGES: Mapping[int, str] = {-1: "unknown", 0: "W", 1: "N1", 2: "N2", 3: "N3", 4: "R"}


@dataclass(frozen=True, eq=False)
class Scoring:
    """What one scorer, human or program, marked, and where they looked."""

    events: Intervals  # (n, 2) start and end of each event in s
    # (m, 2) time in which the scorer looked; elsewhere an absent event means nothing
    scored: Intervals


@dataclass(frozen=True, eq=False)
class Recording:
    """One continuous recording, complete: readers return it so or raise."""

    record: str  # name of the recording
    subject: str  # who it came from; recordings of one person share it. Never holds personal data
    signals: Signals  # (channel, time) in µV
    channels: tuple[str, ...]  # one name per row of ``signals``
    sfreq: float  # sampling frequency in Hz
    events: Intervals  # (n, 2) start and end of each event in s, by the expert setting in force
    scored: Intervals  # (m, 2) scored time in s. All else is unknown, not negative
    # sleep stage per epoch of ``epoch`` seconds, coded as in :data:`STAGES`
    stages: NDArray[np.int8] | None = None
    epoch: float = 5.0  # length of a stage epoch in s
    # every scorer by name (``expert1``, ``expert2``, ``automatic``), whatever the setting
    scorers: Mapping[str, Scoring] = field(default_factory=dict)
    # what the reader dropped, cut or merged, in words: it is logged and kept with the results
    notes: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Length in s."""
        return float(self.signals.shape[1] / self.sfreq)


def stages_at(
    recordings: Sequence[Recording], record: NDArray[np.int64], time: NDArray[np.float64]
) -> NDArray[np.str_]:
    """Sleep stage at times of recordings; ``unknown`` where nobody staged.

    Parameters
    ----------
    recordings : sequence of Recording
        All of them.
    record : int64 array of shape (n,)
        Index of the recording of each time.
    time : float64 array of shape (n,)
        In s.
    """
    names = []
    for index, at in zip(record, time, strict=True):
        stages, epoch = recordings[index].stages, int(at / recordings[index].epoch)
        known = stages is not None and epoch < len(stages)
        names.append(STAGES[int(stages[epoch])] if stages is not None and known else "unknown")
    return np.array(names, dtype=np.str_)


def require_usable(recordings: Sequence[Recording], setting: str = "task.channels") -> None:
    """Refuse signals that no analysis can use.

    Parameters
    ----------
    recordings : sequence of Recording
        To be looked at.
    setting : str
        Where their channels were set, for messages.

    Raises
    ------
    InputError
        If a channel holds NaN or infinite values, or is flat throughout; the message names record,
        channel and time.
    """
    for recording in recordings:
        for name, signal in zip(recording.channels, recording.signals, strict=True):
            bad = np.flatnonzero(~np.isfinite(signal))
            if len(bad):
                raise InputError(
                    f"record {recording.record}, channel {name}: {len(bad)} samples are not "
                    f"numbers, the first at {bad[0] / recording.sfreq:.2f} s; "
                    "repair the file or leave the record out (data.records)"
                )
            if np.ptp(signal) == 0:
                raise InputError(
                    f"record {recording.record}, channel {name} is flat ({signal[0]:g} µV "
                    f"throughout); choose another channel ({setting}) or leave the record out "
                    "(data.records)"
                )
