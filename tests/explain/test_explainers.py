"""What every explainer promises, for networks on signals and on images, and what each one is."""

from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.support.runs import composed
from xai_sleep.errors import InputError
from xai_sleep.explain.attribution import (
    attributable,
    explain,
    grad_cam,
    hires_cam,
    make_explainer,
    make_explainers,
)
from xai_sleep.explain.callback import GradCamCallback
from xai_sleep.explain.explainers import SMOOTHING
from xai_sleep.models.cnn1d import CNN1d
from xai_sleep.models.cnn1d_power import PowerCNN1d
from xai_sleep.models.cnn2d import CNN2d
from xai_sleep.models.cnn2d_evidence import EvidenceCNN2d
from xai_sleep.models.contract import Network

SHAPES: dict[type[nn.Module], tuple[int, ...]] = {
    CNN1d: (2, 160),
    PowerCNN1d: (2, 160),
    CNN2d: (1, 16, 32),
    EvidenceCNN2d: (1, 16, 32),
}
LENGTH = 100
EXPLAINERS = make_explainers(composed("explain=all").explain.methods)
METHODS = tuple(EXPLAINERS)


class Linear(nn.Module):
    """The score of an event is a weighted sum of the samples: every attribution is known."""

    input_kind: Literal["signal"] = "signal"

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.features = nn.Identity()
        self.weights = nn.Parameter(weights)

    @property
    def cam_layer(self) -> nn.Module:
        """The signal itself."""
        return self.features

    def forward(self, signals: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        score = (self.features(signals) * self.weights).sum((1, 2))
        return torch.stack([-score, score], dim=1)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def maps_by(method: str, network: nn.Module, inputs: Tensor) -> Tensor:
    assert isinstance(network, Network)
    with attributable(network):
        return EXPLAINERS[method](network, inputs)


@pytest.fixture(params=SHAPES, ids=lambda kind: kind.__name__)
def network(request: pytest.FixtureRequest) -> tuple[nn.Module, tuple[int, ...]]:
    torch.manual_seed(0)
    kind: type[nn.Module] = request.param
    shape = SHAPES[kind]
    sizes = dict(zip(("n_chans", "n_freqs", "n_times"), shape, strict=True)) if shape[2:] else {}
    made = kind(**(sizes or {"n_chans": shape[0], "n_times": shape[1]}))
    for part in made.modules():  # as if it had been trained: no layer is near zero
        if isinstance(part, nn.Linear | nn.Conv1d | nn.Conv2d):
            part.reset_parameters()
    return made, shape


def test_grad_cam_is_the_main_one_of_all() -> None:
    assert METHODS[0] == "gradcam"
    assert len(METHODS) == 8
    assert GradCamCallback().methods == {"gradcam": grad_cam}


def test_what_is_no_explainer_is_one_line() -> None:
    called = {"_target_": "xai_sleep.explain.attribution.unit_maximum"}
    with pytest.raises(InputError, match=r"^explain\.methods\.mine: unit_maximum\(\) missing 1 "):
        make_explainers({"mine": called})
    with pytest.raises(InputError, match=r"makes a dict, which cannot be called; an explainer is"):
        make_explainer("detector.map", {"_target_": "builtins.dict"})
    with pytest.raises(
        InputError, match=r"detector\.map\._target_=a\.b cannot be imported \(No mod"
    ):
        make_explainer("detector.map", {"_target_": "a.b"})


def test_maps_of_another_shape_are_one_line() -> None:
    model, inputs = Linear(normal(0, 1, LENGTH)), normal(1, 3, 1, LENGTH)

    def flat(network: Network, batch: Tensor) -> Tensor:  # noqa: ARG001
        return batch.sum((1, 2))

    with pytest.raises(
        InputError, match=r"^mine gives \(3,\) for a batch of \(3, 1, 100\); .* \(3, "
    ):
        explain("mine", flat, model, inputs)


@pytest.mark.parametrize("method", METHODS)
def test_maps_have_the_shape_of_the_window_and_a_maximum_of_one(
    method: str, network: tuple[nn.Module, tuple[int, ...]]
) -> None:
    model, shape = network
    inputs = normal(1, 4, *shape)
    maps = maps_by(method, model.train(), inputs)
    assert maps.shape == (4, *shape[1:])
    assert maps.min() >= 0
    assert not maps.requires_grad
    assert all(peak in (0, 1) for peak in maps.flatten(1).amax(1).tolist())
    assert maps.any()
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(part._forward_hooks or part._backward_hooks for part in model.modules())


@pytest.mark.parametrize("method", METHODS)
def test_a_map_is_the_same_alone_and_in_any_batch(
    method: str, network: tuple[nn.Module, tuple[int, ...]]
) -> None:
    model, shape = network
    inputs = normal(2, 3, *shape)
    together = maps_by(method, model, inputs)
    alone = torch.cat([maps_by(method, model, window[None]) for window in inputs])
    backwards = maps_by(method, model, inputs.flip(0)).flip(0)
    torch.testing.assert_close(together, alone, rtol=0, atol=2e-3)
    torch.testing.assert_close(together, backwards, rtol=0, atol=2e-3)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_a_linear_score_is_explained_by_its_weights(seed: int) -> None:
    weights, signal = normal(seed, 2, LENGTH), normal(seed + 1, 3, 2, LENGTH)
    product = (weights * signal).numpy()
    place = np.arange(LENGTH)
    kernel = np.exp(-((place[:, None] - place) ** 2) / (2 * (SMOOTHING * LENGTH) ** 2))
    kernel /= kernel.sum(axis=0)  # of each sample's own surroundings, also at the border
    expected = {
        "saliency": np.abs(weights.numpy()).sum(0)[None] @ kernel,
        "integrated_gradients": np.abs(product).sum(1) @ kernel,
        "hirescam": np.maximum(product.sum(1), 0),
        "gradcam": np.maximum((weights.numpy().mean(1)[:, None] * signal.numpy()).sum(1), 0),
    }
    for method, values in expected.items():
        unit = values / values.max(axis=1, keepdims=True)
        found = maps_by(method, Linear(weights), signal)
        np.testing.assert_allclose(found, np.broadcast_to(unit, found.shape), atol=1e-3)


def test_occlusion_marks_what_speaks_for_an_event_and_not_what_speaks_against_it() -> None:
    weights = torch.zeros(1, LENGTH)
    weights[0, 20:25], weights[0, 75:80] = 1.0, -1.0
    found = maps_by("occlusion", Linear(weights), torch.ones(1, 1, LENGTH))[0]
    assert 20 <= int(found.argmax()) < 30
    assert not found[30:].any()


def test_hires_cam_adds_up_to_the_score_of_a_network_of_dense_layers() -> None:
    """Where Grad-CAM averages weights of opposite sign away."""
    weights = torch.zeros(1, LENGTH)
    weights[0, :50], weights[0, 50:] = 1.0, -1.0
    signal = torch.zeros(1, 1, LENGTH)
    signal[..., 30] = 2.0
    assert not maps_by("gradcam", Linear(weights), signal).any()
    with attributable(model := Linear(weights)):
        found = hires_cam(model, signal)[0]
    assert found.nonzero().flatten().tolist() == [30]


def test_guided_grad_cam_is_nothing_where_grad_cam_is_nothing() -> None:
    torch.manual_seed(3)
    model, inputs = CNN1d(1, 300), normal(3, 4, 1, 300)
    guided, plain = maps_by("guided_gradcam", model, inputs), maps_by("gradcam", model, inputs)
    assert not guided[plain == 0].any()
    assert guided[plain > 0].any()


def test_floors_look_at_nothing() -> None:
    inputs = normal(0, 5, 1, LENGTH)
    one, other = Linear(normal(1, 1, LENGTH)), Linear(normal(2, 1, LENGTH))
    assert torch.equal(maps_by("uniform", one, inputs), torch.ones(5, LENGTH))
    noise = maps_by("random", one, inputs)
    assert torch.equal(noise, maps_by("random", other, inputs))
    # White, and another in every window.
    assert np.abs(np.corrcoef(noise) - np.eye(5)).max() < 0.4
    assert float(noise.mean()) == pytest.approx(0.5, abs=0.05)
