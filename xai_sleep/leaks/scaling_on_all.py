"""Scaling that knows the test: amplitudes and the normalisation of images."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.folds import NOWHERE, Fold
from xai_sleep.windows.practice import Leak, Parts, Practice
from xai_sleep.windows.windows import Windows


class ScalingOnAll(Practice):
    """Scales by all time."""

    leak = Leak(
        "scaling_on_all",
        "amplitudes, and the normalisation of images, are estimated on training and test time "
        "alike",
    )

    def scaling(self, fold: Fold, recordings: Sequence[Recording]) -> Fold:
        """Take all time of every recording for training time."""
        everything = tuple(intervals([(0, r.duration)]) for r in recordings)
        nothing = (NOWHERE,) * len(everything)
        return Fold(fold.name, everything, nothing, nothing)

    def normalising(self, parts: Parts) -> Windows:
        """Normalise images by all windows."""
        every = [(part.record, part.start, part.label) for part in (parts.train, *parts.others)]
        record, start, label = (np.concatenate(each) for each in zip(*every, strict=True))
        return replace(parts.train, record=record, start=start, label=label)
