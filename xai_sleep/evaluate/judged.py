"""What is judged, and by which rules; and how a score becomes rows of the table.

Rows are of each fold, the mean over them, and all together, with an interval over subjects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xai_sleep.metrics.statistics import Scores, Statistic, bootstrap_ci, column_means
from xai_sleep.metrics.windows import WindowMetric
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import MEAN, MODEL, POOLED, Score
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


HERE, TOGETHER = "undefined in this fold", "undefined over all folds together"


@dataclass(frozen=True)
class Rows:
    """Makes rows of one part of the table, of somebody, over some windows, events or records."""

    part: str
    who: str = MODEL
    over: str = "all"

    def row(self, metric: str, fold: str, value: float | None, reason: str = "") -> Score:
        """Make one row; a reason says why there is no value."""
        number = None if value is None else float(value)
        return Score(self.part, self.who, self.over, metric, fold, number, reason=reason)

    def of_fold(
        self, scores: Scores, fold: str = POOLED, reasons: Mapping[str, str] | None = None
    ) -> list[Score]:
        """Make a row of each score of one fold, or of counts that need no more."""
        why = {name: (reasons or {}).get(name, HERE) for name, v in scores.items() if v is None}
        return [self.row(name, fold, v, why.get(name, "")) for name, v in scores.items()]

    def of_all(
        self,
        folds: Sequence[Scores],
        statistic: Statistic,
        groups: ArrayLike,
        reasons: Mapping[str, str] | None = None,
    ) -> list[Score]:
        """Make two rows of each score over all folds.

        First ``mean`` and ``sd`` of the folds that define it; then ``pooled``, of all items, with
        its interval. ``statistic`` scores items (windows, records, ...) of all folds at indices;
        ``groups`` holds the subject of each; ``reasons`` hold whatever the fold.
        """
        why = reasons or {}
        intervals = bootstrap_ci(statistic, groups)
        means, pooled = [], []
        for name, value in statistic(np.arange(np.size(groups))).items():
            defined = [score for fold in folds if (score := fold[name]) is not None]
            means.append(self._mean(name, defined, why.get(name, "undefined in every fold")))
            low, high = intervals.ci95[name] or (None, None)
            reason = intervals.undefined.get(name, "")
            reason = why.get(name, TOGETHER) if value is None else reason
            pooled.append(replace(self.row(name, POOLED, value, reason), low=low, high=high))
        return means + pooled

    def of_chosen(
        self, judged: Judged, table: NDArray[np.floating], names: Sequence[str], chosen: Mask
    ) -> list[Score]:
        """Make the rows of scores that each window has, ``(window, score)``, over chosen ones."""
        rows, numbers = np.flatnonzero(chosen), range(len(judged.outcomes))
        folds = [column_means(table[chosen & (judged.fold == fold)], names) for fold in numbers]
        return self.of_all(
            folds, lambda index: column_means(table[rows[index]], names), judged.subject[rows]
        )

    def _mean(self, name: str, defined: Sequence[float], why: str) -> Score:
        n = len(defined)
        sd = float(np.std(defined, ddof=1)) if n > 1 else None
        reason = "" if n > 1 else f"needs two folds, defined in {n}" if n else why
        row = self.row(name, MEAN, float(np.mean(defined)) if n else None, reason)
        return replace(row, sd=sd, n=n)
