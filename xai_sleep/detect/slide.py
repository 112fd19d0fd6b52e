"""From a trained network to an activation over time: windows slide over a record and are averaged.

Each says how probable an event is and, by its map, where; a cell of a fixed grid has the mean of
the windows that cover it. A classifier keeps how events are made of that, its ``detector``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from xai_sleep.detect.detector import KINDS, RATE, Activation, Detections, Detector
from xai_sleep.explain import attribution
from xai_sleep.explain.attribution import EVENT
from xai_sleep.metrics.maps import time_profiles
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.models.contract import TimedNetwork
from xai_sleep.recordings.intervals import NOWHERE, Intervals, intersection, intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.folds import Fold
from xai_sleep.windows.inputs import Input
from xai_sleep.windows.windows import Windows, cut

Values = NDArray[np.float64]
Reading = Callable[[Tensor, int], Mapping[str, Values]]
"""From a batch and the samples per window to values ``(window, time)``: ``probability``,
``relevance`` and perhaps ``evidence``."""
BATCH = 256
Batches = Iterable[Sequence[Tensor]]
Watch = Callable[[Batches, int], Batches]  # looks at batches go by, of which there are so many


def reading_of(
    classifier: EventClassifier, explainer: attribution.Explainer = attribution.grad_cam
) -> Reading:
    """Read the probability of an event, the same times the profile of its map, and any evidence."""

    def read(inputs: Tensor, n_times: int) -> dict[str, Values]:
        network = classifier.network
        # A clone is an ordinary tensor even if the batch was born in inference mode.
        inputs = inputs.clone().to(classifier.device)
        with attribution.attributable(classifier):
            maps = attribution.explain("detector.map", explainer, network, inputs)
            with torch.no_grad():
                said = {"probability": network(inputs).softmax(1)[:, EVENT:]}
                if isinstance(network, TimedNetwork):
                    moments = network.over_time(inputs).softmax(1)[:, EVENT:]
                    said["evidence"] = interpolate(moments, n_times, mode="linear")[:, 0]
        values = {name: each.cpu().double().numpy() for name, each in said.items()}
        profile = time_profiles(maps.cpu().numpy(), n_times)
        probability = np.broadcast_to(values["probability"], profile.shape)
        return values | {"probability": probability, "relevance": probability * profile}

    return read


def slide(
    reading: Reading, batches: Batches, windows: Windows, durations: Sequence[float]
) -> dict[int, Activation]:
    """Average what is read of windows, seen in batches ``(inputs, …)`` in order, by recording.

    Windows are in order of their recordings, so that sums of one at a time are held.
    """
    found: dict[int, Activation] = {}
    first, at, sums = 0, -1, _Sums(0.0)
    for inputs, *_ in batches:
        part = windows.take(slice(first, first + len(inputs)))
        first += len(inputs)
        read = reading(inputs, part.length)
        for index in np.unique(part.record).tolist():
            if index != at:
                at, sums = index, _Sums(durations[index])
            rows = np.flatnonzero(part.record == index)
            sums.add(part.take(rows), {k: v[rows] for k, v in read.items()})
            if first == len(windows) or windows.record[first] != index:
                found[index] = Activation(**sums.means())
    return found


class _Sums:
    """Sums over windows in each cell of one record, and how many windows cover it."""

    def __init__(self, duration: float) -> None:
        self.cells = int(duration * RATE + 1e-6)  # a last one that is not whole is left out
        self.count = np.zeros(self.cells, dtype=np.int64)
        self.sums: dict[str, Values] = {}

    def add(self, windows: Windows, values: Mapping[str, Values]) -> None:
        """Add to each cell the sample at its centre."""
        start = windows.start_time[:, None]
        first = np.ceil(start * RATE - 0.5 - 1e-6).astype(np.int64)
        cell = first + np.arange(int(np.ceil(windows.length / windows.sfreq * RATE)))
        sample = np.floor(((cell + 0.5) / RATE - start) * windows.sfreq + 1e-6).astype(np.int64)
        inside = (sample < windows.length) & (cell < self.cells)
        row = np.nonzero(inside)[0]
        np.add.at(self.count, cell[inside], 1)
        for name, value in values.items():
            total = self.sums.setdefault(name, np.zeros(self.cells))
            np.add.at(total, cell[inside], value[row, sample[inside]])

    def means(self) -> dict[str, NDArray[np.float16]]:
        """Means of each name, NaN where no window reaches."""
        count = np.where(self.count > 0, self.count, np.nan)
        return {name: (total / count).astype(np.float16) for name, total in self.sums.items()}


def detector_of(classifiers: Sequence[EventClassifier]) -> Detector:
    """Take the activation that most kept detectors look at, and the median of their parameters."""
    kept = [cast("dict[str, Any]", each.detector) for each in classifiers]
    kind = max(KINDS, key=[one["activation"] for one in kept].count)
    names = [each.name for each in fields(Detector)][1:]
    agreed = [[one[name] for name in names] for one in kept if one["activation"] == kind]
    return Detector(kind, *np.median(agreed, axis=0).tolist())


def input_of(classifier: EventClassifier) -> Input:
    """Say what a classifier sees."""
    return cast("Input", classifier.input)


def find_events(
    classifiers: Sequence[EventClassifier],
    recording: Recording,
    watch: Watch = lambda batches, _: batches,
    within: Intervals | None = None,
) -> tuple[Activation, Detections]:
    """Find events of a recording, at its own rate, by the mean of what classifiers of a run say.

    Windows are laid ``within`` some time, which alone tells how large signals are; all of it unless
    it is given.
    """
    kept = cast("dict[str, Any]", classifiers[0].detector)
    inputs = [input_of(each) for each in classifiers]
    prepared = inputs[0].prepare(recording)
    length, step = prepared.duration, kept["step"]
    everything = intervals([(0, length)])
    looked = everything if within is None else intersection(everything, within)
    windows = cut([prepared], [looked], length=inputs[0].window, step=step, to_the_end=True)
    tested = Fold("none", (NOWHERE,), (NOWHERE,), (looked,))
    explainer = attribution.make_explainer("detector.map", kept["map"])
    scales = [each.amplitudes([prepared], tested)[0] for each in inputs]
    models = list(zip([reading_of(c, explainer) for c in classifiers], inputs, scales, strict=True))

    def mean(batch: Tensor, n_times: int) -> dict[str, Values]:
        each = [reading(seen(batch, scale), n_times) for reading, seen, scale in models]
        return {name: np.mean([one[name] for one in each], axis=0) for name in each[0]}

    store = inputs[0].store([prepared])
    rows = (np.arange(i, min(i + BATCH, len(windows))) for i in range(0, len(windows), BATCH))
    batches = watch(((store.of(windows, each),) for each in rows), -(-len(windows) // BATCH))
    (activation,) = slide(mean, batches, windows, [length]).values()
    return activation, detector_of(classifiers).find(activation)
