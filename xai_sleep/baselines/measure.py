"""Baselines measured: their answers become outcomes of folds, scored as those of a network are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from xai_sleep.baselines.baseline import Baseline, LeftOutError, Training, Trial
from xai_sleep.detect.detected import NO_EVENTS, DetectedEvents
from xai_sleep.evaluate.judged import Judged
from xai_sleep.evaluate.score import score_baseline
from xai_sleep.metrics.events import contains
from xai_sleep.recordings.intervals import Intervals
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.run import BaselineRecord
from xai_sleep.results.scores import Score
from xai_sleep.windows.folds import Times

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class Measured:
    """What every baseline is, or why it was left out, and the scores of those that were not."""

    records: list[BaselineRecord] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)


def measure(baselines: Mapping[str, Baseline], trial: Trial) -> Measured:
    """Score baselines by name; of one that cannot be had here, say why."""
    found = Measured()
    for name, baseline in baselines.items():
        try:
            compared = baseline.prepare(trial)
            folds = range(len(compared.folds))
            tested, parameters = zip(*(_fold(baseline, compared, i) for i in folds), strict=True)
        except LeftOutError as reason:
            record = BaselineRecord(name, baseline.description, skipped=str(reason))
        else:
            chosen = {each.name: dict(one) for each, one in zip(tested, parameters, strict=True)}
            record = BaselineRecord(name, baseline.description, parameters=chosen)
            outcomes = Judged(compared.recordings, tested, trial.judging, who=name)
            found.scores.extend(score_baseline(outcomes, baseline.no_events))
        found.records.append(record)
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
