"""A recording: one continuous stretch of signals with what experts said about it.

Signals are float32 µV of shape ``(channel, time)``; times are seconds from the start of the
recording; sets of intervals follow :mod:`xai_sleep.recordings.intervals`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import Intervals, subtraction

Signals = NDArray[np.float32]

STAGES: Mapping[int, str] = {-1: "unknown", 0: "W", 1: "N1", 2: "N2", 3: "N3", 4: "R"}


@dataclass(frozen=True, eq=False)
class Scoring:
    """What one scorer, human or program, marked, and where they looked."""

    events: Intervals
    scored: Intervals  # where the scorer looked; elsewhere an absent event means nothing

    def without(self, lost: Intervals) -> "Scoring":
        """Take time without a signal from what was scored."""
        return replace(self, scored=subtraction(self.scored, lost)) if len(lost) else self


@dataclass(frozen=True, eq=False)
class Recording:
    """One continuous recording, complete: readers return it so or raise."""

    record: str  # name of the recording
    subject: str  # who it came from; recordings of one person share it. Never holds personal data
    signals: Signals
    channels: tuple[str, ...]  # one name per row of ``signals``
    sfreq: float  # in Hz
    events: Intervals  # by the expert setting in force
    scored: Intervals  # all else is unknown, not negative
    stages: NDArray[np.int8] | None = None  # per epoch of ``epoch`` s, see :data:`STAGES`
    epoch: float = 5.0
    scorers: Mapping[str, Scoring] = field(default_factory=dict)  # raters, and ``automatic``
    notes: tuple[str, ...] = ()  # what the reader dropped, cut or merged, in words
    kinds: Mapping[str, int] = field(default_factory=dict)  # rows read of each, in their words
    offered: tuple[str, ...] = ()  # every channel of its file in words: name, unit and rate
    start: datetime | None = None  # when the clock on the wall showed the first sample

    @property
    def duration(self) -> float:
        """Length in s."""
        return float(self.signals.shape[1] / self.sfreq)


def stages_at(
    recordings: Sequence[Recording], record: NDArray[np.int64], time: NDArray[np.float64]
) -> NDArray[np.str_]:
    """Sleep stage at each time in s of a recording (its index); ``unknown`` where nobody staged."""
    names = []
    for index, at in zip(record, time, strict=True):
        stages, epoch = recordings[index].stages, int(at / recordings[index].epoch)
        names.append(STAGES[-1 if stages is None or epoch >= len(stages) else int(stages[epoch])])
    return np.array(names, dtype=np.str_)


def require_usable(recordings: Sequence[Recording], setting: str = "task.channels") -> None:
    """Refuse (InputError) channels that hold NaN or infinite values, or are flat throughout."""
    for recording in recordings:
        for name, signal in zip(recording.channels, recording.signals, strict=True):
            where = f"record {recording.record}, channel {name}"
            remedy = "or leave the record out (data.records)"
            if len(bad := np.flatnonzero(~np.isfinite(signal))):
                said = f"samples are not numbers, the first at {bad[0] / recording.sfreq:.2f} s"
                raise InputError(f"{where}: {len(bad)} {said}; repair the file {remedy}")
            if np.ptp(signal) == 0:
                said = f"flat ({signal[0]:g} µV throughout)"
                raise InputError(f"{where} is {said}; choose another channel ({setting}) {remedy}")


def fingerprint(recording: Recording) -> dict[str, str]:
    """Digest each part of a recording as it was read (resampling may differ in last bits)."""
    names, scorings = list(recording.scorers), recording.scorers.values()
    channels, stages = np.array(recording.channels), recording.stages
    parts: dict[str, list[NDArray[Any]]] = {
        "signals": [recording.signals, np.array(recording.sfreq), channels],
        "marks": [recording.events, np.array(names), *(each.events for each in scorings)],
        "scored time": [recording.scored, *(each.scored for each in scorings)],
        "subject": [np.array(recording.subject)],
        "stages": [np.empty(0) if stages is None else stages, np.array(recording.epoch)],
    }
    digests = {part: hashlib.sha256() for part in parts}
    for part, array in ((part, array) for part, arrays in parts.items() for array in arrays):
        digests[part].update(f"{array.dtype} {array.shape}".encode())
        digests[part].update(array.tobytes())
    return {part: digest.hexdigest()[:16] for part, digest in digests.items()}
