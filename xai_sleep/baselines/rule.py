"""What an event looks like in a closed formula: an activation, and thresholds to choose from.

A rule is one for all recordings and knows nothing of labels. A task names it (``task.rule``);
:mod:`xai_sleep.baselines.threshold` makes a baseline of it.
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import firwin, oaconvolve

from xai_sleep.baselines.trial import LeftOutError
from xai_sleep.recordings.recording import Recording

Values = NDArray[np.float64]


class Rule(ABC):
    """How events are found in a recording."""

    description: str  # for tables
    highs: tuple[float, ...]  # thresholds to choose from that an event must reach
    drops: tuple[float, ...]  # how far below that it may fall before it ends, to choose from
    # min_duration, max_duration, merge_gap: s, see :func:`xai_sleep.detect.hysteresis.detect`
    min_duration: float
    max_duration: float
    merge_gap: float

    @abstractmethod
    def activation(self, recording: Recording) -> Values:
        """How much an event is there, at every sample; LeftOutError if the recording is no fit."""


def grid(start: float, stop: float, step: float) -> tuple[float, ...]:
    """Thresholds from ``start`` up to ``stop``, both included."""
    return tuple(np.arange(start, stop + step / 10, step).round(2).tolist())


def band_passed(signal: Values, sfreq: float, band: tuple[float, float]) -> Values:
    """Filter without a shift in time; it looks 1.1 s to either side.

    The slopes are 1.5 Hz wide: alpha waves at 10 Hz hardly leak into a band from 11 Hz. Raises
    LeftOutError if the sampling rate is too low for the band.
    """
    if band[1] >= sfreq / 2:
        raise LeftOutError(
            f"it looks at frequencies up to {band[1]:g} Hz; raise task.sfreq ({sfreq:g} Hz)"
        )
    taps = int(3.3 * sfreq / 1.5) // 2 * 2 + 1
    kernel = firwin(taps, band, pass_zero=False, fs=sfreq)
    return np.asarray(oaconvolve(signal, kernel, mode="same"))


def around(values: Values, sfreq: float, width: float) -> Values:
    """Mean over ``width`` s around each sample."""
    return np.asarray(uniform_filter1d(values, max(1, round(width * sfreq)), mode="nearest"))
