"""From activation over time, NaN where nothing is known, to events: smoothing and hysteresis."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import Intervals

Values = NDArray[np.float64]
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Detections:
    """Detected events of shape (n, 2) in s, and the highest activation inside each, (n,)."""

    events: Intervals
    confidence: Values


def smooth(activation: NDArray[np.floating], sfreq: float, width: float) -> Values:
    """Centred moving average of what is known in an odd number of samples, about ``width`` s.

    Examples
    --------
    >>> smooth(np.array([0.0, 3.0, 0.0, np.nan]), sfreq=1.0, width=3.0)
    array([1.5, 1. , 1.5, nan])
    """
    half = int(width * sfreq / 2)
    kernel, known = np.ones(2 * half + 1), np.isfinite(activation)
    total, count = (
        np.convolve(x, kernel)[half : half + len(activation)]
        for x in (np.where(known, activation, 0.0), known.astype(np.float64))
    )
    return np.asarray(np.where(known, total / np.maximum(count, 1), np.nan))


def detect(
    activation: NDArray[np.floating],
    sfreq: float,
    *,
    high: float,
    low: float,
    min_duration: float = 0.0,
    max_duration: float = math.inf,
    merge_gap: float = 0.0,
) -> Detections:
    """Turn an activation ``(time,)``, any measure of presence, into events; durations in s.

    Stretches that stay at ``low`` or above and reach ``high`` somewhere; then those at most
    ``merge_gap`` apart become one; then those shorter than ``min_duration`` or longer than
    ``max_duration`` are dropped. NaN is below both thresholds. InputError if they contradict.

    Examples
    --------
    >>> found = detect(np.array([0.2, 0.5, 0.9, 0.5, 0.1, 0.6]), sfreq=10.0, high=0.8, low=0.4)
    >>> found.events, found.confidence
    (array([[0.1, 0.4]]), array([0.9]))
    """
    if low > high or min_duration > max_duration:
        raise InputError(
            f"thresholds low {low:g}, high {high:g}, durations {min_duration:g} to "
            f"{max_duration:g} s; expected the first of each to be no larger than the second"
        )
    steps = np.diff(np.concatenate([[False], activation >= low, [False]]).astype(np.int8))
    runs = np.column_stack([np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)])
    runs = runs[_peaks(activation, runs) >= high]
    gaps = runs[:, 0] - np.concatenate([[-np.inf], runs[:-1, 1]])
    first = gaps / sfreq > merge_gap + _ROUNDING
    runs = np.column_stack([runs[first, 0], runs[np.roll(first, -1), 1]])
    length = np.diff(runs)[:, 0] / sfreq
    runs = runs[(length >= min_duration - _ROUNDING) & (length <= max_duration + _ROUNDING)]
    return Detections(runs / sfreq, _peaks(activation, runs))


def _peaks(activation: NDArray[np.floating], runs: NDArray[np.intp]) -> Values:
    # reduceat must be able to look up the end of the last run
    values = np.append(activation.astype(np.float64, copy=False), np.nan)
    return np.asarray(np.fmax.reduceat(values, runs.ravel())[::2])
