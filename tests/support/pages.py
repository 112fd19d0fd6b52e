"""A finished run without its training: simulated recordings, made-up probabilities and scores."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tests.support.outcomes import fold_record
from tests.support.runs import composed
from xai_sleep.detect.detector import RATE, Activation, DetectedEvents
from xai_sleep.metrics.maps import event_mask
from xai_sleep.metrics.metric import Metric
from xai_sleep.metrics.windows import decide
from xai_sleep.recordings.filtering import prepare
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.simulated import simulate
from xai_sleep.results.events import Events
from xai_sleep.results.files import Leak
from xai_sleep.results.finished import Aligned, Curves, Finished
from xai_sleep.results.outcome import NO_MAPS, FoldOutcome
from xai_sleep.results.run import (
    SCHEMA,
    BaselineRecord,
    Count,
    FoldRecord,
    RecordSummary,
    RunRecord,
)
from xai_sleep.results.scores import MEAN, POOLED, Score
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.windows.images import Images, Transform, image_transform
from xai_sleep.windows.windows import Windows, cut

THRESHOLD = 0.5
LAGS = np.arange(-10, 21) / 10
CURVES = Curves(
    np.array([0, 0.25, 1.0]), np.array([0, 0.5, 1]), np.array([1, 0.75, 0.5]), (0.25, 0.5, 0.75)
)
METRICS = [
    *(Metric("f1", "F1"), Metric("auroc", "AUROC"), Metric("brier", "Brier score", best="low")),
    *(Metric("pointing", "pointing game"), Metric("onset_error", "onset error", "s", "low")),
    *(Metric("windows", "windows", best="none"), Metric("mass", "relevance inside events")),
]
OF_WINDOWS = {
    "accuracy": 0.8,
    "sensitivity": 0.6,
    "specificity": 0.85,
    "precision": 0.55,
    "f1": 0.575,
    "kappa": 0.4,
    "auroc": 0.9,
    "average_precision": 0.7,
    "brier": 0.125,
}
OF_EVENTS = {"precision": 0.5, "recall": 0.75, "f1": 0.65, "onset_error": 0.2}
OF_MAPS = {
    name: value
    for measure, score in (("pointing", 0.9), ("mass", 0.7), ("rank", 0.8))
    for name, value in ((measure, score), (f"{measure}_uniform", 0.25))
}


@dataclass(frozen=True)
class Kind:
    """What a made-up run is like.

    Parameters
    ----------
    task : {"spindle", "rem"}
        What is looked for, in one channel or in two.
    subjects : int
        One recording and one fold each.
    names : tuple of str
        Of records and subjects, instead of simulated ones.
    events : bool
        Whether anything is marked.
    maps : {"signal", "image", "none"}
        Over time, over frequency and time, or none.
    source : str
        Where the recordings are said to come from.
    leaks : tuple of Leak
        Mistakes that are said to have been made.
    settings : tuple of str
        Further settings.
    """

    task: Literal["spindle", "rem"] = "spindle"
    subjects: int = 2
    names: tuple[str, ...] = ()
    events: bool = True
    maps: Literal["signal", "image", "none"] = "signal"
    source: str = "synthetic"
    leaks: tuple[Leak, ...] = ()
    settings: tuple[str, ...] = ()


def made_up(kind: Kind = Kind()) -> Finished:
    """Make up a run."""
    recordings = _recordings(kind)
    outcomes = [_outcome(recordings, i, kind.maps) for i in range(kind.subjects)]
    record = _record(kind, recordings, [outcome.record for outcome in outcomes if outcome.record])
    found = [_found(recordings[i], outcome) for i, outcome in enumerate(outcomes)]
    images = Images(recordings, _transform())
    return Finished(
        record,
        recordings,
        outcomes,
        TestWindows.of(recordings, outcomes),
        Events(*(np.concatenate(column) for column in zip(*found, strict=True))),
        dict.fromkeys([*(outcome.name for outcome in outcomes), POOLED], CURVES),
        _aligned(kind) if kind.events and kind.maps != "none" else None,
        images if kind.maps == "image" else None,
    )


def scored(
    part: str,
    values: Mapping[str, float],
    who: str = "model",
    over: str = "all",
    folds: Sequence[str] = (),
) -> Iterator[Score]:
    """Make up a pooled value with an interval of ± .1, a mean .01 below, and the same in folds."""
    for name, value in values.items():
        key = (part, who, over, name)
        yield Score(*key, POOLED, value, value - 0.1, value + 0.1)
        yield Score(*key, MEAN, value - 0.01, sd=0.05, n=len(folds) or 2)
        for fold in folds:
            yield Score(*key, fold, value - 0.02)


def _recordings(kind: Kind) -> list[Recording]:
    recordings = [
        prepare(recording, sfreq=100, bands=[(0.5, 15)])
        for recording in simulate(kind.task, subjects=kind.subjects, minutes=2)
    ]
    for index, name in enumerate(kind.names):
        recordings[index] = replace(recordings[index], record=name, subject=name)
    if kind.task == "spindle":
        recordings = [
            replace(r, signals=r.signals[:1], channels=r.channels[:1]) for r in recordings
        ]
    return recordings if kind.events else [replace(r, events=np.empty((0, 2))) for r in recordings]


def _transform() -> Transform:
    return image_transform("scalogram", n_chans=1, n_times=500, sfreq=100, band=(1, 30), size=16)


def _outcome(recordings: Sequence[Recording], index: int, maps: str) -> FoldOutcome:
    recording = recordings[index]
    nowhere = np.empty((0, 2))
    allowed = [r.scored if i == index else nowhere for i, r in enumerate(recordings)]
    windows = cut(recordings, allowed, length=5, step=5, min_overlap=0.5)
    rng = np.random.default_rng(index)
    noisy = 0.45 * windows.label + rng.uniform(0, 0.6, len(windows))
    probability = np.clip(noisy, 0, 1).astype(np.float32)
    count = Count(len(windows), int(windows.label.sum()))
    fold = replace(fold_record(recording.subject, THRESHOLD), test=count)
    cells = round(recording.duration * RATE)
    said = rng.random(cells).astype(np.float16)
    return FoldOutcome(
        recording.subject,
        windows,
        decide(probability, THRESHOLD),
        probability,
        DetectedEvents(
            tested={index: recording.scored}, activations={index: Activation(said, said[::-1])}
        ),
        _maps(recording, windows, maps, rng),
        record=fold,
    )


def _maps(
    recording: Recording, windows: Windows, kind: str, rng: np.random.Generator
) -> NDArray[np.float16]:
    inside = event_mask(windows.start_time, windows.length, windows.sfreq, recording.events)
    profiles = (0.6 * inside + rng.uniform(0, 0.4, inside.shape)).astype(np.float16)
    if kind != "image":
        return profiles if kind == "signal" else NO_MAPS
    coarse = profiles[:, : 16 * 31].reshape(len(windows), 1, 16, 31).mean(axis=3)
    return np.asarray(coarse * np.linspace(1, 0.2, 16)[:, np.newaxis], dtype=np.float16)


def _found(recording: Recording, outcome: FoldOutcome) -> tuple[NDArray[np.generic], ...]:
    """Say that one event was detected, from 3 to 4.5 s."""
    texts = [np.array([text]) for text in (recording.record, recording.subject, outcome.name)]
    numbers = [np.array([number]) for number in (3.0, 1.5, 0.9, True, np.nan)]
    return (*texts, *numbers)


def _record(kind: Kind, recordings: Sequence[Recording], folds: list[FoldRecord]) -> RunRecord:
    explain = ["explain=none"] if kind.maps == "none" else []
    config = composed("data=synthetic", f"task={kind.task}", *explain, *kind.settings)
    names = [fold.name for fold in folds]
    rows = [
        *scored("windows", OF_WINDOWS, folds=names),
        *scored("windows", OF_WINDOWS, who="threshold", folds=names),
        *scored("events", OF_EVENTS, folds=names),
        *scored("events", OF_EVENTS, over="n2n3"),
        *(row for i in range(1, 11) for row in _bin(i)),
    ]
    if kind.maps != "none":
        rows += [row for who in ("gradcam", "saliency") for row in _explained(who, names)]
    return RunRecord(
        schema=SCHEMA,
        version="0",
        data=kind.source,
        source="made up",
        leaks=list(kind.leaks),
        config=config,
        records=[
            RecordSummary(r.record, r.subject, r.duration, 100, len(r.events), 3, list(r.notes))
            for r in recordings
        ],
        folds=folds,
        baselines=[
            BaselineRecord("threshold", "root mean square"),
            BaselineRecord("automatic", "automatic", "the records have no automatic marks"),
        ],
        metrics=METRICS,
        scores=rows,
        command=None,
        commit=None,
        versions={"torch": "2"},
        timing={},
    )


def _bin(i: int) -> Iterator[Score]:
    values = {"probability": i / 10 - 0.05, "observed": i / 20, "count": 7}
    for name, value in values.items():
        yield Score("calibration", "model", f"bin {i}", name, POOLED, value)


def _explained(who: str, subjects: Sequence[str]) -> Iterator[Score]:
    for over in ("true_positives", "positives"):
        yield Score("maps", who, over, "windows", POOLED, 7)
        yield from scored("maps", OF_MAPS, who, over)
    yield from scored("maps", {"pointing_or_blank": 0.85}, who, "positives")
    for place, subject in enumerate(subjects):
        values = {name: value - place / 10 for name, value in OF_MAPS.items()} | {"windows": 5}
        for name, value in values.items():
            yield Score("maps", who, f"subject {subject}", name, POOLED, value)
    yield from scored("faithfulness", {"separation": 0.6}, who, "true_positives")
    yield from scored("sanity", {"similarity": 0.1}, who, "random_weights")
    yield Score("sanity", who, "random_weights", "passed", POOLED, 1)
    yield Score("sanity", who, "random_weights head", "similarity", POOLED, 0.2)
    yield from scored("sanity_maps", OF_MAPS, who, "random_weights")
    for way, first in (("deletion", 0.9), ("insertion", 0.1)):
        for share in (0.0, 0.5, 1.0):
            for order, middle in (("most", 0.3), ("least", 0.8), ("random", 0.5)):
                value = middle if share == 0.5 else abs(first - share * 0.8)
                yield Score(way, who, f"share {share:.2f}", order, POOLED, value)


def _aligned(kind: Kind) -> Aligned:
    flat = np.zeros((2 if kind.task == "rem" else 1, len(LAGS)))
    return Aligned(
        lags=LAGS,
        events=3,
        duration=1.0,
        relevance=np.linspace(0, 1, len(LAGS)),
        subjects=np.zeros((kind.subjects, len(LAGS))),
        level=0.25,
        images=np.ones((16, len(LAGS))) if kind.maps == "image" else None,
        mean=flat,
        spread=flat + 1,
    )
