"""Small images for tests, and transforms that count what they compute."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xai_sleep.coherence.wtc import Scalogram, WaveletCoherence
from xai_sleep.recordings.cache import Cache
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.images import Images
from xai_sleep.windows.windows import Windows

LENGTH, SFREQ = 64, 16.0  # samples and Hz: windows of 4 s
BAND, SIZE = (0.5, 8.0), 8


class Counted(WaveletCoherence):
    """Coherence that counts the windows it was made of."""

    seen = 0

    def forward(self, windows: Tensor) -> Tensor:
        """Count and compute."""
        self.seen += len(windows)
        return super().forward(windows)


def transform(kind: str) -> WaveletCoherence | Scalogram:
    """Make a transform of a kind; coherence counts."""
    make = Counted if kind == "coherence" else Scalogram
    return make(LENGTH, SFREQ, *BAND, SIZE, SIZE)


def make_images(
    recordings: Sequence[Recording], kind: str, directory: Path, *, memory: float = 1.0
) -> Images:
    """Make the images of recordings, with files in ``directory`` beyond ``memory`` GiB."""
    return Images(recordings, transform(kind), Cache(directory, size=1.0), memory)


def directly(
    recordings: Sequence[Recording], windows: Windows, scales: Sequence[np.ndarray], kind: str
) -> Tensor:
    """Images of scaled windows, one by one, from what the transform says of their signals."""
    one = transform(kind)
    return torch.cat(
        [
            one(torch.from_numpy(recordings[r].signals[None, :, s : s + LENGTH] / scales[r]))
            for r, s in zip(windows.record, windows.start, strict=True)
        ]
    )
