"""Rules: what an event looks like in a closed formula, and thresholds to choose from.

Activations are sums of logarithms, in decades, so that none of these can be high alone.
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter1d
from scipy.signal import firwin, oaconvolve

from xai_sleep.baselines.baseline import LeftOutError
from xai_sleep.recordings.recording import Recording

Values = NDArray[np.float64]

HALF = 0.5  # s of either wave of a K-complex
FLOOR = 1.0  # µV: below it there is nothing but rounding


class Rule(ABC):
    """How events are found in a recording."""

    description: str  # for tables
    highs: tuple[float, ...]  # thresholds to choose from that an event must reach
    drops: tuple[float, ...]  # how far below that it may fall before it ends, to choose from
    min_duration: float  # in s, and the others, see :func:`xai_sleep.detect.detector.detect`
    max_duration: float
    merge_gap: float

    @abstractmethod
    def activation(self, recording: Recording) -> Values:
        """How much an event is there, at every sample; LeftOutError if the recording is no fit."""


def grid(start: float, stop: float, step: float) -> tuple[float, ...]:
    """Thresholds from ``start`` up to ``stop``, both included."""
    return tuple(np.arange(start, stop + step / 10, step).round(2).tolist())


def band_passed(signal: Values, sfreq: float, band: tuple[float, float]) -> Values:
    """Filter without a shift in time; LeftOutError if the sampling rate is too low for the band.

    Slopes are 1.5 Hz wide: alpha waves at 10 Hz hardly leak into a band from 11 Hz.
    """
    if band[1] >= sfreq / 2:
        reason = f"it looks at frequencies up to {band[1]:g} Hz"
        raise LeftOutError(f"{reason}; raise task.sfreq ({sfreq:g} Hz)")
    taps = int(3.3 * sfreq / 1.5) // 2 * 2 + 1
    kernel = firwin(taps, band, pass_zero=False, fs=sfreq)
    return np.asarray(oaconvolve(signal, kernel, mode="same"))


def around(values: Values, sfreq: float, width: float) -> Values:
    """Mean over ``width`` s around each sample."""
    return np.asarray(uniform_filter1d(values, max(1, round(width * sfreq)), mode="nearest"))


class Spindles(Rule):
    """Bursts of sigma waves, 11 to 16 Hz, in the first channel that are strong, and stand alone.

    Alpha and muscle bursts have power beside the band too, K-complexes and slow waves below.
    Sigma power: Mölle et al. (2002), J Neurosci 22, 10941-10947; absolute and relative power with
    correlation: Lacourse et al. (2019), J Neurosci Methods 316, 3-11.
    """

    description = (
        "power in the sigma band × its ratio to the bands beside it × its share of all power, "
        "thresholds chosen in training"
    )
    highs = grid(0.2, 2.9, 0.15)
    drops = (0.5, 0.8, 1.1, 1.4)
    min_duration, max_duration, merge_gap = 0.3, 3.0, 0.1

    def activation(self, recording: Recording) -> Values:
        """Sum the three logarithms."""
        signal, sfreq = recording.signals[0].astype(np.float64), recording.sfreq

        def power(wave: Values) -> Values:
            return around(wave**2, sfreq, 0.5) + 0.01  # µV², below which there is only rounding

        sigma = power(band_passed(signal, sfreq, (11.0, 16.0)))
        neighbours = ((4.0, 10.0), (17.0, 30.0))
        beside = np.sum([power(band_passed(signal, sfreq, band)) for band in neighbours], axis=0)
        return np.asarray(3 * np.log10(sigma) - np.log10(beside) - np.log10(power(signal)))


class RapidEyeMovements(Rule):
    """Turns of both eyes, fast and together, in two EOG channels that see them with opposite sign.

    Noise, slow eye movements and what leaks in from the EEG have no negative correlation.
    Slope and negative correlation: Agarwal et al. (2005), IEEE Trans Biomed Eng 52, 1390-1396; the
    product of the channels: Yetton et al. (2016), J Neurosci Methods 259, 72-82.
    """

    description = (
        "opposite slopes of the two EOG channels × their squared negative correlation, thresholds "
        "chosen in training"
    )
    highs = grid(3.0, 6.0, 0.2)
    drops = (0.4, 0.8, 1.2, 1.8)
    min_duration, max_duration, merge_gap = 0.1, 5.0, 0.1

    def activation(self, recording: Recording) -> Values:
        """Sum the two logarithms; LeftOutError if there are not two channels."""
        if len(recording.signals) < 2:
            raise LeftOutError("it needs both EOG channels, and this run reads one")
        sfreq, width, floor = recording.sfreq, 0.4, 100.0  # s; (µV/s)²: slopes of 10 µV/s are noise
        left, right = (
            np.gradient(band_passed(signal.astype(np.float64), sfreq, (0.5, 8.0))) * sfreq
            for signal in recording.signals[:2]
        )
        against = np.maximum(around(-left * right, sfreq, width), 0)
        size = np.sqrt(around(left**2, sfreq, width) * around(right**2, sfreq, width))
        share = (against + floor) / (size + floor)
        return np.asarray(np.log10(against + floor) + 2 * np.log10(share))


class KComplexes(Rule):
    """One large slow wave in the first channel, 0.5 to 4 Hz: first down, then steeply up.

    Trains of slow waves swing up and down too; a K-complex stands out from what is around it.
    Both waves: Bremer et al. (1970), IEEE Trans Biomed Eng 17, 314-323; Devuyst et al. (2010), Proc
    IEEE EMBC 2010, 4658-4661.
    """

    description = (
        "swing of slow waves down and up × its ratio to that up and down × their amplitude over "
        "that around, thresholds chosen in training"
    )
    highs = grid(1.6, 3.4, 0.1)
    drops = (0.2, 0.4, 0.6, 0.8)
    min_duration, max_duration, merge_gap = 0.4, 3.0, 0.1

    def activation(self, recording: Recording) -> Values:
        """Sum the three logarithms."""
        sfreq = recording.sfreq
        wave = band_passed(recording.signals[0].astype(np.float64), sfreq, (0.5, 4.0))
        down, up = _swing(wave, sfreq), _swing(-wave, sfreq)
        size = around(np.abs(wave), sfreq, HALF) + FLOOR
        alone = size / (around(np.abs(wave), sfreq, 10.0) + FLOOR)
        return np.asarray(2 * np.log10(down) - np.log10(up) + np.log10(alone))


def _swing(wave: Values, sfreq: float) -> Values:
    """Depth of the half second before a sample with the height of the half second after it."""
    half = round(HALF * sfreq)
    depth = -minimum_filter1d(wave, half, origin=(half - 1) // 2)
    height = maximum_filter1d(wave, half, origin=-(half // 2))
    swing = np.sqrt(np.maximum(depth, 0) * np.maximum(height, 0))
    return np.asarray(maximum_filter1d(swing, 2 * half) + FLOOR)
