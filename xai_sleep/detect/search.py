"""Events of one fold: activation, a detector chosen without the test time, detections.

The activation to choose by is made of windows wholly inside validation or training time. That of a
test record is made of all windows that touch neither: the whole record, or a test block with the
guards around it; of such a block's events those are kept whose midpoint lies in it.
"""

from dataclasses import asdict, replace

import numpy as np

from xai_sleep.detect.detector import NO_EVENTS, Activation, DetectedEvents, Detector
from xai_sleep.detect.slide import reading_of, slide
from xai_sleep.detect.tuning import Choice, Example, choose_detector
from xai_sleep.explain.attribution import make_explainer
from xai_sleep.metrics.events import contains
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.recordings.intervals import Intervals, intervals, subtraction, union
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import DetectorConfig
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.windows import cut


def find_events(
    settings: DetectorConfig, data: FoldDataModule, classifier: EventClassifier
) -> tuple[DetectedEvents, Choice]:
    """Choose a detector, which the trained classifier keeps, and detect events of test records."""
    choice = choose(settings, data, classifier)
    classifier.detector = asdict(choice.detector) | {"map": settings.map, "step": settings.step}
    return detect_events(settings, data, classifier, choice.detector), choice


def choose(settings: DetectorConfig, data: FoldDataModule, classifier: EventClassifier) -> Choice:
    """Choose by validation time alone if it holds enough events, else by training time as well.

    Where that is more than ``settings.hours`` the records that are looked at are drawn at random.
    """
    kinds = None if settings.activation == "auto" else (settings.activation,)
    recordings, times, chosen_on = data.recordings, data.choosing_time, "validation"
    inside = (contains(t, r.events.mean(axis=1)) for r, t in zip(recordings, times, strict=True))
    parts = [times]
    if sum(each.sum() for each in inside) < settings.min_events:
        parts, chosen_on = [times, data.fold.train], "validation and training"
    times = tuple(union(each) for each in zip(*parts, strict=True))
    drawn = _drawn(times, 3600 * settings.hours, data.seed)
    looked, there = (sum(len(each) > 0 for each in part) for part in (drawn, times))
    if looked < there:
        chosen_on += f" ({looked} of {there} records, drawn at random)"
    examples = [
        Example(activation, recordings[i].events, drawn[i]).cropped()
        for i, activation in activate(settings, data, classifier, drawn).items()
    ]
    return replace(choose_detector(examples, kinds, settings.iou), chosen_on=chosen_on)


def _drawn(times: Times, most: float, seed: int) -> Times:
    """Leave out all time of some records, drawn at random, where it is more than ``most`` s."""
    seconds = np.array([np.diff(each).sum() for each in times])
    if seconds.sum() <= most:
        return times
    order = np.random.default_rng(seed).permutation(np.flatnonzero(seconds))
    kept = order[: max(np.searchsorted(np.cumsum(seconds[order]), most, side="right"), 1)]
    return tuple(each if i in kept else NO_EVENTS for i, each in enumerate(times))


def detect_events(
    settings: DetectorConfig, data: FoldDataModule, classifier: EventClassifier, detector: Detector
) -> DetectedEvents:
    """Detect the events of every test record."""
    fold = data.fold
    free = tuple(_untouched(recording, fold, i) for i, recording in enumerate(data.recordings))
    activations, found = {}, DetectedEvents()
    parts = [(found.record, found.events, found.confidence)]
    for i, activation in activate(settings, data, classifier, free).items():
        whole = len(fold.train[i]) + len(fold.val[i]) == 0
        kept = free[i] if whole else fold.test[i]
        detections = detector.find(activation)
        inside = contains(kept, detections.events.mean(axis=1))
        activations[i] = activation.within(kept)
        events, confidence = detections.events[inside], detections.confidence[inside]
        parts.append((np.full(len(events), i), events, confidence))
    record, events, confidence = (np.concatenate(each) for each in zip(*parts, strict=True))
    tested = {i: fold.test[i] for i in activations}
    return DetectedEvents(record, events, confidence, tested, activations)


def activate(
    settings: DetectorConfig, data: FoldDataModule, classifier: EventClassifier, within: Times
) -> dict[int, Activation]:
    """Slide the network over the allowed time of each record."""
    length, step = data.input.window, settings.step
    windows = cut(data.recordings, within, length=length, step=step, to_the_end=True)
    reading = reading_of(classifier, make_explainer("detector.map", settings.map))
    batches = data.watch(data.in_order(windows))
    return slide(reading, batches, windows, [r.duration for r in data.recordings])


def _untouched(recording: Recording, fold: Fold, i: int) -> Intervals:
    """Time of a test record outside training and validation time."""
    if not len(fold.test[i]):
        return NO_EVENTS
    return subtraction(intervals([(0, recording.duration)]), union([fold.train[i], fold.val[i]]))
