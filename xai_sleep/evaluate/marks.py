"""Whether marks lie where the signal changes: power inside and outside, and lag by lag.

A table that counts from another start, or is another night's, shows here before anything is
trained: of marks moved by a lag, the mean level of a band is highest where they belong. Levels are
in dB, so that a few artefacts do not decide.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from xai_sleep.metrics.events import contains
from xai_sleep.recordings.intervals import NOWHERE, Intervals, longest_overlap, union
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.inspected import Response, Spectra

RATE = 10  # levels a second, or as near to it as the sampling rate allows
SMOOTHED = 5  # levels averaged, so that a wave's zeros do not count
FAR = 10.0  # s that marks are moved, at most
LEAST, MOST = 10, 2000  # marks looked at
NEAR = 0.5  # s that experts may be late by, or half of a mark if that is more
CLEAR, BETTER = 6.0, 3.0  # standard errors: of the best lag from none, and from the mark's place
SECONDS = 5000  # of each kind that spectra are averaged over, at most

Bands = Sequence[tuple[float, float]]
Floats = NDArray[np.float64]


def respond(prepared: Recording, bands: Bands) -> Response | None:
    """Move the marks of a recording whose channels are each in all bands, see :func:`.prepare`.

    They look shifted where a lag is clearly better than none: its level stands out of all by
    :data:`CLEAR` standard errors, is twice that of no lag and surpasses it, mark by mark, by
    :data:`BETTER` standard errors. None where fewer than :data:`LEAST` marks can be moved.
    """
    step = round(prepared.sfreq / RATE)
    levels, rate = _levels(prepared, len(bands), step), prepared.sfreq / step
    reach, marks = round(FAR * rate), np.round(prepared.events * rate).astype(np.int64)
    marks[:, 1] = np.maximum(marks[:, 1], marks[:, 0] + 1)
    marks = marks[(marks[:, 0] >= reach) & (marks[:, 1] + reach <= levels.shape[1])]
    if len(marks) < LEAST:
        return None
    marks = marks[np.linspace(0, len(marks) - 1, min(len(marks), MOST)).astype(np.int64)]
    moves = np.arange(-reach, reach + 1)
    sums = np.pad(np.cumsum(levels, axis=1), ((0, 0), (1, 0)))
    moved = sums[:, marks[:, 1:] + moves] - sums[:, marks[:, :1] + moves]
    moved /= marks[:, 1:] - marks[:, :1]  # (band, mark, lag)
    mean = moved.mean(axis=1)
    power = mean - np.median(mean, axis=1, keepdims=True)
    error = moved.std(axis=1).mean(axis=1) / np.sqrt(len(marks)) + 1e-9
    band = int(np.argmax(power.max(axis=1) / error))
    lags, near = moves / rate, max(NEAR, float(np.median(np.diff(prepared.events))) / 2)
    found = Response(bands[band], lags, power[band])
    return replace(found, shift=_shift(found, moved[band], near, float(error[band])))


def spectra(recording: Recording) -> Spectra:
    """Mean spectrum of the second in the middle of each mark, and of scored seconds without one."""
    length = round(recording.sfreq)
    starts = np.arange(int(recording.duration), dtype=np.float64)
    scored = longest_overlap(starts, 1.0, union([recording.scored])) > 1 - 1e-9
    free = scored & (longest_overlap(starts, 1.0, recording.events) == 0)
    middles = recording.events.mean(axis=1) - 0.5
    both = (_spectrum(recording, each, length) for each in (middles, starts[free]))
    return Spectra(np.asarray(np.fft.rfftfreq(length, 1 / recording.sfreq)), *both)


def examples(recording: Recording, number: int) -> Intervals:
    """Choose some of the events in scored time, from the first to the last."""
    inside = contains(recording.scored, recording.events.mean(axis=1))
    found = recording.events[inside] if inside.any() else recording.events
    if not len(found):
        return NOWHERE
    at = np.linspace(0, len(found) - 1, min(number, len(found)))
    return found[np.round(at).astype(np.int64)]


def _levels(prepared: Recording, bands: int, step: int) -> Floats:
    """Level of each band in dB of so many samples, mean over channels, of shape (band, step)."""
    count = prepared.signals.shape[1] // step
    each = prepared.signals[:, : count * step].reshape(len(prepared.signals), count, step)
    power = np.square(each, dtype=np.float64).mean(axis=2)
    level = 10 * np.log10(uniform_filter1d(power, SMOOTHED, axis=1) + 1e-3)
    return np.asarray(level.reshape(-1, bands, count).mean(axis=0))


def _shift(found: Response, moved: Floats, near: float, error: float) -> float | None:
    """How late marks look in s, if that is clear; ``moved`` holds levels by mark and lag."""
    best, own = int(np.argmax(found.power)), len(found.lags) // 2
    gain = moved[:, best] - moved[:, own]
    clear = found.power[best] >= CLEAR * error and found.power[own] < found.power[best] / 2
    paired = gain.mean() >= BETTER * gain.std(ddof=1) / np.sqrt(len(gain))
    late = -float(found.lags[best])
    return late if abs(late) > near and clear and paired else None


def _spectrum(recording: Recording, starts: Floats, length: int) -> Floats:
    first = np.round(starts * recording.sfreq).astype(np.int64)
    first = first[(first >= 0) & (first + length <= recording.signals.shape[1])]
    if not len(first):
        return np.full(length // 2 + 1, np.nan)
    first = first[np.linspace(0, len(first) - 1, min(len(first), SECONDS)).astype(np.int64)]
    window, total = np.hanning(length), np.zeros(length // 2 + 1)
    for at in first:  # one by one: of a night they are many
        pieces = recording.signals[:, at : at + length].astype(np.float64)
        pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * window
        total += np.square(np.abs(np.fft.rfft(pieces))).mean(axis=0)
    return np.asarray(2 * total / (len(first) * recording.sfreq * np.square(window).sum()))
