"""Explains every test window of a fold when its test has ended."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import pytorch_lightning as pl
import torch
from numpy.lib.format import open_memmap, write_array_header_1_0
from torch import Tensor

from xai_sleep.explain.attribution import Explainer, attributable, explain, grad_cam
from xai_sleep.models.classifier import EventClassifier

LARGE = 2**26  # bytes of maps that are held in memory: of 130,000 windows of 5 s over time


class GradCamCallback(pl.Callback):
    """Keeps the maps of a fold's test windows, in the order of its test loader.

    Of its methods, explainers by name, the first is the main one; by default Grad-CAM alone. For
    each ``by_method`` has float16 relevance in [0, 1], ``(window, time)`` or ``(window, freq,
    time)``, on the CPU; it is empty before a test has ended. Those of the main method go to a
    ``file``, if there is one, as soon as they take more than :data:`LARGE`, and are mapped from it.
    """

    def __init__(
        self, methods: Mapping[str, Explainer] | None = None, file: Path | None = None
    ) -> None:
        self.methods = {"gradcam": grad_cam} if methods is None else dict(methods)
        self.by_method: dict[str, Tensor] = {}
        self.file = file

    @property
    def filed(self) -> bool:
        """Whether the maps are in the file."""
        return self.file is not None and self.file.exists()

    @property
    def maps(self) -> Tensor:
        """Maps of the main method; empty without one."""
        return next(iter(self.by_method.values()), torch.empty(0, 0))

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Explain all test windows, batch by batch."""
        assert isinstance(pl_module, EventClassifier)
        loader = cast(Iterable[list[Tensor]], trainer.test_dataloaders)
        maps = {name: _Maps(None if i else self.file) for i, name in enumerate(self.methods)}
        with attributable(pl_module):
            for batch, _ in loader if self.methods else ():
                # A clone is an ordinary tensor even if the batch was born in inference mode.
                inputs = batch.clone().to(pl_module.device)
                for method, explainer in self.methods.items():
                    explained = explain(method, explainer, pl_module.network, inputs)
                    maps[method].append(explained.half().cpu())
        self.by_method = {method: each.joined() for method, each in maps.items()}


class _Maps:
    """Maps of one method, batch by batch."""

    def __init__(self, path: Path | None) -> None:
        self.path, self.waiting, self.stored = path, list[Tensor](), 0

    def append(self, batch: Tensor) -> None:
        """Add a batch; what waits goes to the file when it is much."""
        self.waiting.append(batch)
        if self.path and 2 * sum(each.numel() for each in self.waiting) > LARGE:
            self._store(self.path)

    def joined(self) -> Tensor:
        """All of them."""
        if not (self.path and self.stored):
            return torch.cat(self.waiting)
        self._store(self.path)
        return torch.from_numpy(open_memmap(self.path, mode="c"))

    def _store(self, path: Path) -> None:
        """Append to an array in a file; its header has room for any number of windows."""
        with path.open("r+b" if self.stored else "wb") as file:
            for batch in self.waiting:
                shape = (self.stored + len(batch), *batch.shape[1:])
                told = {"descr": "<f2", "fortran_order": False, "shape": shape}
                file.seek(0)
                write_array_header_1_0(file, told)
                file.seek(0, os.SEEK_END)
                file.write(batch.numpy().tobytes())
                self.stored += len(batch)
        self.waiting.clear()
