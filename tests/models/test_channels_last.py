"""Layers with the channels innermost compute what torch's own do."""

import pytest
import torch
from torch import Tensor, nn

from xai_sleep.models.layers import Conv1d, Conv2d, MaxPool2d

PAIRS = {
    "Conv1d": (Conv1d(3, 5, 4), nn.Conv1d(3, 5, 4), (7, 3, 50)),
    "Conv1d of one channel": (Conv1d(1, 4, 6), nn.Conv1d(1, 4, 6), (2, 1, 30)),
    "Conv2d": (
        Conv2d(3, 4, 3, stride=2, padding=1),
        nn.Conv2d(3, 4, 3, stride=2, padding=1),
        (6, 3, 20, 17),
    ),
    "Conv2d of one channel": (Conv2d(1, 4, 3), nn.Conv2d(1, 4, 3), (2, 1, 9, 9)),
    "MaxPool2d": (MaxPool2d(2), nn.MaxPool2d(2), (4, 3, 11, 8)),
}


@pytest.mark.parametrize(("ours", "theirs", "shape"), PAIRS.values(), ids=PAIRS)
def test_features_and_gradients_are_those_of_torch(
    ours: nn.Module, theirs: nn.Module, shape: tuple[int, ...]
) -> None:
    theirs.load_state_dict(ours.state_dict())
    inputs = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        _computed(ours, inputs), _computed(theirs, inputs), rtol=1e-5, atol=1e-5
    )


def _computed(layer: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """Features, and gradients of the sum of their squares."""
    inputs = inputs.clone().requires_grad_()
    features = layer(inputs)
    learned = dict(layer.named_parameters())
    gradients = torch.autograd.grad(features.square().sum(), [inputs, *learned.values()])
    return {"features": features, **dict(zip(["inputs", *learned], gradients, strict=True))}


def test_a_large_image_comes_out_as_batch_normalisation_wants_it() -> None:
    layer = Conv2d(1, 4, 3)
    assert layer(torch.ones(2, 1, 9, 9)).is_contiguous()
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)
