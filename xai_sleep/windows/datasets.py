"""Batches of windows: cut or looked up all at once, so that a loader need not stack samples."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from xai_sleep.windows.inputs import Input
from xai_sleep.windows.scaling import Amplitude
from xai_sleep.windows.store import Store
from xai_sleep.windows.windows import Windows

Batch = list[Tensor]


class Held(NamedTuple):
    """Windows in memory, as an input holds them, and their labels."""

    windows: Tensor
    label: Tensor


class WindowDataset(Dataset[Batch]):
    """Windows of recordings, then others that are held in memory, as a network sees them.

    Parameters
    ----------
    input : Input
        Fitted.
    store : Store
        Of the recordings.
    windows : Windows
        Of the recordings.
    amplitudes : sequence of arrays of shape (channel, 1)
        What each recording's signals are divided by.
    held : Held, optional
        Windows that follow.
    marks : tensor of shape (window, time), optional
        Of all windows: a third part of every batch.
    """

    def __init__(
        self,
        input: Input,
        store: Store,
        windows: Windows,
        amplitudes: Sequence[Amplitude],
        held: Held | None = None,
        marks: Tensor | None = None,
    ) -> None:
        self.input, self.store, self.windows, self.amplitudes = input, store, windows, amplitudes
        label = torch.from_numpy(windows.label)
        self.held = held or Held(torch.empty(0, *input.shape.values()), label[:0])
        self.label, self.marks = torch.cat([label, self.held.label]), marks

    def __len__(self) -> int:
        return len(self.label)

    def __getitems__(self, index: list[int]) -> Batch:
        """Make a batch: what the network sees of each window, its label and perhaps its marks."""
        asked, n = np.array(index), len(self.windows)
        real = asked < n
        seen = self.input.seen(self.store, self.windows, asked[real], self.amplitudes)
        held = self.input.normalised(self.held.windows[asked[~real] - n])
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
    return inputs.gather(
        -1, places.reshape(len(inputs), *[1] * (inputs.dim() - 2), n_times).expand_as(inputs)
    )


def already_a_batch(batch: Batch) -> Batch:
    """Collate what a dataset already returned as a batch."""
    return batch
