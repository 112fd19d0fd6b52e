"""Bootstrap, permutation and calibration against SciPy, scikit-learn and enumeration."""

import itertools
import statistics as stdlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.calibration import calibration_curve

from xai_sleep.metrics.statistics import (
    Scores,
    Statistic,
    bootstrap_ci,
    calibration,
    paired_permutation,
)
from xai_sleep.metrics.windows import window_scores

Difference = st.integers(-20, 20).map(float)


def mean_of(values: ArrayLike) -> Statistic:
    array = np.asarray(values, dtype=float)
    return lambda index: {"mean": float(array[index].mean())}


def interval(statistic: Statistic, groups: ArrayLike, **options: int) -> tuple[float, float]:
    found = bootstrap_ci(statistic, groups, **options).ci95["mean"]
    assert found is not None
    return found[0], found[1]


# Bootstrap


def test_the_interval_has_the_percentiles_of_all_possible_resamples() -> None:
    # Subjects of 1 to 4 windows, so that pooling windows differs from averaging subjects.
    members = [[5.0], [1.0, 2.0], [8.0, 9.0, 9.5], [3.0, 3.5, 2.5, 7.0]]
    groups = np.repeat(np.arange(4), [1, 2, 3, 4])
    possible = [
        stdlib.fmean(itertools.chain.from_iterable(members[i] for i in draw))
        for draw in itertools.product(range(4), repeat=4)
    ]
    low, high = interval(mean_of(list(itertools.chain(*members))), groups, n=4000)
    assert np.quantile(possible, 0.018) <= low <= np.quantile(possible, 0.032)
    assert np.quantile(possible, 0.968) <= high <= np.quantile(possible, 0.982)


def test_the_interval_equals_that_of_scipy_where_each_item_is_a_subject() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=40)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    spread = values.std() / np.sqrt(len(values))
    found = interval(mean_of(values), np.arange(40), n=4000)
    assert found == pytest.approx((expected.low, expected.high), abs=0.15 * spread)


def test_the_subject_is_the_unit_whatever_the_number_and_order_of_its_windows() -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=8)
    once = interval(mean_of(values), np.arange(8))
    order = random.permutation(80)
    groups = np.repeat(np.arange(8), 10)[order]
    assert interval(mean_of(np.repeat(values, 10)[order]), groups) == pytest.approx(once)


def test_the_interval_holds_the_truth_as_often_as_it_should() -> None:
    random = np.random.default_rng(4)
    by_subject = by_window = 0
    for _ in range(200):
        values = np.repeat(random.normal(size=20), 5)
        low, high = interval(mean_of(values), np.repeat(np.arange(20), 5), n=200)
        by_subject += low <= 0 <= high
        low, high = interval(mean_of(values), np.arange(100), n=200)
        by_window += low <= 0 <= high
    assert 0.87 <= by_subject / 200 <= 0.97
    assert by_window / 200 <= 0.75  # what resampling windows would have claimed


def test_equal_seeds_give_equal_intervals() -> None:
    values, groups = np.random.default_rng(5).normal(size=30), np.arange(30)
    first = interval(mean_of(values), groups, seed=1)
    assert interval(mean_of(values), groups, seed=1) == first
    assert interval(mean_of(values), groups, seed=2) != first


def test_there_is_no_interval_where_too_many_resamples_are_undefined() -> None:
    labels = np.array([0, 0, 0, 1])
    subjects = np.array(["a", "a", "b", "b"])

    def scores(index: NDArray[np.intp]) -> Scores:
        return window_scores(labels[index], labels[index].astype(float), labels[index] == 1)

    found = bootstrap_ci(scores, subjects, n=400)
    assert found.ci95["auroc"] is None
    reason = found.undefined["auroc"]
    without_b = int(reason.removeprefix("undefined in ").split()[0])
    assert reason == f"undefined in {without_b} of 400 resamples of the subjects"
    assert 70 <= without_b <= 130  # a quarter is expected
    assert found.ci95["accuracy"] == [1.0, 1.0]
    assert "accuracy" not in found.undefined


def test_a_few_undefined_resamples_are_left_out() -> None:
    def scores(index: NDArray[np.intp]) -> Scores:
        return {"mean": None if np.all(index < 2) else 1.0}  # 1 % of resamples

    assert bootstrap_ci(scores, np.arange(5)).ci95 == {"mean": [1.0, 1.0]}


# Paired permutation test


@settings(deadline=None, max_examples=50)
@given(st.lists(Difference, min_size=2, max_size=8))
def test_the_p_value_equals_that_of_scipy(differences: list[float]) -> None:
    expected = stats.permutation_test(
        (np.array(differences), np.zeros(len(differences))),
        lambda a, b: np.sum(a - b),
        permutation_type="samples",
        n_resamples=10_000,  # more than there are: it tries all
    ).pvalue
    assert paired_permutation(differences) == pytest.approx(expected)


@settings(deadline=None, max_examples=50)
@given(st.lists(Difference, min_size=1, max_size=14))
def test_exchanging_the_systems_changes_nothing(differences: list[float]) -> None:
    swapped = [-difference for difference in differences]
    assert paired_permutation(swapped, n=200) == paired_permutation(differences, n=200)


@pytest.mark.parametrize("subjects", [1, 5, 12])
def test_the_clearest_difference_has_the_smallest_p_value(subjects: int) -> None:
    assert paired_permutation(np.arange(1, subjects + 1) / 7) == 2.0 ** (1 - subjects)


def test_random_exchanges_come_close_to_all_of_them_and_never_to_zero() -> None:
    differences = np.random.default_rng(6).normal(0.4, size=12)
    exact = paired_permutation(differences)
    assert 0.01 < exact < 0.5
    assert paired_permutation([*differences, 0.0]) == pytest.approx(exact, abs=0.02)
    assert paired_permutation(np.ones(40), n=999) == 1 / 1000


def test_false_alarms_are_no_more_frequent_than_the_level() -> None:
    sizes = np.array([0.3, 1.0, 0.2, 0.7, 0.1, 2.0])
    p_values = np.array(
        [paired_permutation(sizes * signs) for signs in itertools.product([-1, 1], repeat=6)]
    )
    for level in (0.05, 0.1, 0.25, 0.5):
        assert 0 < np.mean(p_values <= level) <= level


def test_rounding_does_not_break_ties() -> None:
    # Ten of the sixteen exchanges are as far from 0, though not to the last digit in floats.
    assert paired_permutation([0.1, 0.1, 0.1, -0.1]) == 10 / 16


@pytest.mark.parametrize("differences", [[], [0.1, np.nan], [[0.1, 0.2]]])
def test_differences_that_cannot_be_compared_are_refused(differences: Any) -> None:
    with pytest.raises(ValueError, match="one finite difference a subject"):
        paired_permutation(differences)


# Calibration


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=40),
    st.integers(1, 12),
)
def test_calibration_equals_that_of_scikit_learn(rows: list[tuple[int, float]], bins: int) -> None:
    labels, probabilities = np.array([y for y, _ in rows]), np.array([p for _, p in rows])
    found = calibration(labels, probabilities, bins)
    observed, probability = calibration_curve(labels, probabilities, n_bins=bins)
    np.testing.assert_allclose(found.observed, observed)
    np.testing.assert_allclose(found.probability, probability)
    assert found.windows.sum() == len(rows)
    assert found.observed @ found.windows == pytest.approx(labels.sum())


def test_borders_belong_to_the_bin_below() -> None:
    found = calibration(np.array([0, 1, 0, 1]), np.array([0.0, 0.5, 0.75, 1.0]), bins=2)
    assert found.bin.tolist() == [1, 2]
    assert found.windows.tolist() == [2, 2]
    assert found.observed.tolist() == [0.5, 0.5]
