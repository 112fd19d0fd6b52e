"""Explains every test window of a fold when its test has ended."""

from collections.abc import Iterable, Mapping
from typing import cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from xai_sleep.explain.attribution import Explainer, attributable, explain, grad_cam
from xai_sleep.models.classifier import EventClassifier


class GradCamCallback(pl.Callback):
    """Keeps the maps of a fold's test windows, in the order of its test loader.

    Of its methods, explainers by name, the first is the main one; by default Grad-CAM alone. For
    each ``by_method`` has float16 relevance in [0, 1], ``(window, time)`` or ``(window, freq,
    time)``, on the CPU; it is empty before a test has ended.
    """

    def __init__(self, methods: Mapping[str, Explainer] | None = None) -> None:
        self.methods = {"gradcam": grad_cam} if methods is None else dict(methods)
        self.by_method: dict[str, Tensor] = {}

    @property
    def maps(self) -> Tensor:
        """Maps of the main method; empty without one."""
        return next(iter(self.by_method.values()), torch.empty(0, 0))

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Explain all test windows, batch by batch."""
        assert isinstance(pl_module, EventClassifier)
        loader = cast(Iterable[list[Tensor]], trainer.test_dataloaders)
        maps: dict[str, list[Tensor]] = {method: [] for method in self.methods}
        with attributable(pl_module):
            for batch, _ in loader if self.methods else ():
                # A clone is an ordinary tensor even if the batch was born in inference mode.
                inputs = batch.clone().to(pl_module.device)
                for method, explainer in self.methods.items():
                    explained = explain(method, explainer, pl_module.network, inputs)
                    maps[method].append(explained.half().cpu())
        self.by_method = {method: torch.cat(each) for method, each in maps.items()}
