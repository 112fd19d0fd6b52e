"""Marks in arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.marks.arrays import from_arrays, from_mask

SCORED = [(0.0, 60.0)]


@pytest.mark.parametrize(
    "arrays",
    [
        {"onsets": [20, 5.5], "durations": [2, 1]},
        {"onsets": [5.5, 20], "ends": np.array([6.5, 22])},
        {"onsets": [550, 2000], "ends": [650, 2200], "sfreq": 100},
        {"onsets": np.array([1408, 5120]), "durations": [256, 512], "sfreq": 256.0},
    ],
)
def test_events_by_onset(arrays: dict[str, object]) -> None:
    scoring = from_arrays(**arrays, scored=SCORED)  # type: ignore[arg-type]
    assert scoring.events.tolist() == [[5.5, 6.5], [20, 22]]
    assert scoring.scored.tolist() == [[0, 60]]


def test_nothing_marked_is_a_scoring_too() -> None:
    assert from_arrays([], durations=[], scored=SCORED).events.shape == (0, 2)
    assert from_mask(np.zeros(100), 10, scored=SCORED).events.shape == (0, 2)


@given(st.lists(st.booleans(), min_size=1, max_size=60).map(np.array))
def test_a_mask_is_its_runs(mask: NDArray[np.bool_]) -> None:
    events = from_mask(mask, 4.0, scored=np.ones(len(mask), dtype=bool)).events
    again = np.zeros(len(mask), dtype=bool)
    for first, last in np.rint(events * 4).astype(int):
        again[first:last] = True
    np.testing.assert_array_equal(again, mask)
    assert (events[1:, 0] > events[:-1, 1]).all()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"onsets": [1]}, "durations or ends of events, one of the two"),
        ({"onsets": [1], "durations": [1], "ends": [2]}, "one of the two"),
        ({"onsets": [1, 2], "durations": [1]}, "2 onsets came with 1 durations"),
        ({"onsets": [[1, 2]], "durations": [1]}, r"onsets of events have shape \(1, 2\)"),
        ({"onsets": [1], "durations": [0]}, "events: every interval must end after it starts"),
        ({"onsets": [1], "durations": [np.inf]}, "events: times are not all numbers"),
        ({"onsets": [-1], "durations": [3]}, "events: times are not all numbers"),
        ({"onsets": [1], "durations": [1], "sfreq": 0}, "sfreq is 0; expected Hz"),
        ({"onsets": [1], "durations": [1], "scored": [0, 60]}, r"scored: expected rows of"),
    ],
)
def test_what_is_no_scoring_is_refused(arrays: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        from_arrays(**({"scored": SCORED} | arrays))  # type: ignore[arg-type]


@pytest.mark.parametrize("mask", [[0, 2, 1], [[0, 1]], [0.5, 1]])
def test_what_is_no_mask_is_refused(mask: list[float]) -> None:
    with pytest.raises(InputError, match="is no row of 0 and 1"):
        from_mask(mask, 100.0, scored=SCORED)
