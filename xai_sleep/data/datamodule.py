"""What a fold feeds to a network: scaled windows, balanced for training, in batches.

::

    recordings + fold ─▶ scale (fitted on the fold) ─▶ windows ─┬ train ─▶ balance ─▶ loader
                                                                ├ val  ───────────▶ loader
                                                                └ test ───────────▶ loader
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset

from xai_sleep.data.balance import balance
from xai_sleep.data.folds import Fold
from xai_sleep.data.recording import Recording, Signals
from xai_sleep.data.scaling import scale_by_record, scale_by_train
from xai_sleep.data.windows import Windows, cut, cut_signals

Batch = list[Tensor]
SCALING = {"record": scale_by_record, "train": scale_by_train}


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
        signals = cut_signals(self.signals, self.windows, torch.tensor(index).numpy())
        return [torch.from_numpy(signals), torch.from_numpy(self.windows.label[index])]


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
    ) -> None:
        super().__init__()
        self.recordings, self.fold, self.scale = recordings, fold, scale
        self.sampler, self.noise, self.batch_size, self.seed = sampler, noise, batch_size, seed
        rule = {"length": window, "min_overlap": min_overlap}
        self.train = cut(recordings, fold.train, step=step, **rule)
        self.val = cut(recordings, fold.val, step=step, **rule)
        self.test = cut(recordings, fold.test, step=window, **rule)

    def setup(self, stage: str | None = None) -> None:  # noqa: ARG002 - Lightning's signature
        """Scale the signals and balance the training windows, once."""
        if hasattr(self, "signals"):
            return
        self.signals = SCALING[self.scale](self.recordings, self.fold)
        train, labels = balance(
            cut_signals(self.signals, self.train),
            self.train.label,
            sampler=self.sampler,
            noise=self.noise,
            seed=self.seed,
            where=f"fold {self.fold.name}",
        )
        self.balanced = TensorDataset(torch.from_numpy(train), torch.from_numpy(labels))

    def train_dataloader(self) -> DataLoader[Any]:
        """Return balanced training windows in an order drawn from the seed."""
        return DataLoader(
            self.balanced,
            batch_size=min(self.batch_size, len(self.balanced)),
            shuffle=True,
            # A last batch of one window would break batch normalisation; an only batch is kept.
            drop_last=len(self.balanced) > self.batch_size,
            generator=torch.Generator().manual_seed(self.seed),
        )

    def val_dataloader(self) -> DataLoader[Any]:
        """Return validation windows, in order."""
        return self._in_order(self.val)

    def test_dataloader(self) -> DataLoader[Any]:
        """Return test windows, in order."""
        return self._in_order(self.test)

    def _in_order(self, windows: Windows) -> DataLoader[Any]:
        dataset = WindowDataset(self.signals, windows)
        return DataLoader(dataset, batch_size=512, collate_fn=_already_a_batch)


def _already_a_batch(batch: Batch) -> Batch:
    return batch
