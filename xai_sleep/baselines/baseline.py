"""A baseline: anything that says of a recording when events are, or which windows hold one.

::

    prepare(trial) ─▶ for each fold: fit(training) ─▶ for each tested recording: detect(recording)

What it answers becomes the same outcomes that a network has, and is scored by the same code.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from xai_sleep.detect.detector import NO_EVENTS, DetectedEvents
from xai_sleep.evaluate.judged import Judged, Judging
from xai_sleep.evaluate.score import score_baseline
from xai_sleep.metrics.events import contains
from xai_sleep.recordings.intervals import Intervals, union
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.run import BaselineRecord
from xai_sleep.results.scores import Score
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


class Training(NamedTuple):
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


class Answer(NamedTuple):
    """What a baseline says of one recording; events or decisions, or both."""

    events: Intervals | None = None  # in the whole recording; None if it does not say when
    # (window,) which windows it calls positive; by default those that its events make positive
    detected: NDArray[np.bool_] | None = None
    probability: NDArray[np.float64] | None = None  # (window,) of an event in each window


class Baseline(ABC):
    """What a network is compared with."""

    description: str  # what it is, in a sentence; :meth:`prepare` may say more
    no_events: str = ""  # why it is scored on windows alone; empty if it is scored on events too

    def prepare(self, trial: Trial) -> Trial:
        """Look at a run before its folds; return what is to be compared, or raise LeftOutError."""
        return trial

    def fit(self, training: Training) -> Mapping[str, float]:
        """Choose parameters for a fold; LeftOutError if there is nothing to choose by."""
        del training
        return {}

    @abstractmethod
    def detect(self, recording: Recording, windows: Windows) -> Answer:
        """Answer for a recording of which the fold tests these windows."""


T = TypeVar("T", bound=np.generic)


class Measured(NamedTuple):
    """What every baseline is, or why it was left out, and the scores of those that were not."""

    records: list[BaselineRecord]
    scores: list[Score]


def measure(baselines: Mapping[str, Baseline], trial: Trial) -> Measured:
    """Score baselines by name; of one that cannot be had here, say why."""
    found = Measured([], [])
    for name, each in baselines.items():
        baseline = copy(each)  # what it remembers of the recordings goes with it
        try:
            compared = baseline.prepare(trial)
            folds = range(len(compared.folds))
            tested, parameters = zip(*(_fold(baseline, compared, i) for i in folds), strict=True)
        except LeftOutError as reason:
            found.records.append(BaselineRecord(name, baseline.description, skipped=str(reason)))
            continue
        chosen = {a.name: dict(b) for a, b in zip(tested, parameters, strict=True)}
        found.records.append(BaselineRecord(name, baseline.description, parameters=chosen))
        outcomes = Judged(compared.recordings, tested, trial.judging, who=name)
        found.scores.extend(score_baseline(outcomes, baseline.no_events))
    return found


def _fold(baseline: Baseline, trial: Trial, number: int) -> tuple[FoldOutcome, Mapping[str, float]]:
    """Ask a baseline in one fold; return what it came to and the parameters chosen for it."""
    name, test = trial.folds[number].name, trial.folds[number].test
    parameters = baseline.fit(Training.of(trial, number))
    windows = trial.windows(test)
    answers = {
        i: baseline.detect(recording, windows.take(np.flatnonzero(windows.record == i)))
        for i, recording in enumerate(trial.recordings)
        if len(test[i])
    }
    events = {i: each.events for i, each in answers.items() if each.events is not None}
    detected = _joined([each.detected for each in answers.values()])
    if detected is None:
        pairs = enumerate(trial.recordings)
        marked = [replace(one, events=events.get(i, NO_EVENTS)) for i, one in pairs]
        detected = replace(trial, recordings=marked).windows(test).label == 1
    probability = _joined([each.probability for each in answers.values()])
    kept = None if baseline.no_events else _kept(test, {i: events[i] for i in answers})
    return FoldOutcome(name, windows, detected, probability, kept), parameters


def _kept(test: Times, events: Mapping[int, Intervals]) -> DetectedEvents:
    """Collect detections: one belongs to the fold that tests its midpoint."""
    kept = {i: each[contains(test[i], each.mean(axis=1))] for i, each in events.items()}
    joined = np.concatenate([NO_EVENTS, *kept.values()])
    record = np.repeat(np.array(list(kept), dtype=np.int64), [len(each) for each in kept.values()])
    return DetectedEvents(record, joined, np.full(len(joined), np.nan), {i: test[i] for i in kept})


def _joined(parts: Sequence[NDArray[T] | None]) -> NDArray[T] | None:
    """Join what every recording has; None where one lacks it."""
    given = [part for part in parts if part is not None]
    return np.concatenate(given) if len(given) == len(parts) else None
