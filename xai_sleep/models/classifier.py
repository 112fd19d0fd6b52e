"""The LightningModule that trains, tests and saves any network of the contract.

All that a fold learns is its state: weights, what scales its input, threshold, detector of events.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool1d, cross_entropy
from torchmetrics.classification import BinaryAveragePrecision, BinaryF1Score

from xai_sleep.components import Component, made
from xai_sleep.errors import InputError
from xai_sleep.models.contract import Network, TimedNetwork, build_network


class EventClassifier(pl.LightningModule):
    """Trains a network to tell windows with an event from windows without.

    With ``marks`` a share of the loss is the cross-entropy of each cell of time with the share of
    it that an expert marked. Network and input are handed over, or their settings, of which
    ``load_from_checkpoint`` builds them again. InputError if the network cannot be built, or is to
    be trained on marks and is no :class:`~xai_sleep.models.contract.TimedNetwork`.
    """

    threshold: Tensor  # () float64: from it a window is called positive; NaN before it is chosen

    def __init__(
        self,
        network: Network | Component,
        input: nn.Module | Component | None = None,
        *,
        learning_rate: float = 2e-3,
        weight_decay: float = 0.0,
        marks: float = 0.0,
    ) -> None:
        super().__init__()
        rates = {"learning_rate": learning_rate, "weight_decay": weight_decay, "marks": marks}
        parts = {"network": network, "input": input}
        plain = {name: part for name, part in parts.items() if isinstance(part, Mapping)}
        self.save_hyperparameters(plain | rates, logger=False)
        built = made("input", input) if isinstance(input, Mapping) else input
        self.input = cast("nn.Module", built)
        if isinstance(network, Mapping):
            network = build_network(network, cast("Any", self.input).shape)
        if marks and not isinstance(network, TimedNetwork):
            lacks = "says nothing over time that could be compared with experts' marks"
            lacking = f"{type(network).__name__} {lacks}; set trainer.marks=0"
            raise InputError(f"trainer.marks={marks:g}, but {lacking} or choose another model")
        self.network = network
        self.learning_rate, self.weight_decay, self.marks = learning_rate, weight_decay, marks
        self.register_buffer("threshold", torch.tensor(torch.nan, dtype=torch.float64))
        self.detector: Component = {}  # see :mod:`xai_sleep.detect.slide`; empty until chosen
        self.first_loss: float | None = None
        self.val_average_precision = BinaryAveragePrecision()
        self.val_f1 = BinaryF1Score()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the detector."""
        checkpoint["detector"] = dict(self.detector)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up the detector."""
        self.detector = checkpoint["detector"]

    def start_from(self, checkpoint: Path) -> None:
        """Take the weights of the network, and nothing else, from another fold's checkpoint."""
        stored = torch.load(checkpoint, weights_only=True, map_location="cpu")["state_dict"]
        own = {k.removeprefix("network."): v for k, v in stored.items() if k.startswith("network.")}
        cast("nn.Module", self.network).load_state_dict(own)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        return self.network(inputs)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        """Cross-entropy of a batch; the very first one is kept as proof of fresh weights."""
        seen, labels, *marks = batch
        loss = self._marked_loss(*batch) if marks else cross_entropy(self(seen), labels)
        if self.first_loss is None:
            self.first_loss = float(loss.detach())
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return loss

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
        self.log("val/loss", cross_entropy(logits, labels), batch_size=len(labels))
        scores = {"average_precision": self.val_average_precision, "f1": self.val_f1}
        for name, score in scores.items():
            score.update(logits.softmax(1)[:, 1], labels)
            self.log(f"val/{name}", score, prog_bar=True)

    def test_step(self, batch: list[Tensor], batch_idx: int) -> None:  # noqa: ARG002
        """Cross-entropy on test windows; all other scores come from the stored predictions."""
        self.log("test/loss", cross_entropy(self(batch[0]), batch[1]), batch_size=len(batch[1]))

    def predict_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        """Probability of an event, shape ``(window,)``."""
        return cast("Tensor", self(batch[0])).softmax(1)[:, 1]

    def configure_optimizers(self) -> Any:
        """AdamW with a one-cycle learning rate."""
        own, decay = self.parameters(), self.weight_decay
        optimizer = torch.optim.AdamW(own, self.learning_rate, weight_decay=decay, fused=True)
        steps = int(self.trainer.estimated_stepping_batches)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.learning_rate, steps)
        return [optimizer], [{"scheduler": cycle, "interval": "step"}]
