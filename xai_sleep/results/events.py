"""Detected events of a run and which of them the experts marked: ``events.csv``."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.results.stamp import Stamp
from xai_sleep.results.tables import read_table, write_table

COLUMNS = {
    "record": "str",
    "subject": "str",
    "fold": "str",
    "onset": "float64",
    "duration": "float64",
    "confidence": "float64",
    "scored": "int64",
    "matched": "float64",
    "iou": "float64",
}
FORMATS = {"onset": ".10g", "duration": ".10g", "confidence": ".9g", "matched": ".0f", "iou": ".6g"}


@dataclass(frozen=True, eq=False)
class Events:
    """Detections by record and onset; arrays of shape (n,)."""

    # record, subject, fold: which recording, whose, and the fold that tested the time of its
    # midpoint
    record: NDArray[np.str_]
    subject: NDArray[np.str_]
    fold: NDArray[np.str_]
    onset: NDArray[np.float64]  # onset, duration: in s
    duration: NDArray[np.float64]
    confidence: NDArray[np.float64]  # highest activation inside
    # whether its midpoint lies in scored time: only then it is right or wrong
    scored: NDArray[np.bool_]
    # overlap with the event it is matched to; NaN where it is matched to none
    iou: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.onset)

    @property
    def matched(self) -> NDArray[np.bool_]:
        """Whether it found an event."""
        return np.isfinite(self.iou)

    def of(self, record: str) -> Intervals:
        """Start and end in s of the detections in a record: shape (n, 2)."""
        mine = self.record == record
        onset = self.onset[mine]
        return intervals(np.column_stack([onset, onset + self.duration[mine]]))

    @property
    def frame(self) -> pd.DataFrame:
        """The same as a data frame; ``matched`` is undefined outside scored time."""
        columns = {name: getattr(self, name) for name in COLUMNS}
        columns["matched"] = np.where(self.scored, self.matched, np.nan)
        return pd.DataFrame(columns)

    def write(self, path: Path, stamp: Stamp) -> None:
        """Write one row a detection."""
        write_table(path, self.frame.astype({"scored": np.int64}), stamp, FORMATS)

    @classmethod
    def read(cls, path: Path) -> "Events":
        """Read what :meth:`write` wrote; InputError if the file is no such table."""
        frame = read_table(path, COLUMNS)
        columns = {
            name: frame[name].to_numpy(np.str_ if kind == "str" else np.dtype(kind))
            for name, kind in COLUMNS.items()
            if name != "matched"
        }
        return cls(**columns | {"scored": columns["scored"] == 1})
