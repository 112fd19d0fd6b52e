"""Scaling: the amplitude of each channel, estimated robustly on the time a fold allows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xai_sleep.recordings.intervals import Intervals
from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.windows.folds import Fold

# Makes the median absolute deviation of a normal distribution its standard deviation.
NORMAL = 1.4826

Amplitude = NDArray[np.float32]
"""Of shape (channel, 1), in µV: what signals are to be divided by."""


def amplitudes_by_record(recordings: Sequence[Recording], fold: Fold) -> list[Amplitude]:
    """Estimate each record's own amplitude.

    It is estimated in training time and nowhere else. A record that only validates or tests is
    measured by its own signal in that role, without labels, as if it came from a new person; it
    tells the training set nothing. One that is in no part is measured as a whole.
    """
    return [
        amplitude([_first_seen(r, times)])
        for r, *times in zip(recordings, fold.train, fold.val, fold.test, strict=True)
    ]


def amplitude_in_training(recordings: Sequence[Recording], fold: Fold) -> Amplitude:
    """Estimate one amplitude on the training time of all recordings."""
    return amplitude([_samples(r, time) for r, time in zip(recordings, fold.train, strict=True)])


def amplitude(pieces: Sequence[Signals]) -> Amplitude:
    """Robust standard deviation per channel: 1.4826 times the median absolute value.

    Signals are band-passed, so their median is near zero. A channel that is zero more than half of
    the time is measured by its standard deviation instead, and left as it is if that is zero too.
    """
    joined = np.concatenate(pieces, axis=1)
    robust = NORMAL * np.median(np.abs(joined), axis=1, keepdims=True)
    scale = np.where(robust > 0, robust, joined.std(axis=1, keepdims=True))
    return np.where(scale > 0, scale, 1.0).astype(np.float32)


def _first_seen(recording: Recording, parts: Sequence[Intervals]) -> Signals:
    """Take the samples of the first part that has any, all of a record that has no part."""
    pieces = (_samples(recording, time) for time in parts)
    return next((piece for piece in pieces if piece.size), recording.signals)


def _samples(recording: Recording, time: Intervals) -> Signals:
    edges = np.round(time * recording.sfreq).astype(int)
    pieces = [recording.signals[:, a:b] for a, b in edges]
    return np.concatenate([recording.signals[:, :0], *pieces], axis=1)
