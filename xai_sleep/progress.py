"""Progress on the terminal: records read, folds done, epochs and windows of the fold at work."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import pytorch_lightning as pl
from rich import progress
from rich.console import Console
from torch.utils.data import DataLoader

T = TypeVar("T")


class Progress(progress.Progress):
    """Bars above which logs appear, for a ``with`` block; silent where there is no terminal."""

    def __init__(self, console: Console) -> None:
        super().__init__(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(),
            progress.TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )

    def each(
        self, what: str, items: Iterable[T], total: int | Callable[[], int | None]
    ) -> Iterator[T]:
        """Iterate, advancing a bar after each item; how many a stream holds may be told later."""
        bar = self.add_task(what, total=None, note="")
        for item in items:
            self.update(bar, total=total() if callable(total) else total)
            yield item
            self.advance(bar)

    def passing(self, what: str, batches: DataLoader[Any]) -> Iterator[Any]:
        """Iterate over batches below a bar that goes when they have passed."""
        bar = self.add_task(what, total=len(batches), note="")
        for batch in batches:
            yield batch
            self.advance(bar)
        self.remove_task(bar)

    def epochs(self, fold: str, total: int) -> "EpochBar":
        """Lightning callback that draws the epochs of a fold."""
        return EpochBar(self, fold, total)


class EpochBar(pl.Callback):
    """A bar over epochs with the validation score beside it; it goes when the fit ends."""

    def __init__(self, bars: Progress, fold: str, total: int) -> None:
        self.bars, self.epochs = bars, 0
        self.bar = bars.add_task(f"epochs of {fold}", total=total, note="")

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: object,  # noqa: ARG002
        batch: object,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Advance by a part of the epoch."""
        done = (batch_idx + 1) / trainer.num_training_batches
        self.bars.update(self.bar, completed=self.epochs + done)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Show the latest validation score."""
        score = trainer.callback_metrics.get("val/average_precision")
        note = "" if score is None else f"validation AP {float(score):.3f}"
        self.epochs += 1
        self.bars.update(self.bar, completed=self.epochs, note=note)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Take the bar away."""
        self.bars.remove_task(self.bar)
