"""What a fold came to, of a network or of a baseline alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.detect.detector import DetectedEvents
from xai_sleep.metrics.maps import time_profiles
from xai_sleep.recordings.cache import Lent
from xai_sleep.results.run import FoldRecord
from xai_sleep.windows.windows import Windows

Rows = slice | NDArray[np.integer] | NDArray[np.bool_]

EXPLAINED = "explained_"
MAPS = "maps.npy"
WINDOW = [each.name for each in fields(Windows)]
NO_MAPS: NDArray[np.float16] = np.empty((0, 0), dtype=np.float16)


@dataclass(frozen=True, eq=False)
class FoldOutcome:
    """Test windows and test records of a fold, with what was said of them."""

    name: str  # of the fold
    windows: Windows  # test windows, in order of record and time
    detected: NDArray[np.bool_]  # (window,) which of them are called positive
    probability: NDArray[np.floating] | None = None  # (window,) of an event; marks have none
    events: DetectedEvents | None = None  # None for what does not say when
    # (window, time) or (window, freq, time) relevance; (0, 0) where nothing was explained
    maps: Lent[np.float16] = Lent(NO_MAPS)  # noqa: RUF009 - a descriptor
    # what :mod:`xai_sleep.explain.assessment` found of the maps
    explained: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    record: FoldRecord | None = None  # how a network came to this; baselines have none

    @property
    def threshold(self) -> float:
        """Probability from which a window is called positive; NaN where nothing such decides."""
        return np.nan if self.record is None else self.record.threshold

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Probability of each window; NaN where there is none."""
        if self.probability is None:
            return np.full(len(self.windows), np.nan)
        return self.probability.astype(np.float64)

    def profiles(self, rows: Rows) -> NDArray[np.float64]:
        """Return relevance over time of some windows, shape (window, time)."""
        return time_profiles(self.maps[rows], self.windows.length)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays to be stored, ``test.npz`` of the fold; the record has a file of its own.

        So have maps that are mapped already: :data:`MAPS`.
        """
        return {
            **{f"window_{name}": np.asarray(getattr(self.windows, name)) for name in WINDOW},
            "detected": self.detected,
            **({} if isinstance(self.maps, np.memmap) else {"maps": self.maps}),
            **({} if self.probability is None else {"probability": self.probability}),
            **({} if self.events is None else self.events.arrays()),
            **{f"{EXPLAINED}{name}": each for name, each in self.explained.items()},
        }

    @classmethod
    def stored(
        cls, name: str, arrays: Mapping[str, NDArray[Any]], record: FoldRecord | None
    ) -> "FoldOutcome":
        """Take up what was stored by :meth:`arrays`."""
        columns: list[Any] = [arrays[f"window_{each}"] for each in WINDOW]
        windows = Windows(*(each if each.ndim else each.item() for each in columns))
        said = arrays["detected"], arrays.get("probability")
        events = DetectedEvents.stored(arrays) if "event" in arrays else None
        told = {k.removeprefix(EXPLAINED): v for k, v in arrays.items() if k.startswith(EXPLAINED)}
        return cls(name, windows, *said, events, arrays["maps"], told, record)
