"""Sets of time intervals: events, scored time, coverage of experts.

An interval set is a float64 array of shape ``(n, 2)`` whose columns are start and end in seconds,
half-open ``[start, end)``, sorted by start. Functions take and return such arrays.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Intervals = NDArray[np.float64]
NOWHERE: Intervals = np.empty((0, 2))


def intervals(rows: ArrayLike) -> Intervals:
    """Make an interval set from ``(start, end)`` rows in any order; ValueError if they are none."""
    array = np.asarray(rows, dtype=np.float64)
    if array.size == 0:
        return np.empty((0, 2))
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"expected rows of (start, end), got an array of shape {array.shape}")
    if not np.all(array[:, 0] < array[:, 1]):
        raise ValueError("every interval must end after it starts")
    return array[np.lexsort((array[:, 1], array[:, 0]))]


def union(sets: Iterable[Intervals]) -> Intervals:
    """Time inside at least one interval of any set, as disjoint intervals that do not touch."""
    stacked = intervals(np.concatenate([np.empty((0, 2)), *sets]))
    if len(stacked) == 0:
        return stacked
    reach = np.maximum.accumulate(stacked[:, 1])
    first = np.concatenate([[True], stacked[1:, 0] > reach[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.column_stack([stacked[first, 0], reach[last]])


def intersection(a: Intervals, b: Intervals) -> Intervals:
    """Time inside an interval of ``a`` and an interval of ``b``, as disjoint intervals."""
    a, b = union([a]), union([b])
    pieces = [
        (max(start, other_start), min(end, other_end))
        for start, end in a
        for other_start, other_end in b[np.searchsorted(b[:, 1], start, side="right") :]
        if other_start < end
    ]
    return intervals(pieces)


def subtraction(a: Intervals, b: Intervals) -> Intervals:
    """Time inside an interval of ``a`` and inside none of ``b``, as disjoint intervals."""
    b = union([b])
    gaps = np.column_stack([np.r_[-np.inf, b[:, 1]], np.r_[b[:, 0], np.inf]])
    return intersection(a, gaps)


def dilation(a: Intervals, margin: float) -> Intervals:
    """Grow every interval by ``margin`` s on both sides; those that then touch become one."""
    return union([a + np.array([-margin, margin])])


def longest_overlap(
    starts: NDArray[np.float64], length: float, events: Intervals
) -> NDArray[np.float64]:
    """Longest overlap in s with one interval of each window from ``starts``, which ascend."""
    overlap = np.zeros(len(starts))
    for start, end in events:
        first = int(np.searchsorted(starts, start - length, side="right"))
        near = slice(first, int(np.searchsorted(starts, end, side="left")))
        shared = np.minimum(starts[near] + length, end) - np.maximum(starts[near], start)
        overlap[near] = np.maximum(overlap[near], shared)
    return overlap


def time_inside(a: Intervals, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many seconds before each time lie inside an interval; ``times`` has any shape."""
    edges = union([a]).ravel()
    if not len(edges):
        return np.zeros_like(times)
    lengths = np.diff(edges)
    lengths[1::2] = 0  # between intervals
    return np.asarray(np.interp(times, edges, np.concatenate([[0.0], np.cumsum(lengths)])))
