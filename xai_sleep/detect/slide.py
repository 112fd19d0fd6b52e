"""From a trained network to an activation over time: windows slide over a record and are averaged.

::

    record    ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
    windows   [ p, map ]                      each window says how probable an event is and,
                [ p, map ]                    by its map, where
                  [ p, map ] …
    activation  mean over the windows that cover a cell, on a fixed grid

What is read from a batch of windows is a :data:`Reading`. :func:`reading_of` makes the one of any
network of the contract; a network that says more than a probability, or several networks together,
need another reading only.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from xai_sleep.detect.detector import RATE, Activation
from xai_sleep.explain.attribution import EVENT, Explainer, attributable, explain, grad_cam
from xai_sleep.metrics.maps import time_profiles
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.models.contract import TimedNetwork
from xai_sleep.windows.windows import Windows

Values = NDArray[np.float64]
Reading = Callable[[Tensor, int], Mapping[str, Values]]
"""From a batch and the samples per window to values ``(window, time)``: ``probability``,
``relevance`` and perhaps ``evidence``."""


def reading_of(classifier: EventClassifier, explainer: Explainer = grad_cam) -> Reading:
    """Read the probability of an event, the same times the profile of its map, and any evidence.

    The classifier is left in the mode it is in.
    """

    def read(inputs: Tensor, n_times: int) -> dict[str, Values]:
        network = classifier.network
        # A clone is an ordinary tensor even if the batch was born in inference mode.
        inputs = inputs.clone().to(classifier.device)
        with attributable(classifier):
            with torch.no_grad():
                probability = network(inputs).softmax(1)[:, EVENT:].cpu().double().numpy()
            profile = time_profiles(
                explain("detector.map", explainer, network, inputs).cpu().numpy(), n_times
            )
            more = _evidence(network, inputs, n_times) if isinstance(network, TimedNetwork) else {}
        return {
            "probability": np.broadcast_to(probability, profile.shape),
            "relevance": probability * profile,
            **more,
        }

    return read


def _evidence(network: TimedNetwork, inputs: Tensor, n_times: int) -> dict[str, Values]:
    """Probability of an event at each moment."""
    with torch.no_grad():
        moments = network.over_time(inputs).softmax(1)[:, EVENT:]
        fine = interpolate(moments, n_times, mode="linear")[:, 0]
    return {"evidence": fine.cpu().double().numpy()}


def slide(
    reading: Reading,
    batches: Iterable[Sequence[Tensor]],
    windows: Windows,
    durations: Sequence[float],
) -> dict[int, Activation]:
    """Average over all windows what is read from each.

    Parameters
    ----------
    reading : Reading
        What is read from a batch.
    batches : iterable of (inputs, ...)
        The windows' signals or images, in order. Only one batch is held at a time, so memory
        does not grow with the overlap of windows.
    windows : Windows
        Where they were cut.
    durations : sequence of float
        Length of each recording in s.

    Returns
    -------
    dict of int to Activation
        Of every recording that has a window, by its index.
    """
    sums = {int(i): _Sums(durations[i]) for i in np.unique(windows.record)}
    first = 0
    for inputs, *_ in batches:
        part = windows.take(slice(first, first + len(inputs)))
        first += len(inputs)
        read = reading(inputs, part.length)
        for index in np.unique(part.record):
            rows = np.flatnonzero(part.record == index)
            sums[int(index)].add(part.take(rows), {k: v[rows] for k, v in read.items()})
    return {index: Activation(**total.means()) for index, total in sums.items()}


class _Sums:
    """Sums over windows in each cell of one record, and how many windows cover it."""

    def __init__(self, duration: float) -> None:
        # A last cell that is not whole is left out.
        self.cells = int(duration * RATE + 1e-6)
        self.count = np.zeros(self.cells, dtype=np.int64)
        self.sums: dict[str, Values] = {}

    def add(self, windows: Windows, values: Mapping[str, Values]) -> None:
        """Add to each cell the sample at its centre."""
        start = windows.start_time[:, None]
        first = np.ceil(start * RATE - 0.5 - 1e-6).astype(np.int64)
        cell = first + np.arange(int(np.ceil(windows.length / windows.sfreq * RATE)))
        sample = np.floor(((cell + 0.5) / RATE - start) * windows.sfreq + 1e-6).astype(np.int64)
        inside = (sample < windows.length) & (cell < self.cells)
        row = np.broadcast_to(np.arange(len(start))[:, None], cell.shape)[inside]
        np.add.at(self.count, cell[inside], 1)
        for name, value in values.items():
            total = self.sums.setdefault(name, np.zeros(self.cells))
            np.add.at(total, cell[inside], value[row, sample[inside]])

    def means(self) -> dict[str, NDArray[np.float16]]:
        """Means of each name, NaN where no window reaches."""
        count = np.where(self.count > 0, self.count, np.nan)
        return {name: (total / count).astype(np.float16) for name, total in self.sums.items()}
