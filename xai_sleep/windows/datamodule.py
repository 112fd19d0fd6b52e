"""What a fold feeds to a network: scaled windows, balanced for training, in batches.

::

    recordings + fold ─▶ scale (fitted on the fold) ─▶ windows ─┬ train ─▶ balance ─▶ loader
                                                                ├ val  ───────────▶ loader
                                                                └ test ───────────▶ loader
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.windows.balance import balance
from xai_sleep.windows.datasets import (
    Batch,
    ImageDataset,
    ReadyDataset,
    WindowDataset,
    already_a_batch,
    shifted,
)
from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.images import Images
from xai_sleep.windows.practice import Parts, Practice
from xai_sleep.windows.scaling import (
    amplitudes_by_record,
    amplitudes_by_train,
    scaled,
)
from xai_sleep.windows.windows import Windows, cut, cut_signals
from xai_sleep.windows.windows import marks as window_marks

AMPLITUDES = {"record": amplitudes_by_record, "train": amplitudes_by_train}


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
        See :func:`xai_sleep.windows.balance.balance`.
    batch_size : int
        Windows per training batch.
    seed : int
        Of balance and shuffling.
    images : Images, optional
        Turns windows into images; without it batches hold signals.
    shift : bool
        Shift each training window circularly in time, anew in every epoch: an event is an event
        wherever it lies in the window.
    marks : bool
        Training batches also say where experts marked an event, ``(window, time)`` on the last axis
        of the inputs, NaN for synthetic windows, which have no place in time.
    practice : Practice, optional
        The clean one by default.
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
        marks: bool = False,
        practice: Practice | None = None,
    ) -> None:
        super().__init__()
        self.recordings, self.fold, self.scale, self.images = recordings, fold, scale, images
        self.sampler, self.noise, self.batch_size, self.seed = sampler, noise, batch_size, seed
        rule: dict[str, Any] = {"length": window, "min_overlap": min_overlap}
        self.shift, self.marks = shift, marks
        self.practice = practice or Practice()
        self.train, self.val, self.test = self.practice.parts(
            Parts(
                cut(recordings, fold.train, step=step, **rule),
                cut(recordings, fold.val, step=step, **rule),
                cut(recordings, fold.test, step=window, **rule),
            ),
            fold,
        )
        self.held_out: tuple[Signals, NDArray[np.int64]] | None = None

    def setup(self, stage: str | None = None) -> None:  # noqa: ARG002 - Lightning's signature
        """Scale the signals and balance the training windows, once."""
        if hasattr(self, "signals"):
            return
        scaling = self.practice.scaling(self.fold, self.recordings)
        self.amplitudes = AMPLITUDES[self.scale](self.recordings, scaling)
        self.signals = scaled(self.recordings, self.amplitudes)
        real = cut_signals(self.signals, self.train)
        balanced = self.practice.balanced(
            self.balance, self.parts, partial(cut_signals, self.signals), self.seed
        )
        train, labels, self.held_out = balanced.signals, balanced.labels, balanced.held_out
        # A sampler that removes windows does not put the real ones first: none has a place then.
        kept = len(real) if np.array_equal(train[: len(real)], real) else 0
        marks = self._marks(kept, len(train)) if self.marks else None
        if self.images is None:
            self.balanced: ReadyDataset | ImageDataset = ReadyDataset(
                torch.from_numpy(train), torch.from_numpy(labels), marks
            )
            return
        self.images.remember([self.train, self.val])
        self.normal = self._normal(self.images)
        added = train[kept:]
        self.balanced = ImageDataset(
            self.images,
            self.train.take(slice(kept)),
            self.amplitudes,
            self.normal,
            self.images.compute(added).half() if len(added) else None,
            torch.from_numpy(labels[kept:]),
            marks,
        )

    def _marks(self, kept: int, total: int) -> Tensor:
        """Mark the training windows: the real ones, which stand first, then NaN."""
        if not kept:
            raise InputError(
                f"fold {self.fold.name}: trainer.marks needs to know where windows come from, but "
                f"{(self.sampler or {}).get('_target_')} takes windows away; set trainer.marks=0 "
                "or choose another balance"
            )
        n_cells = self.train.length if self.images is None else self.images.shape[-1]
        marks = torch.full((total, n_cells), torch.nan)
        marks[:kept] = torch.from_numpy(window_marks(self.recordings, self.train, n_cells))
        return marks

    @property
    def parts(self) -> Parts:
        """Windows by purpose."""
        return Parts(self.train, self.val, self.test)

    @property
    def choosing_time(self) -> Times:
        """Time by which a detector of events is chosen."""
        return self.practice.choosing(self.fold)

    @property
    def normalising_windows(self) -> Windows:
        """Windows by which images are normalised."""
        return self.practice.normalising(self.parts)

    def balance(
        self, signals: Signals, labels: NDArray[np.int64]
    ) -> tuple[Signals, NDArray[np.int64]]:
        """Even out the classes of the training windows: those given, then synthetic ones."""
        return balance(
            signals,
            labels,
            sampler=self.sampler,
            noise=self.noise,
            seed=self.seed,
            where=f"fold {self.fold.name}",
        )

    @property
    def learnt(self) -> dict[str, NDArray[np.float32]]:
        """What a new recording needs to be scaled like the fold's: it is learnt in training."""
        kept = {}
        if self.scale == "train":
            kept["amplitude"] = self.amplitudes[0]
        if self.images is not None:
            kept["image_mean"], kept["image_sd"] = (each.numpy() for each in self.normal)
        return kept

    def _normal(self, images: Images) -> tuple[Tensor, Tensor]:
        """Mean and sd of each row over training windows and time; rows are frequencies."""
        sums = torch.zeros(2, *images.shape[:2], 1, dtype=torch.float64)
        windows = self.normalising_windows
        for index in np.array_split(np.arange(len(windows)), len(windows) // 256 + 1):
            batch = images.of(windows, index, self.amplitudes).double()
            for power in (1, 2):
                sums[power - 1] += (batch**power).mean(3, keepdim=True).sum(0)
        mean, square = sums / len(windows)
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
            collate_fn=already_a_batch,
            generator=torch.Generator().manual_seed(self.seed),
        )

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:  # noqa: ARG002
        """Shift the windows of a training batch; leave all others as they are."""
        if not (self.shift and self.trainer and self.trainer.training):
            return batch
        inputs, labels, *marks = batch
        by = torch.randint(inputs.shape[-1], (len(inputs),), device=inputs.device)
        return [shifted(inputs, by), labels, *(shifted(each, by) for each in marks)]

    def val_dataloader(self) -> DataLoader[Any]:
        """Return validation windows, in order."""
        return self.in_order(self.val)

    def test_dataloader(self) -> DataLoader[Any]:
        """Return test windows, in order."""
        return self.in_order(self.test)

    def in_order(self, windows: Windows) -> DataLoader[Any]:
        """Return any windows of the recordings, scaled as the fold scales them, in order."""
        dataset: Dataset[Any] = (
            WindowDataset(self.signals, windows)
            if self.images is None
            else ImageDataset(self.images, windows, self.amplitudes, self.normal)
        )
        return DataLoader(dataset, batch_size=256, collate_fn=already_a_batch)

    def held_out_dataloader(self) -> DataLoader[Any]:
        """Return the synthetic windows that are tested and not trained on."""
        assert self.held_out is not None
        signals, labels = (torch.from_numpy(each) for each in self.held_out)
        dataset: Dataset[Any] = ReadyDataset(signals, labels)
        if self.images is not None:
            images = self.images.compute(self.held_out[0]).half()
            none = self.test.take(slice(0))
            dataset = ImageDataset(self.images, none, self.amplitudes, self.normal, images, labels)
        return DataLoader(dataset, batch_size=256, collate_fn=already_a_batch)
