"""A recording that no fold knows, as one trained network or the mean of several sees it.

A classifier keeps how events are made of its windows: the parameters of a :class:`.Detector`, the
``map`` that gives relevance, and the ``step`` in s between windows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any, cast

import numpy as np
from torch import Tensor

from xai_sleep.detect.detector import Activation, Detector, middle_of
from xai_sleep.detect.hysteresis import Detections
from xai_sleep.detect.slide import Reading, Values, reading_of, slide
from xai_sleep.explain.attribution import make_explainer
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import DetectorConfig
from xai_sleep.windows.folds import NOWHERE, Fold
from xai_sleep.windows.inputs import Input
from xai_sleep.windows.store import Store
from xai_sleep.windows.windows import Windows, cut

BATCH = 256
Batches = Iterable[tuple[Tensor]]
Watch = Callable[[Batches, int], Batches]
"""Looks at batches as they go by, of which there are so many."""


def keep_detector(
    classifier: EventClassifier, detector: Detector, settings: DetectorConfig
) -> None:
    """Let a classifier keep how events are made of its windows."""
    classifier.detector = {**asdict(detector), "map": settings.map, "step": settings.step}


def detector_of(classifiers: Sequence[EventClassifier]) -> Detector:
    """Middle of the detectors that classifiers keep."""
    kept = [cast("dict[str, Any]", each.detector) for each in classifiers]
    names = [each.name for each in fields(Detector)]
    return middle_of([Detector(**{name: one[name] for name in names}) for one in kept])


def input_of(classifier: EventClassifier) -> Input:
    """Say what a classifier sees."""
    return cast("Input", classifier.input)


def find_events(
    classifiers: Sequence[EventClassifier],
    recording: Recording,
    watch: Watch = lambda batches, _: batches,
) -> tuple[Activation, Detections]:
    """Find the events of a recording.

    Parameters
    ----------
    classifiers : sequence of EventClassifier
        Of one run; what they say is averaged.
    recording : Recording
        At its own rate, with the channels of their input.
    watch : callable, optional
        See :data:`Watch`.
    """
    kept = cast("dict[str, Any]", classifiers[0].detector)
    seen = input_of(classifiers[0])
    prepared = seen.prepare(recording)
    windows = cut(
        [prepared],
        [intervals([(0, prepared.duration)])],
        length=seen.window,
        step=kept["step"],
        to_the_end=True,
    )
    batches = watch(_batches(seen.store([prepared]), windows), -(-len(windows) // BATCH))
    reading = _mean_reading(classifiers, prepared)
    (activation,) = slide(reading, batches, windows, [prepared.duration]).values()
    return activation, detector_of(classifiers).find(activation)


def _batches(store: Store, windows: Windows) -> Iterator[tuple[Tensor]]:
    """Yield what no classifier has scaled yet."""
    for first in range(0, len(windows), BATCH):
        yield (store.of(windows, np.arange(first, min(first + BATCH, len(windows)))),)


def _mean_reading(classifiers: Sequence[EventClassifier], prepared: Recording) -> Reading:
    """Read each batch by every classifier, scaled as it was trained, and average."""
    explainer = make_explainer("detector.map", cast("Any", classifiers[0].detector["map"]))
    nowhere = Fold("none", (NOWHERE,), (NOWHERE,), (NOWHERE,))
    models = [
        (
            reading_of(each, explainer),
            input_of(each),
            input_of(each).amplitudes([prepared], nowhere),
        )
        for each in classifiers
    ]

    def read(batch: Tensor, n_times: int) -> dict[str, Values]:
        each = [reading(seen(batch, scales[0]), n_times) for reading, seen, scales in models]
        return {name: np.mean([one[name] for one in each], axis=0) for name in each[0]}

    return read
