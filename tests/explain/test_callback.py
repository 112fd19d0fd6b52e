"""The callback inside real Trainers: what it keeps, and what it leaves as it was."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from tests.support.networks import WEIGHTS, TwoFilterNetwork
from xai_sleep.explain.attribution import grad_cam
from xai_sleep.explain.callback import GradCamCallback
from xai_sleep.models.classifier import EventClassifier

N_WINDOWS = 7
WINDOWS = torch.randn(N_WINDOWS, 1, 32, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(N_WINDOWS) % 2
EXPECTED = WEIGHTS.grad_cam(WINDOWS.double().numpy())
HALF = 2**-11  # rounding of float16 below 1


class FailingHead(nn.Module):
    """Passes energies on until it meets, while gradients flow, a window louder than any."""

    def forward(self, energies: Tensor) -> Tensor:
        """Give back what came in, or raise."""
        if torch.is_grad_enabled() and energies.max() > 1e3:
            raise RuntimeError("the network fails")
        return energies


class MixedModes(pl.Callback):
    """Leaves the last layer in training mode at the end of a test, before maps are made."""

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Change the mode of one part."""
        cast(TwoFilterNetwork, pl_module.network).head.train()


class Witness(pl.Callback):
    """Notes the mode of every part once maps were made."""

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Note the modes."""
        self.training = training_modes(pl_module)


def training_modes(module: nn.Module) -> dict[str, bool]:
    return {name: part.training for name, part in module.named_modules()}


def loader_of(windows: Tensor, batch_size: int) -> DataLoader[Any]:
    return DataLoader(TensorDataset(windows, LABELS[: len(windows)]), batch_size)


def run_test(
    classifier: EventClassifier,
    loader: DataLoader[Any],
    *callbacks: pl.Callback,
    inference_mode: bool = True,
) -> None:
    trainer = pl.Trainer(
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        inference_mode=inference_mode,
        callbacks=list(callbacks),
    )
    trainer.test(classifier, loader, verbose=False)


@pytest.mark.parametrize("inference_mode", [True, False])
@pytest.mark.parametrize("batch_size", [1, 3, N_WINDOWS])
def test_maps_of_all_test_windows_in_order(inference_mode: bool, batch_size: int) -> None:
    explainer = GradCamCallback()
    assert explainer.maps.numel() == 0
    classifier = EventClassifier(WEIGHTS.network())
    loader = loader_of(WINDOWS, batch_size)
    run_test(classifier, loader, explainer, inference_mode=inference_mode)
    assert explainer.maps.dtype == torch.float16
    assert explainer.maps.device.type == "cpu"
    np.testing.assert_allclose(explainer.maps.float(), EXPECTED, atol=HALF)
    np.testing.assert_array_equal(explainer.maps.amax(1), EXPECTED.max(1))


def test_another_test_replaces_the_maps() -> None:
    explainer, classifier = GradCamCallback(), EventClassifier(WEIGHTS.network())
    run_test(classifier, loader_of(WINDOWS, 3), explainer)
    run_test(classifier, loader_of(WINDOWS[:2].flip(0), 3), explainer)
    np.testing.assert_allclose(explainer.maps.float(), EXPECTED[1::-1], atol=HALF)


def test_batches_may_be_born_in_inference_mode() -> None:
    with torch.inference_mode():
        batches = [[WINDOWS.clone(), LABELS.clone()]]
    assert batches[0][0].is_inference()
    explainer = GradCamCallback()
    loader: DataLoader[Any] = DataLoader(cast(Dataset[Any], batches), batch_size=None)
    run_test(EventClassifier(WEIGHTS.network()), loader, explainer)
    np.testing.assert_allclose(explainer.maps.float(), EXPECTED, atol=HALF)


def test_modes_of_every_part_are_put_back() -> None:
    explainer, witness = GradCamCallback(), Witness()
    classifier = EventClassifier(WEIGHTS.network())
    run_test(classifier, loader_of(WINDOWS, 3), MixedModes(), explainer, witness)
    assert {name for name, training in witness.training.items() if training} == {
        "network.head",
        "network.head.0",
        "network.head.1",
    }
    # Dropout in training mode would have left its mark on the maps.
    np.testing.assert_allclose(explainer.maps.float(), EXPECTED, atol=HALF)


@pytest.mark.parametrize("inference_mode", [True, False])
def test_a_failure_in_the_second_batch_leaves_no_trace(inference_mode: bool) -> None:
    network = WEIGHTS.network()
    network.head.insert(0, FailingHead())
    network.features[0].requires_grad_(False)
    explainer, classifier = GradCamCallback(), EventClassifier(network)
    windows = WINDOWS.clone()
    windows[4] = 1e3
    weights = [parameter.clone() for parameter in network.parameters()]
    with pytest.raises(RuntimeError, match="the network fails"):
        run_test(
            classifier,
            loader_of(windows, 3),
            MixedModes(),
            explainer,
            inference_mode=inference_mode,
        )
    assert {name for name, training in training_modes(network).items() if training} == {
        "head",
        *(f"head.{part}" for part in range(3)),
    }
    assert [p.requires_grad for p in network.parameters()] == [False, False, True]
    assert all(p.grad is None for p in network.parameters())
    assert all(map(torch.equal, network.parameters(), weights))
    for part in classifier.modules():
        assert not part._forward_hooks
        assert not part._forward_pre_hooks
        assert not part._backward_hooks
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    assert explainer.maps.numel() == 0


def test_methods_are_kept_by_name_and_the_first_is_the_main_one() -> None:
    def nothing(network: object, inputs: Tensor) -> Tensor:  # noqa: ARG001
        return torch.zeros(len(inputs), inputs.shape[2])

    explainer = GradCamCallback({"mine": nothing, "gradcam": grad_cam})
    run_test(EventClassifier(WEIGHTS.network()), loader_of(WINDOWS, 3), explainer)
    assert list(explainer.by_method) == ["mine", "gradcam"]
    assert not explainer.maps.any()
    np.testing.assert_allclose(explainer.by_method["gradcam"].float(), EXPECTED, atol=HALF)
    none = GradCamCallback({})
    run_test(EventClassifier(WEIGHTS.network()), loader_of(WINDOWS, 3), none)
    assert none.maps.numel() == 0


def test_many_maps_go_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as they take more than so many bytes: here those of two windows."""
    monkeypatch.setattr("xai_sleep.explain.callback.LARGE", 2 * 2 * EXPECTED.shape[1])
    for batch_size in (1, 3, N_WINDOWS):
        file = tmp_path / f"{batch_size}.npy"
        explainer = GradCamCallback(file=file)
        run_test(EventClassifier(WEIGHTS.network()), loader_of(WINDOWS, batch_size), explainer)
        held = GradCamCallback()
        run_test(EventClassifier(WEIGHTS.network()), loader_of(WINDOWS, batch_size), held)
        assert explainer.filed
        assert not held.filed
        assert torch.equal(explainer.maps, held.maps)
        assert np.array_equal(np.load(file), held.maps.numpy())
