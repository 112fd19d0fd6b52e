"""2D CNN on images ``(window, image, freq, time)``, with two logits a window."""

from functools import partial
from itertools import pairwise
from typing import Literal, cast

from torch import Tensor, nn

from xai_sleep.errors import InputError
from xai_sleep.models.layers import Conv2d, MaxPool2d, near_zero

POOLINGS = 4  # a strided convolution and three poolings, each halves the image


class CNN2d(nn.Module):
    """Three convolutions with batch normalisation and two dense layers.

    ``conv 4 (stride 2) → 8 → 16``, 3×3 and padded; after each ReLU, normalisation, max-pooling by 2
    and normalisation; then dense 16 and 2: 18,154 parameters for images of 3 × 128 × 128.
    InputError if the image is too small.
    """

    input_kind: Literal["image"] = "image"

    def __init__(
        self, n_chans: int, n_times: int, n_freqs: int = 128, dropout: float = 0.5
    ) -> None:
        super().__init__()
        rows, columns = n_freqs // 2**POOLINGS, n_times // 2**POOLINGS
        if not rows * columns:
            reason = f"too small for CNN2d, which halves them {POOLINGS} times"
            raise InputError(f"images of {n_freqs} × {n_times} are {reason}; raise task.image_size")
        self.features = nn.Sequential()
        for stage, (before, after) in enumerate(pairwise((n_chans, 4, 8, 16))):
            convolution = nn.Conv2d if stage else partial(Conv2d, stride=2)
            self.features.extend([convolution(before, after, 3, padding=1), nn.ReLU()])
            self.features.extend([nn.BatchNorm2d(after), MaxPool2d(2), nn.BatchNorm2d(after)])
        dense, last = nn.Linear(16 * rows * columns, 16), near_zero(nn.Linear(16, 2))
        further = (nn.ReLU(), nn.BatchNorm1d(16), nn.Dropout(dropout))
        self.head = nn.Sequential(nn.Flatten(), dense, *further, last)

    @property
    def cam_layer(self) -> nn.Module:
        """The last feature map before pooling."""
        return self.features[-4]

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        return cast("Tensor", self.head(self.features(images)))
