"""Events of one fold: activation, a detector chosen without the test time, detections, scores.

::

    val (and train) time ─▶ activation ─▶ choose a detector ─┐
    test records ─────────▶ activation ──────────────────────┴▶ events ─▶ scores

The activation to choose by is made of windows wholly inside validation or training time. That of a
test record is made of all windows that touch neither: the whole record, or a test block with the
guards around it; of such a block's events those are kept whose midpoint lies in it.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from xai_sleep.detect.detector import Activation, Detector
from xai_sleep.detect.slide import reading_of, slide
from xai_sleep.detect.tuning import Choice, Example, choose_detector
from xai_sleep.evaluate.events import NO_EVENTS, FoundEvents, event_metrics
from xai_sleep.explain.explainers import EXPLAINERS
from xai_sleep.metrics.events import contains
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.recordings.intervals import Intervals, intervals, subtraction, union
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import Config
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.windows import cut


def find_events(
    config: Config, data: FoldDataModule, classifier: EventClassifier
) -> tuple[FoundEvents, dict[str, Any]]:
    """Find the events of a fold's test records, and score them.

    Parameters
    ----------
    config : Config
        Settings of the detector.
    data : FoldDataModule
        Set up.
    classifier : EventClassifier
        Trained on the fold.

    Returns
    -------
    found : FoundEvents
        Detections and activations.
    metrics : dict
        ``detector``: what was chosen, on how many events and of which time; ``events`` and, where
        stages are known, ``events_n2n3``: figures in test time.
    """
    choice, chosen_on = choose(config, data, classifier)
    chosen = {
        **asdict(choice.detector),
        "chosen_on": chosen_on,
        "f1": choice.f1,
        "events": choice.events,
    }
    found = detect_events(config, data, classifier, choice.detector)
    metrics = event_metrics(data.recordings, found, config.detector.iou)
    return found, {"detector": chosen, **metrics}


def choose(config: Config, data: FoldDataModule, classifier: EventClassifier) -> tuple[Choice, str]:
    """Choose by validation time alone if it holds enough events, else by training time as well."""
    kind, fold = config.detector.activation, data.fold
    kinds = None if kind == "auto" else (kind,)
    parts, chosen_on = [data.choosing_time], "validation"
    if _count(data.recordings, data.choosing_time) < config.detector.min_events:
        parts, chosen_on = [data.choosing_time, fold.train], "validation and training"
    times = tuple(union(each) for each in zip(*parts, strict=True))
    examples = [
        Example(activation, data.recordings[i].events, times[i])
        for i, activation in activate(config, data, classifier, times).items()
    ]
    return choose_detector(examples, kinds, config.detector.iou), chosen_on


def detect_events(
    config: Config, data: FoldDataModule, classifier: EventClassifier, detector: Detector
) -> FoundEvents:
    """Detect the events of every test record."""
    recordings, fold = data.recordings, data.fold
    free = tuple(_untouched(recording, fold, i) for i, recording in enumerate(recordings))
    activations, found = {}, []
    for i, activation in activate(config, data, classifier, free).items():
        whole = len(fold.train[i]) + len(fold.val[i]) == 0
        kept = free[i] if whole else fold.test[i]
        detections = detector.find(activation)
        inside = contains(kept, detections.events.mean(axis=1))
        activations[i] = activation.within(kept)
        found.append((i, detections.events[inside], detections.confidence[inside]))
    return FoundEvents(
        np.concatenate([np.full(len(rows), i) for i, rows, _ in found]).astype(np.int64),
        np.concatenate([NO_EVENTS, *(rows for _, rows, _ in found)]),
        np.concatenate([np.empty(0), *(confidence for _, _, confidence in found)]),
        activations,
        {i: fold.test[i] for i in activations},
    )


def activate(
    config: Config, data: FoldDataModule, classifier: EventClassifier, within: Times
) -> dict[int, Activation]:
    """Slide the network over the allowed time of each record."""
    windows = cut(
        data.recordings,
        within,
        length=config.task.window,
        step=config.detector.step,
        to_the_end=True,
    )
    durations = [recording.duration for recording in data.recordings]
    reading = reading_of(classifier, EXPLAINERS[config.detector.map])
    return slide(reading, data.in_order(windows), windows, durations)


def _untouched(recording: Recording, fold: Fold, i: int) -> Intervals:
    """Time of a test record outside training and validation time."""
    if not len(fold.test[i]):
        return NO_EVENTS
    return subtraction(intervals([(0, recording.duration)]), union([fold.train[i], fold.val[i]]))


def _count(recordings: Sequence[Recording], times: Times) -> int:
    """Events whose midpoint lies in the time given."""
    return sum(
        int(contains(time, recording.events.mean(axis=1)).sum())
        for recording, time in zip(recordings, times, strict=True)
    )
