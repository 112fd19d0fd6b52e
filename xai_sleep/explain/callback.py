"""Explains every test window of a fold when its test has ended."""

from collections.abc import Iterable
from typing import cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from xai_sleep.explain.attribution import EXPLAINERS, attributable
from xai_sleep.models.classifier import EventClassifier


class GradCamCallback(pl.Callback):
    """Keeps the maps of a fold's test windows, in the order of its test loader.

    Parameters
    ----------
    method : str
        One of :data:`xai_sleep.explain.attribution.EXPLAINERS`.

    Attributes
    ----------
    maps : Tensor of shape (window, time) or (window, freq, time)
        float16 relevance in [0, 1], on the CPU; empty before a test has ended.
    """

    def __init__(self, method: str = "gradcam") -> None:
        self.explain = EXPLAINERS[method]
        self.maps: Tensor = torch.empty(0, 0)

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Explain all test windows, batch by batch."""
        assert isinstance(pl_module, EventClassifier)
        network = pl_module.network
        loader = cast(Iterable[list[Tensor]], trainer.test_dataloaders)
        with attributable(pl_module):
            self.maps = torch.cat(
                [
                    # A clone is an ordinary tensor even if the batch was born in inference mode.
                    self.explain(network, inputs.clone().to(pl_module.device)).half().cpu()
                    for inputs, _ in loader
                ]
            )
