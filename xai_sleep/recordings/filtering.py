"""Band-pass filters of finite reach, and resampling.

Both look at a limited stretch of signal around each sample. That is what lets a guard gap do its
work: where they reach no further than the gap, no test sample influences a training window.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mne
import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Recording

log = logging.getLogger(__name__)
RESAMPLER = 0.2  # s that resampling looks to either side, at any rate
LARGE = 1000.0  # µV: further from 0 than the middle of any EEG or EOG, and so an offset
ROUNDING = 0.05  # s; more than rounding filters to whole samples adds to their reach

Bands = Sequence[tuple[float, float]]


def reach(low: float) -> float:
    """How far in s :func:`prepare` looks to either side, at most, with a band from ``low`` Hz.

    It is half of the band-pass's impulse response (MNE-Python's default for the lower edge: 3.3
    periods of the transition), and what rounding and resampling add; a channel that is slower than
    others of its file was resampled once before.
    """
    return _half_response(low) + 2 * RESAMPLER + ROUNDING


def require_long_enough(recording: Recording, place: str, *, bands: Bands, window: float) -> None:
    """Refuse (InputError) a recording too short for a window in s or the filters of bands in Hz."""
    least = max(window, 2 * max(reach(low) for low, _ in bands))
    if recording.duration < least:
        needed = f"at least {least:.1f} s are needed for a window of {window:g} s and the filters"
        raise InputError(f"{place}: {recording.duration:g} s long; {needed}")


def require_fast_enough(
    recording: Recording, place: str, *, bands: Bands, share: float = 0.0
) -> None:
    """Refuse (InputError) a recording sampled too slowly for what a network looks at.

    Of each band something must be there, of the highest frequency a ``share`` from 0 to 1.
    """
    (low, top), sfreq = max(bands), recording.sfreq
    held = f"sampled at {sfreq:g} Hz, which holds nothing above {sfreq / 2:g} Hz"
    if sfreq <= 2 * low or sfreq < 2 * share * top:
        little = f"too little of the band from {low:g} to {top:g} Hz that the network looks at"
        remedy = f"record or export it at {2 * top:g} Hz or more"
        raise InputError(f"{place}: {held}, and so {little}; {remedy}")
    if sfreq < 2 * top:
        log.warning("%s: %s; the network looks up to %g Hz", place, held, top)


def prepare(recording: Recording, *, sfreq: float, bands: Bands) -> Recording:
    """Resample to one rate (in Hz) and filter every channel in every pass band (in Hz).

    The result has ``len(channels) * len(bands)`` channels, all bands of a channel in a row. Raises
    InputError if a band ends too close to half the sampling rate for a filter of limited reach.
    """
    for low, high in bands:
        if sfreq / 2 - high < _transition(low):
            fades = f"a filter from {low:g} Hz fades over {_transition(low):g} Hz"
            room = f"{high:g} Hz is {sfreq / 2 - high:g} Hz from half of task.sfreq ({sfreq:g} Hz)"
            remedy = "lower the upper frequency or raise task.sfreq"
            raise InputError(f"task.band or task.input_bands: {fades}, but {room}; {remedy}")
    signals, passed = resample(recording.signals.astype(np.float64), recording.sfreq, sfreq), []
    for low, high in bands:
        shape = {"filter_length": f"{2 * _half_response(low)}s", "verbose": "ERROR"}
        passed.append(mne.filter.filter_data(signals, sfreq, low, high, **shape))
    filtered = np.stack(passed, axis=1).reshape(-1, signals.shape[1]).astype(np.float32)
    names = in_bands(recording.channels, bands)
    return replace(recording, signals=filtered, channels=names, sfreq=sfreq)


def in_bands(channels: Sequence[str], bands: Bands) -> tuple[str, ...]:
    """Name channels once they are filtered: all bands of a channel in a row."""
    return tuple(f"{c} {low:g}–{high:g} Hz" for c in channels for low, high in bands)


def _transition(low: float) -> float:
    """Width in Hz of the slope at the lower edge."""
    return min(max(low / 4, 2.0), low)


def _half_response(low: float) -> float:
    return 0.5 * 3.3 / _transition(low)


def resample(signals: NDArray[np.float64], old: float, new: float) -> NDArray[np.float64]:
    """Bring signals of shape ``(channel, time)`` from one rate in Hz to another.

    An offset that is no signal is taken off where the rate changes.
    """
    # Late, because settings are checked with this module and need not wait for scipy.signal.
    from scipy.signal import firwin, resample_poly

    # Fine enough that no rate drifts by 10 ms in half an hour.
    ratio = Fraction(new / old).limit_denominator(100_000)
    up, down = ratio.as_integer_ratio()
    if up == down:
        return signals
    # A kernel of one duration at all rates; SciPy's own grows where rates are low.
    half = round(RESAMPLER * old * up)
    kernel: Any = firwin(2 * half + 1, 1 / max(up, down), window=("kaiser", 5.0))
    # Each of the up interleaved parts of the kernel makes samples of its own: where their sums
    # differ, an offset or drift becomes a comb of lines. Doubling is left as published scores had
    # it: its one line is at half the new rate, and what little passes is of large offsets alone.
    if ratio != 2:
        parts = np.pad(kernel, (0, -len(kernel) % up)).reshape(-1, up)
        kernel = (parts / parts.sum(axis=0) / up).ravel()[: len(kernel)]
    level = np.median(signals, axis=1, keepdims=True)
    signals = signals - np.where(np.abs(level) > LARGE, level, 0)
    return np.asarray(resample_poly(signals, up, down, axis=1, window=kernel, padtype="reflect"))
