"""Parameters of a detector, chosen by event F1 on time that may be looked at.

The highest F1 of a few dozen events is partly luck, so it is not simply taken. All candidates
within one standard error of it, that of a proportion among the events, count as equally good
(Breiman et al. 1984, Classification and regression trees, section 3.4.3), and of these the one in
the middle is returned: a set of parameters with good ones all around it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from xai_sleep.detect.detector import KINDS, RATE, Activation, Detector, smooth
from xai_sleep.metrics.events import contains, match
from xai_sleep.recordings.intervals import Intervals, union

_HIGH = tuple(i / 20 for i in range(1, 20))
SEARCH: tuple[dict[str, tuple[float, ...]], ...] = (
    {"smooth": (0.1, 0.3, 0.6, 1.0), "low_ratio": (0.3, 0.5, 0.7, 0.9), "high": _HIGH},
    {
        "min_duration": (0.1, 0.3, 0.5),
        "max_duration": (3.0, 5.0, 10.0),
        "merge_gap": (0.0, 0.3, 0.6),
    },
)
"""Values tried of each parameter: those of the first line together, then those of the second."""

_BETWEEN = 20.0  # s between records laid out in a row: more than any gap and any smoothing


@dataclass(frozen=True, eq=False)
class Example:
    """One record to choose by."""

    activation: Activation  # NaN outside the time that may be looked at
    events: Intervals  # (n, 2) in s
    scored: Intervals  # (n, 2) in s, the time that may be looked at

    @property
    def counted(self) -> Intervals:
        """Events whose midpoint lies in that time."""
        return self.events[contains(self.scored, self.events.mean(axis=1))]

    def cropped(self) -> "Example":
        """Leave off what lies before and after the time that may be looked at, in whole cells."""
        first = int(self.scored[:, 0].min() * RATE)
        last = int(np.ceil(self.scored[:, 1].max() * RATE))
        parts = {name: part[first:last] for name, part in self.activation.parts.items()}
        earlier = first / RATE
        return Example(Activation(**parts), self.events - earlier, self.scored - earlier)


@dataclass(frozen=True)
class Choice:
    """A detector, and by what it was chosen."""

    detector: Detector  # the middle of the good ones
    f1: float | None  # over all examples; None without an event, where nothing could be chosen
    events: int  # that took part
    chosen_on: str = ""  # the time that was looked at, in words


def choose_detector(
    examples: Sequence[Example], kinds: Sequence[str] | None = None, iou: float = 0.2
) -> Choice:
    """Choose activation and parameters by the F1 of all examples' events together.

    Of several ``kinds`` of activation, by default all there are, that with the most good parameters
    is taken; without events, default parameters. ``iou`` is what a detection needs with an event.
    """
    kinds = kinds or (examples[0].activation.kinds if examples else KINDS)
    detector = Detector()
    if detector.activation not in kinds:
        detector = replace(detector, activation=kinds[0])
    row = _Row(examples, iou) if examples else None
    if row is None or not len(row.events):
        return Choice(detector, None, 0)
    detector = _middle(detector, {"activation": kinds, **SEARCH[0]}, row)
    detector = _middle(detector, SEARCH[1], row)
    return Choice(detector, row.f1(detector), len(row.events))


def _middle(
    detector: Detector, values: Mapping[str, Sequence[float | str]], row: "_Row"
) -> Detector:
    """Try all combinations and return the one in the middle of the good ones."""
    places = np.array(list(product(*(range(len(v)) for v in values.values()))))
    candidates: list[Detector] = [
        replace(detector, **{k: v[i] for (k, v), i in zip(values.items(), place, strict=True)})
        for place in places
    ]
    f1 = np.array([row.f1(candidate) for candidate in candidates])
    error = np.sqrt(f1.max() * (1 - f1.max()) / len(row.events))
    good = f1 >= f1.max() - error - 1e-12  # rounding is no difference
    kinds = np.array([KINDS.index(candidate.activation) for candidate in candidates])
    good &= kinds == np.bincount(kinds[good]).argmax()
    away = np.abs(places - np.median(places[good], axis=0)).sum(axis=1)
    # Of several equally near to the middle the best.
    return candidates[int(np.lexsort((-f1, np.where(good, away, np.inf)))[0])]


class _Row:
    """All examples one after another on one time line, so that each candidate is detected once."""

    def __init__(self, examples: Sequence[Example], iou: float) -> None:
        self.iou = iou
        gap = round(_BETWEEN * RATE)
        cells = np.array([len(example.activation.probability) + gap for example in examples])
        together = list(zip(examples, (np.cumsum(cells) - cells) / RATE, strict=True))
        self.events = np.concatenate([e.counted + start for e, start in together])
        self.scored = union([e.scored + start for e, start in together])
        nothing = np.full(gap, np.nan, np.float32)
        self.activations = {
            kind: np.concatenate([p for e in examples for p in (e.activation.of(kind), nothing)])
            for kind in examples[0].activation.kinds
        }
        self.smoothed: dict[tuple[str, float], NDArray[np.float64]] = {}

    def f1(self, detector: Detector) -> float:
        """Event F1 of a candidate."""
        key = (detector.activation, detector.smooth)
        if key not in self.smoothed:
            self.smoothed[key] = smooth(self.activations[key[0]], RATE, key[1])
        found = detector.in_smoothed(self.smoothed[key]).events
        found = found[contains(self.scored, found.mean(axis=1))]
        pairs = match(self.events, found, self.iou).event
        return 2 * len(pairs) / (len(self.events) + len(found))
