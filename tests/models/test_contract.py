"""What every network with a YAML in ``conf/model`` must keep to; a new one is found by itself."""

import math
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import get_class, instantiate
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from xai_sleep.errors import InputError
from xai_sleep.models.contract import (
    Network,
    TimedNetwork,
    build_network,
    input_kind,
    require_network,
)

Shape = tuple[int, ...]

CONF = Path(__file__).resolve().parents[2] / "conf"
MODELS = sorted(file.stem for file in (CONF / "model").glob("*.yaml"))
# Shapes of one window of 5 s.
SHAPES: dict[str, list[Shape]] = {
    "signal": [(1, 500), (2, 500), (2, 1000)],
    "image": [(3, 128, 128)],
}


@cache
def settings_of(model: str) -> Any:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", [f"model={model}"]).model


def shapes_of(model: str) -> list[Shape]:
    network_class: Any = get_class(settings_of(model)["_target_"])
    return SHAPES[network_class.input_kind]


every_network = pytest.mark.parametrize(
    ("model", "shape"), [(model, shape) for model in MODELS for shape in shapes_of(model)], ids=str
)


def build(model: str, shape: Shape, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return cast(nn.Module, instantiate(settings_of(model), n_chans=shape[0], n_times=shape[-1]))


def noise(n_windows: int, shape: Shape) -> Tensor:
    return torch.randn(n_windows, *shape, generator=torch.Generator().manual_seed(1))


def feature_map(network: nn.Module, inputs: Tensor) -> Tensor:
    seen: list[Tensor] = []
    layer = cast(Network, network).cam_layer
    with layer.register_forward_hook(lambda _layer, _inputs, output: seen.append(output)):
        network(inputs)
    assert len(seen) == 1, "cam_layer must run once a pass"
    return seen[0].detach()


def centre_of_change(network: nn.Module, inputs: Tensor) -> float:
    """Where along the last axis of the feature map the inputs differ from silence, 0 to 1."""
    change = feature_map(network, inputs) - feature_map(network, torch.zeros_like(inputs))
    profile = change.abs().flatten(0, -2).sum(0)
    places = (torch.arange(len(profile)) + 0.5) / len(profile)
    return float((profile * places).sum() / profile.sum())


def test_there_are_networks() -> None:
    assert "cnn1d" in MODELS


@every_network
def test_a_network_follows_the_protocol(model: str, shape: Shape) -> None:
    network = build(model, shape)
    assert isinstance(network, Network)
    assert network.input_kind in SHAPES
    assert any(network.cam_layer is part for part in cast(nn.Module, network).modules())


@every_network
def test_a_window_has_two_finite_logits(model: str, shape: Shape) -> None:
    logits = build(model, shape)(noise(3, shape))
    assert logits.shape == (3, 2)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


@every_network
def test_every_parameter_learns(model: str, shape: Shape) -> None:
    # In evaluation mode: batch normalisation cancels the bias before it while training.
    network = build(model, shape).eval()
    loss = cross_entropy(network(noise(16, shape)), torch.ones(16, dtype=torch.long))
    names, parameters = zip(*network.named_parameters(), strict=True)
    for name, gradient in zip(names, torch.autograd.grad(loss, parameters), strict=True):
        assert gradient.isfinite().all(), name
        assert gradient.any(), name


@every_network
def test_a_window_is_judged_by_itself(model: str, shape: Shape) -> None:
    network, windows = build(model, shape), noise(6, shape)
    network(windows * 3 + 1)  # moves running statistics, if any, away from those of birth
    network.eval()
    alone = torch.cat([network(window[None]) for window in windows])
    torch.testing.assert_close(network(windows), alone, rtol=0, atol=1e-5)


@every_network
def test_the_feature_map_keeps_time_on_its_last_axis(model: str, shape: Shape) -> None:
    network, fifth = build(model, shape).eval(), shape[-1] // 5
    early, late = torch.zeros(2, 1, *shape)
    early[..., :fifth] = late[..., -fifth:] = noise(1, shape)[..., :fifth]
    assert centre_of_change(network, early) < 1 / 3
    assert centre_of_change(network, late) > 2 / 3


@every_network
def test_the_feature_map_has_eight_cells_at_least(model: str, shape: Shape) -> None:
    features = feature_map(build(model, shape).eval(), noise(2, shape))
    assert features.dim() == len(shape) + 1
    assert features.shape[0] == 2
    assert features.shape[-1] >= 8


@every_network
def test_fresh_weights_are_undecided(model: str, shape: Shape) -> None:
    labels = torch.arange(64) % 2
    for seed in range(3):
        loss = cross_entropy(build(model, shape, seed)(noise(64, shape)), labels)
        assert abs(loss.item() - math.log(2)) < 0.1


@every_network
def test_weights_follow_the_seed(model: str, shape: Shape) -> None:
    first, again, other = (build(model, shape, seed).eval() for seed in (3, 3, 4))
    windows = noise(2, shape)
    assert torch.equal(first(windows), again(windows))
    assert not torch.allclose(first(windows), other(windows))


@every_network
def test_a_network_is_stored_whole(model: str, shape: Shape, tmp_path: Path) -> None:
    network, windows = build(model, shape), noise(4, shape)
    network(windows)  # moves running statistics, if any, away from those of birth
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    other = build(model, shape, seed=1)
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert torch.equal(other.eval()(windows), network.eval()(windows))


def timed(model: str) -> bool:
    return isinstance(build(model, shapes_of(model)[0]), TimedNetwork)


def test_some_networks_say_when() -> None:
    assert {model for model in MODELS if timed(model)} >= {"cnn1d_power", "cnn2d_evidence"}


@pytest.mark.parametrize("model", [model for model in MODELS if timed(model)])
def test_what_is_said_over_time_decides_the_window(model: str) -> None:
    for shape in shapes_of(model):
        network = cast(TimedNetwork, build(model, shape).eval())
        windows = noise(4, shape)
        evidence = network.over_time(windows)
        assert evidence.shape[:2] == (4, 2)
        assert evidence.shape[2] >= 8
        torch.testing.assert_close(
            network.over_window(evidence), network(windows), rtol=0, atol=1e-5
        )


@every_network
def test_the_check_before_training_lets_it_pass_and_leaves_no_trace(
    model: str, shape: Shape
) -> None:
    network = build(model, shape)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    require_network(network, shape)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(part.training for part in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(part._forward_hooks for part in network.modules())


class Tiny(nn.Module):
    """Keeps to the contract; what follows differs from it in one thing each."""

    input_kind = "signal"

    def __init__(self, n_chans: int, n_times: int, classes: int = 2) -> None:  # noqa: ARG002
        super().__init__()
        self.features = nn.Sequential(nn.Conv1d(n_chans, 3, 5), nn.ReLU())
        self.head = nn.Linear(3, classes)

    @property
    def cam_layer(self) -> nn.Module:
        """Return the feature map."""
        return self.features

    def forward(self, signals: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.head(self.features(signals).mean(2))
        return logits


class WithoutLayer(Tiny):
    """Has nothing to explain by."""

    cam_layer = None  # type: ignore[assignment]


class ForeignLayer(Tiny):
    """Returns a layer that is not its own."""

    @property
    def cam_layer(self) -> nn.Module:
        """Return a new one."""
        return nn.Identity()


class IdleLayer(Tiny):
    """Returns a layer that no window passes."""

    def __init__(self, n_chans: int, n_times: int) -> None:
        super().__init__(n_chans, n_times)
        self.idle = nn.Identity()

    @property
    def cam_layer(self) -> nn.Module:
        """Return it."""
        return self.idle


class Transposed(Tiny):
    """Its feature map has channels last, as in other frameworks."""

    def __init__(self, n_chans: int, n_times: int) -> None:
        super().__init__(n_chans, n_times)
        self.turned = nn.Identity()

    @property
    def cam_layer(self) -> nn.Module:
        """Return the turned one."""
        return self.turned

    def forward(self, signals: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.head(self.turned(self.features(signals).transpose(1, 2)).mean(1))
        return logits


class Flat(Tiny):
    """Its layer has lost time."""

    @property
    def cam_layer(self) -> nn.Module:
        """Return the head."""
        return self.head


class NoModule:
    """Is no network at all."""

    input_kind = "signal"

    def __init__(self, n_chans: int, n_times: int) -> None:
        pass


class Demanding(Tiny):
    """Wants more than its settings give."""

    def __init__(self, n_chans: int, n_times: int, *, depth: int) -> None:  # noqa: ARG002
        super().__init__(n_chans, n_times)


class Kindless(Tiny):
    """Does not say what it sees."""

    input_kind = None  # type: ignore[assignment]


def refused(kind: type, **settings: Any) -> str:
    component = {"_target_": f"{__name__}.{kind.__name__}", **settings}
    with pytest.raises(InputError) as caught:
        build_network(component, {"n_chans": 2, "n_times": 100})
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        (WithoutLayer, {}, "WithoutLayer has no cam_layer; give it a property of that name"),
        (ForeignLayer, {}, "ForeignLayer has a cam_layer that is no part of it; return one of"),
        (IdleLayer, {}, "IdleLayer does not run its cam_layer; return a layer that each window"),
        (Transposed, {}, "Transposed has a cam_layer whose output, (3, 96, 3) for 3 windows of "),
        (Flat, {}, "Flat has a cam_layer whose output, (3, 2) for 3 windows of (2, 100), does not"),
        (NoModule, {}, "NoModule is no torch.nn.Module; derive its class from one"),
        (Tiny, {"classes": 1}, "Tiny gives (3, 1) for 3 windows; two logits a window are expected"),
        (Demanding, {}, "Demanding was given n_chans, n_times: set what it takes under model"),
        (Tiny, {"depth": 3}, "unexpected keyword argument 'depth'; "),
    ],
)
def test_a_network_that_lacks_something_is_one_line(
    kind: type, settings: dict[str, Any], said: str
) -> None:
    line = refused(kind, **settings)
    assert line.startswith("model")
    assert kind.__name__ in line
    assert said in line


def test_a_network_that_keeps_to_the_contract_is_built() -> None:
    component = {"_target_": f"{__name__}.Tiny"}
    assert isinstance(build_network(component, {"n_chans": 2, "n_times": 100}), Tiny)
    assert input_kind(component) == "signal"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nowhere.Net", "model._target_=nowhere.Net cannot be imported (No module named 'nowhere"),
        (f"{__name__}.Absent", ".Absent cannot be imported ("),
        (f"{__name__}.Kindless", ".Kindless has no input_kind; give the class input_kind = "),
    ],
)
def test_a_class_that_is_not_there_or_says_nothing_is_one_line(target: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        input_kind({"_target_": target})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
