"""Maps of images on the time axis of the window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_sleep.metrics.maps import time_profiles

SEEDS = st.integers(0, 2**32 - 1)


def test_maps_of_signals_stay_as_they_are() -> None:
    maps = np.random.default_rng(0).random((3, 50)).astype(np.float16)
    profiles = time_profiles(maps, 50)
    assert profiles.dtype == np.float64
    assert np.array_equal(profiles, maps)


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.integers(1, 9), st.integers(1, 40), st.integers(1, 60))
def test_profiles_are_the_interpolated_mean_over_frequency(
    seed: int, n_freqs: int, n_columns: int, n_times: int
) -> None:
    maps = np.random.default_rng(seed).random((4, n_freqs, n_columns))
    profiles = time_profiles(maps, n_times)
    middles = (np.arange(n_columns) + 0.5) / n_columns  # of the columns, in windows
    samples = (np.arange(n_times) + 0.5) / n_times
    for profile, image in zip(profiles, maps, strict=True):
        expected = np.interp(samples, middles, image.mean(axis=0))
        np.testing.assert_allclose(profile, expected / expected.max(), atol=1e-12)
    np.testing.assert_array_equal(profiles.max(axis=1), 1)


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.floats(1e-3, 1e3))
def test_only_relative_relevance_matters_and_frequencies_have_no_order(
    seed: int, factor: float
) -> None:
    rng = np.random.default_rng(seed)
    maps = rng.random((3, 8, 16))
    profiles = time_profiles(maps, 100)
    np.testing.assert_allclose(time_profiles(maps * factor, 100), profiles, atol=1e-9)
    shuffled = maps[:, rng.permutation(8)]
    np.testing.assert_allclose(time_profiles(shuffled, 100), profiles, atol=1e-12)
    np.testing.assert_allclose(time_profiles(maps[..., ::-1], 100), profiles[:, ::-1], atol=1e-12)


@pytest.mark.parametrize("column", [0, 7, 15])
def test_a_profile_peaks_where_its_map_does(column: int) -> None:
    maps = np.zeros((1, 4, 16), dtype=np.float16)
    maps[0, 2, column] = 1
    (profile,) = time_profiles(maps, 500)
    peaks = np.flatnonzero(profile == 1)
    assert column * 500 / 16 <= peaks.min() <= peaks.max() < (column + 1) * 500 / 16


def test_a_blank_map_has_a_blank_profile() -> None:
    profiles = time_profiles(np.zeros((2, 4, 8), dtype=np.float16), 20)
    assert profiles.shape == (2, 20)
    assert not profiles.any()
