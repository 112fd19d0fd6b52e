"""What a baseline is shown, and what it answers.

A *trial* is a run as a baseline sees it: recordings, folds, and the rule by which an event makes a
window positive. An *answer* says for one fold when events are, as intervals, or how likely each
test window holds one. Intervals become window decisions under the task's own label rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xai_sleep.recordings.intervals import Intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.windows import Windows, cut


class LeftOutError(Exception):
    """A baseline that cannot be had here; the message says why, and what to do about it."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A run as a baseline sees it.

    Parameters
    ----------
    recordings : sequence of Recording
        Resampled and broad-band, in µV.
    folds : sequence of Fold
        Of these recordings.
    event : {"spindle", "rem"}
        What is looked for.
    window : float
        Length of a test window in s.
    min_overlap : float
        Of an event with a positive window, in s; see :func:`xai_sleep.windows.windows.cut`.
    seed : int
        Of the run.
    iou : float
        Intersection over union from which a detection finds an event.
    """

    recordings: Sequence[Recording]
    folds: Sequence[Fold]
    event: str
    window: float
    min_overlap: float
    seed: int
    iou: float = 0.2

    def windows(self, within: Times, events: Sequence[Intervals] | None = None) -> Windows:
        """Windows as a fold tests them, labelled by the truth or by other events."""
        recordings = list(self.recordings)
        if events is not None:
            recordings = [
                replace(r, events=e) for r, e in zip(self.recordings, events, strict=True)
            ]
        return cut(
            recordings,
            within,
            length=self.window,
            step=self.window,
            min_overlap=self.min_overlap,
        )


@dataclass(frozen=True, eq=False)
class Answer:
    """What a baseline says in one fold.

    Parameters
    ----------
    detections : sequence of arrays of shape (n, 2), or None
        Start and end in s of what it found in each recording; None if it does not say when.
    decided : bool array of shape (window,), or None
        Which test windows it calls positive; None where ``detections`` say.
    probability : float array of shape (window,), or None
        Of an event in each test window, where it has one.
    detector : mapping
        Parameters chosen on the fold's training and validation time.
    """

    detections: Sequence[Intervals] | None = None
    decided: NDArray[np.bool_] | None = None
    probability: NDArray[np.float64] | None = None
    detector: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Baseline:
    """A baseline's answers.

    Parameters
    ----------
    description : str
        What it is, in a sentence.
    trial : Trial
        What its answers are compared with.
    answers : sequence of Answer
        One a fold.
    no_events : str
        Why it is scored on windows alone; empty if it is scored on events too.
    """

    description: str
    trial: Trial
    answers: Sequence[Answer]
    no_events: str = ""
