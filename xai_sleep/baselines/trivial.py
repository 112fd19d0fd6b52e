"""What can be had without looking at a signal: the floor of every table."""

from collections.abc import Mapping

import numpy as np

from xai_sleep.baselines.baseline import Answer, Baseline, Training
from xai_sleep.detect.detector import NO_EVENTS
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.windows import Windows

WITHOUT_TIME = "it does not say when"


class Never(Baseline):
    """All windows negative."""

    description = "no window is called positive"

    def detect(self, recording: Recording, windows: Windows) -> Answer:  # noqa: ARG002
        """Find nothing."""
        return Answer(NO_EVENTS, probability=np.zeros(len(windows)))


class Always(Baseline):
    """All windows positive: the best F1 of a blind guess."""

    description = "every window is called positive"
    no_events = WITHOUT_TIME

    def detect(self, recording: Recording, windows: Windows) -> Answer:  # noqa: ARG002
        """Call every window positive."""
        everything = np.ones(len(windows), dtype=np.bool_)
        return Answer(detected=everything, probability=np.ones(len(windows)))


class Coin(Baseline):
    """A coin by prevalence: over all folds worse than chance, as rich tests leave poor training."""

    description = "a coin that falls by the share of positive training windows"
    no_events = WITHOUT_TIME

    def fit(self, training: Training) -> Mapping[str, float]:
        """Take the share of positive training windows, and a fresh coin."""
        trial = training.trial
        self._share = float(trial.windows(training.train).label.mean())
        self._rng = np.random.default_rng([trial.seed, training.number])
        return {"prevalence": self._share}

    def detect(self, recording: Recording, windows: Windows) -> Answer:  # noqa: ARG002
        """Throw the coin for each window, recording by recording."""
        detected = self._rng.random(len(windows)) < self._share
        return Answer(detected=detected, probability=np.full(len(windows), self._share))
