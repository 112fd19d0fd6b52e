"""What a fold came to, of a network or of a baseline alike, and tables that list it for all folds.

``predictions.csv`` has a row a test window, ``events.csv`` a row a detection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xai_sleep.detect.detector import DetectedEvents
from xai_sleep.metrics.maps import time_profiles
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Recording, stages_at
from xai_sleep.results.files import Columns
from xai_sleep.results.run import FoldRecord
from xai_sleep.windows.windows import Windows

EXPLAINED = "explained_"
WINDOW = [each.name for each in fields(Windows)]
NO_MAPS: NDArray[np.float16] = np.empty((0, 0), dtype=np.float16)


@dataclass(frozen=True, eq=False)
class FoldOutcome:
    """Test windows and test records of a fold, with what was said of them."""

    name: str  # of the fold
    windows: Windows  # test windows, in order of record and time
    detected: NDArray[np.bool_]  # (window,) which of them are called positive
    probability: NDArray[np.floating] | None = None  # (window,) of an event; marks have none
    events: DetectedEvents | None = None  # None for what does not say when
    # (window, time) or (window, freq, time) relevance; (0, 0) where nothing was explained
    maps: NDArray[np.float16] = field(default_factory=lambda: NO_MAPS)
    # what :mod:`xai_sleep.explain.assessment` found of the maps
    explained: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    record: FoldRecord | None = None  # how a network came to this; baselines have none

    @property
    def threshold(self) -> float:
        """Probability from which a window is called positive; NaN where nothing such decides."""
        return np.nan if self.record is None else self.record.threshold

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Probability of each window; NaN where there is none."""
        if self.probability is None:
            return np.full(len(self.windows), np.nan)
        return self.probability.astype(np.float64)

    @cached_property
    def profiles(self) -> NDArray[np.float64]:
        """Relevance over time of each window, shape (window, time)."""
        return time_profiles(self.maps, self.windows.length)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays to be stored, ``test.npz`` of the fold; the record has a file of its own."""
        return {
            **{f"window_{name}": np.asarray(getattr(self.windows, name)) for name in WINDOW},
            "detected": self.detected,
            "maps": self.maps,
            **({} if self.probability is None else {"probability": self.probability}),
            **({} if self.events is None else self.events.arrays()),
            **{f"{EXPLAINED}{name}": each for name, each in self.explained.items()},
        }

    @classmethod
    def stored(
        cls, name: str, arrays: Mapping[str, NDArray[Any]], record: FoldRecord | None
    ) -> "FoldOutcome":
        """Take up what was stored by :meth:`arrays`."""
        windows: list[Any] = [arrays[f"window_{each}"] for each in WINDOW]
        return cls(
            name,
            Windows(*(each if each.ndim else each.item() for each in windows)),
            arrays["detected"],
            arrays.get("probability"),
            DetectedEvents.stored(arrays) if "event" in arrays else None,
            arrays["maps"],
            {k.removeprefix(EXPLAINED): v for k, v in arrays.items() if k.startswith(EXPLAINED)},
            record,
        )


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
