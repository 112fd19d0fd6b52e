"""YASA's detectors, as they come, where the package is installed.

Vallat & Walker (2021), eLife 10, e70092. https://yasa-sleep.org (BSD-3-Clause)
"""

from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from xai_sleep.baselines.baseline import Answer, Baseline, LeftOutError, Trial
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.windows import Windows

# detector of each event, and how many channels it looks at
DETECTORS = {"spindle": ("spindles_detect", 1), "rem": ("rem_detect", 2)}


class Yasa(Baseline):
    """YASA at its own settings, whatever the stage of sleep."""

    description = "detectors of YASA at their default settings"

    def __init__(self, event: str) -> None:
        self.event = event

    def prepare(self, trial: Trial) -> Trial:
        """Detect in all recordings: folds make no difference."""
        if self.event not in DETECTORS:
            raise LeftOutError(f"YASA has no detector of {self.event} events")
        try:
            package: Any = import_module("yasa")
        except ImportError as error:
            raise LeftOutError("yasa is not installed; pip install 'xai_sleep[yasa]'") from error
        name, channels = DETECTORS[self.event]
        self.description = f"{name} of YASA {version('yasa')} at its default settings"
        self._found: dict[Recording, Intervals] = {}
        for recording in trial.recordings:
            signals = recording.signals[:channels].astype(np.float64)
            if len(signals) < channels:
                raise LeftOutError("it needs both EOG channels, and this run reads one")
            result = getattr(package, name)(*signals, sf=recording.sfreq)
            rows = () if result is None else result.summary()[["Start", "End"]].to_numpy()
            self._found[recording] = intervals(rows)
        return trial

    def detect(self, recording: Recording, windows: Windows) -> Answer:  # noqa: ARG002
        """Hand over what YASA found."""
        return Answer(self._found[recording])
