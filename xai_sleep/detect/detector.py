"""A detector of events: which activation it looks at, and the parameters that make events of it.

::

    activation ─▶ smooth ─▶ two thresholds ─▶ merge ─▶ drop what is too short or too long ─▶ events
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from xai_sleep.detect.hysteresis import Detections, detect, smooth
from xai_sleep.metrics.events import contains
from xai_sleep.recordings.intervals import Intervals

KINDS = ("probability", "relevance", "product", "evidence")
"""Activations to choose from; only some networks offer evidence."""

RATE = 10.0
"""Cells of an activation per s."""


@dataclass(frozen=True, eq=False)
class Activation:
    """What a network says of one record over time; cell i lasts from ``i / RATE`` s to the next."""

    # (time,) means over the windows that cover a cell, NaN where none does: of their probability of
    # an event, of that times their map, and of what a network says of each moment, if it does
    probability: NDArray[np.float16]
    relevance: NDArray[np.float16]
    evidence: NDArray[np.float16] | None = None

    @property
    def time(self) -> NDArray[np.float64]:
        """Start of each cell in s."""
        return np.arange(len(self.probability)) / RATE

    @property
    def parts(self) -> dict[str, NDArray[np.float16]]:
        """What there is, by name."""
        return {name: part for name, part in vars(self).items() if part is not None}

    def named(self, record: str) -> dict[str, NDArray[np.float16]]:
        """Name the parts for a file: probability by the record alone, the rest by both."""
        names = {"probability": record}
        return {names.get(n, f"{record}_{n}"): part for n, part in self.parts.items()}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Those of :data:`KINDS` that can be had."""
        return tuple(kind for kind in KINDS if kind == "product" or kind in self.parts)

    def of(self, kind: str) -> NDArray[np.float32]:
        """One of :attr:`kinds`; ``product`` is the geometric mean of probability and relevance."""
        if kind == "product":
            return np.asarray(np.sqrt(self.of("probability") * self.of("relevance")))
        return self.parts[kind].astype(np.float32)

    def over(self, other: "Activation") -> "Activation":
        """Put this one over another of the same record: what it does not know is the other's."""
        return Activation(
            **{n: np.where(np.isnan(p), other.parts[n], p) for n, p in self.parts.items()}
        )

    def within(self, allowed: Intervals) -> "Activation":
        """Leave only cells whose centre lies in the allowed time, NaN elsewhere."""
        centres = np.asarray((np.arange(len(self.probability)) + 0.5) / RATE, dtype=np.float64)
        inside, nothing = contains(allowed, centres), np.float16(np.nan)
        return Activation(**{n: np.where(inside, p, nothing) for n, p in self.parts.items()})


@dataclass(frozen=True)
class Detector:
    """Parameters of a detection; durations in s, see :func:`xai_sleep.detect.hysteresis.detect`."""

    activation: str = "relevance"  # what it looks at, one of :data:`KINDS`
    smooth: float = 0.3  # width of the moving average
    high: float = 0.5  # what an event must reach
    low_ratio: float = 0.5  # the lower threshold, which ends an event, as a share of ``high``
    min_duration: float = 0.3
    max_duration: float = 5.0
    merge_gap: float = 0.3

    def find(self, activation: Activation) -> Detections:
        """Events of a record, in s."""
        return self.in_smoothed(smooth(activation.of(self.activation), RATE, self.smooth))

    def in_smoothed(self, activation: NDArray[np.floating]) -> Detections:
        """Events in an activation of the right kind that was smoothed already."""
        return detect(
            activation,
            RATE,
            high=self.high,
            low=self.high * self.low_ratio,
            min_duration=self.min_duration,
            max_duration=self.max_duration,
            merge_gap=self.merge_gap,
        )


def middle_of(detectors: Sequence[Detector]) -> Detector:
    """Take the activation that most detectors look at, and the median of their parameters.

    Examples
    --------
    >>> middle_of([Detector(high=h) for h in (0.2, 0.4, 0.3)] + [Detector("product")]).high
    0.3
    """
    kinds = [detector.activation for detector in detectors]
    kind = max(KINDS, key=kinds.count)
    agreed = [astuple(detector)[1:] for detector in detectors if detector.activation == kind]
    return Detector(kind, *np.median(agreed, axis=0).tolist())
