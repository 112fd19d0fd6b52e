"""A recording that no fold knows, as one trained network or the mean of several sees it.

A classifier keeps how events are made of its windows: the parameters of a :class:`.Detector`, the
``map`` that gives relevance, and the ``step`` in s between windows.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any, cast

import numpy as np
from torch import Tensor

from xai_sleep.detect.detector import Activation, Detector, middle_of
from xai_sleep.detect.hysteresis import Detections
from xai_sleep.detect.slide import Values, reading_of, slide
from xai_sleep.explain.attribution import make_explainer
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import DetectorConfig
from xai_sleep.windows.folds import NOWHERE, Fold
from xai_sleep.windows.inputs import Input
from xai_sleep.windows.windows import cut

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
    """Find events of a recording, at its own rate, by the mean of what classifiers of a run say."""
    kept = cast("dict[str, Any]", classifiers[0].detector)
    inputs = [input_of(each) for each in classifiers]
    prepared = inputs[0].prepare(recording)
    length, nowhere = prepared.duration, Fold("none", (NOWHERE,), (NOWHERE,), (NOWHERE,))
    within, step = [intervals([(0, length)])], kept["step"]
    windows = cut([prepared], within, length=inputs[0].window, step=step, to_the_end=True)
    explainer = make_explainer("detector.map", kept["map"])
    scales = [each.amplitudes([prepared], nowhere)[0] for each in inputs]
    models = list(zip([reading_of(c, explainer) for c in classifiers], inputs, scales, strict=True))

    def mean(batch: Tensor, n_times: int) -> dict[str, Values]:
        each = [reading(seen(batch, scale), n_times) for reading, seen, scale in models]
        return {name: np.mean([one[name] for one in each], axis=0) for name in each[0]}

    store = inputs[0].store([prepared])
    rows = (np.arange(i, min(i + BATCH, len(windows))) for i in range(0, len(windows), BATCH))
    batches = watch(((store.of(windows, each),) for each in rows), -(-len(windows) // BATCH))
    (activation,) = slide(mean, batches, windows, [length]).values()
    return activation, detector_of(classifiers).find(activation)
