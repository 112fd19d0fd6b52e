"""Trials of baselines on small recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.support.recordings import Rows, make_recording
from xai_sleep.baselines.trial import Trial
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording, Scoring
from xai_sleep.windows.folds import leave_one_subject_out

SECONDS = 200.0
EVENTS = ((12.0, 13.0), (31.0, 32.5), (58.0, 59.0), (101.0, 102.0), (139.5, 141.0), (187.0, 188.0))


def scored_by(recording: Recording, **marks: tuple[Rows, float]) -> Recording:
    """Add scorers, each with marks and the s until which they looked."""
    scorers = {
        name: Scoring(intervals(list(rows)), intervals([(0, until)]))
        for name, (rows, until) in marks.items()
    }
    return replace(recording, scorers=scorers)


def noise(names: Sequence[str] = ("a", "b", "c"), events: Rows = EVENTS) -> list[Recording]:
    """Make recordings of noise, with events that nothing in them tells."""
    return [
        make_recording(name, seconds=SECONDS, events=list(events), seed=i)
        for i, name in enumerate(names)
    ]


def loso(
    recordings: Sequence[Recording],
    *,
    event: str = "spindle",
    min_overlap: float = 0.0,
    seed: int = 0,
) -> Trial:
    """Leave one subject out, 5-s windows."""
    folds = leave_one_subject_out(recordings, val_blocks=4, window=5.0, guard=5.0, seed=seed)
    return Trial(recordings, folds, event, 5.0, min_overlap, seed)


def f1(table: Mapping[str, Mapping[str, float | None]]) -> float:
    """Pooled F1 of a summary."""
    value = table["f1"]["pooled"]
    assert value is not None
    return value
