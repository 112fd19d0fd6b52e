"""Detected events of a run and which of them the experts marked: ``events.csv``."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.results.files import Columns


@dataclass(frozen=True, eq=False)
class Events(Columns):
    """Detections by record and onset; arrays of shape (n,)."""

    record: NDArray[np.str_]
    subject: NDArray[np.str_]
    fold: NDArray[np.str_]  # that tested the time of its midpoint
    onset: NDArray[np.float64]  # onset, duration: in s
    duration: NDArray[np.float64]
    confidence: NDArray[np.float64]  # highest activation inside
    scored: NDArray[np.bool_]  # midpoint in scored time: only then it is right or wrong
    iou: NDArray[np.float64]  # with the event it is matched to; NaN where it is matched to none

    def __len__(self) -> int:
        return len(self.onset)

    @property
    def matched(self) -> NDArray[np.bool_]:
        """Whether it found an event."""
        return np.isfinite(self.iou)

    def of(self, record: str) -> Intervals:
        """Start and end in s of the detections in a record: shape (n, 2)."""
        every = np.column_stack([self.onset, self.onset + self.duration])
        return intervals(every[self.record == record])

    @property
    def frame(self) -> pd.DataFrame:
        """The same as a data frame; ``matched`` is undefined outside scored time."""
        frame = super().frame
        frame.insert(7, "matched", np.where(self.scored, self.matched, np.nan))
        return frame
