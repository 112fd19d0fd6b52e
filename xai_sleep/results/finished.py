"""A finished run as whatever shows it is handed it: its record, tables, recordings and maps.

Nothing is computed from here on: what a figure needs that is no score (curves, averages around
onsets) is here as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from xai_sleep.detect.detector import RATE, Activation
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.events import Events
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.run import RunRecord
from xai_sleep.results.scores import Scores
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.windows.images import Images

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curves:
    """Operating points from the highest threshold, at which nothing is detected, to the lowest.

    Parameters
    ----------
    false_alarm_rate, sensitivity, precision : arrays of shape (point,)
        Where nothing is detected precision is 1, by convention.
    chosen : tuple of (false alarm rate, sensitivity, precision)
        At the thresholds chosen; precision is None where nothing is detected.
    """

    false_alarm_rate: Values
    sensitivity: Values
    precision: Values
    chosen: tuple[float, float, float | None]


@dataclass(frozen=True, eq=False)
class Aligned:
    """Averages around the onsets of events; NaN where no test window was.

    Parameters
    ----------
    lags : array of shape (lag,)
        In s after the onset.
    events : int
        Onsets in test windows.
    duration : float
        Median duration of these events in s.
    relevance : array of shape (lag,)
        Mean over the events.
    subjects : array of shape (subject, lag)
        The same of each subject.
    level : float
        Mean relevance of all windows with an event: what a map that knows nothing would show.
    images : array of shape (freq, lag) or None
        Mean map, where maps have frequencies.
    mean, spread : arrays of shape (channel, lag)
        Mean and root mean square of the signals in µV.
    """

    lags: Values
    events: int
    duration: float
    relevance: Values
    subjects: Values
    level: float
    images: Values | None
    mean: Values
    spread: Values


@dataclass(frozen=True, eq=False)
class Finished:
    """A finished run.

    Parameters
    ----------
    record : RunRecord
        With the scores.
    recordings : sequence of Recording
        Broad-band, as figures show them.
    outcomes : sequence of FoldOutcome
        One a fold.
    windows : TestWindows
        Of all folds, in the order of ``outcomes``.
    events : Events
        Detected.
    curves : mapping of str to Curves
        Of each fold that tests both classes, by name, and ``pooled``.
    aligned : Aligned or None
        Maps and signals around onsets; None without maps or events in test windows.
    images : Images or None
        What the network saw, if it sees images.
    """

    record: RunRecord
    recordings: Sequence[Recording]
    outcomes: Sequence[FoldOutcome]
    windows: TestWindows
    events: Events
    curves: Mapping[str, Curves]
    aligned: Aligned | None = None
    images: Images | None = None

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

    @cached_property
    def maps(self) -> NDArray[np.float16]:
        """Maps of all test windows, shape (window, time) or (window, freq, time)."""
        return np.concatenate([outcome.maps for outcome in self.outcomes])

    @cached_property
    def profiles(self) -> Values:
        """Relevance over time of all test windows, shape (window, time)."""
        return np.concatenate([outcome.profiles for outcome in self.outcomes])

    @cached_property
    def activations(self) -> dict[str, Activation]:
        """What sliding windows say over time, by record; NaN where no fold tested."""
        found: dict[str, Activation] = {}
        for outcome in self.outcomes:
            for i, activation in outcome.events.activations.items() if outcome.events else ():
                name = self.recordings[i].record
                found[name] = found[name].over(activation) if name in found else activation
        return found

    @property
    def activation_arrays(self) -> dict[str, NDArray[np.floating]]:
        """Activations by name of the record, and ``step`` in s: what ``activation.npz`` holds."""
        arrays: dict[str, NDArray[np.floating]] = {"step": np.array(1 / RATE)}
        for record, activation in self.activations.items():
            arrays |= activation.named(record)
        return arrays
