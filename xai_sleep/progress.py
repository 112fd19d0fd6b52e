"""Progress on the terminal: records read, folds done, epochs of the fold at work."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

import pytorch_lightning as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

T = TypeVar("T")


class Progress:
    """Bars for the length of a ``with`` block; silent where there is no terminal.

    Parameters
    ----------
    console : Console
        Where to draw; logs written to the same console appear above the bars.
    """

    def __init__(self, console: Console) -> None:
        self.bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bars.stop()

    def each(self, what: str, items: Iterable[T], total: int) -> Iterator[T]:
        """Iterate, advancing a bar after each item."""
        bar = self.bars.add_task(what, total=total, note="")
        for item in items:
            yield item
            self.bars.advance(bar)

    def epochs(self, fold: str, total: int) -> "EpochBar":
        """Lightning callback that draws the epochs of a fold."""
        return EpochBar(self.bars, fold, total)


class EpochBar(pl.Callback):
    """A bar over epochs with the validation score beside it; it goes when the fit ends.

    Parameters
    ----------
    bars : rich.progress.Progress
        Where to draw.
    fold : str
        Name shown.
    total : int
        Epochs at most.
    """

    def __init__(self, bars: Bars, fold: str, total: int) -> None:
        self.bars = bars
        self.bar = bars.add_task(f"epochs of {fold}", total=total, note="")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Advance and show the latest validation score."""
        score = trainer.callback_metrics.get("val/average_precision")
        note = "" if score is None else f"validation AP {float(score):.3f}"
        self.bars.update(self.bar, advance=1, note=note)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Take the bar away."""
        self.bars.remove_task(self.bar)
