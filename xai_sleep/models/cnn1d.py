"""1D CNN on signals ``(window, channel, time)``, with two logits a window."""

from typing import Literal, cast

from torch import Tensor, nn

from xai_sleep.errors import InputError
from xai_sleep.models.layers import Conv1d, near_zero

BLOCKS = ((4, 6), (4, 5), (10, 4), (10, 4), (15, 4))  # filters and kernel of each convolution


class CNN1d(nn.Module):
    """Five convolutions, each halved by max-pooling, and a dense layer.

    ``conv 4×6 → 4×5 → 10×4 → 10×4 → 15×4``, not padded, ReLU after each: 2,173 parameters for two
    channels of 1000 samples. InputError if a window is too short.
    """

    input_kind: Literal["signal"] = "signal"

    def __init__(self, n_chans: int, n_times: int, dropout: float = 0.5) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width, cells = n_chans, n_times
        for filters, kernel in BLOCKS:
            layers += [Conv1d(width, filters, kernel), nn.ReLU(), nn.MaxPool1d(2)]
            width, cells = filters, (cells - kernel + 1) // 2
        if cells < 1:
            shortest = 1
            for _, kernel in reversed(BLOCKS):
                shortest = 2 * shortest + kernel - 1
            needs = f"too short for CNN1d, whose five poolings need {shortest}"
            remedy = "lengthen task.window or raise task.sfreq"
            raise InputError(f"windows of {n_times} samples are {needs}; {remedy}")
        self.features = nn.Sequential(*layers)
        last = near_zero(nn.Linear(width * cells, 2))
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), last)

    @property
    def cam_layer(self) -> nn.Module:
        """The last feature map before pooling: two cells where the pooled one has one."""
        return self.features[-2]

    def forward(self, signals: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        return cast("Tensor", self.head(self.features(signals)))
