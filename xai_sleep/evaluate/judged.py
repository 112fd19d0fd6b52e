"""What is judged: test windows of all folds with what was said of them, and by which rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from xai_sleep.metrics.windows import WindowMetric
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import MODEL
from xai_sleep.windows.windows import Windows

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Judging:
    """How everything that was tested is judged."""

    iou: float = 0.2  # intersection over union from which a detection finds an event
    tolerance: float = 0.0  # how far from an event, in s, a peak may lie and still point at it
    methods: tuple[str, ...] = ()  # explainers; the main one, whose maps outcomes hold, is first
    further: tuple[WindowMetric, ...] = ()  # window scores of a user's own


@dataclass(frozen=True, eq=False)
class Judged:
    """Test windows of all folds, one fold after another; arrays of shape (window,)."""

    recordings: Sequence[Recording]  # with their events, raters and stages
    outcomes: Sequence[FoldOutcome]  # one a fold, of a network or of a baseline
    judging: Judging = field(default_factory=Judging)  # how they are judged
    who: str = MODEL  # whose outcomes they are, in the table

    @property
    def is_network(self) -> bool:
        """Whether it is no baseline."""
        return self.who == MODEL

    @cached_property
    def windows(self) -> Windows:
        """All of them."""
        each = [outcome.windows for outcome in self.outcomes]
        parts = zip(*((w.record, w.start, w.label) for w in each), strict=True)
        record, start, label = map(np.concatenate, parts)
        return replace(each[0], record=record, start=start, label=label)

    @cached_property
    def fold(self) -> NDArray[np.intp]:
        """Index of the fold that tested each."""
        return np.repeat(np.arange(len(self.outcomes)), [len(o.windows) for o in self.outcomes])

    @cached_property
    def subject(self) -> NDArray[np.str_]:
        """Whose it is."""
        names = np.array([recording.subject for recording in self.recordings], dtype=np.str_)
        return names[self.windows.record]

    @property
    def positive(self) -> Mask:
        """Whether it holds an event."""
        return np.asarray(self.windows.label == 1)

    @cached_property
    def detected(self) -> Mask:
        """Whether it is called positive."""
        return np.concatenate([outcome.detected for outcome in self.outcomes])

    @cached_property
    def probability(self) -> NDArray[np.floating] | None:
        """Of an event; None where there is none."""
        given = [o.probability for o in self.outcomes if o.probability is not None]
        return np.concatenate(given) if given else None
