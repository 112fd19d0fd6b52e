"""The LightningModule that trains, tests and saves any network of the contract."""

from typing import Any, Literal, Protocol, runtime_checkable

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchmetrics.classification import BinaryAveragePrecision, BinaryF1Score


@runtime_checkable
class Network(Protocol):
    """What an ``nn.Module`` must offer to be trained and explained.

    Its class takes ``n_chans`` and ``n_times`` and whatever its YAML sets, and maps a batch to
    logits of shape ``(window, 2)``: no event, event.
    """

    @property
    def input_kind(self) -> Literal["signal", "image"]:
        """What a batch holds: signals ``(window, channel, time)`` or images."""
        ...

    @property
    def cam_layer(self) -> nn.Module:
        """Layer whose feature map Grad-CAM weights; its output keeps the time axis last."""
        ...

    def __call__(self, inputs: Tensor) -> Tensor:
        """Logits of a batch."""
        ...


class EventClassifier(pl.LightningModule):
    """Trains a network to tell windows with an event from windows without.

    Cross-entropy on logits, AdamW, one cycle of the learning rate over the epochs allowed.

    Parameters
    ----------
    network : Network
        With fresh weights.
    learning_rate : float
        Peak of the cycle.
    weight_decay : float
        Of AdamW.
    """

    def __init__(
        self, network: Network, *, learning_rate: float = 2e-3, weight_decay: float = 0.0
    ) -> None:
        super().__init__()
        self.network = network
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.first_loss: float | None = None
        self.val_average_precision = BinaryAveragePrecision()
        self.val_f1 = BinaryF1Score()

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        return self.network(inputs)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        """Cross-entropy of a batch; the very first one is kept as proof of fresh weights."""
        inputs, labels = batch
        loss = cross_entropy(self(inputs), labels)
        if self.first_loss is None:
            self.first_loss = float(loss.detach())
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:  # noqa: ARG002
        """Loss, average precision and F1 at 0.5 on validation windows."""
        inputs, labels = batch
        logits = self(inputs)
        probabilities = logits.softmax(1)[:, 1]
        self.val_average_precision.update(probabilities, labels)
        self.val_f1.update(probabilities, labels)
        self.log("val/loss", cross_entropy(logits, labels), batch_size=len(labels))
        self.log("val/average_precision", self.val_average_precision, prog_bar=True)
        self.log("val/f1", self.val_f1, prog_bar=True)

    def test_step(self, batch: list[Tensor], batch_idx: int) -> None:  # noqa: ARG002
        """Cross-entropy on test windows; all other scores come from the stored predictions."""
        inputs, labels = batch
        self.log("test/loss", cross_entropy(self(inputs), labels), batch_size=len(labels))

    def predict_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        """Probability of an event, shape ``(window,)``."""
        logits: Tensor = self(batch[0])
        return logits.softmax(1)[:, 1]

    def configure_optimizers(self) -> Any:
        """AdamW with a one-cycle learning rate."""
        optimizer = torch.optim.AdamW(
            self.parameters(), self.learning_rate, weight_decay=self.weight_decay
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=int(self.trainer.estimated_stepping_batches)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
