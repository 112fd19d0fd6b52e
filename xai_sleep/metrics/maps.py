"""Localisation: how well a map looks where the expert looked.

Profiles are relevance over time, ``(window, time)`` in [0, 1], one row per positive test window;
masks say which samples lie inside an event. Every measure lies in [0, 1], depends on a map only up
to a factor, and counts ties fractionally. Two chance levels are given for each very window: what a
uniform map scores, and the window's own map on average when shifted circularly against the mask.
Zhang et al. (2018), excitation backprop; Kohlbrenner et al. (2020); Arras et al. (2022), CLEVR-XAI.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from xai_sleep.errors import InputError
from xai_sleep.metrics.events import contains
from xai_sleep.metrics.metric import Best, Metric
from xai_sleep.recordings.intervals import Intervals

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LABELS = {
    "pointing": "pointing game",
    "mass": "relevance inside events",
    "rank": "rank accuracy",
    "average_precision": "average precision",
    "iou": "intersection over union",
}
_PARTS: dict[str, Best] = {"": "high", "_uniform": "none", "_shifted": "none", "_gain": "high"}
MEASURES = tuple(_LABELS)
_METRICS = (
    Metric(measure + part, label + part.replace("_", ", "), best=best)
    for (measure, label), (part, best) in product(_LABELS.items(), _PARTS.items())
)
METRICS = (*_METRICS, Metric("pointing_or_blank", "pointing game, blank maps missed"))
SCORES = tuple(metric.name for metric in METRICS)
UNMARKED = Metric("unmarked", "windows without a mark", best="none")
COUNTS = (Metric("blank", "blank maps", best="none"), UNMARKED)
SHIFTS = 64


@dataclass(frozen=True, eq=False)
class LocalisationScores:
    """Localisation of every window; columns follow :data:`MEASURES`, of which pointing is first."""

    score: Values  # (window, measure) NaN in rows that are blank or eventless, as in these:
    uniform: Values  # what a uniform map scores in that window
    shifted: Values  # this map shifted: mean over all shifts, of average precision over SHIFTS
    blank: Mask  # (window,) the map is zero everywhere: it has no peak
    eventless: Mask  # (window,) no sample lies inside an event

    @property
    def gain(self) -> Values:
        """(score - chance) / (1 - chance), chance being the shifted map's; NaN where that is 1."""
        chance = np.maximum(self.uniform, self.shifted)
        room = np.where(chance < 1, 1 - self.shifted, np.nan)
        return np.asarray((self.score - self.shifted) / room)

    @cached_property
    def table(self) -> Values:
        """Every score of every window: shape (window, score), the columns named :data:`SCORES`."""
        parts = np.stack([self.score, self.uniform, self.shifted, self.gain], axis=2)
        # with blank maps as misses
        pointing = np.where(self.blank & ~self.eventless, 0.0, self.score[:, 0])
        return np.column_stack([parts.reshape(len(parts), len(SCORES) - 1), pointing])


def localisation(
    profiles: NDArray[np.floating], inside: Mask, tolerance: int = 0, share: float = 0.5
) -> LocalisationScores:
    """Score maps against event masks, window by window.

    Parameters
    ----------
    profiles : ndarray of shape (window, time)
        Relevance, not negative.
    inside : ndarray of shape (window, time)
        True inside events.
    tolerance : int
        Samples from an event at which a peak still points at it.
    share : float
        Of a map's maximum, from which it counts as marked for the intersection over union.

    Raises
    ------
    InputError
        If shapes differ, a map has negative or undefined values, or a setting is out of range.

    Examples
    --------
    >>> inside = np.array([[False, True, True, False]])
    >>> scores = localisation(np.array([[0.0, 1.0, 0.5, 0.5]]), inside)
    >>> dict(zip(MEASURES, scores.score[0].round(3).tolist()))
    {'pointing': 1.0, 'mass': 0.75, 'rank': 0.75, 'average_precision': 0.833, 'iou': 0.667}
    """
    _require_scorable(profiles, inside, tolerance, share)
    blank, eventless = profiles.max(axis=1) == 0, inside.sum(axis=1) == 0
    rows = ~(blank | eventless)
    maps, mask = profiles[rows].astype(np.float64), inside[rows]
    near = binary_dilation(mask, structure=np.ones((1, 2 * tolerance + 1), dtype=np.bool_))
    marked = maps >= share * maps.max(axis=1, keepdims=True)
    peak = maps == maps.max(axis=1, keepdims=True)  # of several equal peaks a share points inside
    ranking, length = _ranking(maps), mask.shape[1]
    shifts = np.arange(min(SHIFTS, length)) * length // min(SHIFTS, length)
    precisions = (_precision_at(*ranking, np.roll(mask, shift, axis=1)) for shift in shifts)
    shifted_precision = sum(precisions, np.zeros(len(mask))) / len(shifts)
    chance = [near.mean(axis=1), *[mask.mean(axis=1)] * 4]
    scores = (
        (peak & near).sum(axis=1) / peak.sum(axis=1),
        (maps * mask).sum(axis=1) / maps.sum(axis=1),
        _rank_accuracy(maps, mask),
        _precision_at(*ranking, mask),
        (marked & mask).sum(axis=1) / (marked | mask).sum(axis=1),
    )
    columns = (scores, chance, (*chance[:3], shifted_precision, _shifted_iou(marked, mask)))
    found = np.full((3, len(profiles), len(MEASURES)), np.nan)
    found[:, rows] = [np.column_stack(each) for each in columns]
    score, uniform, shifted = found
    return LocalisationScores(score, uniform, shifted, blank, eventless)


def joined(parts: Sequence[LocalisationScores]) -> LocalisationScores:
    """Scores of windows one after another; of none if there are no parts."""
    table, column = np.empty((0, len(MEASURES))), np.empty(0, dtype=np.bool_)
    columns = [(table, table, table, column, column)]
    columns += [(e.score, e.uniform, e.shifted, e.blank, e.eventless) for e in parts]
    return LocalisationScores(*map(np.concatenate, zip(*columns, strict=True)))


def time_profiles(maps: NDArray[np.floating], n_times: int) -> Values:
    """Bring maps onto the time axis of the window's ``n_times`` samples: shape (window, time).

    A map over time stays as it is. A map of shape (freq, column) is averaged over frequency, and
    interpolated linearly at the samples; its maximum is then 1 again, unless it is zero everywhere.

    >>> time_profiles(np.array([[[0.0, 1.0], [0.0, 0.0]]]), 4)
    array([[0.  , 0.25, 0.75, 1.  ]])
    """
    if maps.ndim == 2:
        return maps.astype(np.float64)
    columns, mean = maps.shape[2], maps.mean(axis=1, dtype=np.float64)
    place = np.clip((np.arange(n_times) + 0.5) * columns / n_times - 0.5, 0, columns - 1)
    left = np.minimum(place.astype(np.intp), max(columns - 2, 0))
    share, right = place - left, np.minimum(left + 1, columns - 1)
    profile = mean[:, left] * (1 - share) + mean[:, right] * share
    peak = profile.max(axis=1, keepdims=True)
    return np.asarray(profile / np.where(peak > 0, peak, 1.0))


def event_mask(window_starts: Values, length_samples: int, sfreq: float, events: Intervals) -> Mask:
    """Which samples of windows from these times in s lie inside an event, by their centres."""
    centres = (np.arange(length_samples) + 0.5) / sfreq
    return contains(events, window_starts[:, None] + centres)


def _rank_accuracy(profiles: Values, inside: Mask) -> Values:
    """Share of the K most relevant samples that lies inside, of K; ties share the places left."""
    places = inside.sum(axis=1)
    last = np.take_along_axis(-np.sort(-profiles, axis=1), places[:, None] - 1, axis=1)
    above, tied = profiles > last, profiles == last
    shared = (places - above.sum(axis=1)) * (tied & inside).sum(axis=1) / tied.sum(axis=1)
    return np.asarray(((above & inside).sum(axis=1) + shared) / places)


def _ranking(profiles: Values) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Order samples by falling relevance, and give for each place the last of its tie."""
    order = np.argsort(-profiles, axis=1, kind="stable")
    ranked = np.take_along_axis(profiles, order, axis=1)
    closes = np.ones(ranked.shape, dtype=np.bool_)
    closes[:, :-1] = ranked[:, 1:] != ranked[:, :-1]
    places = np.where(closes, np.arange(ranked.shape[1]), ranked.shape[1])
    return order, np.minimum.accumulate(places[:, ::-1], axis=1)[:, ::-1]


def _precision_at(order: NDArray[np.intp], tie_end: NDArray[np.intp], inside: Mask) -> Values:
    """Mean, over the samples inside, of the precision once all samples tied with each are in."""
    hit = np.take_along_axis(inside, order, axis=1)
    precision = np.take_along_axis(np.cumsum(hit, axis=1), tie_end, axis=1) / (tie_end + 1)
    return np.asarray((hit * precision).sum(axis=1) / hit.sum(axis=1))


def _shifted_iou(marked: Mask, inside: Mask) -> Values:
    """Mean over all circular shifts, whose intersections are one circular correlation."""
    spectrum = np.fft.rfft(marked, axis=1) * np.fft.rfft(inside, axis=1).conj()
    shared = np.rint(np.fft.irfft(spectrum, n=marked.shape[1], axis=1))
    sizes = marked.sum(axis=1) + inside.sum(axis=1)
    return np.asarray((shared / (sizes[:, None] - shared)).mean(axis=1))


def _require_scorable(
    profiles: NDArray[np.floating], inside: Mask, tolerance: int, share: float
) -> None:
    if profiles.ndim != 2 or profiles.shape != inside.shape or inside.dtype != np.bool_:
        got = f"maps of shape {profiles.shape} and a {inside.dtype} mask of shape {inside.shape}"
        remedy = "expected both (window, time), the mask bool; average a map over frequency first"
        raise InputError(f"{got}; {remedy}")
    bad = np.flatnonzero(~(np.isfinite(profiles) & (profiles >= 0)).all(axis=1))
    if len(bad):
        values = f"values that are negative or not numbers, the first in window {bad[0]}"
        remedy = "maps lie in [0, 1]: keep the positive part and divide by the maximum"
        raise InputError(f"{len(bad)} maps have {values}; {remedy}")
    if tolerance < 0 or not 0 < share <= 1:
        expected = "expected a tolerance of 0 or more and a share in (0, 1]"
        raise InputError(f"tolerance {tolerance} samples, {share:g} of the maximum; {expected}")
