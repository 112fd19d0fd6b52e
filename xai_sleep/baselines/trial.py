"""A run as a baseline sees it: recordings, folds, and when an event makes a window positive."""

from collections.abc import Sequence
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
    """A run.

    Parameters
    ----------
    recordings : sequence of Recording
        Resampled and broad-band, in µV.
    folds : sequence of Fold
        Of these recordings.
    window : float
        Length of a test window in s.
    min_overlap : float
        Of an event with a positive window, in s; see :func:`xai_sleep.windows.windows.cut`.
    seed : int
        Of the run.
    judging : Judging
        How the network is judged, and every baseline.
    """

    recordings: Sequence[Recording]
    folds: Sequence[Fold]
    window: float
    min_overlap: float
    seed: int
    judging: Judging = field(default_factory=Judging)

    def windows(self, within: Times) -> Windows:
        """Cut windows as a fold tests them."""
        return cut(
            self.recordings,
            within,
            length=self.window,
            step=self.window,
            min_overlap=self.min_overlap,
        )

    def called(self, within: Times, events: Sequence[Intervals]) -> NDArray[np.bool_]:
        """Which of these windows are positive if these are the events of each recording."""
        pairs = zip(self.recordings, events, strict=True)
        marked = replace(self, recordings=[replace(r, events=e) for r, e in pairs])
        return np.asarray(marked.windows(within).label == 1)


@dataclass(frozen=True, eq=False)
class Training:
    """What a baseline may learn from in a fold: test time is no part of it.

    Parameters
    ----------
    name : str
        Of the fold.
    number : int
        Of the fold, from 0.
    train, val : tuple of arrays of shape (n, 2)
        Time of each recording in s.
    trial : Trial
        The run, without its folds.
    """

    name: str
    number: int
    train: Times
    val: Times
    trial: Trial

    @classmethod
    def of(cls, trial: Trial, number: int) -> "Training":
        """Take from a fold what may be learnt from."""
        fold = trial.folds[number]
        return cls(fold.name, number, fold.train, fold.val, replace(trial, folds=()))

    @property
    def both(self) -> Times:
        """Training and validation time of each recording."""
        return tuple(union(parts) for parts in zip(self.train, self.val, strict=True))
