"""A finished run, and an unfinished one, as whoever shows it is told: nothing is computed here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from xai_sleep.detect.detector import RATE, Activation
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.events import Events
from xai_sleep.results.outcome import FoldOutcome, Rows
from xai_sleep.results.run import RecordSummary, RunRecord
from xai_sleep.results.scores import Scores
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.windows.images import Images

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger  # which brings pyplot

Values = NDArray[np.float64]
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Curves:
    """Operating points from the highest threshold, at which nothing is detected, to the lowest."""

    false_alarm_rate: Values  # (point,), as the next two
    sensitivity: Values
    precision: Values  # 1 by convention where nothing is detected
    # at the thresholds chosen; precision is None where nothing is detected
    chosen: tuple[float, float, float | None]


@dataclass(frozen=True, eq=False)
class Aligned:
    """Averages around the onsets of events; NaN where no test window was."""

    lags: Values  # (lag,) in s after the onset
    events: int  # onsets in test windows
    duration: float  # median duration of these events in s
    relevance: Values  # (lag,) mean over the events
    subjects: Values  # (subject, lag) the same of each subject
    level: float  # mean relevance of all windows with an event: what a blind map would show
    images: Values | None  # (freq, lag) mean map, where maps have frequencies
    mean: Values  # (channel, lag) mean, spread: mean and root mean square of the signals in µV
    spread: Values


@dataclass(frozen=True, eq=False)
class Finished:
    """A finished run."""

    record: RunRecord  # with the scores
    recordings: Sequence[Recording]  # broad-band, as figures show them
    outcomes: Sequence[FoldOutcome]  # one a fold
    windows: TestWindows  # of all folds, in the order of ``outcomes``
    events: Events  # detected
    curves: Mapping[str, Curves]  # of each fold that tests both classes, by name, and ``pooled``
    aligned: Aligned | None = None  # None without maps or events in test windows
    images: Images | None = None  # what the network saw, if it sees images

    @cached_property
    def scores(self) -> Scores:
        """Every figure."""
        return self.record.table

    @property
    def explained(self) -> bool:
        """Whether there are maps."""
        return all(outcome.maps.size for outcome in self.outcomes)

    @property
    def explainer(self) -> str:
        """The main one, whose maps these are; empty where nothing was explained."""
        return next(iter(self.scores.select(part="maps").distinct("who")), "")

    def _of(
        self, rows: NDArray[np.intp], read: Callable[[FoldOutcome, Rows], NDArray[T]]
    ) -> NDArray[T]:
        """Read something of some test windows, in the order asked for, fold by fold."""
        order = np.argsort(rows, kind="stable")
        ends = np.cumsum([len(outcome.windows) for outcome in self.outcomes])
        parts = np.split(rows[order], np.searchsorted(rows[order], ends[:-1]))
        starts = [0, *ends[:-1].tolist()]
        each = zip(self.outcomes, parts, starts, strict=True)
        found = [read(outcome, part - start) for outcome, part, start in each]
        return np.concatenate(found)[np.argsort(order)]

    def maps(self, rows: NDArray[np.intp]) -> NDArray[np.float16]:
        """Return maps of some test windows, shape (window, time) or (window, freq, time)."""
        return self._of(rows, lambda outcome, here: outcome.maps[here])

    def profiles(self, rows: NDArray[np.intp]) -> Values:
        """Return relevance over time of some test windows, shape (window, time)."""
        return self._of(rows, FoldOutcome.profiles)

    @cached_property
    def activations(self) -> dict[str, Activation]:
        """What sliding windows say over time, by record; NaN where no fold tested."""
        found: dict[str, Activation] = {}
        for events in filter(None, (outcome.events for outcome in self.outcomes)):
            for i, activation in events.activations.items():
                name = self.recordings[i].record
                found[name] = found[name].over(activation) if name in found else activation
        return found

    @property
    def activation_arrays(self) -> dict[str, NDArray[np.floating]]:
        """Activations by name of the record, and ``step`` in s: what ``activation.npz`` holds."""
        named = [each.named(record) for record, each in self.activations.items()]
        return {"step": np.array(1 / RATE)} | {n: part for one in named for n, part in one.items()}


class Observer:
    """Told of an experiment; this one does nothing, others override what they need."""

    def understood(self, records: Sequence[RecordSummary]) -> None:
        """Look at what was understood of the recordings, before anything is trained."""

    def begun(self, recordings: Sequence[Recording], images: Images | None) -> None:
        """Look at what is worked on, broad-band, and at what the network sees if that is images."""

    @contextmanager
    def fold(self, name: str) -> Iterator["Logger | None"]:  # noqa: ARG002 - for those who look
        """Surround the work on a fold; what is yielded is Lightning's logger for its training."""
        yield None

    def fold_finished(self, outcome: FoldOutcome, scores: Scores) -> None:
        """Look at what a fold came to and its figures; inside :meth:`fold`."""

    def run_finished(self, finished: Finished) -> None:
        """Look at what the whole run came to, before its record is written."""
