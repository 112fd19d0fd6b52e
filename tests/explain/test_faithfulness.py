"""Deletion and insertion against a loop that replaces one segment after another."""

from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from xai_sleep.explain.faithfulness import (
    RANDOM_ORDERS,
    SEGMENTS,
    areas,
    choose_donors,
    deletion_curves,
    random_orders,
    relevance_order,
)

SEEDS = st.integers(0, 2**31)


class Weighted(nn.Module):
    """Says event by a weighted mean over time, of signals and of images."""

    input_kind: Literal["signal"] = "signal"

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = weights

    @property
    def cam_layer(self) -> nn.Module:
        """Not asked for."""
        return self

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        score = (inputs * self.weights).flatten(1).mean(1)
        return torch.stack([-score, score], dim=1)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def one_by_one(
    network: nn.Module, window: Tensor, donor: Tensor, order: NDArray[np.intp]
) -> list[float]:
    edges = np.rint(np.linspace(0, window.shape[-1], SEGMENTS + 1)).astype(int)
    state, curve = window.clone(), []
    for step in range(SEGMENTS + 1):
        curve.append(float(network(state[None]).softmax(1)[0, 1]))
        if step < SEGMENTS:
            here = slice(edges[order[step]], edges[order[step] + 1])
            state[..., here] = donor[..., here]
    return curve


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, n=st.integers(0, 30), shape=st.sampled_from([(2, 73), (1, 5, 32)]))
def test_curves_equal_replacing_one_segment_after_another(
    seed: int, n: int, shape: tuple[int, ...]
) -> None:
    network = Weighted(4 * normal(seed, *shape[1:]))
    windows, donors = normal(seed + 1, n, *shape), normal(seed + 2, n, *shape)
    orders = random_orders(n, seed)
    curves = deletion_curves(network, windows, donors, orders)
    assert curves.shape == (n, RANDOM_ORDERS, SEGMENTS + 1)
    for row in range(min(n, 3)):
        expected = one_by_one(network, windows[row], donors[row], orders[row, 1])
        np.testing.assert_allclose(curves[row, 1], expected, atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_insertion_is_the_opposite_deletion_read_backwards(seed: int) -> None:
    """Starting from the donor and restoring the window, which curves are spared to compute."""
    network, shape = Weighted(4 * normal(seed, 60)), (4, 2, 60)
    windows, donors = normal(seed + 1, *shape), normal(seed + 2, *shape)
    most = relevance_order(np.random.default_rng(seed).random((4, 60)), seed)[:, None]
    insertion = deletion_curves(network, donors, windows, most)
    deletion = deletion_curves(network, windows, donors, most[:, :, ::-1])
    np.testing.assert_allclose(insertion, deletion[:, :, ::-1], atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_the_true_map_separates_the_orders_and_a_wrong_one_inverts_them(seed: int) -> None:
    """Of a score that adds up over time, the order by contribution is the best there is."""
    network, donors = Weighted(torch.ones(60)), torch.zeros(3, 1, 60)
    windows = normal(seed, 3, 1, 60).abs() * 3
    most = relevance_order(windows[:, 0].numpy(), seed)
    least, other = most[:, ::-1], random_orders(3, seed)[:, 0]
    curves = deletion_curves(network, windows, donors, np.stack([most, least, other], axis=1))
    area = areas(curves)
    assert (area[:, 0] <= area[:, 2] + 1e-6).all()
    assert (area[:, 2] <= area[:, 1] + 1e-6).all()
    assert (area[:, 1] - area[:, 0] > 0.005).all()


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, n_times=st.integers(SEGMENTS, 130))
def test_order_ranks_the_mean_relevance_of_segments(seed: int, n_times: int) -> None:
    profiles = np.random.default_rng(seed).random((3, n_times))
    edges = np.rint(np.linspace(0, n_times, SEGMENTS + 1)).astype(int)
    for row, order in zip(profiles, relevance_order(profiles, seed), strict=True):
        means = [row[a:b].mean() for a, b in pairwise(edges)]
        assert [means[i] for i in order] == sorted(means, reverse=True)


def test_ties_fall_in_random_order_and_every_seed_has_its_own() -> None:
    flat = np.ones((200, 40))
    order = relevance_order(flat, seed=3)
    assert np.array_equal(order, relevance_order(flat, seed=3))
    assert not np.array_equal(order, relevance_order(flat, seed=4))
    assert (np.sort(order, axis=1) == np.arange(SEGMENTS)).all()
    # No segment comes early more often than another.
    assert np.abs(order.mean(axis=0) - (SEGMENTS - 1) / 2).max() < 2


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, n=st.integers(1, 40))
def test_donors_are_negative_windows_of_the_same_record(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    label, record = rng.integers(0, 2, n), rng.integers(0, 4, n)
    called = rng.random(n) < 0.5
    donors = choose_donors(label, record, called, seed)
    for i, donor in enumerate(donors):
        pool = np.flatnonzero((record == record[i]) & (label == 0))
        quiet = pool[~called[pool]]
        if not len(pool):
            assert donor == -1
        else:
            assert donor in (quiet if len(quiet) else pool)


def test_donors_do_not_depend_on_other_records() -> None:
    label, record = np.array([1, 0, 0, 0, 1, 0, 0]), np.array([0, 0, 0, 0, 1, 1, 1])
    called = np.zeros(7, dtype=np.bool_)
    whole = choose_donors(label, record, called, 5)
    assert np.array_equal(choose_donors(label[:4], record[:4], called[:4], 5), whole[:4])


@pytest.mark.parametrize(
    ("curve", "area"), [([1, 1, 1], 1), ([1, 0, 0], 0.25), ([0, 0.5, 1, 1], 2 / 3)]
)
def test_areas_by_hand(curve: list[float], area: float) -> None:
    assert areas(np.array([curve], dtype=np.float32))[0] == pytest.approx(area)
