"""What a network must offer to be trained, explained and slid, and its check before training."""

import copy
from collections.abc import Mapping, Sequence
from typing import NoReturn, Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn

from xai_sleep.components import Component, made, target
from xai_sleep.errors import InputError

Shape = Mapping[str, int]
"""Sizes of what a network sees, by axis: ``n_chans``, for images ``n_freqs``, ``n_times``."""

APART = 0.3  # by how much of its length another axis may follow time better than the last


@runtime_checkable
class Network(Protocol):
    """What an ``nn.Module`` must offer to be trained and explained.

    Its class takes the sizes of its input (:data:`Shape`) and whatever its YAML sets.
    """

    @property
    def input_kind(self) -> str:
        """Which of ``conf/input`` a batch holds, as ``signal``: ``(window, channel, time)``."""

    @property
    def cam_layer(self) -> nn.Module:
        """Layer whose feature map Grad-CAM weights; its output keeps the time axis last."""

    def __call__(self, inputs: Tensor) -> Tensor:
        """Logits of a batch, ``(window, 2)``: no event, event."""


@runtime_checkable
class TimedNetwork(Network, Protocol):
    """A network that says when: ``over_window(over_time(inputs))``; it can be trained on marks."""

    def over_time(self, inputs: Tensor) -> Tensor:
        """Logits ``(window, 2, cell)``; the cells divide the window evenly."""

    def over_window(self, evidence: Tensor) -> Tensor:
        """Logits ``(window, 2)`` from those over time."""


def input_kind(model: Component) -> str:
    """Say what the network of these settings sees, or raise InputError if its class does not."""
    kind = getattr(target("model", model), "input_kind", None)
    if not isinstance(kind, str):
        remedy = 'give the class input_kind = "signal" or "image"'
        remedy += ", or another input that conf/input names"
        raise InputError(f"model._target_={model['_target_']} has no input_kind; {remedy}")
    return kind


def build_network(model: Component, shape: Shape) -> Network:
    """Build a network, and check it; InputError if it cannot be built or lacks something."""
    network = made("model", model, **shape)
    require_network(network, tuple(shape.values()))
    return cast("Network", network)


def require_network(network: object, shape: Sequence[int]) -> None:
    """Refuse a network, which is left as it is, that could not be trained and explained."""
    kind = f"{type(network).__module__}.{type(network).__qualname__}"

    def refuse(lacks: str) -> NoReturn:
        raise InputError(f"model {kind} {lacks}")

    if not isinstance(network, nn.Module):
        refuse("is no torch.nn.Module; derive its class from one")
    layer = getattr(network, "cam_layer", None)
    if not isinstance(layer, nn.Module):
        remedy = "that returns the layer whose feature map explains a window"
        refuse(f"has no cam_layer; give it a property of that name {remedy}")
    if all(layer is not part for part in network.modules()):
        refuse("has a cam_layer that is no part of it; return one of its own layers")
    logits, features = _passed(network, shape)
    if not (isinstance(logits, Tensor) and logits.shape == (3, 2)):
        expected = "two logits a window are expected, (3, 2): of no event and of an event"
        refuse(f"gives {_shape(logits)} for 3 windows; {expected}")
    if not features:
        refuse("does not run its cam_layer; return a layer that each window passes through")
    seen = features[0]
    like = isinstance(seen, Tensor) and seen.dim() == len(shape) + 1 and len(seen) == 3
    if not (like and _time_is_last(cast("Tensor", seen))):
        output = f"whose output, {_shape(seen)} for 3 windows of {tuple(shape)}, does not keep time"
        order = "last: what begins a window must show before what ends it"
        refuse(f"has a cam_layer {output} {order}; return another layer, or move its time axis")


def _passed(network: nn.Module, shape: Sequence[int]) -> tuple[object, list[object]]:
    """Logits and feature maps of a window that only begins, one that only ends, and silence."""
    twin, features = copy.deepcopy(network).eval(), list[object]()
    n = max(shape[-1] // 5, 1)
    windows = torch.zeros(3, *shape)
    burst = torch.randn(*shape[:-1], n, generator=torch.Generator().manual_seed(0))
    windows[0, ..., :n] = windows[1, ..., -n:] = burst
    layer = cast("Network", twin).cam_layer
    hook = layer.register_forward_hook(lambda _layer, _inputs, output: features.append(output))
    with hook, torch.no_grad(), torch.random.fork_rng(devices=[]):
        return twin(windows), features


def _time_is_last(seen: Tensor) -> bool:
    """Whether no axis tells the beginning from the end far better than the last one does."""
    change = (seen[:2] - seen[2]).abs()
    last, *others = (_progress(change, axis) for axis in range(change.dim() - 1, 0, -1))
    return not any(other - last > APART for other in others)


def _progress(change: Tensor, axis: int) -> float:
    """How far along an axis the centre of change moves from the beginning to the end, -1 to 1."""
    profile = change.movedim(axis, 1).flatten(2).sum(2)
    places = (torch.arange(profile.shape[1]) + 0.5) / profile.shape[1]
    early, late = (profile * places).sum(1) / profile.sum(1)
    return float(late - early)


def _shape(value: object) -> str:
    return str(tuple(value.shape)) if isinstance(value, Tensor) else f"a {type(value).__name__}"
