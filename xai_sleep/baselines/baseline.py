"""A baseline: anything that says of a recording when events are, or which windows hold one.

::

    prepare(trial) ─▶ for each fold: fit(training) ─▶ for each tested recording: detect(recording)

What it answers becomes the same outcomes that a network has, and is scored by the same code
(:mod:`xai_sleep.baselines.measure`). One of your own is a class here or in a file of yours, named
by ``_target_`` in a YAML file under ``conf/baselines``.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xai_sleep.evaluate.judged import Judging
from xai_sleep.recordings.intervals import Intervals, union
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.windows import Windows, cut


class LeftOutError(Exception):
    """A baseline that cannot be had here; the message says why, and what to do about it."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A run."""

    recordings: Sequence[Recording]  # resampled and broad-band, in µV
    folds: Sequence[Fold]  # of these recordings
    window: float  # length of a test window in s
    min_overlap: float  # s of an event in a positive window
    seed: int  # of the run
    judging: Judging = field(default_factory=Judging)  # how network and baselines are judged

    def windows(self, within: Times) -> Windows:
        """Cut windows as a fold tests them."""
        size, least = self.window, self.min_overlap
        return cut(self.recordings, within, length=size, step=size, min_overlap=least)


@dataclass(frozen=True, eq=False)
class Training:
    """What a baseline may learn from in a fold: test time is no part of it."""

    name: str  # of the fold
    number: int  # of the fold, from 0
    train: Times  # (n, 2) train, val: time of each recording in s
    val: Times
    trial: Trial  # the run, without its folds

    @classmethod
    def of(cls, trial: Trial, number: int) -> "Training":
        """Take from a fold what may be learnt from."""
        fold = trial.folds[number]
        return cls(fold.name, number, fold.train, fold.val, replace(trial, folds=()))

    @property
    def both(self) -> Times:
        """Training and validation time of each recording."""
        return tuple(union(parts) for parts in zip(self.train, self.val, strict=True))


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
