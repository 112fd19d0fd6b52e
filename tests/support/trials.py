"""Trials of baselines on small recordings."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tests.support.recordings import Rows, make_recording
from xai_sleep.baselines.baseline import Answer, Baseline, LeftOutError, Trial, measure
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Recording, Scoring
from xai_sleep.results.run import BaselineRecord
from xai_sleep.results.scores import Scores, Summary
from xai_sleep.windows.folds import leave_one_subject_out
from xai_sleep.windows.windows import Windows

SECONDS = 200.0
EVENTS = ((12.0, 13.0), (31.0, 32.5), (58.0, 59.0), (101.0, 102.0), (139.5, 141.0), (187.0, 188.0))
NAME = "it"


def scored_by(recording: Recording, **marks: tuple[Rows, float]) -> Recording:
    """Add scorers, each with marks and the s until which they looked."""
    scorers = {
        name: Scoring(intervals(list(rows)), intervals([(0, until)]))
        for name, (rows, until) in marks.items()
    }
    return replace(recording, scorers=scorers)


def noise(names: Sequence[str] = ("a", "b", "c"), events: Rows = EVENTS) -> list[Recording]:
    """Make recordings of noise, with events that nothing in them tells."""
    return [
        make_recording(name, seconds=SECONDS, events=list(events), seed=i)
        for i, name in enumerate(names)
    ]


def loso(recordings: Sequence[Recording], *, min_overlap: float = 0.0, seed: int = 0) -> Trial:
    """Leave one subject out, 5-s windows."""
    folds = leave_one_subject_out(recordings, val_blocks=4, window=5.0, guard=5.0, seed=seed)
    return Trial(recordings, folds, 5.0, min_overlap, seed)


class Given(Baseline):
    """Marks that a test makes up, by name of the record."""

    description = "made up"

    def __init__(self, marks: dict[str, Intervals], probability: float | None = None) -> None:
        self.marks = marks
        self.probability = probability

    def detect(self, recording: Recording, windows: Windows) -> Answer:
        """Hand over the marks."""
        given: NDArray[np.float64] | None = None
        if self.probability is not None:
            given = np.full(len(windows), self.probability)
        return Answer(self.marks[recording.record], probability=given)


class Seen:
    """What a baseline came to in a trial.

    Raises
    ------
    LeftOutError
        If it was left out.
    """

    def __init__(self, baseline: Baseline, trial: Trial) -> None:
        measured = measure({NAME: baseline}, trial)
        (self.record,) = measured.records
        if self.record.skipped:
            raise LeftOutError(self.record.skipped)
        self.scores = Scores(measured.scores)

    def summary(self, part: str, metric: str) -> Summary:
        """Look up a score."""
        return self.scores.summary(part, metric, who=NAME)

    def pooled(self, part: str, metric: str = "f1") -> float:
        """Look up a score that is defined."""
        value = self.summary(part, metric).pooled
        assert value is not None
        return value


def parameters(record: BaselineRecord) -> list[dict[str, float]]:
    """List what was chosen, fold by fold."""
    return list(record.parameters.values())
