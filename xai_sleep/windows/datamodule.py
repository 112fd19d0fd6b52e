"""What a fold feeds to a network: scaled windows, balanced for training, in batches."""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from xai_sleep.components import Component
from xai_sleep.errors import InputError
from xai_sleep.recordings.cache import GIB, SignalsOf
from xai_sleep.recordings.recording import Signals
from xai_sleep.windows.balance import balance, fitting, require_positive
from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.images import Store
from xai_sleep.windows.inputs import Amplitude, Input
from xai_sleep.windows.practice import Parts, Practice
from xai_sleep.windows.windows import Labels, Windows, cut, cut_signals
from xai_sleep.windows.windows import marks as window_marks

log = logging.getLogger(__name__)
Batch = list[Tensor]
Watch = Callable[[DataLoader[Any]], Iterator[Batch]]
AT_ONCE = 1024  # windows


class WindowDataset(Dataset[Batch]):
    """Windows, then others ``held`` scaled in memory; ``marked`` ones, the first, show marks."""

    def __init__(
        self,
        input: Input,
        store: Store,
        windows: Windows,
        amplitudes: Sequence[Amplitude],
        held: tuple[Signals, Labels] | None = None,
        marked: Windows | None = None,
    ) -> None:
        self.input, self.store, self.windows, self.amplitudes = input, store, windows, amplitudes
        self.marked, self.label = marked, torch.from_numpy(windows.label)
        self.held = torch.empty(0, *input.shape.values())
        if held is not None and len(held[1]):
            self.held = input.held(held[0])
            self.label = torch.cat([self.label, torch.from_numpy(held[1])])

    def __len__(self) -> int:
        return len(self.label)

    def __getitems__(self, index: list[int]) -> Batch:
        """Make a batch: what the network sees of each window, its label and perhaps its marks."""
        asked = np.array(index)
        marks = [] if self.marked is None else [self._marks(self.marked, asked)]
        return [self._inputs(asked), self.label[asked], *marks]

    def _marks(self, marked: Windows, asked: NDArray[np.int64]) -> Tensor:
        """Where experts marked an event, ``(window, time)``; NaN for windows without a place."""
        marks = torch.full((len(asked), self.input.shape["n_times"]), torch.nan)
        real = asked < len(marked)
        shown = window_marks(self.store.recordings, marked.take(asked[real]), marks.shape[1])
        marks[torch.from_numpy(real)] = torch.from_numpy(shown)
        return marks

    def _inputs(self, asked: NDArray[np.int64]) -> Tensor:
        """Show windows of the recordings, those that are held, or both: copied only if both."""
        real = asked < len(self.windows)
        held = self.input.normalised(self.held[asked[~real] - len(self.windows)])
        if not real.any():
            return held
        seen = self.input.seen(self.store, self.windows, asked[real], self.amplitudes)
        if real.all():
            return seen
        inputs = torch.empty(len(asked), *seen.shape[1:])
        inputs[torch.from_numpy(real)], inputs[torch.from_numpy(~real)] = seen, held
        return inputs


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


class FoldDataModule(pl.LightningDataModule):
    """Loaders of one fold, to which the ``input`` is fitted; test windows do not overlap.

    With ``shift`` each training window is rolled in time, anew in every epoch. With ``marks``
    training batches also say where experts marked an event, ``(window, time)``, NaN for synthetic
    windows. ``shuffled`` permutes labels of training and of validation with this seed.
    """

    held_out: tuple[Signals, Labels] | None = None  # synthetic windows that are tested: a leak's

    def __init__(
        self,
        store: Store,
        fold: Fold,
        input: Input,
        *,
        step: float,
        min_overlap: float = 0.0,
        sampler: Component | None = None,
        noise: float = 0.0,
        memory: float = math.inf,
        batch_size: int = 128,
        seed: int = 0,
        shift: bool = False,
        marks: bool = False,
        practice: Practice | None = None,
        shuffled: int | None = None,
    ) -> None:
        super().__init__()
        self.watch: Watch = iter  # looks at batches go by
        self.store, self.fold, self.input = store, fold, input
        self.recordings = store.recordings
        self.sampler, self.noise, self.batch_size, self.seed = sampler, noise, batch_size, seed
        self.shift, self.marks, self.practice = shift, marks, practice or Practice()
        windows = partial(cut, store.recordings, length=input.window, min_overlap=min_overlap)
        train, val = (windows(time, step=step) for time in (fold.train, fold.val))
        parts = Parts(train, val, windows(fold.test, step=input.window))
        self.parts = self.practice.parts(parts, fold)
        if shuffled is not None:  # test windows keep their labels
            rng = np.random.default_rng(shuffled)
            train, val = (replace(w, label=rng.permutation(w.label)) for w in self.parts[:2])
            self.parts = Parts(train, val, self.parts.test)
        self.memory, self.training_windows = memory * GIB, len(self.parts.train)
        if sampler is not None:
            self.parts = self.parts._replace(train=self._fitting(self.parts.train))
        self.train, self.val, self.test = self.parts

    @property
    def choosing_time(self) -> Times:
        """Time by which a detector of events is chosen."""
        return self.practice.choosing(self.fold)

    def setup(self, stage: str | None = None) -> None:  # noqa: ARG002 - Lightning's signature
        """Fit the input and balance the training windows, once."""
        if hasattr(self, "amplitudes"):
            return
        fold = self.practice.scaling(self.fold, self.recordings)
        self.store.remember([self.train, self.val])
        self.input.fit(self.store, fold, self.practice.normalising(self.parts))
        self.amplitudes = self.input.amplitudes(self.recordings, fold)
        self._dataset = partial(WindowDataset, self.input, self.store, amplitudes=self.amplitudes)
        self.balanced = self._training()

    def _training(self) -> WindowDataset:
        """Real windows are looked up where that is cheaper; the others are held in memory."""
        where, n = f"fold {self.fold.name}", self.training_windows
        if len(self.train) < n:
            few = "%s: %d of %d training windows train, chosen at random: more cannot be evened out"
            log.warning(f"{few} in balance.memory=%g", where, len(self.train), n, self.memory / GIB)
        require_positive(self.train.label, where)
        large = len(self.train) * self._bytes(self.train) > self.memory
        if self.sampler is None and (large or self.store.looked_up):
            return self._dataset(self.train, marked=self.train if self.marks else None)
        even = partial(balance, sampler=self.sampler, noise=self.noise, seed=self.seed)
        even = partial(even, where=where)
        balanced = self.practice.balanced(even, self.parts, self.scaled, self.seed)
        self.held_out = balanced.held_out
        # A sampler that removes windows does not put the real ones first: none has a place then.
        given, n = balanced.signals, len(self.train)
        blocks = (slice(i, min(i + AT_ONCE, n)) for i in range(0, n, AT_ONCE))
        first = all(np.array_equal(given[b], self.scaled(self.train.take(b))) for b in blocks)
        if self.marks and not first:
            taker = f"{(self.sampler or {}).get('_target_')} takes windows away"
            needs = "trainer.marks needs to know where windows come from"
            remedy = "set trainer.marks=0 or choose another balance"
            raise InputError(f"{where}: {needs}, but {taker}; {remedy}")
        n *= first and self.store.looked_up
        held = (balanced.signals[n:], balanced.labels[n:])
        marked = self.train if self.marks else None
        return self._dataset(self.train.take(slice(n)), held=held, marked=marked)

    def _fitting(self, train: Windows) -> Windows:
        """As many training windows, chosen at random, as can be evened out in memory."""
        made = 2 * math.prod(self.input.shape.values()) if self.store.looked_up else 0
        kept = fitting(train.label, self.memory, self._bytes(train), made, self.seed)
        return train if kept is None else train.take(kept)

    def _bytes(self, windows: Windows) -> int:
        """Size of the signals of one window."""
        return 4 * len(self.recordings[0].channels) * windows.length

    def scaled(self, windows: Windows) -> Signals:
        """Cut windows out of signals divided by their amplitude: (window, channel, time)."""
        signals = cut_signals(SignalsOf(self.recordings), windows)
        return np.divide(signals, np.stack(self.amplitudes)[windows.record], out=signals)

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

    def forget_training(self) -> None:
        """Let go of the training windows, which Lightning's loops would keep; none can follow."""
        del self.balanced.held

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

    def held_out_dataloader(self) -> DataLoader[Any]:
        """Return the synthetic windows that are tested, in order."""
        assert self.held_out is not None, "this practice holds no windows out"
        return in_order(self._dataset(self.test.take(slice(0)), held=self.held_out))

    def in_order(self, windows: Windows) -> DataLoader[Any]:
        """Return any windows of the recordings, scaled as the fold scales them, in order."""
        return in_order(self._dataset(windows))
