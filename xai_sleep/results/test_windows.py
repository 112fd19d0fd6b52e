"""Test windows of a run with what was said of each: ``predictions.csv``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xai_sleep.recordings.recording import Recording, stages_at
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.stamp import Stamp
from xai_sleep.results.tables import read_table, write_table
from xai_sleep.windows.windows import Windows

COLUMNS = {
    "record": "str",
    "subject": "str",
    "fold": "str",
    "start": "float64",
    "end": "float64",
    "label": "int64",
    "stage": "str",
    "probability": "float64",
    "threshold": "float64",
    "detected": "int64",
}
OUTCOMES = ("hit", "miss", "false alarm", "correct rejection")
"""What a window is that was called rightly or wrongly."""

FORMATS = {"start": ".10g", "end": ".10g", "probability": ".9g"}


@dataclass(frozen=True, eq=False)
class TestWindows:
    """Test windows of all folds, one fold after another; arrays of shape (window,)."""

    __test__ = False  # no test of pytest's

    # record, subject, fold: which recording, whose, and the fold that tested it
    record: NDArray[np.str_]
    subject: NDArray[np.str_]
    fold: NDArray[np.str_]
    start: NDArray[np.float64]  # start, end: in s
    end: NDArray[np.float64]
    label: NDArray[np.int64]  # 1 if the window holds an event
    stage: NDArray[np.str_]  # sleep stage at its centre, ``unknown`` where nobody staged
    # of an event, with the precision of float32; NaN where none was given
    probability: NDArray[np.float64]
    # from which a window of its fold is called positive; NaN for what decides otherwise
    threshold: NDArray[np.float64]
    detected: NDArray[np.bool_]  # whether it was called positive

    def __len__(self) -> int:
        return len(self.label)

    @classmethod
    def of(cls, recordings: Sequence[Recording], outcomes: Sequence[FoldOutcome]) -> "TestWindows":
        """Join the folds: the one place where that is done."""
        each = [outcome.windows for outcome in outcomes]
        record = np.concatenate([windows.record for windows in each])
        start = np.concatenate([windows.start_time for windows in each])
        end = np.concatenate([windows.end_time for windows in each])

        def repeated(values: Sequence[float] | Sequence[str]) -> NDArray[np.generic]:
            return np.repeat(np.array(values), [len(windows) for windows in each])

        return cls(
            record=np.array([recordings[i].record for i in record], dtype=np.str_),
            subject=np.array([recordings[i].subject for i in record], dtype=np.str_),
            fold=repeated([outcome.name for outcome in outcomes]).astype(np.str_),
            start=start,
            end=end,
            label=np.concatenate([windows.label for windows in each]),
            stage=stages_at(recordings, record, (start + end) / 2),
            probability=np.concatenate([outcome.probabilities for outcome in outcomes]),
            threshold=repeated([outcome.threshold for outcome in outcomes]).astype(np.float64),
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
        length = round(float(self.end[0] - self.start[0]) * sfreq) if len(self) else 0
        return Windows(
            record=np.array([at[name] for name in self.record], dtype=np.int64),
            start=np.rint(self.start * sfreq).astype(np.int64),
            label=self.label,
            length=length,
            sfreq=sfreq,
        )

    @property
    def frame(self) -> pd.DataFrame:
        """The same as a data frame."""
        return pd.DataFrame({name: getattr(self, name) for name in COLUMNS})

    def write(self, path: Path, stamp: Stamp) -> None:
        """Write one row a window."""
        write_table(path, self.frame.astype({"detected": np.int64}), stamp, FORMATS)

    @classmethod
    def read(cls, path: Path) -> "TestWindows":
        """Read what :meth:`write` wrote; InputError if the file is no such table."""
        frame = read_table(path, COLUMNS)
        columns = {
            name: frame[name].to_numpy(np.str_ if kind == "str" else np.dtype(kind))
            for name, kind in COLUMNS.items()
        }
        columns["probability"] = columns["probability"].astype(np.float32).astype(np.float64)
        return cls(**columns | {"detected": columns["detected"] == 1})
