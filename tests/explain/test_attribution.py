"""Grad-CAM against its formula in NumPy, and what must hold for any network."""

from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.support.networks import STRIDE, WEIGHTS, Weights
from xai_sleep.explain.attribution import attributable, grad_cam
from xai_sleep.models.cnn1d import CNN1d
from xai_sleep.models.contract import Network

SEEDS = st.integers(0, 2**32 - 1)


class ShiftNetwork(nn.Module):
    """Convolutions that keep the length, a pooling, and a mean over time: no place is special."""

    input_kind: Literal["signal"] = "signal"

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, 4, 5, padding=2, bias=False),
            nn.ReLU(),
            nn.MaxPool1d(STRIDE),
            nn.Conv1d(4, 4, 3, padding=1, bias=False),
            nn.ReLU(),
        )
        self.head = nn.Linear(4, 2)
        nn.init.constant_(self.head.weight[1], 1.0)

    @property
    def cam_layer(self) -> nn.Module:
        """The last feature map."""
        return self.features

    def forward(self, signals: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        logits: Tensor = self.head(self.features(signals).mean(2))
        return logits


def explain(network: Network, inputs: Tensor) -> Tensor:
    assert isinstance(network, nn.Module)
    with attributable(network):
        return grad_cam(network, inputs)


def windows(seed: int, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, n_windows=st.integers(1, 4), n_cells=st.integers(1, 12))
def test_grad_cam_equals_its_formula(seed: int, n_windows: int, n_cells: int) -> None:
    rng = np.random.default_rng(seed)
    weights = Weights(rng.normal(size=(2, STRIDE)), rng.normal(size=2), rng.normal(size=(2, 2)))
    inputs = windows(seed, (n_windows, 1, n_cells * STRIDE))
    maps = explain(weights.network(), inputs)
    np.testing.assert_allclose(maps, weights.grad_cam(inputs.double().numpy()), atol=1e-4)


def test_grad_cam_of_two_cells_worked_out_on_paper() -> None:
    # Responses 1, 0 and 2, 4; gradients 3·(1, 0) and 1·(2, 4), so weights 3/2 and 3; the cells
    # weigh 1.5·1 + 3·2 = 7.5 and 3·4 = 12; the eight samples step from one to the other.
    kernels = np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0]])
    weights = Weights(kernels, np.zeros(2), np.array([[0.0, 0.0], [3.0, 1.0]]))
    inputs = torch.tensor([[[1.0, 2, 0, 0, -1, 4, 0, 0]]])
    steps = np.array([0, 0, 1 / 8, 3 / 8, 5 / 8, 7 / 8, 1, 1])
    expected = (7.5 + 4.5 * steps) / 12
    np.testing.assert_allclose(explain(weights.network(), inputs)[0], expected, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, n_strides=st.integers(-8, 8))
def test_shifting_a_signal_shifts_its_map(seed: int, n_strides: int) -> None:
    torch.manual_seed(seed)
    network, signal = ShiftNetwork(), torch.zeros(1, 1, 128)
    signal[..., 52:76] = 3 * windows(seed, (1, 1, 24))
    shift = n_strides * STRIDE
    still, moved = (explain(network, s)[0] for s in (signal, signal.roll(shift, dims=2)))
    np.testing.assert_allclose(moved, still.roll(shift), atol=1e-6)
    # All that matters is near the signal, so nothing was carried round the border.
    assert not still[:36].any()
    assert not still[92:].any()


def test_a_shifted_map_is_not_merely_blank() -> None:
    torch.manual_seed(0)
    signal = torch.zeros(1, 1, 128)
    signal[..., 52:76] = 3.0
    assert explain(ShiftNetwork(), signal).max() == 1


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, scale=st.floats(1e-3, 1e3))
def test_maps_lie_between_0_and_an_exact_1(seed: int, scale: float) -> None:
    torch.manual_seed(seed)
    maps = explain(CNN1d(2, 200), windows(seed, (8, 2, 200)) * scale)
    assert maps.shape == (8, 200)
    assert maps.min() >= 0
    assert all(peak in (0, 1) for peak in maps.amax(1).tolist())


def test_nothing_speaks_for_a_class_whose_score_cannot_rise() -> None:
    weights = Weights(WEIGHTS.kernels, WEIGHTS.biases, np.array([[1.0, 1.0], [-1.0, -0.1]]))
    maps = explain(weights.network(), windows(0, (5, 1, 32)))
    assert maps.shape == (5, 32)
    assert not maps.any()


@pytest.mark.parametrize("scale", [1e-40, 1e-20, 1e20])
def test_a_faint_or_loud_score_has_the_same_range(scale: float) -> None:
    weights = Weights(WEIGHTS.kernels, WEIGHTS.biases, WEIGHTS.evidence * scale)
    inputs = windows(0, (5, 1, 32))
    maps = explain(weights.network(), inputs)
    np.testing.assert_array_equal(maps.amax(1), 1)
    np.testing.assert_allclose(maps, WEIGHTS.grad_cam(inputs.double().numpy()), atol=1e-3)


def test_a_map_does_not_depend_on_its_batch() -> None:
    torch.manual_seed(0)
    network, inputs = CNN1d(2, 200), windows(0, (6, 2, 200))
    alone = torch.cat([explain(network, window[None]) for window in inputs])
    torch.testing.assert_close(explain(network, inputs), alone, rtol=0, atol=1e-5)


def test_explaining_leaves_the_network_and_its_inputs_alone() -> None:
    network, inputs = WEIGHTS.network(), windows(0, (3, 1, 32))
    expected = explain(network, inputs)
    first = network.features[0].requires_grad_(False)
    torch.testing.assert_close(explain(network, inputs), expected)
    assert [p.requires_grad for p in network.parameters()] == [False, False, True]
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not inputs.requires_grad
    assert not expected.requires_grad
    assert first.training
    assert not any(part._forward_hooks or part._backward_hooks for part in network.modules())


def test_a_network_without_trainable_weights_is_explained_alike() -> None:
    inputs = windows(0, (3, 1, 32))
    frozen = WEIGHTS.network().requires_grad_(False)
    torch.testing.assert_close(explain(frozen, inputs), explain(WEIGHTS.network(), inputs))


@pytest.mark.parametrize("inference", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_modes_are_put_back(inference: bool, fails: bool) -> None:
    network = CNN1d(2, 200).train()
    network.features[3:6].eval()
    before = [part.training for part in network.modules()]
    assert len(set(before)) == 2
    with torch.inference_mode(inference), torch.set_grad_enabled(False):
        try:
            with attributable(network):
                assert not any(part.training for part in network.modules())
                assert torch.is_grad_enabled()
                assert not torch.is_inference_mode_enabled()
                if fails:
                    raise RuntimeError("in the middle")
        except RuntimeError:
            assert fails
        assert not torch.is_grad_enabled()
        assert torch.is_inference_mode_enabled() == inference
    assert [part.training for part in network.modules()] == before
