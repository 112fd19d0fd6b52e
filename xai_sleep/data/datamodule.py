"""What a fold feeds to a network: scaled windows, balanced for training, in batches.

::

    recordings + fold ─▶ scale (fitted on the fold) ─▶ windows ─┬ train ─▶ balance ─▶ loader
                                                                ├ val  ───────────▶ loader
                                                                └ test ───────────▶ loader
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset

from xai_sleep.data.balance import balance
from xai_sleep.data.folds import Fold
from xai_sleep.data.images import Images
from xai_sleep.data.recording import Recording, Signals
from xai_sleep.data.scaling import (
    Amplitude,
    amplitudes_by_record,
    amplitudes_by_train,
    scaled,
)
from xai_sleep.data.windows import Windows, cut, cut_signals

Batch = list[Tensor]
AMPLITUDES = {"record": amplitudes_by_record, "train": amplitudes_by_train}


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
    """

    def __init__(
        self,
        images: Images,
        windows: Windows,
        amplitudes: Sequence[Amplitude],
        normal: tuple[Tensor, Tensor],
        synthetic: Tensor | None = None,
        synthetic_label: Tensor | None = None,
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
        return [(out - mean) / sd, self.label[asked]]


class FoldDataModule(pl.LightningDataModule):
    """Loaders of one fold.

    Parameters
    ----------
    recordings : sequence of Recording
        Resampled and filtered.
    fold : Fold
        Which time serves which purpose.
    window, step : float
        Window length, and distance between training and validation windows, in s. Test windows do
        not overlap.
    min_overlap : float
        Seconds of an event that make a window positive; 0: any overlap.
    scale : {"record", "train"}
        Whose amplitude the signals are divided by.
    sampler, noise
        See :func:`xai_sleep.data.balance.balance`.
    batch_size : int
        Windows per training batch.
    seed : int
        Of balance and shuffling.
    images : Images, optional
        Turns windows into images; without it batches hold signals.
    shift : bool
        Shift each training window circularly in time, anew in every epoch: an event is an event
        wherever it lies in the window.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        fold: Fold,
        *,
        window: float,
        step: float,
        min_overlap: float = 0.0,
        scale: str = "record",
        sampler: Mapping[str, Any] | None = None,
        noise: float = 0.0,
        batch_size: int = 128,
        seed: int = 0,
        images: Images | None = None,
        shift: bool = False,
    ) -> None:
        super().__init__()
        self.recordings, self.fold, self.scale, self.images = recordings, fold, scale, images
        self.sampler, self.noise, self.batch_size, self.seed = sampler, noise, batch_size, seed
        rule = {"length": window, "min_overlap": min_overlap}
        self.shift = shift
        self.train = cut(recordings, fold.train, step=step, **rule)
        self.val = cut(recordings, fold.val, step=step, **rule)
        self.test = cut(recordings, fold.test, step=window, **rule)

    def setup(self, stage: str | None = None) -> None:  # noqa: ARG002 - Lightning's signature
        """Scale the signals and balance the training windows, once."""
        if hasattr(self, "signals"):
            return
        self.amplitudes = AMPLITUDES[self.scale](self.recordings, self.fold)
        self.signals = scaled(self.recordings, self.amplitudes)
        real = cut_signals(self.signals, self.train)
        train, labels = balance(
            real,
            self.train.label,
            sampler=self.sampler,
            noise=self.noise,
            seed=self.seed,
            where=f"fold {self.fold.name}",
        )
        if self.images is None:
            self.balanced: TensorDataset | ImageDataset = TensorDataset(
                torch.from_numpy(train), torch.from_numpy(labels)
            )
            return
        self.images.remember([self.train, self.val])
        self.normal = self._normal(self.images)
        # A sampler that removes windows does not put the real ones first: none is then looked up.
        kept = len(real) if np.array_equal(train[: len(real)], real) else 0
        added = train[kept:]
        self.balanced = ImageDataset(
            self.images,
            self.train.take(slice(kept)),
            self.amplitudes,
            self.normal,
            self.images.compute(added).half() if len(added) else None,
            torch.from_numpy(labels[kept:]),
        )

    def _normal(self, images: Images) -> tuple[Tensor, Tensor]:
        """Mean and sd of each row over training windows and time; rows are frequencies."""
        sums = torch.zeros(2, *images.shape[:2], 1, dtype=torch.float64)
        for index in np.array_split(np.arange(len(self.train)), len(self.train) // 256 + 1):
            batch = images.of(self.train, index, self.amplitudes).double()
            for power in (1, 2):
                sums[power - 1] += (batch**power).mean(3, keepdim=True).sum(0)
        mean, square = sums / len(self.train)
        # Images are kept as float16: what varies less than it can tell does not vary.
        sd = (square - mean**2).clamp_min(1e-6).sqrt()
        return mean.float(), sd.float()

    def train_dataloader(self) -> DataLoader[Any]:
        """Return balanced training windows in an order drawn from the seed."""
        return DataLoader(
            self.balanced,
            batch_size=min(self.batch_size, len(self.balanced)),
            shuffle=True,
            # A last batch of one window would break batch normalisation; an only batch is kept.
            drop_last=len(self.balanced) > self.batch_size,
            collate_fn=None if self.images is None else _already_a_batch,
            generator=torch.Generator().manual_seed(self.seed),
        )

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:  # noqa: ARG002
        """Shift the windows of a training batch; leave all others as they are."""
        if not (self.shift and self.trainer and self.trainer.training):
            return batch
        return [shifted(batch[0]), batch[1]]

    def val_dataloader(self) -> DataLoader[Any]:
        """Return validation windows, in order."""
        return self._in_order(self.val)

    def test_dataloader(self) -> DataLoader[Any]:
        """Return test windows, in order."""
        return self._in_order(self.test)

    def _in_order(self, windows: Windows) -> DataLoader[Any]:
        dataset: Dataset[Any] = (
            WindowDataset(self.signals, windows)
            if self.images is None
            else ImageDataset(self.images, windows, self.amplitudes, self.normal)
        )
        return DataLoader(dataset, batch_size=256, collate_fn=_already_a_batch)


def shifted(inputs: Tensor) -> Tensor:
    """Roll each window of a batch along its last axis, time, by an amount drawn from torch."""
    n_times = inputs.shape[-1]
    by = torch.randint(n_times, (len(inputs), 1), device=inputs.device)
    places = (torch.arange(n_times, device=inputs.device) + by) % n_times
    return inputs.gather(
        -1, places.reshape(len(inputs), *[1] * (inputs.dim() - 2), n_times).expand_as(inputs)
    )


def _already_a_batch(batch: Batch) -> Batch:
    return batch
