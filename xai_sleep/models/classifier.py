"""The LightningModule that trains, tests and saves any network of the contract."""

from typing import Any, Literal, Protocol, cast, runtime_checkable

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool1d, cross_entropy
from torchmetrics.classification import BinaryAveragePrecision, BinaryF1Score

from xai_sleep.errors import InputError


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


@runtime_checkable
class TimedNetwork(Network, Protocol):
    """A network that says when before it says whether: it can also be trained on experts' marks.

    Its logits are ``over_window(over_time(inputs))``.
    """

    def over_time(self, inputs: Tensor) -> Tensor:
        """Logits ``(window, 2, cell)``; the cells divide the window evenly."""
        ...

    def over_window(self, evidence: Tensor) -> Tensor:
        """Logits ``(window, 2)`` from those over time."""
        ...


class EventClassifier(pl.LightningModule):
    """Trains a network to tell windows with an event from windows without.

    Cross-entropy on logits, AdamW, one cycle of the learning rate over the epochs allowed. With
    ``marks`` a share of the loss is the cross-entropy of each cell of time, in which the target is
    the share of the cell that an expert marked.

    Parameters
    ----------
    network : Network
        With fresh weights.
    learning_rate : float
        Peak of the cycle.
    weight_decay : float
        Of AdamW.
    marks : float
        Share of the loss that compares with the experts' marks, in [0, 1].

    Raises
    ------
    InputError
        If there is such a share, but the network is no :class:`TimedNetwork`.
    """

    def __init__(
        self,
        network: Network,
        *,
        learning_rate: float = 2e-3,
        weight_decay: float = 0.0,
        marks: float = 0.0,
    ) -> None:
        super().__init__()
        if marks and not isinstance(network, TimedNetwork):
            raise InputError(
                f"trainer.marks={marks:g}, but {type(network).__name__} says nothing over time "
                "that could be compared with experts' marks; set trainer.marks=0 or choose "
                "another model"
            )
        self.network = network
        self.learning_rate, self.weight_decay, self.marks = learning_rate, weight_decay, marks
        self.first_loss: float | None = None
        self.val_average_precision = BinaryAveragePrecision()
        self.val_f1 = BinaryF1Score()

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        return self.network(inputs)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        """Cross-entropy of a batch; the very first one is kept as proof of fresh weights."""
        inputs, labels, *marks = batch
        loss = self._marked_loss(inputs, labels, *marks) if marks else self._loss(inputs, labels)
        if self.first_loss is None:
            self.first_loss = float(loss.detach())
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return loss

    def _loss(self, inputs: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(self(inputs), labels)

    def _marked_loss(self, inputs: Tensor, labels: Tensor, marks: Tensor) -> Tensor:
        """Loss with marks ``(window, time)``; they are NaN for a window without place in time."""
        network = cast("TimedNetwork", self.network)
        evidence = network.over_time(inputs)
        whether = cross_entropy(network.over_window(evidence), labels)
        real = marks[:, 0].isfinite()
        if not real.any():
            return whether
        share = adaptive_avg_pool1d(marks[real], evidence.shape[2])
        when = cross_entropy(evidence[real], torch.stack([1 - share, share], dim=1))
        return (1 - self.marks) * whether + self.marks * when

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
            self.parameters(), self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=int(self.trainer.estimated_stepping_batches)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
