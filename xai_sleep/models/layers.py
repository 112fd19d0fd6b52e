"""Layers that the networks share: convolutions and pooling with the channels innermost, and ends.

With few channels torch then needs no padded copies of inputs, which take longer than arithmetic.
"""

import math
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d

INNERMOST = torch.channels_last
Layer = TypeVar("Layer", nn.Linear, nn.Conv1d, nn.Conv2d)


class Conv1d(nn.Conv1d):
    """Convolution without padding or stride of ``(window, channel, time)``."""

    def forward(self, input: Tensor) -> Tensor:
        """Convolve."""
        rows = input.unsqueeze(2).contiguous(memory_format=INNERMOST)
        return conv2d(rows, self.weight.unsqueeze(2), self.bias).squeeze(2)


class Conv2d(nn.Conv2d):
    """Convolution of large images; out come channels outermost, or batch normalisation is slow."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.weight = nn.Parameter(self.weight.detach().to(memory_format=INNERMOST))

    def forward(self, input: Tensor) -> Tensor:
        """Features ``(window, channel, row, column)``."""
        return super().forward(input).contiguous()


class MaxPool2d(nn.MaxPool2d):
    """Max-pooling of ``(window, channel, row, column)``."""

    def forward(self, input: Tensor) -> Tensor:
        """Features ``(window, channel, row, column)``."""
        return max_pool2d(input.contiguous(memory_format=INNERMOST), self.kernel_size)


def near_zero(layer: Layer, gain: float = 1.0) -> Layer:
    """Shrink the weights of a last layer, multiplied by ``gain`` later: a loss of ln 2 at first."""
    with torch.no_grad():
        layer.weight.mul_(0.05 / gain)
        if layer.bias is not None:
            layer.bias.zero_()
    return layer


def both_classes(log_odds: Tensor) -> Tensor:
    """Logits ``(window, 2, ...)`` from the log-odds ``(window, ...)`` of an event."""
    return torch.stack([-log_odds / 2, log_odds / 2], dim=1)


def soft_maximum(evidence: Tensor, sharpness: float) -> Tensor:
    """Log-mean-exp over all but the first two dimensions (Pinheiro & Collobert 2015).

    With a ``sharpness`` towards 0 it is the mean over cells, towards infinity their maximum.
    """
    cells = evidence.flatten(2)
    return (torch.logsumexp(sharpness * cells, dim=2) - math.log(cells.shape[2])) / sharpness
