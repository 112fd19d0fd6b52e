"""Bars on a terminal, silence elsewhere, and every item exactly once."""

import io

import pytest
import pytorch_lightning as pl
import torch
from rich.console import Console
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from xai_sleep.progress import Progress


class Scored(pl.LightningModule):
    """Learns nothing, and logs the validation score that it is given."""

    def __init__(self, score: float | None) -> None:
        super().__init__()
        self.score, self.layer = score, nn.Linear(1, 1)

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """Log the score; a loss without meaning."""
        if self.score is not None:
            self.log("val/average_precision", self.score, on_step=False, on_epoch=True)
        loss: Tensor = self.layer(batch[0]).sum()
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Plain gradient descent."""
        return torch.optim.SGD(self.parameters(), 0.1)


def terminal(*, real: bool = True) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, force_terminal=real, width=100, color_system=None), written


def fit(progress: Progress, score: float | None) -> None:
    trainer = pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[progress.epochs("excerpt1", 2)],
    )
    trainer.fit(Scored(score), DataLoader(TensorDataset(torch.ones(2, 1))))


@pytest.mark.parametrize("real", [True, False])
def test_items_pass_through_once_and_in_order(real: bool) -> None:
    with Progress(terminal(real=real)[0]) as progress:
        assert list(progress.each("folds", iter("abc"), 3)) == ["a", "b", "c"]
        assert list(progress.each("folds", [], 0)) == []


def test_a_bar_advances_after_each_item() -> None:
    with Progress(terminal()[0]) as progress:
        for number, _ in enumerate(progress.each("folds", "abc", 3)):
            (bar,) = progress.tasks
            assert (bar.description, bar.total, bar.completed) == ("folds", 3, number)
        assert bar.completed == 3


def test_epochs_are_counted_with_the_score_and_go_when_the_fit_ends() -> None:
    console, written = terminal()
    with Progress(console) as progress:
        assert list(progress.each("folds", "a", 1)) == ["a"]
        fit(progress, 0.6254)
        assert [bar.description for bar in progress.tasks] == ["folds"]
    assert "folds" in written.getvalue()


def test_the_latest_score_stands_beside_the_bar() -> None:
    console, written = terminal()
    with Progress(console) as progress:
        callback = progress.epochs("excerpt1", 2)
        trainer = pl.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
        model = Scored(None)
        callback.on_train_epoch_end(trainer, model)
        (bar,) = progress.tasks
        assert (bar.description, bar.completed, bar.fields["note"]) == ("epochs of excerpt1", 1, "")
        trainer.callback_metrics["val/average_precision"] = torch.tensor(0.6254)
        callback.on_train_epoch_end(trainer, model)
        assert (bar.completed, bar.fields["note"]) == (2, "validation AP 0.625")
    assert "epochs of excerpt1" in written.getvalue()


def test_without_a_terminal_nothing_is_drawn() -> None:
    console, written = terminal(real=False)
    with Progress(console) as progress:
        assert list(progress.each("folds", "ab", 2)) == ["a", "b"]
        fit(progress, 0.5)
    assert written.getvalue() == ""


def test_bars_are_put_away_after_an_error() -> None:
    console, _ = terminal()
    progress = Progress(console)
    with pytest.raises(KeyError), progress:
        raise KeyError(progress.live.is_started)
    assert not progress.live.is_started


def test_a_stream_may_tell_later_how_much_it_holds() -> None:
    known: list[int] = []
    with Progress(terminal()[0]) as progress:
        stream = (known.append(3) or item for item in "abc")  # type: ignore[func-returns-value]
        for _ in progress.each("records", stream, lambda: known[0] if known else None):
            (bar,) = progress.tasks
            assert bar.total == 3
        assert bar.completed == 3


def test_batches_pass_and_their_bar_goes() -> None:
    loader = DataLoader(TensorDataset(torch.arange(6)), batch_size=2)
    with Progress(terminal()[0]) as progress:
        seen = [batch.tolist() for (batch,) in progress.passing("windows of a", loader)]
        assert not progress.tasks
    assert seen == [[0, 1], [2, 3], [4, 5]]
