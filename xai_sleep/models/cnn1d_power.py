"""A 1D CNN that looks at power: learned filters, their log power, and evidence over time.

The steps of the classical detector of an oscillation are layers, learned together.
"""

from itertools import pairwise
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d

from xai_sleep.models.layers import near_zero, soft_maximum


class PowerCNN1d(nn.Module):
    """Filters, log power, two convolutions and a soft maximum over time.

    Filters have ``kernel`` samples, an odd number; power has two cells in ``hop``, an even number.
    """

    input_kind: Literal["signal"] = "signal"

    def __init__(
        self,
        n_chans: int,
        n_times: int,  # noqa: ARG002 - part of the contract; the network takes any length
        *,
        filters: int = 16,
        kernel: int = 51,
        hop: int = 10,
        width: int = 16,
        dropout: float = 0.3,
        sharpness: float = 4.0,
    ) -> None:
        super().__init__()
        self.cells, self.sharpness = hop // 2, sharpness
        # Every second sample is enough: power is averaged over many of them.
        self.filters = nn.Conv1d(
            n_chans, filters, kernel, stride=2, padding=kernel // 2, padding_mode="reflect"
        )
        self.normalise = nn.BatchNorm1d(filters)
        self.evidence = nn.Sequential()
        for before, after in pairwise((filters, width, width)):
            convolution = nn.Conv1d(before, after, 9, padding=4, padding_mode="replicate")
            parts = [convolution, nn.BatchNorm1d(after), nn.ReLU(), nn.Dropout(dropout)]
            self.evidence.extend(parts)
        self.head = near_zero(nn.Conv1d(width, 2, 1))

    @property
    def cam_layer(self) -> nn.Module:
        """The last feature map, on the grid of the power."""
        return self.evidence[-2]

    def forward(self, signals: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        return self.over_window(self.over_time(signals))

    def over_window(self, evidence: Tensor) -> Tensor:
        """Logits ``(window, 2)`` from those over time."""
        return soft_maximum(evidence, self.sharpness)

    def over_time(self, signals: Tensor) -> Tensor:
        """Logits ``(window, 2, cell)``."""
        return cast("Tensor", self.head(self.evidence(self.normalise(self.power(signals)))))

    def power(self, signals: Tensor) -> Tensor:
        """Log power of each filter, ``(window, filter, cell)``."""
        squares, cells = self.filters(signals).square(), self.cells
        power = avg_pool1d(squares, 2 * cells, cells, padding=cells, count_include_pad=False)
        return torch.log(power + 1e-3)
