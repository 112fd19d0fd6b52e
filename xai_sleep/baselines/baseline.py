"""A baseline: anything that says of a recording when events are, or which windows hold one.

::

    prepare(trial) ─▶ for each fold: fit(training) ─▶ for each tested recording: detect(recording)

What it answers becomes the same outcomes that a network has, and is scored by the same code
(:mod:`xai_sleep.baselines.measure`). One of your own is a class here or in a file of yours, named
by ``_target_`` in a YAML file under ``conf/baselines``.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xai_sleep.baselines.trial import Training, Trial
from xai_sleep.recordings.intervals import Intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.windows import Windows


@dataclass(frozen=True, eq=False)
class Answer:
    """What a baseline says of one recording; events or decisions, or both."""

    # (n, 2) start and end in s, in the whole recording; None if it does not say when
    events: Intervals | None = None
    # (window,) which windows it calls positive; by default those that its events make positive
    # under the task's own label rule
    detected: NDArray[np.bool_] | None = None
    probability: NDArray[np.float64] | None = None  # (window,) of an event in each window


class Baseline(ABC):
    """What a network is compared with."""

    description: str  # what it is, in a sentence; :meth:`prepare` may say more
    no_events: str = ""  # why it is scored on windows alone; empty if it is scored on events too

    def prepare(self, trial: Trial) -> Trial:
        """Look at a run before its folds; return what is to be compared, if not all of it.

        Raises LeftOutError if the baseline cannot be had here.
        """
        return trial

    def fit(self, training: Training) -> Mapping[str, float]:
        """Choose parameters for a fold; LeftOutError if there is nothing to choose by."""
        del training
        return {}

    @abstractmethod
    def detect(self, recording: Recording, windows: Windows) -> Answer:
        """Answer for a recording of which the fold tests these windows."""
