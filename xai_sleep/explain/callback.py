"""Explains every test window of a fold when its test has ended."""

from collections.abc import Iterable, Sequence
from typing import cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from xai_sleep.explain.attribution import attributable
from xai_sleep.explain.explainers import EXPLAINERS
from xai_sleep.models.classifier import EventClassifier


class GradCamCallback(pl.Callback):
    """Keeps the maps of a fold's test windows, in the order of its test loader.

    Parameters
    ----------
    methods : sequence of str
        Of :data:`xai_sleep.explain.explainers.EXPLAINERS`; the first is the main one.

    Attributes
    ----------
    found : dict of str to Tensor of shape (window, time) or (window, freq, time)
        For each method float16 relevance in [0, 1], on the CPU; empty before a test has ended.
    """

    def __init__(self, methods: Sequence[str] = ("gradcam",)) -> None:
        self.methods = tuple(methods)
        self.found: dict[str, Tensor] = {}

    @property
    def maps(self) -> Tensor:
        """Maps of the main method."""
        return self.found.get(self.methods[0], torch.empty(0, 0))

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Explain all test windows, batch by batch."""
        assert isinstance(pl_module, EventClassifier)
        loader = cast(Iterable[list[Tensor]], trainer.test_dataloaders)
        found: dict[str, list[Tensor]] = {method: [] for method in self.methods}
        with attributable(pl_module):
            for batch, _ in loader:
                # A clone is an ordinary tensor even if the batch was born in inference mode.
                inputs = batch.clone().to(pl_module.device)
                for method in self.methods:
                    maps = EXPLAINERS[method](pl_module.network, inputs)
                    found[method].append(maps.half().cpu())
        self.found = {method: torch.cat(maps) for method, maps in found.items()}
