"""Class activation maps of a batch of windows at the windows' own resolution, in [0, 1].

For a feature map :math:`A` and a class score :math:`y`, summed over channels k::

    Grad-CAM    map(t) = ReLU( Σ_k  w_k A_k(t) ),    w_k = mean over t of ∂y / ∂A_k(t)
    HiResCAM    map(t) = ReLU( Σ_k  ∂y / ∂A_k(t) · A_k(t) )

The two agree where every place counts alike, as before a mean over time. Where dense layers give
each place weights of its own their mean says nothing of any, while HiResCAM still adds up to the
score. Selvaraju et al. 2017, Grad-CAM, ICCV; Draelos & Carin 2020, HiResCAM, arXiv:2011.08891.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import torch
from captum.attr import LayerGradCam, LayerGradientXActivation
from torch import Tensor, nn

from xai_sleep.components import Component, made
from xai_sleep.errors import InputError
from xai_sleep.models.contract import Network

EVENT = 1  # the class that maps speak for

Explainer = Callable[[Network, Tensor], Tensor]
"""From a network in evaluation mode with gradients, see :func:`attributable`, and a batch of
signals ``(window, channel, time)`` or images ``(window, image, freq, time)`` to relevance in [0, 1]
without their second axis: the maximum of each map is 1, or all of it is 0. The map of a window is
the same alone and in a batch."""


def make_explainer(where: str, component: Component) -> Explainer:
    """Make an explainer, or say in an InputError that at ``where`` stands none."""
    explainer = made(where, component)
    if not callable(explainer):
        said = f"{where}._target_={component['_target_']} makes a {type(explainer).__name__}"
        wanted = "an explainer is called with a network and a batch and returns maps"
        advice = "for a function set _partial_: true"
        raise InputError(f"{said}, which cannot be called; {wanted} ({advice})")
    return explainer


def make_explainers(methods: Mapping[str, Component]) -> dict[str, Explainer]:
    """Make the explainers of ``explain.methods``, in order."""
    return {name: make_explainer(f"explain.methods.{name}", each) for name, each in methods.items()}


def explain(where: str, explainer: Explainer, network: Network, inputs: Tensor) -> Tensor:
    """Explain a batch; InputError if the maps are not of the windows' shape."""
    maps = explainer(network, inputs)
    wanted = (len(inputs), *inputs.shape[2:])
    if not isinstance(maps, Tensor) or maps.shape != wanted:
        kind = tuple(maps.shape) if isinstance(maps, Tensor) else f"a {type(maps).__name__}"
        said = f"{where} gives {kind} for a batch of {tuple(inputs.shape)}"
        returns = "an explainer returns maps at the resolution of the windows, a tensor of shape"
        raise InputError(f"{said}; {returns} {wanted}")
    return maps


@contextmanager
def attributable(module: nn.Module) -> Iterator[None]:
    """Enter evaluation mode with gradients, also in inference mode; leave with the modes before."""
    training = {name: part.training for name, part in module.named_modules()}
    try:
        module.eval()
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for name, part in module.named_modules():
            part.training = training[name]


def grad_cam(network: Network, inputs: Tensor) -> Tensor:
    """Grad-CAM of the event class at the network's ``cam_layer``, as an :data:`Explainer`."""
    explainer = LayerGradCam(network, network.cam_layer)
    coarse = explainer.attribute(inputs, target=EVENT, relu_attributions=True)
    return _stretched(network, coarse[:, 0], inputs)


def hires_cam(network: Network, inputs: Tensor) -> Tensor:
    """HiResCAM of the event class at the network's ``cam_layer``, as an :data:`Explainer`."""
    evidence = LayerGradientXActivation(network, network.cam_layer).attribute(inputs, target=EVENT)
    return _stretched(network, evidence.sum(1).relu(), inputs)


def unit_maximum(maps: Tensor) -> Tensor:
    """Divide each map by its maximum; one that is zero everywhere, nothing for the class, stays."""
    peak = maps.flatten(1).amax(1).reshape(-1, *[1] * (maps.dim() - 1))
    return maps / peak.where(peak > 0, 1)


def _stretched(network: Network, coarse: Tensor, inputs: Tensor) -> Tensor:
    assert isinstance(network, nn.Module)
    centres = cell_centres(network, network.cam_layer, inputs.shape[1:])
    return unit_maximum(stretch(coarse.detach(), centres, inputs.shape[2:]))


PROBES = 64  # samples tried at once

# Centres depend on how layers are joined, which does not change while they live.
_KNOWN: WeakKeyDictionary[nn.Module, dict[tuple[int, ...], list[Tensor]]] = WeakKeyDictionary()


def cell_centres(network: nn.Module, layer: nn.Module, shape: Sequence[int]) -> list[Tensor]:
    """Centre in samples of the receptive field of each cell of a layer's output, rising.

    One tensor for each axis of a window of the given shape, ``(channel, time)`` or ``(image, freq,
    time)``, after the first. Near the border a padded layer sees less, so the grid is taken from
    the cells inside and carried on. A copy of the network is tried out.
    """
    known, key = _KNOWN.setdefault(layer, {}), tuple(shape)
    if key not in known:
        name = next(name for name, part in network.named_modules() if part is layer)
        # In double precision on the CPU no fast algorithm mixes neighbouring windows or samples.
        twin = copy.deepcopy(network).cpu().double().eval()
        part, axes = twin.get_submodule(name), range(1, len(shape))
        known[key] = [_centres(_seen(twin, part, shape, axis)) for axis in axes]
    return known[key]


def stretch(coarse: Tensor, centres: Sequence[Tensor], shape: Sequence[int]) -> Tensor:
    """Interpolate linearly between the centres of cells; beyond the outer ones a map is level."""
    fine = coarse  # (window, cell, ...)
    for axis, (centre, n) in enumerate(zip(centres, shape, strict=True), start=1):
        place = torch.arange(n, dtype=centre.dtype)
        right = torch.searchsorted(centre, place).clamp(1, max(len(centre) - 1, 1))
        left, right = right - 1, right.clamp(max=len(centre) - 1)
        gap = (centre[right] - centre[left]).where(right > left, 1)
        share = ((place - centre[left]) / gap).clamp(0, 1)
        weights = torch.zeros(n, len(centre), dtype=centre.dtype)
        weights.scatter_add_(1, left[:, None], 1 - share[:, None])
        weights.scatter_add_(1, right[:, None], share[:, None])
        # A product with a small matrix is many times faster than looking up neighbours.
        fine = torch.tensordot(fine, weights.to(fine), dims=([axis], [1])).movedim(-1, axis)
    return fine


def _seen(network: nn.Module, layer: nn.Module, shape: Sequence[int], axis: int) -> Tensor:
    """Which cells along an axis see which samples: bool (sample, cell)."""
    features: list[Tensor] = []
    hook = layer.register_forward_hook(lambda _module, _inputs, output: features.append(output))
    try:
        with torch.no_grad():
            for samples in torch.split(torch.arange(shape[axis]), PROBES):
                probes = torch.zeros(len(samples), *shape, dtype=torch.float64)
                probes.movedim(axis + 1, 1)[torch.arange(len(samples)), samples] = torch.nan
                network(probes)
    finally:
        hook.remove()
    return torch.cat(features).isnan().movedim(axis + 1, 1).flatten(2).any(2)


def _centres(seen: Tensor) -> Tensor:
    n, cells = len(seen), torch.arange(seen.shape[1], dtype=torch.float64)
    first = seen.int().argmax(0).double()
    last = n - 1 - seen.flip(0).int().argmax(0).double()
    # Where a field ends inside the window, padding has cut nothing off.
    from_left, from_right = cells[first > 0].long(), cells[last < n - 1].long()
    middle = (first + last) / 2
    if min(len(from_left), len(from_right)) > 1:
        one, other = from_left[0], from_left[-1]
        hop = (first[other] - first[one]) / (other - one)
        start, end = first[one] - hop * one, last[from_right[0]] - hop * from_right[0]
        middle = (start + end) / 2 + hop * cells
    if (middle.diff() <= 0).any():  # every cell sees everything
        return (cells + 0.5) * n / len(cells) - 0.5
    return middle
