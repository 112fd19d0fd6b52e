"""K-complexes by threshold: one large slow wave, first down, then steeply up.

At least half a second long in all, they stand out from what is around them. In the band of 0.5 to
4 Hz the activation is the sum of three logarithms, so that none of them can be high alone: the
swing down and up (geometric mean of the depth of the half second before a sample and the height of
the half second after it, at its largest within the second around); the same over the swing up and
down, which trains of slow waves have too; the amplitude over half a second over that over ten.

Both waves: Bremer et al. (1970), IEEE Trans Biomed Eng 17, 314-323; Devuyst et al. (2010), Proc
IEEE EMBC 2010, 4658-4661.
"""

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from xai_sleep.baselines.rule import Rule, Values, around, band_passed, grid
from xai_sleep.recordings.recording import Recording

BAND = (0.5, 4.0)
HALF, AROUND = 0.5, 10.0  # s
FLOOR = 1.0  # µV: below it there is nothing but rounding


class KComplexes(Rule):
    """K-complexes in the first channel, whose negative waves are negative; in decades."""

    description = (
        "swing of slow waves down and up × its ratio to that up and down × their amplitude over "
        "that around, thresholds chosen in training"
    )
    highs = grid(1.6, 3.4, 0.1)
    drops = (0.2, 0.4, 0.6, 0.8)
    min_duration, max_duration, merge_gap = 0.4, 3.0, 0.1

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
