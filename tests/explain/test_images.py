"""2D Grad-CAM of a network that can be written down, and that maps of both kinds are comparable."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tests.support.training import planned, settings, train
from xai_sleep.explain.callback import GradCamCallback
from xai_sleep.models.classifier import EventClassifier

ROWS, COLUMNS = 2, 4  # pixels per cell
KERNELS = np.random.default_rng(3).normal(size=(2, 1, ROWS, COLUMNS))
EVIDENCE = np.array([[0.3, 0.8], [1.0, -0.4]])  # of each filter (column) for each class (row)
HALF = 2**-11  # rounding of float16 below 1

Values = NDArray[np.float64]


class TwoFilters(nn.Module):
    """Two filters over cells of 2 × 4 pixels, judged by the energy of their responses."""

    input_kind: Literal["image"] = "image"

    def __init__(self) -> None:
        super().__init__()
        convolution = nn.Conv2d(1, 2, (ROWS, COLUMNS), stride=(ROWS, COLUMNS), bias=False)
        convolution.weight = nn.Parameter(torch.tensor(KERNELS, dtype=torch.float32))
        self.features = nn.Sequential(convolution, nn.ReLU())
        self.head = nn.Linear(2, 2, bias=False)
        self.head.weight = nn.Parameter(torch.tensor(EVIDENCE, dtype=torch.float32))

    @property
    def cam_layer(self) -> nn.Module:
        """The rectified responses."""
        return self.features

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        logits: Tensor = self.head(self.features(images).square().sum((2, 3)) / 2)
        return logits


def stretched(coarse: Values, n: int) -> Values:
    """Linear interpolation along the last axis to ``n`` places, cells having their centres."""
    cells = coarse.shape[-1]
    places = (np.arange(n) + 0.5) * cells / n - 0.5
    rows = [np.interp(places, np.arange(cells), row) for row in coarse.reshape(-1, cells)]
    return np.reshape(rows, (*coarse.shape[:-1], n))


def by_formula(images: Values) -> Values:
    """Grad-CAM of the event class: the mean gradient of ½ Σ A² is the mean of A."""
    n, _, height, width = images.shape
    cells = images.reshape(n, height // ROWS, ROWS, width // COLUMNS, COLUMNS)
    features = np.maximum(np.einsum("nricj,kij->nkrc", cells, KERNELS[:, 0]), 0)
    weights = EVIDENCE[1] * features.mean((2, 3))
    coarse = np.maximum(np.einsum("nk,nkrc->nrc", weights, features), 0)
    fine = stretched(stretched(coarse, width).swapaxes(1, 2), height).swapaxes(1, 2)
    peak = fine.max((1, 2), keepdims=True)
    return fine / np.where(peak > 0, peak, 1)


@pytest.mark.parametrize("batch_size", [2, 7])
def test_maps_of_images_equal_the_formula(batch_size: int) -> None:
    images = torch.randn(7, 1, 6 * ROWS, 5 * COLUMNS, generator=torch.Generator().manual_seed(0))
    images[3] = 0  # nothing speaks for an event: a blank map
    explainer = GradCamCallback()
    trainer = pl.Trainer(
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        callbacks=[explainer],
    )
    loader: DataLoader[Any] = DataLoader(TensorDataset(images, torch.arange(7) % 2), batch_size)
    trainer.test(EventClassifier(TwoFilters()), loader, verbose=False)
    expected = by_formula(images.double().numpy())
    assert explainer.maps.shape == (7, 12, 20)
    np.testing.assert_allclose(explainer.maps.float(), expected, atol=HALF)
    assert explainer.maps.flatten(1).amax(1).tolist() == [1, 1, 1, 0, 1, 1, 1]


def test_the_same_windows_are_tested_whatever_the_network_sees(tmp_path: Path) -> None:
    folds = []
    for model in ("cnn1d", "cnn2d_evidence"):
        plan, (fold, *_) = planned(settings(f"model={model}", "task.image_size=16"))
        folds.append(train(plan, fold, tmp_path / model).outcome)
    signals, images = folds
    for column in ("record", "start", "label"):
        assert np.array_equal(getattr(signals.windows, column), getattr(images.windows, column))
    n = len(signals.windows)
    assert signals.maps.shape == (n, 500)
    assert images.maps.shape == (n, 16, 16)
