"""Cells lie where layers put them: against receptive fields worked out layer by layer."""

from typing import Literal, cast

import numpy as np
import pytest
import torch
from captum.attr import LayerAttribution, LayerGradCam
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from xai_sleep.explain.attribution import (
    Explainer,
    attributable,
    cell_centres,
    grad_cam,
    hires_cam,
    stretch,
)
from xai_sleep.models.cnn1d import BLOCKS, CNN1d
from xai_sleep.models.cnn1d_power import PowerCNN1d
from xai_sleep.models.cnn2d import CNN2d
from xai_sleep.models.cnn2d_evidence import EvidenceCNN2d

LAYERS = st.lists(  # kernel, stride, padding
    st.tuples(st.integers(1, 7), st.integers(1, 2), st.integers(0, 3)), min_size=1, max_size=3
)


class Stack(nn.Module):
    """Convolutions one after another, and whatever a head makes of them."""

    input_kind: Literal["signal"] = "signal"

    def __init__(self, layers: list[tuple[int, int, int]]) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv1d(1, 1, k, s, min(p, k // 2)) for k, s, p in layers)
        )

    def forward(self, signals: Tensor) -> Tensor:
        """Mean of the last feature map."""
        features: Tensor = self.features(signals)
        return features.mean(2)


def worked_out(layers: list[tuple[int, int, int]]) -> tuple[float, int]:
    """Centre of the first cell and distance between cells, from kernel, stride and padding."""
    start, hop = 0.0, 1
    for kernel, stride, padding in layers:
        start += ((kernel - 1) / 2 - padding) * hop
        hop *= stride
    return start, hop


@settings(max_examples=15, deadline=None)
@given(layers=LAYERS)
def test_centres_of_any_stack_of_convolutions(layers: list[tuple[int, int, int]]) -> None:
    layers = [(k, s, min(p, k // 2)) for k, s, p in layers]
    network = Stack(layers)
    (found,) = cell_centres(network, network.features, (1, 128))
    start, hop = worked_out(layers)
    np.testing.assert_allclose(found, start + hop * np.arange(len(found)), atol=1e-9)


def test_centres_of_the_plain_network_lie_inside_the_window() -> None:
    layers = [each for _, kernel in BLOCKS for each in ((kernel, 1, 0), (2, 2, 0))][:-1]
    network = CNN1d(2, 500)
    (found,) = cell_centres(network, network.cam_layer, (2, 500))
    start, hop = worked_out(layers)
    np.testing.assert_allclose(found, start + hop * np.arange(len(found)))
    # Half a second at either end, where 25 cells spread evenly would leave a tenth.
    assert (float(found[0]), float(found[-1]), len(found)) == (56.0, 440.0, 25)


def test_centres_of_images_along_both_axes() -> None:
    network = CNN2d(3, 128, 64)
    rows, columns = cell_centres(network, network.cam_layer, (3, 64, 128))
    np.testing.assert_allclose(rows, 3 + 8 * np.arange(8))
    np.testing.assert_allclose(columns, 3 + 8 * np.arange(16))


@pytest.mark.parametrize("network", [PowerCNN1d(1, 500), EvidenceCNN2d(1, 64, 64)])
def test_centres_of_padded_networks_span_the_window(network: PowerCNN1d | EvidenceCNN2d) -> None:
    shape = (1, 500) if isinstance(network, PowerCNN1d) else (1, 64, 64)
    for centres, n in zip(cell_centres(network, network.cam_layer, shape), shape[1:], strict=True):
        hop = float(centres[1] - centres[0])
        assert abs(float(centres[0])) < hop
        assert abs(float(centres[-1]) - (n - 1)) < hop


def test_cells_that_see_everything_are_spread_evenly() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Unflatten(1, (2, 4)), nn.Flatten())
    (found,) = cell_centres(network, network[2], (1, 12))
    np.testing.assert_allclose(found, [1, 4, 7, 10])


def test_trying_out_leaves_the_network_alone() -> None:
    network = CNN1d(2, 300).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    cell_centres(network, network.cam_layer, (2, 300))
    assert network.training
    assert not network.cam_layer._forward_hooks
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert next(network.parameters()).dtype == torch.float32


@settings(max_examples=25, deadline=None)
@given(
    cells=st.integers(1, 9),
    n=st.integers(1, 40),
    start=st.floats(-3, 20),
    hop=st.floats(0.5, 9),
    seed=st.integers(0, 99),
)
def test_stretching_is_linear_interpolation(
    cells: int, n: int, start: float, hop: float, seed: int
) -> None:
    centres = start + hop * np.arange(cells)
    coarse = np.random.default_rng(seed).random((3, cells))
    fine = stretch(torch.from_numpy(coarse), [torch.from_numpy(centres)], [n])
    expected = [np.interp(np.arange(n), centres, row) for row in coarse]
    np.testing.assert_allclose(fine, expected, atol=1e-6)


def test_stretching_images_takes_one_axis_after_the_other() -> None:
    coarse = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(0))
    centres = [torch.tensor([1.0, 3.0, 5.0]), torch.tensor([0.0, 2.0, 4.0, 6.0])]
    fine = stretch(coarse, centres, [7, 8])
    assert fine.shape == (2, 7, 8)
    np.testing.assert_allclose(fine[:, 1::2, 0:7:2][:, :3], coarse, atol=1e-6)


@pytest.mark.parametrize("explainer", [grad_cam, hires_cam])
@pytest.mark.parametrize(("time", "border"), [(80, True), (400, False), (600, False), (920, True)])
def test_a_planted_pulse_is_marked_where_it_is(
    explainer: Explainer, time: int, border: bool
) -> None:
    """The plain network, all weights alike: a cell answers by how centrally it sees the pulse."""
    network = CNN1d(1, 1000)
    for part in network.modules():
        if isinstance(part, nn.Conv1d | nn.Linear):
            nn.init.constant_(part.weight, 0.1)
            nn.init.constant_(cast(Tensor, part.bias), 0)
    signal = torch.zeros(1, 1, 1000)
    signal[..., time] = 1
    with attributable(network):
        marked = np.flatnonzero(explainer(network, signal)[0] == 1)
        coarse = LayerGradCam(network, network.cam_layer).attribute(signal, target=1)
    evenly = int(LayerAttribution.interpolate(coarse, (1000,), "linear").argmax())
    hop = 16
    assert np.abs(marked - time).min() <= hop
    # Spread evenly, the cells would put a pulse near the border still nearer to it.
    assert (abs(evenly - time) > 2 * hop) == border
