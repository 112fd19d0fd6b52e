"""A detector of events: which activation it looks at, and the parameters that make events of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.metrics.events import contains
from xai_sleep.recordings.intervals import Intervals

Values = NDArray[np.float64]
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Detections:
    """Detected events of shape (n, 2) in s, and the highest activation inside each, (n,)."""

    events: Intervals
    confidence: Values


def smooth(activation: NDArray[np.floating], sfreq: float, width: float) -> Values:
    """Centred moving average of what is known in an odd number of samples, about ``width`` s."""
    half = int(width * sfreq / 2)
    kernel, known = np.ones(2 * half + 1), np.isfinite(activation)
    total, count = (
        np.convolve(x, kernel)[half : half + len(activation)]
        for x in (np.where(known, activation, 0.0), known.astype(np.float64))
    )
    return np.asarray(np.where(known, total / np.maximum(count, 1), np.nan))


def detect(
    activation: NDArray[np.floating],
    sfreq: float,
    *,
    high: float,
    low: float,
    min_duration: float = 0.0,
    max_duration: float = math.inf,
    merge_gap: float = 0.0,
) -> Detections:
    """Turn an activation ``(time,)``, any measure of presence, into events; durations in s.

    Stretches that stay at ``low`` or above and reach ``high`` somewhere; then those at most
    ``merge_gap`` apart become one; then those shorter than ``min_duration`` or longer than
    ``max_duration`` are dropped. NaN is below both thresholds. InputError if they contradict.
    """
    if low > high or min_duration > max_duration:
        said = f"low {low:g}, high {high:g}, durations {min_duration:g} to {max_duration:g} s"
        wanted = "expected the first of each to be no larger than the second"
        raise InputError(f"thresholds {said}; {wanted}")
    steps = np.diff(np.concatenate([[False], activation >= low, [False]]).astype(np.int8))
    runs = np.column_stack([np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)])
    runs = runs[_peaks(activation, runs) >= high]
    gaps = runs[:, 0] - np.concatenate([[-np.inf], runs[:-1, 1]])
    first = gaps / sfreq > merge_gap + _ROUNDING
    runs = np.column_stack([runs[first, 0], runs[np.roll(first, -1), 1]])
    length = np.diff(runs)[:, 0] / sfreq
    runs = runs[(length >= min_duration - _ROUNDING) & (length <= max_duration + _ROUNDING)]
    return Detections(runs / sfreq, _peaks(activation, runs))


def _peaks(activation: NDArray[np.floating], runs: NDArray[np.intp]) -> Values:
    # reduceat must be able to look up the end of the last run
    values = np.append(activation.astype(np.float64, copy=False), np.nan)
    return np.asarray(np.fmax.reduceat(values, runs.ravel())[::2])


KINDS = ("probability", "relevance", "product", "evidence")  # only some networks offer evidence
RATE = 10.0  # cells of an activation per s


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
        parts = {n: np.where(np.isnan(p), other.parts[n], p) for n, p in self.parts.items()}
        return Activation(**parts)

    def within(self, allowed: Intervals) -> "Activation":
        """Leave only cells whose centre lies in the allowed time, NaN elsewhere."""
        centres = np.asarray((np.arange(len(self.probability)) + 0.5) / RATE, dtype=np.float64)
        inside, nothing = contains(allowed, centres), np.float16(np.nan)
        return Activation(**{n: np.where(inside, p, nothing) for n, p in self.parts.items()})


@dataclass(frozen=True)
class Detector:
    """Parameters of a detection; durations in s, see :func:`xai_sleep.detect.detector.detect`."""

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
        names = ("high", "min_duration", "max_duration", "merge_gap")
        rest = {name: getattr(self, name) for name in names}
        return detect(activation, RATE, low=self.high * self.low_ratio, **rest)


NO_EVENTS: Intervals = np.empty((0, 2))


@dataclass(frozen=True, eq=False)
class DetectedEvents:
    """Events that one fold, of a network or of a baseline, detected in its test records."""

    # (n,) index of the recording, (n, 2) start and end in s, (n,) highest activation, NaN for marks
    record: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    events: Intervals = field(default_factory=lambda: NO_EVENTS)
    confidence: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    # by index of the recording: the scored time that this fold tested, and what was looked at
    tested: Mapping[int, Intervals] = field(default_factory=dict)
    activations: Mapping[int, Activation] = field(default_factory=dict)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays to be stored."""
        arrays: dict[str, NDArray[Any]] = {f"tested_{i}": times for i, times in self.tested.items()}
        arrays |= {"event_record": self.record, "event": self.events}
        arrays |= {"event_confidence": self.confidence}
        for i, activation in self.activations.items():
            arrays |= {f"activation_{n}_{i}": part for n, part in activation.parts.items()}
        return arrays

    @classmethod
    def stored(cls, arrays: Mapping[str, NDArray[Any]]) -> "DetectedEvents":
        """Take up what was stored by :meth:`arrays`."""
        tested: dict[int, Intervals] = {}
        parts: dict[int, dict[str, NDArray[Any]]] = {}
        for name, values in arrays.items():
            match name.split("_"):
                case ["tested", i]:
                    tested[int(i)] = values
                case ["activation", part, i]:
                    parts.setdefault(int(i), {})[part] = values
        record, events = arrays["event_record"], arrays["event"]
        activations = {i: Activation(**each) for i, each in parts.items()}
        return cls(record, events, arrays["event_confidence"], tested, activations)
