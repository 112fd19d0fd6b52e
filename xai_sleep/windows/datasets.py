"""Batches of windows: cut or looked up all at once, so that a loader need not stack samples."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from xai_sleep.recordings.recording import Signals
from xai_sleep.windows.inputs import Input
from xai_sleep.windows.scaling import Amplitude
from xai_sleep.windows.store import Store
from xai_sleep.windows.windows import Labels, Windows

Batch = list[Tensor]


class WindowDataset(Dataset[Batch]):
    """Windows of recordings, then others that are held in memory, as a network sees them.

    ``held`` are scaled signals and labels of the others, ``marks`` (window, time) those of all, a
    third part of every batch; the input is fitted.
    """

    def __init__(
        self,
        input: Input,
        store: Store,
        windows: Windows,
        amplitudes: Sequence[Amplitude],
        held: tuple[Signals, Labels] | None = None,
        marks: Tensor | None = None,
    ) -> None:
        self.input, self.store, self.windows, self.amplitudes = input, store, windows, amplitudes
        self.marks, self.label = marks, torch.from_numpy(windows.label)
        self.held = torch.empty(0, *input.shape.values())
        if held is not None and len(held[1]):
            self.held = input.held(held[0])
            self.label = torch.cat([self.label, torch.from_numpy(held[1])])

    def __len__(self) -> int:
        return len(self.label)

    def __getitems__(self, index: list[int]) -> Batch:
        """Make a batch: what the network sees of each window, its label and perhaps its marks."""
        asked, n = np.array(index), len(self.windows)
        real = asked < n
        seen = self.input.seen(self.store, self.windows, asked[real], self.amplitudes)
        held = self.input.normalised(self.held[asked[~real] - n])
        inputs = torch.empty(len(asked), *seen.shape[1:])
        inputs[torch.from_numpy(real)], inputs[torch.from_numpy(~real)] = seen, held
        return [inputs, self.label[asked], *([] if self.marks is None else [self.marks[asked]])]


def in_order(dataset: WindowDataset) -> DataLoader[Any]:
    """Batches of all windows, in order."""
    return DataLoader(dataset, batch_size=256, collate_fn=already_a_batch)


def shifted(inputs: Tensor, by: Tensor) -> Tensor:
    """Roll each window of a batch along its last axis, time, by a number of samples of its own."""
    n_times = inputs.shape[-1]
    places = (torch.arange(n_times, device=inputs.device) + by[:, None]) % n_times
    shape = (len(inputs), *[1] * (inputs.dim() - 2), n_times)
    return inputs.gather(-1, places.reshape(shape).expand_as(inputs))


def already_a_batch(batch: Batch) -> Batch:
    """Collate what a dataset already returned as a batch."""
    return batch
