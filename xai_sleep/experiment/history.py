"""How a network learned: loss and validation score of every epoch of a fold."""

import math

import pytorch_lightning as pl

from xai_sleep.results.run import History, Numbers

LOGGED = ("train/loss", "val/loss", "val/average_precision")


class Epochs(pl.Callback):
    """Keeps what each epoch logged.

    Parameters
    ----------
    ranked : bool
        Whether validation windows hold both classes; without, their average precision is undefined.
    """

    def __init__(self, *, ranked: bool) -> None:
        self.ranked = ranked
        self.values: dict[str, Numbers] = {key: [] for key in LOGGED}

    @property
    def history(self) -> History:
        """One value an epoch, None where it is undefined."""
        return History(*self.values.values())

    def of_weights_kept(self, *, best: bool) -> float | None:
        """Return the validation score of the best or the last epoch; None where undefined."""
        scores = self.values["val/average_precision"]
        return max((s for s in scores if s is not None), default=None) if best else scores[-1]

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Note the epoch; its validation was before."""
        for key, values in self.values.items():
            value = float(trainer.callback_metrics.get(key, math.nan))
            defined = math.isfinite(value) and (self.ranked or key != "val/average_precision")
            values.append(value if defined else None)
