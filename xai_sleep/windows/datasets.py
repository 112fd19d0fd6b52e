"""Batches of windows: cut or looked up all at once, so that a loader need not stack samples."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from xai_sleep.recordings.recording import Signals
from xai_sleep.windows.images import Images
from xai_sleep.windows.scaling import Amplitude
from xai_sleep.windows.windows import Windows, cut_signals

Batch = list[Tensor]


class WindowDataset(Dataset[Batch]):
    """Untouched windows, cut when a batch of them is asked for.

    Parameters
    ----------
    signals : sequence of float32 arrays of shape (channel, time)
        Scaled signals, one per recording.
    windows : Windows
        Where to cut.
    """

    def __init__(self, signals: Sequence[Signals], windows: Windows) -> None:
        self.signals, self.windows = signals, windows

    def __len__(self) -> int:
        return len(self.windows)

    def __getitems__(self, index: list[int]) -> Batch:
        """Cut a batch: signals ``(window, channel, time)`` and labels ``(window,)``."""
        signals = cut_signals(self.signals, self.windows, np.array(index))
        return [torch.from_numpy(signals), torch.from_numpy(self.windows.label[index])]


class ReadyDataset(Dataset[Batch]):
    """Windows that are all in memory.

    Parameters
    ----------
    signals : tensor of shape (window, channel, time)
        Scaled, and balanced.
    label : tensor of shape (window,)
        Their labels.
    marks : tensor of shape (window, time), optional
        A third part of every batch.
    """

    def __init__(self, signals: Tensor, label: Tensor, marks: Tensor | None = None) -> None:
        self.signals, self.label, self.marks = signals, label, marks

    def __len__(self) -> int:
        return len(self.label)

    def __getitems__(self, index: list[int]) -> Batch:
        """Look up a batch: signals ``(window, channel, time)`` and labels ``(window,)``."""
        marks = [] if self.marks is None else [self.marks[index]]
        return [self.signals[index], self.label[index], *marks]


class ImageDataset(Dataset[Batch]):
    """Images of real windows, then of synthetic ones, z-scored.

    Parameters
    ----------
    images : Images
        Of the real windows' recordings.
    windows : Windows
        The real windows.
    amplitudes : sequence of arrays of shape (channel, 1)
        What each recording's signals are divided by.
    normal : (mean, sd), tensors of shape (image, freq, 1)
        Subtracted from and divided into every image.
    synthetic : tensor of shape (window, image, freq, time)
        Images of windows that have no place in a recording.
    synthetic_label : tensor of shape (window,)
        Their labels.
    marks : tensor of shape (window, time), optional
        Of the real windows and then of the synthetic ones: a third part of every batch.
    """

    def __init__(
        self,
        images: Images,
        windows: Windows,
        amplitudes: Sequence[Amplitude],
        normal: tuple[Tensor, Tensor],
        synthetic: Tensor | None = None,
        synthetic_label: Tensor | None = None,
        marks: Tensor | None = None,
    ) -> None:
        self.images, self.windows, self.amplitudes, self.normal = (
            images,
            windows,
            amplitudes,
            normal,
        )
        self.synthetic = torch.empty(0, *images.shape) if synthetic is None else synthetic
        added = torch.empty(0, dtype=torch.int64) if synthetic_label is None else synthetic_label
        self.label = torch.cat([torch.from_numpy(windows.label), added])
        self.marks = marks

    def __len__(self) -> int:
        return len(self.label)

    def __getitems__(self, index: list[int]) -> Batch:
        """Look up a batch: images ``(window, image, freq, time)`` and labels ``(window,)``."""
        asked = np.array(index)
        real = asked < len(self.windows)
        out = torch.empty(len(asked), *self.images.shape)
        out[torch.from_numpy(real)] = self.images.of(self.windows, asked[real], self.amplitudes)
        out[torch.from_numpy(~real)] = self.synthetic[asked[~real] - len(self.windows)].float()
        mean, sd = self.normal
        marks = [] if self.marks is None else [self.marks[asked]]
        return [out.sub_(mean).div_(sd), self.label[asked], *marks]


def shifted(inputs: Tensor, by: Tensor) -> Tensor:
    """Roll each window of a batch along its last axis, time, by a number of samples of its own."""
    n_times = inputs.shape[-1]
    places = (torch.arange(n_times, device=inputs.device) + by[:, None]) % n_times
    return inputs.gather(
        -1, places.reshape(len(inputs), *[1] * (inputs.dim() - 2), n_times).expand_as(inputs)
    )


def already_a_batch(batch: Batch) -> Batch:
    """Collate what a dataset already returned as a batch."""
    return batch
