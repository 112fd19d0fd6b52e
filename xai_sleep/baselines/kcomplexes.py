"""K-complexes by threshold: one large slow wave, first down, then steeply up.

A K-complex is a well-delineated negative sharp wave followed at once by a positive one, at least
half a second long in all, that stands out from what is around it. In the band of 0.5 to 4 Hz the
activation is the sum of three logarithms, so that none of them can be high alone:

- the swing down and up: the geometric mean of the depth of the half second before a sample and the
  height of the half second after it, at its largest within the second around;
- the same over the swing up and down, which trains of slow waves, and waves that first go up, have
  too;
- the amplitude, a mean over half a second, over its mean over the ten seconds around.

References
----------
.. [1] Bremer, G., Smith, J. R. & Karacan, I. (1970). Automatic detection of the K-complex in sleep
   electroencephalograms. IEEE Trans Biomed Eng 17, 314-323: amplitude and slope of both waves.
.. [2] Devuyst, S., Dutoit, T., Stenuit, P. & Kerkhofs, M. (2010). Automatic K-complexes detection
   in sleep EEG recordings using likelihood thresholds. Proc IEEE EMBC 2010, 4658-4661: amplitude
   and duration of the negative wave and of the positive one after it.
"""

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from xai_sleep.baselines.rule import Rule, Values, around, band_passed, grid
from xai_sleep.recordings.recording import Recording

BAND = (0.5, 4.0)
HALF, AROUND = 0.5, 10.0
"""In s."""
FLOOR = 1.0
"""In µV: below it there is nothing but rounding."""


class KComplexes(Rule):
    """K-complexes in the first channel, whose negative waves are negative; in decades."""

    description = (
        "swing of slow waves down and up × its ratio to that up and down × their amplitude over "
        "that around, thresholds chosen in training"
    )
    highs = grid(1.6, 3.4, 0.1)
    drops = (0.2, 0.4, 0.6, 0.8)
    min_duration = 0.4
    max_duration = 3.0
    merge_gap = 0.1

    def activation(self, recording: Recording) -> Values:
        """Compute the sum of the three logarithms."""
        sfreq = recording.sfreq
        wave = band_passed(recording.signals[0].astype(np.float64), sfreq, BAND)
        down, up = _swing(wave, sfreq), _swing(-wave, sfreq)
        size = around(np.abs(wave), sfreq, HALF) + FLOOR
        alone = size / (around(np.abs(wave), sfreq, AROUND) + FLOOR)
        return np.asarray(2 * np.log10(down) - np.log10(up) + np.log10(alone))


def _swing(wave: Values, sfreq: float) -> Values:
    """Depth of the half second before a sample with the height of the half second after it."""
    half = round(HALF * sfreq)
    depth = -minimum_filter1d(wave, half, origin=(half - 1) // 2)
    height = maximum_filter1d(wave, half, origin=-(half // 2))
    swing = np.sqrt(np.maximum(depth, 0) * np.maximum(height, 0))
    return np.asarray(maximum_filter1d(swing, 2 * half) + FLOOR)
