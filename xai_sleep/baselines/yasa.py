"""YASA's detectors, as they come, where the package is installed.

References
----------
.. [1] Vallat, R. & Walker, M. P. (2021). An open-source, high-performance tool for automated sleep
   staging. eLife 10, e70092. https://yasa-sleep.org (BSD-3-Clause)
"""

from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from xai_sleep.baselines.trial import Answer, Baseline, LeftOutError, Trial
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Recording


def yasa(trial: Trial) -> dict[str, Baseline]:
    """Spindles or rapid eye movements by YASA at its own settings, whatever the stage of sleep.

    Raises
    ------
    LeftOutError
        If the package is not installed, or it cannot work on these channels.
    """
    try:
        package: Any = import_module("yasa")
    except ImportError as error:
        raise LeftOutError("yasa is not installed; pip install 'xai_sleep[yasa]'") from error
    found = [_detect(package, trial.event, recording) for recording in trial.recordings]
    name = "spindles_detect" if trial.event == "spindle" else "rem_detect"
    description = f"{name} of YASA {version('yasa')} at its default settings"
    return {"yasa": Baseline(description, trial, [Answer(found)] * len(trial.folds))}


def _detect(package: Any, event: str, recording: Recording) -> Intervals:
    signals = recording.signals.astype(np.float64)
    if event == "spindle":
        result = package.spindles_detect(signals[0], sf=recording.sfreq)
    elif len(signals) < 2:
        raise LeftOutError("it needs both EOG channels, and this run reads one")
    else:
        result = package.rem_detect(signals[0], signals[1], sf=recording.sfreq)
    if result is None:
        return np.empty((0, 2))
    return intervals(result.summary()[["Start", "End"]].to_numpy())
