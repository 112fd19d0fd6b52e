"""Outcomes, scores and finished runs, made up."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tests.support.runs import TINY, composed
from xai_sleep.detect.detector import DetectedEvents
from xai_sleep.metrics.windows import decide
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.events import Events
from xai_sleep.results.files import Leak
from xai_sleep.results.finished import Finished
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.run import ChosenDetector, Count, FoldRecord, History, RunRecord
from xai_sleep.results.scores import Score
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.windows.windows import Windows

SFREQ = 100.0
LENGTH = 200  # samples


def recording(record: str, subject: str = "") -> Recording:
    """Make up a minute of noise in which a single event is marked."""
    signals = np.random.default_rng(0).standard_normal((1, 6000), dtype=np.float32)
    return Recording(
        record,
        subject or record,
        signals,
        ("C3",),
        SFREQ,
        np.array([[2.5, 3.5]]),
        np.array([[0.0, 60]]),
    )


def fold_record(name: str, threshold: float = 0.5, validation: float | None = 0.75) -> FoldRecord:
    """Make up how a fold was trained, in two epochs."""
    return FoldRecord(
        name,
        threshold,
        train=Count(100, 25),
        val=Count(20, 5),
        test=Count(20, 5),
        first_loss=0.69,
        epochs=2,
        val_average_precision=validation,
        history=History([0.7, 0.5], [0.6, 0.4], [None, validation]),
        detector=ChosenDetector(
            "product", 0.3, 0.5, 0.5, 0.3, 3.0, 0.3, chosen_on="validation", f1=None, events=0
        ),
        seconds=1.5,
    )


def outcome(
    name: str,
    label: Sequence[int],
    probability: Sequence[float],
    threshold: float = 0.5,
    record: int = 0,
) -> FoldOutcome:
    """Make windows one after another in one recording, each with a map, and one detection."""
    n = len(label)
    of_event = np.array(probability, dtype=np.float32)
    return FoldOutcome(
        name,
        Windows(
            record=np.full(n, record, dtype=np.int64),
            start=np.arange(n, dtype=np.int64) * LENGTH,
            label=np.array(label, dtype=np.int64),
            length=LENGTH,
            sfreq=SFREQ,
        ),
        decide(of_event, threshold),
        of_event,
        DetectedEvents(
            np.array([record]),
            np.array([[2.25, 3.5]]),
            np.array([0.9]),
            {record: np.array([[0.0, n * LENGTH / SFREQ]])},
        ),
        np.random.default_rng(0).random((n, LENGTH)).astype(np.float16),
        {"profiles_uniform": np.ones((n, LENGTH), dtype=np.float16)},
        fold_record(name, threshold),
    )


def run_record(
    scores: Sequence[Score] = (),
    folds: Sequence[FoldRecord] = (),
    *settings: str,
    data: str = "synthetic",
    leaks: Sequence[Leak] = (),
) -> RunRecord:
    """Make up what a run with these scores says of itself."""
    return RunRecord(
        schema=2,
        version="0",
        data=data,
        source="made up",
        leaks=list(leaks),
        config=composed(*TINY, *settings),
        records=[],
        folds=list(folds),
        baselines=[],
        metrics=[],
        scores=list(scores),
        command=None,
        commit=None,
        versions={},
        timing={},
    )


def finished(
    record: RunRecord, recordings: Sequence[Recording], outcomes: Sequence[FoldOutcome]
) -> Finished:
    """Make a run of these outcomes, without curves and with no detection listed."""
    nothing = np.empty(0)
    names = np.empty(0, dtype=np.str_)
    events = Events(
        names, names, names, nothing, nothing, nothing, np.empty(0, dtype=np.bool_), nothing
    )
    folds = [each.record for each in outcomes if each.record]
    windows = TestWindows.of(recordings, outcomes)
    return Finished(replace(record, folds=folds), recordings, outcomes, windows, events, {})
