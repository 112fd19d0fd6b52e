"""Events detected in the test records of one fold, and the activations they were found in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.detect.detector import Activation
from xai_sleep.recordings.intervals import Intervals

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
        return {
            "event_record": self.record,
            "event": self.events,
            "event_confidence": self.confidence,
            **{f"tested_{i}": times for i, times in self.tested.items()},
            **{
                f"activation_{name}_{i}": part
                for i, activation in self.activations.items()
                for name, part in activation.parts.items()
            },
        }

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
        record, events, confidence = (
            arrays[f"event{name}"] for name in ("_record", "", "_confidence")
        )
        activations = {i: Activation(**each) for i, each in parts.items()}
        return cls(record, events, confidence, tested, activations)
