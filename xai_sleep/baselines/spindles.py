"""Spindles by threshold: bursts of sigma waves that are strong, and stand alone.

The activation is the sum of three logarithms, so that none of them can be high alone:

- power in the sigma band, 11 to 16 Hz;
- the same over the power just below and above it, which alpha and muscle bursts have too;
- the same over the power of the whole signal, which K-complexes and slow waves have. Up to a
  logarithm this is the squared correlation of the signal with its sigma band.

Each is a mean over half a second, as long as the shortest spindle.

References
----------
.. [1] Mölle, M., Marshall, L., Gais, S. & Born, J. (2002). Grouping of spindle activity during slow
   oscillations in human non-rapid eye movement sleep. J Neurosci 22, 10941-10947: power in the
   sigma band.
.. [2] Lacourse, K., Delfrate, J., Beaudry, J., Peppard, P. & Warby, S. C. (2019). A sleep spindle
   detection algorithm that emulates human expert spindle scoring. J Neurosci Methods 316, 3-11:
   absolute and relative power with covariance and correlation, each with its own threshold.
"""

import numpy as np

from xai_sleep.baselines.rule import Rule, Values, around, band_passed, grid
from xai_sleep.recordings.recording import Recording

SIGMA = (11.0, 16.0)
NEIGHBOURS = ((4.0, 10.0), (17.0, 30.0))
WIDTH = 0.5
"""In s."""
FLOOR = 0.01
"""In µV²: below it there is nothing but rounding."""


class Spindles(Rule):
    """Spindles in the first channel; the activation is in decades."""

    description = (
        "power in the sigma band × its ratio to the bands beside it × its share of all power, "
        "thresholds chosen in training"
    )
    highs = grid(0.2, 2.9, 0.15)
    drops = (0.5, 0.8, 1.1, 1.4)
    min_duration = 0.3
    max_duration = 3.0
    merge_gap = 0.1

    def activation(self, recording: Recording) -> Values:
        """Compute the sum of the three logarithms."""
        signal, sfreq = recording.signals[0].astype(np.float64), recording.sfreq

        def power(wave: Values) -> Values:
            return around(wave**2, sfreq, WIDTH) + FLOOR

        sigma = power(band_passed(signal, sfreq, SIGMA))
        beside = np.sum([power(band_passed(signal, sfreq, band)) for band in NEIGHBOURS], axis=0)
        return np.asarray(3 * np.log10(sigma) - np.log10(beside) - np.log10(power(signal)))
