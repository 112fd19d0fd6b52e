"""Spindles by threshold: bursts of sigma waves that are strong, and stand alone.

The activation is the sum of three logarithms, so that none of them can be high alone: power in the
sigma band, 11 to 16 Hz; the same over the power just below and above it, which alpha and muscle
bursts have too; the same over the power of the whole signal, which K-complexes and slow waves have.
Each is a mean over half a second, as long as the shortest spindle.

Sigma power: Mölle et al. (2002), J Neurosci 22, 10941-10947; absolute and relative power with
correlation: Lacourse et al. (2019), J Neurosci Methods 316, 3-11.
"""

import numpy as np

from xai_sleep.baselines.rule import Rule, Values, around, band_passed, grid
from xai_sleep.recordings.recording import Recording

SIGMA = (11.0, 16.0)
NEIGHBOURS = ((4.0, 10.0), (17.0, 30.0))
WIDTH = 0.5  # s
FLOOR = 0.01  # µV²: below it there is nothing but rounding


class Spindles(Rule):
    """Spindles in the first channel; the activation is in decades."""

    description = (
        "power in the sigma band × its ratio to the bands beside it × its share of all power, "
        "thresholds chosen in training"
    )
    highs = grid(0.2, 2.9, 0.15)
    drops = (0.5, 0.8, 1.1, 1.4)
    min_duration, max_duration, merge_gap = 0.3, 3.0, 0.1

    def activation(self, recording: Recording) -> Values:
        """Compute the sum of the three logarithms."""
        signal, sfreq = recording.signals[0].astype(np.float64), recording.sfreq

        def power(wave: Values) -> Values:
            return around(wave**2, sfreq, WIDTH) + FLOOR

        sigma = power(band_passed(signal, sfreq, SIGMA))
        beside = np.sum([power(band_passed(signal, sfreq, band)) for band in NEIGHBOURS], axis=0)
        return np.asarray(3 * np.log10(sigma) - np.log10(beside) - np.log10(power(signal)))
