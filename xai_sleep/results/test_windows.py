"""Test windows of a run with what was said of each: ``predictions.csv``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from xai_sleep.recordings.recording import Recording, stages_at
from xai_sleep.results.files import Columns
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.windows.windows import Windows

OUTCOMES = ("hit", "miss", "false alarm", "correct rejection")
"""What a window is that was called rightly or wrongly."""


@dataclass(frozen=True, eq=False)
class TestWindows(Columns):
    """Test windows of all folds, one fold after another; arrays of shape (window,)."""

    __test__ = False  # no test of pytest's

    record: NDArray[np.str_]
    subject: NDArray[np.str_]
    fold: NDArray[np.str_]  # that tested it
    start: NDArray[np.float64]  # start, end: in s
    end: NDArray[np.float64]
    label: NDArray[np.int64]  # 1 if the window holds an event
    stage: NDArray[np.str_]  # sleep stage at its centre, ``unknown`` where nobody staged
    probability: NDArray[np.float64]  # with the precision of float32; NaN where none was given
    threshold: NDArray[np.float64]  # of its fold; NaN for what decides otherwise
    detected: NDArray[np.bool_]  # whether it was called positive

    def __len__(self) -> int:
        return len(self.label)

    @classmethod
    def of(cls, recordings: Sequence[Recording], outcomes: Sequence[FoldOutcome]) -> "TestWindows":
        """Join the folds: the one place where that is done."""
        each = [outcome.windows for outcome in outcomes]
        lengths = [len(windows) for windows in each]
        columns = zip(*((w.record, w.start_time, w.end_time) for w in each), strict=True)
        record, start, end = map(np.concatenate, columns)
        return cls(
            record=np.array([recordings[i].record for i in record], dtype=np.str_),
            subject=np.array([recordings[i].subject for i in record], dtype=np.str_),
            fold=np.repeat(np.array([outcome.name for outcome in outcomes], np.str_), lengths),
            start=start,
            end=end,
            label=np.concatenate([windows.label for windows in each]),
            stage=stages_at(recordings, record, (start + end) / 2),
            probability=np.concatenate([outcome.probabilities for outcome in outcomes]),
            threshold=np.repeat(np.array([each.threshold for each in outcomes], float), lengths),
            detected=np.concatenate([outcome.detected for outcome in outcomes]),
        )

    @property
    def outcome(self) -> NDArray[np.str_]:
        """What each window is: one of :data:`OUTCOMES`."""
        return np.array(OUTCOMES)[np.where(self.label == 1, 1 - self.detected, 3 - self.detected)]

    def windows(self, recordings: Sequence[Recording]) -> Windows:
        """Where these windows were cut from recordings of one sampling rate."""
        at = {recording.record: i for i, recording in enumerate(recordings)}
        sfreq = recordings[0].sfreq
        return Windows(
            record=np.array([at[name] for name in self.record], dtype=np.int64),
            start=np.rint(self.start * sfreq).astype(np.int64),
            label=self.label,
            length=round(float(self.end[0] - self.start[0]) * sfreq) if len(self) else 0,
            sfreq=sfreq,
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what was written; InputError if the file is no such table."""
        read = super().read(path)
        return replace(read, probability=read.probability.astype(np.float32).astype(np.float64))
