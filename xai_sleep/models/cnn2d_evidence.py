"""A 2D CNN without dense layers: evidence for an event in every cell, and its soft maximum.

The frequency of a cell is one more channel, since a convolution alone cannot tell 13 Hz from 8 Hz.
"""

import math
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from xai_sleep.models.layers import near_zero, soft_maximum

STRIDES = ((2, 2), (2, 1), (1, 1), (1, 1))  # over frequency and time


class EvidenceCNN2d(nn.Module):
    """Four convolutions, the first of ``width``, and a soft maximum over frequency and time."""

    input_kind: Literal["image"] = "image"
    frequency: Tensor

    def __init__(
        self,
        n_chans: int,
        n_times: int,
        n_freqs: int = 128,
        *,
        width: int = 8,
        dropout: float = 0.3,
        sharpness: float = 4.0,
    ) -> None:
        super().__init__()
        self.sharpness = sharpness
        rows = torch.linspace(1, -1, n_freqs).reshape(1, 1, n_freqs, 1)
        self.register_buffer("frequency", rows.expand(1, 1, n_freqs, n_times), persistent=False)
        self.features = nn.Sequential()
        widths = pairwise((n_chans + 1, width, 2 * width, 2 * width, 2 * width))
        for (before, after), stride in zip(widths, STRIDES, strict=True):
            convolution = nn.Conv2d(before, after, 3, stride, padding=1)
            self.features.extend([convolution, nn.BatchNorm2d(after), nn.ReLU()])
        self.head = nn.Sequential(nn.Dropout(dropout), near_zero(nn.Conv2d(2 * width, 2, 1)))

    @property
    def cam_layer(self) -> nn.Module:
        """The last feature map, of a quarter of the rows and half of the columns of the image."""
        return self.features[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        return self.over_window(self.over_time(images))

    def over_window(self, evidence: Tensor) -> Tensor:
        """Logits ``(window, 2)`` from those over time."""
        return soft_maximum(evidence, self.sharpness)

    def over_time(self, images: Tensor) -> Tensor:
        """Logits ``(window, 2, cell)``: the soft maximum over frequency."""
        frequency = self.frequency.expand(len(images), -1, -1, -1)
        inputs = torch.cat([images, frequency], dim=1)
        # With the channels innermost all of it takes a quarter less time.
        features = self.features(inputs.contiguous(memory_format=torch.channels_last))
        cells: Tensor = self.head(features)
        evidence = torch.logsumexp(self.sharpness * cells, dim=2) - math.log(cells.shape[2])
        return evidence / self.sharpness
