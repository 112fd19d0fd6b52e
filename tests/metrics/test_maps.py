"""Localisation against brute force, scikit-learn and cases that can be done by hand."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from xai_sleep.errors import InputError
from xai_sleep.metrics.maps import (
    MEASURES,
    SCORES,
    SHIFTS,
    LocalisationScores,
    Mask,
    Values,
    event_mask,
    localisation,
)
from xai_sleep.metrics.statistics import column_means
from xai_sleep.recordings.intervals import intervals

# few levels, so that ties abound
LEVELS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
SAMPLES = st.lists(st.tuples(LEVELS, st.booleans()), min_size=1, max_size=9)


def brute_force(profile: Values, inside: Mask, tolerance: int) -> list[float]:
    """Every measure by its definition, over sets of samples."""
    samples = range(len(profile))
    events = {i for i in samples if inside[i]}
    near = {i for i in samples if any(abs(i - j) <= tolerance for j in events)}
    peaks = {i for i in samples if profile[i] == max(profile)}
    marked = {i for i in samples if profile[i] >= max(profile) / 2}
    total = [sum(profile[list(top)]) for top in combinations(samples, len(events))]
    best = [
        top
        for top, value in zip(combinations(samples, len(events)), total, strict=True)
        if value == max(total)
    ]
    return [
        len(peaks & near) / len(peaks),
        sum(profile[list(events)]) / sum(profile),
        float(np.mean([len(events & set(top)) / len(events) for top in best])),
        float(average_precision_score(inside, profile)),
        len(marked & events) / len(marked | events),
    ]


def means_of(scores: LocalisationScores, rows: list[int] | None = None) -> dict[str, float | None]:
    return column_means(scores.table if rows is None else scores.table[rows], SCORES)


def bump(centre: float, width: float = 25.0, length: int = 500) -> Values:
    return np.asarray(np.exp(-0.5 * ((np.arange(length) - centre) / width) ** 2))


def block(start: int, end: int, length: int = 500) -> Mask:
    return (np.arange(length) >= start) & (np.arange(length) < end)


@settings(max_examples=60, deadline=None)
@given(samples=SAMPLES, tolerance=st.integers(0, 2))
def test_scores_and_chance_levels_equal_brute_force(
    samples: list[tuple[float, bool]], tolerance: int
) -> None:
    profile, inside = (np.array(column) for column in zip(*samples, strict=True))
    scores = localisation(profile[None], inside[None], tolerance)
    if not profile.any() or not inside.any():
        assert np.isnan(scores.score).all()
        return
    shifts = [brute_force(np.roll(profile, s), inside, tolerance) for s in range(len(profile))]
    flat = brute_force(np.ones(len(profile)), inside, tolerance)
    np.testing.assert_allclose(scores.score[0], shifts[0], atol=1e-12)
    np.testing.assert_allclose(scores.uniform[0], flat, atol=1e-12)
    np.testing.assert_allclose(scores.shifted[0], np.mean(shifts, axis=0), atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    inside=st.lists(st.booleans(), min_size=2, max_size=100).filter(lambda x: 0 < sum(x) < len(x))
)
def test_a_perfect_map_scores_1_and_a_uniform_one_its_chance_level(inside: list[bool]) -> None:
    mask = np.array([inside, inside])
    scores = localisation(np.stack([mask[0].astype(float), np.full(len(inside), 0.3)]), mask)
    np.testing.assert_array_equal(scores.score[0], 1)
    np.testing.assert_array_equal(scores.gain[0][~np.isnan(scores.gain[0])], 1)
    np.testing.assert_allclose(scores.score[1], mask[1].mean(), atol=1e-12)
    np.testing.assert_allclose(scores.shifted[1], mask[1].mean(), atol=1e-12)
    np.testing.assert_allclose(scores.gain[1], 0, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(samples=SAMPLES, exponent=st.integers(-20, 0))
def test_the_scale_of_a_map_does_not_matter(
    samples: list[tuple[float, bool]], exponent: int
) -> None:
    profile, inside = (np.array([column]) for column in zip(*samples, strict=True))
    np.testing.assert_array_equal(
        localisation(profile * 2.0**exponent, inside).score, localisation(profile, inside).score
    )


def test_every_measure_falls_as_the_map_moves_off_the_event() -> None:
    maps = np.stack([bump(centre) for centre in (250, 290, 400)])
    score = localisation(maps, np.tile(block(210, 290), (3, 1))).score
    assert np.all(np.diff(score[:, 1:], axis=0) < 0)
    assert score[:, 0].tolist() == [1, 0, 0]


def test_chance_levels_of_long_windows_stay_close_to_all_shifts() -> None:
    rng = np.random.default_rng(0)
    maps = np.stack([bump(50, 13, 250), bump(150, 30, 250), rng.random(250)])
    inside = np.tile(block(45, 95, 250), (3, 1))
    scores = localisation(maps, inside)
    shifts = [localisation(np.roll(maps, s, axis=1), inside).score for s in range(250)]
    column = MEASURES.index("average_precision")
    exact = np.mean(shifts, axis=0)
    assert SHIFTS < 250
    np.testing.assert_allclose(np.delete(scores.shifted - exact, column, axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(scores.shifted[:, column], exact[:, column], atol=0.003)


def test_random_maps_gain_nothing() -> None:
    rng = np.random.default_rng(1)
    starts = rng.integers(0, 300, size=400)
    inside = np.stack([block(start, start + 85) for start in starts])
    means = means_of(localisation(rng.random((400, 500)), inside))
    for measure in MEASURES:
        gain = means[f"{measure}_gain"]
        assert gain is not None
        assert abs(gain) < (0.08 if measure == "pointing" else 0.01)


def test_the_peak_may_miss_by_the_tolerance() -> None:
    profile, inside = bump(295)[None], block(210, 290)[None]
    pointing = [localisation(profile, inside, tolerance) for tolerance in (0, 5, 6)]
    assert [scores.score[0, 0] for scores in pointing] == [0, 0, 1]
    assert pointing[2].uniform[0, 0] == pointing[2].shifted[0, 0] == 92 / 500


def test_the_share_that_marks_is_a_setting() -> None:
    profile, inside = np.array([[0.2, 0.4, 0.8]]), np.array([[False, True, True]])
    scores = [localisation(profile, inside, share=t).score[0, -1] for t in (0.25, 0.5, 0.51)]
    assert scores == [2 / 3, 1, 1 / 2]


def test_windows_that_cannot_be_scored_are_counted() -> None:
    maps = np.array([[0.0, 1.0], [0.0, 0.0], [0.2, 0.4], [0.2, 0.4]])
    inside = np.array([[False, True], [True, False], [False, False], [True, True]])
    scores = localisation(maps, inside)
    assert scores.blank.tolist() == [False, True, False, False]
    assert scores.eventless.tolist() == [False, False, True, False]
    assert np.isnan(scores.score).all(axis=1).tolist() == [False, True, True, False]
    assert np.isnan(scores.gain).all(axis=1).tolist() == [False, True, True, True]
    means = means_of(scores)
    assert (means["pointing"], means["pointing_shifted"], means["pointing_gain"]) == (1, 0.75, 1)
    assert means["pointing_or_blank"] == pytest.approx(2 / 3)  # the blank map misses its event
    assert set(means_of(scores, [2]).values()) == {None}


def test_means_follow_the_chosen_rows() -> None:
    maps, inside = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[False, True]] * 2)
    scores = localisation(maps, inside)
    assert means_of(scores, [0])["mass"] == 1
    assert means_of(scores, [0, 1, 1, 1])["mass"] == 0.25
    assert means_of(localisation(maps[:0], inside[:0]))["mass"] is None


def test_single_precision_maps_score_alike() -> None:
    maps, inside = bump(250)[None].astype(np.float32), block(210, 290)[None]
    wide = localisation(maps.astype(np.float64), inside)
    np.testing.assert_array_equal(localisation(maps, inside).score, wide.score)


ROWS = st.lists(st.tuples(st.integers(-8, 40), st.integers(1, 12)), max_size=6)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, starts=st.lists(st.integers(0, 20), max_size=5), length=st.integers(1, 9))
def test_an_event_mask_equals_the_look_at_every_sample(
    rows: list[tuple[int, int]], starts: list[int], length: int
) -> None:
    sfreq = 3.0
    events = intervals([(start / 6, (start + size) / 6) for start, size in rows])
    # in twelfths of a second every time is a whole number: the expectation knows no rounding
    expected = [
        [
            any(2 * s <= 12 * start + 4 * i + 2 < 2 * (s + size) for s, size in rows)
            for i in range(length)
        ]
        for start in starts
    ]
    mask = event_mask(np.array(starts, dtype=float), length, sfreq, events)
    assert mask.shape == (len(starts), length)
    assert mask.tolist() == expected


def test_a_sample_centre_on_a_border_belongs_to_what_starts_there() -> None:
    events = intervals([(13.725, 13.745)])
    mask = event_mask(np.array([13.7]), 6, 100.0, events)
    assert np.flatnonzero(mask).tolist() == [2, 3]


@pytest.mark.parametrize(
    ("profiles", "inside", "message"),
    [
        (np.ones((2, 3)), np.ones((2, 4), dtype=bool), r"shape \(2, 4\).*average a map"),
        (np.ones(3), np.ones(3, dtype=bool), r"expected both \(window, time\)"),
        (np.ones((1, 3)), np.ones((1, 3)), "float64 mask"),
        (np.array([[1.0], [np.nan]]), np.ones((2, 1), dtype=bool), "1 maps.*window 1"),
        (np.array([[1.0, -0.1]]), np.ones((1, 2), dtype=bool), "negative.*positive part"),
    ],
)
def test_what_is_not_a_map_is_refused(
    profiles: Values, inside: NDArray[np.bool_], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        localisation(profiles, inside)


@pytest.mark.parametrize(("tolerance", "share"), [(-1, 0.5), (0, 0.0), (0, 1.5)])
def test_settings_out_of_range_are_refused(tolerance: int, share: float) -> None:
    with pytest.raises(InputError, match="expected a tolerance of 0 or more"):
        localisation(np.ones((1, 2)), np.ones((1, 2), dtype=bool), tolerance, share)
