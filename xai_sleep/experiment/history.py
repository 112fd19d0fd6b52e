"""How a network learned: loss and validation score of every epoch of a fold."""

import math

import pytorch_lightning as pl

KEPT = {
    "train_loss": "train/loss",
    "val_loss": "val/loss",
    "val_average_precision": "val/average_precision",
}


class History(pl.Callback):
    """Keeps what each epoch logged.

    Parameters
    ----------
    ranked : bool
        Whether validation windows hold both classes; without, their average precision is undefined.

    Attributes
    ----------
    epochs : dict of str to list
        One value an epoch for each of :data:`KEPT`, None where it is undefined.
    """

    def __init__(self, *, ranked: bool) -> None:
        self.ranked = ranked
        self.epochs: dict[str, list[float | None]] = {name: [] for name in KEPT}

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Note the epoch; its validation was before."""
        for name, key in KEPT.items():
            value = float(trainer.callback_metrics.get(key, math.nan))
            defined = math.isfinite(value) and (self.ranked or name != "val_average_precision")
            self.epochs[name].append(value if defined else None)
