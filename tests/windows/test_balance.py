"""Class balance: what is added to training windows, and when that is refused."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Signals
from xai_sleep.windows.balance import PEAK, balance, fitting

SMOTE = "imblearn.over_sampling.SMOTE"
N_NEGATIVE, N_POSITIVE, NEIGHBOURS = 30, 8, 3
N = N_NEGATIVE + N_POSITIVE


def windows(n_positive: int = N_POSITIVE) -> tuple[Signals, NDArray[np.int64]]:
    """Mixed windows of two channels and six samples."""
    rng = np.random.default_rng(1)
    labels = rng.permutation([0] * N_NEGATIVE + [1] * n_positive)
    signals = rng.normal(size=(len(labels), 2, 6)) + labels[:, None, None]
    return signals.astype(np.float32), labels


def balanced(
    sampler: Mapping[str, Any] | None = None,
    *,
    noise: float = 0.0,
    seed: int = 0,
    n_positive: int = N_POSITIVE,
) -> tuple[Signals, NDArray[np.int64]]:
    signals, labels = windows(n_positive)
    if sampler is None:
        sampler = {"_target_": SMOTE, "k_neighbors": NEIGHBOURS}
    return balance(signals, labels, sampler=sampler, noise=noise, seed=seed, where="fold s1")


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_classes_become_equal_and_real_windows_stay(noise: float) -> None:
    signals, labels = windows()
    found, new_labels = balanced(noise=noise)
    assert found.dtype == np.float32
    assert new_labels.dtype == np.int64
    assert np.bincount(new_labels).tolist() == [N_NEGATIVE, N_NEGATIVE]
    assert np.array_equal(found[:N], signals)
    assert np.array_equal(new_labels[:N], labels)
    assert new_labels[N:].all()


def test_the_windows_given_are_left_alone() -> None:
    signals, labels = windows()
    before = signals.copy()
    sampler = {"_target_": SMOTE, "k_neighbors": NEIGHBOURS}
    balance(signals, labels, sampler=sampler, noise=1.0, seed=0, where="fold s1")
    assert np.array_equal(signals, before)
    assert sampler == {"_target_": SMOTE, "k_neighbors": NEIGHBOURS}


def test_synthetic_windows_lie_between_neighbouring_positive_ones() -> None:
    signals, labels = windows()
    rows = signals[labels == 1].reshape(N_POSITIVE, -1).astype(np.float64)
    distances = np.linalg.norm(rows[:, None] - rows[None], axis=-1)
    pairs = [
        (rows[i], rows[j])
        for i in range(N_POSITIVE)
        for j in np.argsort(distances[i])[1 : NEIGHBOURS + 1]
    ]
    found, _ = balanced()
    for window in found[N:].reshape(-1, 12):
        assert min(distance_to_segment(window, a, b) for a, b in pairs) < 1e-5


def distance_to_segment(
    point: NDArray[Any], a: NDArray[np.float64], b: NDArray[np.float64]
) -> float:
    share = np.clip(np.dot(point - a, b - a) / np.dot(b - a, b - a), 0, 1)
    return float(np.linalg.norm(point - a - share * (b - a)))


def test_noise_is_added_to_synthetic_windows_alone() -> None:
    (quiet, _), (loud, _) = balanced(n_positive=5), balanced(n_positive=5, noise=0.25)
    added = (loud - quiet).astype(np.float64)
    assert not added[: N_NEGATIVE + 5].any()
    assert added[N_NEGATIVE + 5 :].size == 25 * 12
    assert added[N_NEGATIVE + 5 :].std() == pytest.approx(0.25, rel=0.15)
    assert np.unique(added[N_NEGATIVE + 5 :]).size > 290


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_the_seed_decides(noise: float) -> None:
    (one, _), (same, _), (other, _) = (balanced(noise=noise, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_no_sampler_leaves_everything() -> None:
    signals, labels = windows()
    found, new_labels = balance(signals, labels, sampler=None, noise=0.5, seed=0, where="fold s1")
    assert np.array_equal(found, signals)
    assert np.array_equal(new_labels, labels)


def test_an_under_sampler_keeps_real_windows() -> None:
    signals, _ = windows()
    found, labels = balanced({"_target_": "imblearn.under_sampling.RandomUnderSampler"})
    assert np.bincount(labels).tolist() == [N_POSITIVE, N_POSITIVE]
    real = {window.tobytes() for window in signals}
    assert {window.tobytes() for window in found} <= real


def test_noise_with_a_sampler_that_takes_windows_away_is_refused() -> None:
    sampler = {"_target_": "imblearn.under_sampling.RandomUnderSampler"}
    complaint = r"balance\.noise=0\.1 .*RandomUnderSampler takes windows away; set balance\.noise=0"
    with pytest.raises(InputError, match=complaint):
        balanced(sampler, noise=0.1)


@pytest.mark.parametrize("sampler", [None, {"_target_": SMOTE}])
def test_no_positive_window_is_refused_even_without_a_sampler(
    sampler: Mapping[str, Any] | None,
) -> None:
    signals, labels = windows(0)
    complaint = r"fold s1: none of the 30 training windows holds an event; .*data\.records"
    with pytest.raises(InputError, match=complaint):
        balance(signals, labels, sampler=sampler, noise=0, seed=0, where="fold s1")


@pytest.mark.parametrize(
    ("name", "option"), [(SMOTE, "k_neighbors"), ("imblearn.over_sampling.ADASYN", "n_neighbors")]
)
def test_too_few_positive_windows_are_counted(name: str, option: str) -> None:
    complaint = (
        rf"fold s1: 8 positive training windows, but balance\.sampler\.{option}=8 "
        "needs at least 9; lower it or use balance=none"
    )
    with pytest.raises(InputError, match=complaint):
        balanced({"_target_": name, option: 8})
    assert len(balanced({"_target_": name, option: 7})[0]) > N


@pytest.mark.parametrize(
    ("sampler", "reason"),
    [
        ({"_target_": SMOTE, "k": 3}, "unexpected keyword argument 'k'"),
        ({"_target_": SMOTE, "k_neighbors": "three"}, "'k_neighbors' parameter of SMOTE must be"),
        ({"_target_": "imblearn.over_sampling.Smote"}, "Error loading 'imblearn.*Smote'"),
        ({"_target_": "imblearn.over_sampling"}, "Located non-class"),
        ({"_target_": "collections.OrderedDict"}, "no attribute 'fit_resample'"),
        # No negative window lies near a positive one.
        ({"_target_": "imblearn.over_sampling.ADASYN", "n_neighbors": 1}, "Not any neigbours"),
    ],
)
def test_a_sampler_that_fails_is_one_line(sampler: Mapping[str, Any], reason: str) -> None:
    signals, labels = windows()
    signals += 100 * labels[:, None, None]
    with pytest.raises(InputError, match=reason) as error:
        balance(signals, labels, sampler=sampler, noise=0, seed=0, where="fold s1")
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"fold s1: {sampler['_target_']} failed on 8 positive of 38 ")
    assert message.endswith("; change balance.sampler or use balance=none")


def test_windows_that_fit_are_all_taken() -> None:
    labels = np.repeat([0, 1], [90, 10])
    needed = PEAK * 2 * 90 * 1000  # as many positive windows as negative ones, copied by SMOTE
    assert fitting(labels, needed, 1000, 0, seed=0) is None
    assert fitting(labels, needed - 1, 1000, 0, seed=0) is not None


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_of_others_as_many_as_fit_are_drawn_and_classes_keep_their_shares(share: float) -> None:
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1], [900, 100]))
    memory = share * PEAK * 2 * 900 * 1000
    drawn = fitting(labels, memory, 1000, 0, seed=0)
    assert drawn is not None
    assert len(set(drawn.tolist())) == len(drawn) == 1000 * share
    assert np.array_equal(drawn, np.sort(drawn))
    assert labels[drawn].sum() == 100 * share
    same, other = (fitting(labels, memory, 1000, 0, seed=seed) for seed in (0, 1))
    assert same is not None
    assert other is not None
    assert drawn.tolist() == same.tolist() != other.tolist()


def test_what_is_made_of_synthetic_windows_counts_too() -> None:
    """Images, say, once SMOTE has let go of its copies."""
    labels = np.repeat([0, 1], [90, 10])
    held = 2 * 90 * 1000 + 80 * 50_000
    assert fitting(labels, held, 1000, 50_000, seed=0) is None
    drawn = fitting(labels, held / 2, 1000, 50_000, seed=0)
    assert drawn is not None
    assert len(drawn) == 50
