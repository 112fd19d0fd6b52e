"""Layers that compute with the channels innermost.

With as few channels as these networks have, torch then needs no padded copies of its inputs, which
take more time than the arithmetic.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d

INNERMOST = torch.channels_last


class Conv1d(nn.Conv1d):
    """Convolution without padding or stride of ``(window, channel, time)``."""

    def forward(self, input: Tensor) -> Tensor:
        """Features ``(window, channel, time)``."""
        rows = input.unsqueeze(2).contiguous(memory_format=INNERMOST)
        return conv2d(rows, self.weight.unsqueeze(2), self.bias).squeeze(2)


class Conv2d(nn.Conv2d):
    """Convolution of large images: what comes out has the channels outermost again.

    Batch normalisation, which follows, is slow otherwise. Parameters as of ``torch.nn.Conv2d``.
    """

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
