"""The 1D network against the figures it was published with."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_sleep.errors import InputError
from xai_sleep.models.cnn1d import CNN1d

SHORTEST = 129  # 129 → 62 → 29 → 13 → 5 → 1 cells


def test_parameters_of_the_published_network() -> None:
    counts = [parameter.numel() for parameter in CNN1d(2, 1000).parameters()]
    convolutions = [2 * 6 * 4, 4, 4 * 5 * 4, 4, 4 * 4 * 10, 10, 10 * 4 * 10, 10, 10 * 4 * 15, 15]
    assert counts == [*convolutions, 420 * 2, 2]
    assert sum(counts) == 2173


@pytest.mark.parametrize(
    ("n_times", "pooled"),
    [(1000, [497, 246, 121, 59, 28]), (500, [247, 121, 59, 28, 12])],
)
def test_cells_after_each_pooling(n_times: int, pooled: list[int]) -> None:
    network = CNN1d(2, n_times)
    cells, signals = [], torch.randn(1, 2, n_times)
    for layer in network.features:
        signals = layer(signals)
        if isinstance(layer, torch.nn.MaxPool1d):
            cells.append(signals.shape[2])
            assert (signals >= 0).all()
    assert cells == pooled
    assert network.head[0](signals).shape == (1, 15 * pooled[-1])


def test_maps_come_from_the_last_feature_map_before_pooling() -> None:
    network = CNN1d(2, 1000).eval()
    shapes: list[torch.Size] = []
    network.cam_layer.register_forward_hook(lambda _layer, _in, out: shapes.append(out.shape))
    network(torch.randn(3, 2, 1000))
    assert shapes == [(3, 15, 56)]


@settings(max_examples=15, deadline=None)
@given(n_chans=st.integers(1, 4), n_times=st.integers(SHORTEST, 1200), n_windows=st.integers(1, 3))
def test_any_window_that_is_long_enough_has_two_logits(
    n_chans: int, n_times: int, n_windows: int
) -> None:
    logits = CNN1d(n_chans, n_times)(torch.randn(n_windows, n_chans, n_times))
    assert logits.shape == (n_windows, 2)
    assert logits.isfinite().all()


def test_dropout_is_a_setting_of_the_dense_layer_alone() -> None:
    signals = torch.randn(2, 2, 500)
    still, moving = CNN1d(2, 500, dropout=0), CNN1d(2, 500, dropout=0.5)
    assert torch.equal(still(signals), still(signals))
    assert not torch.equal(moving(signals), moving(signals))
    assert torch.equal(moving.features(signals), moving.features(signals))


@pytest.mark.parametrize("n_times", [1, 5, 64, SHORTEST - 1])
def test_a_window_too_short_names_the_settings(n_times: int) -> None:
    message = rf"windows of {n_times} samples.*need {SHORTEST}; .*task\.window.*task\.sfreq"
    with pytest.raises(InputError, match=message):
        CNN1d(1, n_times)


def test_the_shortest_window_has_one_cell_left() -> None:
    network = CNN1d(1, SHORTEST)
    assert network.features(torch.randn(1, 1, SHORTEST)).shape == (1, 15, 1)
