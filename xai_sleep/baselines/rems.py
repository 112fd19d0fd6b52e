"""Rapid eye movements by threshold: both eyes turn fast and together.

The two EOG channels see a turn of the eyes with opposite sign. The activation is the sum of two
logarithms: minus the product of the two slopes, which is large when both change fast and against
one another, and the squared negative correlation of the slopes, which noise, slow eye movements
and what leaks in from the EEG with one sign do not have.

Slope and negative correlation: Agarwal et al. (2005), IEEE Trans Biomed Eng 52, 1390-1396; the
product of the channels: Yetton et al. (2016), J Neurosci Methods 259, 72-82.
"""

import numpy as np

from xai_sleep.baselines.rule import Rule, Values, around, band_passed, grid
from xai_sleep.baselines.trial import LeftOutError
from xai_sleep.recordings.recording import Recording

BAND = (0.5, 8.0)
WIDTH = 0.4  # s
FLOOR = 100.0  # (µV/s)²: slopes of 10 µV/s are noise


class RapidEyeMovements(Rule):
    """Rapid eye movements in two EOG channels; the activation is in decades."""

    description = (
        "opposite slopes of the two EOG channels × their squared negative correlation, thresholds "
        "chosen in training"
    )
    highs = grid(3.0, 6.0, 0.2)
    drops = (0.4, 0.8, 1.2, 1.8)
    min_duration, max_duration, merge_gap = 0.1, 5.0, 0.1

    def activation(self, recording: Recording) -> Values:
        """Compute the sum of the two logarithms; LeftOutError if there are not two channels."""
        if len(recording.signals) < 2:
            raise LeftOutError("it needs both EOG channels, and this run reads one")
        sfreq = recording.sfreq
        left, right = (
            np.gradient(band_passed(signal.astype(np.float64), sfreq, BAND)) * sfreq
            for signal in recording.signals[:2]
        )
        against = np.maximum(around(-left * right, sfreq, WIDTH), 0)
        size = np.sqrt(around(left**2, sfreq, WIDTH) * around(right**2, sfreq, WIDTH))
        share = (against + FLOOR) / (size + FLOOR)
        return np.asarray(np.log10(against + FLOOR) + 2 * np.log10(share))
