"""Small recordings for tests: noise, with the events and the scored time that a test asks for."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.folds import Times

Rows = Iterable[tuple[float, float]]


def make_recording(
    record: str = "a",
    *,
    subject: str | None = None,
    seconds: float = 60.0,
    sfreq: float = 10.0,
    channels: Sequence[str] = ("one",),
    events: Rows = (),
    scored: Rows | None = None,
    seed: int = 0,
) -> Recording:
    """Make a recording of white noise of 10 µV, scored throughout unless told otherwise.

    The subject is called like the record by default.
    """
    rng = np.random.default_rng(seed)
    signals = rng.normal(0, 10, (len(channels), round(seconds * sfreq))).astype(np.float32)
    return Recording(
        record=record,
        subject=record if subject is None else subject,
        signals=signals,
        channels=tuple(channels),
        sfreq=sfreq,
        events=intervals(list(events)),
        scored=intervals([(0, seconds)] if scored is None else list(scored)),
    )


def planted(
    recordings: Sequence[Recording], parts: Sequence[Times], value: float
) -> list[Recording]:
    """Copy recordings, with ``value`` µV in all samples of the parts of a fold."""
    copies = []
    for recording, *times in zip(recordings, *parts, strict=True):
        signals = recording.signals.copy()
        for start, end in np.concatenate(times):
            first, stop = round(start * recording.sfreq), round(end * recording.sfreq)
            signals[:, first:stop] = value
        copies.append(replace(recording, signals=signals))
    return copies
