"""A 1D CNN to be told where the experts marked an event, whose map shows all it goes by.

Its evidence for an event is a sum of features with weights that are not negative: no event can be
told by the silence of a feature, which a map could not show.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d

from xai_sleep.models.cnn1d_power import PowerCNN1d
from xai_sleep.models.layers import both_classes, near_zero, soft_maximum

GAIN = 4.0  # lets the odds of an event, which are long, be learnt at the pace of the rest


class MarksCNN1d(PowerCNN1d):
    """Absolute and relative power, two convolutions, evidence that only adds up."""

    def __init__(
        self, n_chans: int, n_times: int, *, filters: int = 16, width: int = 16, **settings: Any
    ) -> None:
        super().__init__(n_chans, n_times, filters=filters, width=width, **settings)
        self.normalise = nn.BatchNorm1d(2 * filters)
        self.evidence[0] = nn.Conv1d(2 * filters, width, 9, padding=4, padding_mode="replicate")
        self.head = near_zero(nn.Conv1d(width, 1, 1), GAIN)

    def power(self, signals: Tensor) -> Tensor:
        """Log power of each filter, then the same relative to its median over the window."""
        power = super().power(signals)
        # The median and not the mean: an event in one place must not show in all others.
        background = power.sort(dim=2).values[..., power.shape[2] // 2, None]
        return torch.cat([power, power - background], dim=1)

    def over_time(self, signals: Tensor) -> Tensor:
        """Logits ``(window, 2, cell)``."""
        features = self.evidence(self.normalise(self.power(signals)))
        return both_classes(GAIN * conv1d(features, self.head.weight.abs(), self.head.bias)[:, 0])

    def over_window(self, evidence: Tensor) -> Tensor:
        """Logits ``(window, 2)`` from those over time."""
        return both_classes(soft_maximum(evidence.diff(dim=1), self.sharpness)[:, 0])
