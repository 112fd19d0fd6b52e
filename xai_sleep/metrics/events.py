"""Events: detections against the events of an expert.

Both, in seconds from the start of the record, take part if their midpoint lies in scored time. Two
may be paired if their intersection over union reaches a threshold (a billionth of rounding is
forgiven), each with at most one partner; of all such assignments the one with the largest sum
holds, of equal sums the one with most pairs. Sample figures look at every sample whose centre lies
in scored time. Matching at an overlap of 0.2: Warby et al. (2014), Nat Methods 11, 385-392.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from xai_sleep.errors import InputError
from xai_sleep.metrics.metric import Metric
from xai_sleep.metrics.windows import agreement
from xai_sleep.recordings.intervals import Intervals, union

Values = NDArray[np.float64]
Indices = NDArray[np.intp]

METRICS = (
    *(Metric("precision", "precision"), Metric("recall", "recall"), Metric("f1", "F1")),
    Metric("onset_error", "onset error", "s", "low"),
    Metric("onset_bias", "onset bias", "s", "zero"),
    Metric("offset_error", "offset error", "s", "low"),
    Metric("offset_bias", "offset bias", "s", "zero"),
    Metric("events_per_minute", "events per minute", best="none"),
    Metric("detections_per_minute", "detections per minute", best="none"),
    Metric("sample_f1", "F1 of samples"),
    Metric("sample_kappa", "Cohen's κ of samples"),
    Metric("sample_mcc", "Matthews correlation of samples"),
)
COUNTS = (
    Metric("events", "events", best="none"),
    Metric("detections", "detections", best="none"),
    Metric("matched", "matched pairs", best="none"),
    Metric("minutes", "scored time", "min", "none"),
)
CURVE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_ROUNDING = 1e-9
_Ratio = tuple[str, float, float, str]  # name, numerator, denominator, why that may be 0


class Matches(NamedTuple):
    """Pairs by ascending event: rows of events and of detections, and their overlap, each (n,)."""

    event: Indices
    detection: Indices
    iou: Values


@dataclass(frozen=True, eq=False)
class EventScores:
    """Counts of one record or of several pooled ones, and the figures that follow from them."""

    iou: float  # intersection over union from which a pair counts
    events: int  # events, detections: how many take part
    detections: int
    matched: Indices  # (9,) pairs at each threshold of :data:`CURVE`
    onset: Values  # (pair,) onset, offset: detection minus event in s, of the pairs at ``iou``
    offset: Values
    minutes: float  # scored time
    samples: tuple[int, ...]  # true and false positive, false and true negative ones

    @property
    def figures(self) -> dict[str, float | None]:
        """Every figure by name; None where :attr:`undefined` says why."""
        return {name: top / bottom if bottom else None for name, top, bottom, _ in self._ratios()}

    @property
    def undefined(self) -> dict[str, str]:
        """Why a figure is None."""
        return {name: reason for name, _, bottom, reason in self._ratios() if not bottom}

    @property
    def counts(self) -> dict[str, float]:
        """The :data:`COUNTS`."""
        counts = (self.events, self.detections, len(self.onset), self.minutes)
        return dict(zip((metric.name for metric in COUNTS), counts, strict=True))

    @property
    def curve(self) -> dict[str, list[float | None]]:
        """Precision, recall and F1 at each threshold of :data:`CURVE`."""
        points = (_prf(int(pairs), self.events, self.detections) for pairs in self.matched)
        ratios = {each[0][0]: each for each in zip(*points, strict=True)}
        return {k: [a / b if b else None for _, a, b, _ in each] for k, each in ratios.items()}

    def _ratios(self) -> list[_Ratio]:
        pairs, samples = len(self.onset), agreement(*self.samples)
        errors: list[_Ratio] = [  # mean absolute differences, and biases: mean differences
            (f"{edge}_{name}", float(values.sum()), pairs, "no matched pair")
            for edge, difference in (("onset", self.onset), ("offset", self.offset))
            for name, values in (("error", np.abs(difference)), ("bias", difference))
        ]
        return [
            *_prf(pairs, self.events, self.detections),
            *errors,
            ("events_per_minute", self.events, self.minutes, "no scored time"),
            ("detections_per_minute", self.detections, self.minutes, "no scored time"),
            ("sample_f1", *samples["f1"], "neither marks a sample"),
            ("sample_kappa", *samples["kappa"], "both mark all samples alike"),
            ("sample_mcc", *samples["mcc"], "either marks all samples alike"),
        ]


def match(events: Intervals, detections: Intervals, iou: float = 0.2) -> Matches:
    """Pair events with detections one to one, by the largest sum of intersection over union.

    InputError if ``iou`` is not in (0, 1]. Of two detections that overlap the second event:

    >>> pairs = match(np.array([[0, 2.0], [2, 4]]), np.array([[1, 3.0], [3, 4]]))
    >>> pairs.event, pairs.detection, pairs.iou.round(2)
    (array([0, 1]), array([0, 1]), array([0.33, 0.5 ]))
    """
    if not 0 < iou <= 1:
        raise InputError(f"intersection over union {iou:g}; expected a threshold in (0, 1]")
    rows, columns, overlap = _overlapping(events, detections)
    near = (overlap >= iou - _ROUNDING) & (overlap > 0)
    rows, columns, overlap = rows[near], columns[near], overlap[near]
    size = len(events) + len(detections)
    graph = coo_array((np.ones(len(rows)), (rows, columns + len(events))), shape=(size, size))
    component = connected_components(graph, directed=False)[1][rows]
    order = np.argsort(component, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(component[order])) + 1)
    chosen = np.sort(np.concatenate([g[_assign(rows[g], columns[g], overlap[g])] for g in groups]))
    return Matches(rows[chosen], columns[chosen], overlap[chosen])


def event_scores(
    events: Intervals,
    detections: Intervals,
    scored: Intervals,
    iou: float = 0.2,
    sample_rate: float = 100.0,
    duration: float | None = None,
) -> EventScores:
    """Score the detections of one record against its events, in scored time only.

    Parameters
    ----------
    events, detections : ndarray of shape (n, 2)
        Start and end in s.
    scored : ndarray of shape (n, 2)
        Where an expert looked, in s.
    iou : float
        Least intersection over union of a pair.
    sample_rate : float
        Of what is scored sample by sample, in Hz.
    duration : float, optional
        Of the record in s, by default up to the end of the scored time.

    Raises
    ------
    InputError
        If a setting is out of range, or an event or detection lasts longer than the record or
        starts after its end.
    """
    if sample_rate <= 0:
        raise InputError(f"sample rate {sample_rate:g} Hz; expected more than 0")
    scored = union([scored])
    longest = duration or scored.max(initial=0) or math.inf
    for what, rows in (("event", events), ("detection", detections)):
        _require_seconds(what, rows, longest, duration or math.inf)
    events, detections = (x[contains(scored, x.mean(axis=1))] for x in (events, detections))
    pairs = match(events, detections, iou)
    onset, offset = (detections[pairs.detection] - events[pairs.event]).T
    centres = (np.arange(math.ceil(scored.max(initial=0) * sample_rate)) + 0.5) / sample_rate
    centres = centres[contains(scored, centres)]
    marked = 2 * contains(events, centres) + contains(detections, centres)
    tn, fp, fn, tp = np.bincount(marked, minlength=4).tolist()
    matched = np.array([len(match(events, detections, level).event) for level in CURVE])
    size, minutes = (len(events), len(detections)), float(np.diff(scored).sum() / 60)
    return EventScores(iou, *size, matched, onset, offset, minutes, (tp, fp, fn, tn))


def pool(scores: Sequence[EventScores]) -> EventScores:
    """Put records, scored at one threshold (else ValueError), together by adding their counts."""
    levels = sorted({s.iou for s in scores})
    if len(levels) != 1:
        raise ValueError(f"expected scores at one threshold, got {levels}")
    return EventScores(
        *(levels[0], sum(s.events for s in scores), sum(s.detections for s in scores)),
        np.sum([s.matched for s in scores], axis=0),
        *(np.concatenate([s.onset for s in scores]), np.concatenate([s.offset for s in scores])),
        sum(s.minutes for s in scores),
        tuple(map(sum, zip(*(s.samples for s in scores), strict=True))),
    )


def contains(sets: Intervals, times: Values) -> NDArray[np.bool_]:
    """Which times, in an array of any shape, lie inside an interval; rounding is forgiven."""
    edges = union([sets]).ravel()
    return np.asarray(np.searchsorted(edges, times + _ROUNDING, side="right") % 2 == 1)


def _overlapping(events: Intervals, detections: Intervals) -> tuple[Indices, Indices, Values]:
    """Rows of every event and detection that may share time, and their intersection over union."""
    order = np.argsort(detections[:, 0], kind="stable")
    starts, ends = detections[order].T
    # ends need not ascend where detections overlap one another; their running maximum does
    first = np.searchsorted(np.maximum.accumulate(ends), events[:, 0], side="right")
    count = np.maximum(np.searchsorted(starts, events[:, 1], side="left") - first, 0)
    rows = np.repeat(np.arange(len(events)), count)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    columns = order[np.repeat(first, count) + within]
    a, b = events[rows], detections[columns]
    shared = np.maximum(np.minimum(a[:, 1], b[:, 1]) - np.maximum(a[:, 0], b[:, 0]), 0)
    whole = (a[:, 1] - a[:, 0]) + (b[:, 1] - b[:, 0]) - shared
    return rows, columns, shared / whole


def _assign(rows: Indices, columns: Indices, overlap: Values) -> Indices:
    """Which pairs of one connected group hold."""
    if len(rows) <= 1:
        return np.arange(len(rows))
    _, row = np.unique(rows, return_inverse=True)
    _, column = np.unique(columns, return_inverse=True)
    pair = np.full((row.max() + 1, column.max() + 1), -1)
    pair[row, column] = np.arange(len(rows))
    # the trifle prefers more pairs where sums are equal: their number is unique
    worth = np.where(pair >= 0, overlap[pair] + _ROUNDING, 0.0)
    chosen = pair[linear_sum_assignment(worth, maximize=True)]
    return np.asarray(chosen[chosen >= 0], dtype=np.intp)


def _prf(pairs: int, events: int, detections: int) -> tuple[_Ratio, ...]:
    return (
        ("precision", pairs, detections, "nothing detected in scored time"),
        ("recall", pairs, events, "no event in scored time"),
        ("f1", 2 * pairs, events + detections, "neither event nor detection in scored time"),
    )


def _require_seconds(what: str, rows: Intervals, longest: float, end: float) -> None:
    """Refuse what cannot be seconds of this record: the likeliest cause is another unit."""
    bad = np.flatnonzero((rows[:, 1] - rows[:, 0] > longest) | (rows[:, 0] >= end))
    if len(bad):
        first, last = rows[bad[0]]
        many = f"{len(bad)} of {len(rows)} {what}s do not fit into {min(longest, end):g} s"
        wanted = "expected seconds from the start of the record"
        remedy = "if these are samples, divide them by the sampling frequency"
        raise InputError(f"{many}, the first from {first:g} to {last:g}; {wanted}: {remedy}")
