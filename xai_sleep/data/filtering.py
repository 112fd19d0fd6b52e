"""Band-pass filters of finite reach, and resampling.

Both look at a limited stretch of signal around each sample. That is what lets a guard gap do its
work: where the filters reach no further than the gap, no test sample influences a training window.
"""

from dataclasses import replace
from fractions import Fraction

import mne
import numpy as np
from scipy.signal import resample_poly

from xai_sleep.data.recording import Recording


def reach(low: float) -> float:
    """How far in s a band-pass looks to either side; half of its impulse response.

    The response is as long as MNE-Python's default for the lower edge: 3.3 periods of a transition
    of ``min(max(low / 4, 2), low)`` Hz.

    Examples
    --------
    >>> reach(0.5)
    3.3
    """
    return 0.5 * 3.3 / min(max(low / 4, 2.0), low)


def prepare(recording: Recording, *, sfreq: float, bands: list[tuple[float, float]]) -> Recording:
    """Resample to one rate and filter every channel in every band.

    Parameters
    ----------
    recording : Recording
        At its own rate.
    sfreq : float
        Rate to resample to, in Hz.
    bands : list of (low, high)
        Pass bands in Hz; each channel appears once per band, all bands of a channel in a row.

    Returns
    -------
    Recording
        With ``len(channels) * len(bands)`` channels, named after channel and band.
    """
    ratio = Fraction(sfreq / recording.sfreq).limit_denominator(1000)
    signals = recording.signals.astype(np.float64)
    if ratio != 1:
        signals = resample_poly(signals, ratio.numerator, ratio.denominator, axis=1)
    filtered = np.stack(
        [
            mne.filter.filter_data(
                signals, sfreq, low, high, filter_length=f"{2 * reach(low)}s", verbose="ERROR"
            )
            for low, high in bands
        ],
        axis=1,
    )
    return replace(
        recording,
        signals=filtered.reshape(-1, signals.shape[1]).astype(np.float32),
        channels=tuple(f"{c} {a:g}–{b:g} Hz" for c in recording.channels for a, b in bands),
        sfreq=sfreq,
    )
