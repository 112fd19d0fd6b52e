"""Interval sets against counting cells of a grid."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from xai_sleep.recordings.intervals import (
    Intervals,
    dilation,
    intersection,
    intervals,
    longest_overlap,
    subtraction,
    time_inside,
    union,
)

# Quarters of a second, so that touching, nested and equal intervals abound.
CELL = 0.25
FIRST, LAST = -12, 48
SETS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), max_size=6).map(
    lambda rows: intervals([(CELL * start, CELL * (start + size)) for start, size in rows])
)
STARTS = st.lists(st.integers(-8, 32), max_size=12).map(
    lambda cells: CELL * np.array(sorted(cells), dtype=float)
)
quickly = settings(max_examples=60, deadline=None)


def cells(*rows: Intervals) -> NDArray[np.bool_]:
    """Whether the middle of each cell lies inside any of the intervals."""
    middles = CELL * (np.arange(FIRST, LAST) + 0.5)
    covered = np.zeros(len(middles), dtype=bool)
    for start, end in np.concatenate([np.empty((0, 2)), *rows]):
        covered |= (start <= middles) & (middles < end)
    return covered


def is_disjoint(rows: Intervals) -> bool:
    """Whether intervals are sorted, apart and not empty."""
    return bool(np.all(rows[:, 0] < rows[:, 1]) and np.all(rows[1:, 0] > rows[:-1, 1]))


@given(st.permutations([(0.0, 1.0), (0.0, 0.5), (2.0, 3.0), (1.0, 4.0), (2.0, 3.0)]))
@settings(max_examples=10, deadline=None)
def test_intervals_are_sorted_whatever_their_order(rows: list[tuple[float, float]]) -> None:
    assert [tuple(row) for row in intervals(rows)] == sorted(rows)


def test_no_rows_make_an_empty_set() -> None:
    assert intervals([]).shape == intervals(np.empty((0, 2))).shape == (0, 2)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([(1, 2, 3)], r"rows of \(start, end\), got an array of shape \(1, 3\)"),
        ([1, 2], r"got an array of shape \(2,\)"),
        ([(0, 1), (2, 2)], "must end after it starts"),
        ([(3, 2)], "must end after it starts"),
        ([(0, float("nan"))], "must end after it starts"),
    ],
)
def test_rows_that_are_no_intervals_are_refused(rows: list[object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        intervals(rows)  # type: ignore[arg-type]


@given(st.lists(SETS, max_size=3))
@quickly
def test_union_covers_what_any_set_covers(sets: list[Intervals]) -> None:
    found = union(sets)
    assert is_disjoint(found)
    assert np.array_equal(cells(found), cells(*sets))


@pytest.mark.parametrize(
    ("combine", "rule"),
    [
        (intersection, np.logical_and),
        (subtraction, lambda in_a, in_b: in_a & ~in_b),
    ],
)
@given(a=SETS, b=SETS)
@quickly
def test_sets_combine_as_their_cells_do(
    combine: Callable[[Intervals, Intervals], Intervals],
    rule: Callable[[NDArray[np.bool_], NDArray[np.bool_]], NDArray[np.bool_]],
    a: Intervals,
    b: Intervals,
) -> None:
    found = combine(a, b)
    assert is_disjoint(found)
    assert np.array_equal(cells(found), rule(cells(a), cells(b)))


@given(SETS, st.integers(0, 6))
@quickly
def test_dilation_reaches_every_cell_within_the_margin(rows: Intervals, margin: int) -> None:
    covered = np.flatnonzero(cells(rows))
    near = [any(abs(cell - other) <= margin for other in covered) for cell in range(LAST - FIRST)]
    found = dilation(rows, CELL * margin)
    assert is_disjoint(found)
    assert np.array_equal(cells(found), near)


@given(STARTS, st.integers(1, 8), SETS)
@quickly
def test_longest_overlap_is_the_most_cells_shared_with_one_interval(
    starts: NDArray[np.float64], size: int, events: Intervals
) -> None:
    length = CELL * size
    windows = [cells(np.array([[start, start + length]])) for start in starts]
    expected = [
        max((int((window & cells(event[None])).sum()) for event in events), default=0)
        for window in windows
    ]
    found = longest_overlap(starts, length, events)
    assert np.array_equal(found, CELL * np.array(expected))


@given(SETS, st.lists(st.integers(-8, 60), max_size=12))
@settings(max_examples=60, deadline=None)
def test_time_inside_counts_cells(a: Intervals, cells: list[int]) -> None:
    times = CELL * np.array(cells, dtype=np.float64)
    grid = CELL * (np.arange(-8, 60) + 0.5)
    held = np.array([any(start <= t < end for start, end in a) for t in grid])
    expected = [CELL * np.sum(held & (grid < time)) for time in times]
    np.testing.assert_allclose(time_inside(a, times), expected, atol=1e-12)
