"""What event detection left in a run's directory, read for drawing; a run need not have made it.

``events.csv`` has a row a detected event (record, onset and duration in s); ``activation.npz`` has
the probability of each record on one grid under its name, its relevance under the name with
``_relevance`` added, and the step of the grid in s under ``step``.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.report.timeline import Trace
from xai_sleep.results.leaky import COLUMN

SUFFIX = "_relevance"


@dataclass(frozen=True)
class LeftBehind:
    """Detected events and traces by name of the record; None or empty where a run made none."""

    detections: Mapping[str, Intervals] | None = None
    traces: Mapping[str, Trace] = field(default_factory=dict)

    def events_of(self, record: str) -> Intervals | None:
        """Select the detected events of a record; None where a run has no detection at all."""
        return None if self.detections is None else self.detections.get(record, intervals([]))


def read_detections(run: Path) -> LeftBehind:
    """Read what there is in the directory of a run."""
    events, activation = run / "events.csv", run / "activation.npz"
    return LeftBehind(
        _detections(events) if events.exists() else None,
        _traces(activation) if activation.exists() else {},
    )


def _detections(path: Path) -> dict[str, Intervals]:
    spans: dict[str, list[tuple[float, float]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            onset, duration = float(row["onset"]), float(row["duration"])
            spans.setdefault(row["record"], []).append((onset, onset + duration))
    return {record: intervals(rows) for record, rows in spans.items()}


def _traces(path: Path) -> dict[str, Trace]:
    with np.load(path) as stored:
        step = float(stored["step"])
        names = [
            name
            for name in stored.files
            if name not in ("step", COLUMN) and not name.endswith(SUFFIX)
        ]
        return {
            name: Trace(
                step * np.arange(len(stored[name]), dtype=np.float64),
                stored[name],
                stored.get(name + SUFFIX),
            )
            for name in names
        }
