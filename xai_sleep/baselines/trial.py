"""A run as a baseline sees it: recordings, folds, and when an event makes a window positive."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from xai_sleep.evaluate.judged import Judging
from xai_sleep.recordings.intervals import union
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
    # of an event with a positive window, in s; see :func:`xai_sleep.windows.windows.cut`
    min_overlap: float
    seed: int  # of the run
    # how the network is judged, and every baseline
    judging: Judging = field(default_factory=Judging)

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
