"""Class activation maps of a batch of windows at the windows' own resolution, in [0, 1].

For a feature map :math:`A` and a class score :math:`y`, summed over channels k::

    Grad-CAM    map(t) = ReLU( Σ_k  w_k A_k(t) ),    w_k = mean over t of ∂y / ∂A_k(t)
    HiResCAM    map(t) = ReLU( Σ_k  ∂y / ∂A_k(t) · A_k(t) )

The two agree where every place counts alike, as before a mean over time. Where dense layers give
each place weights of its own their mean says nothing of any, while HiResCAM still adds up to the
score. Selvaraju et al. 2017, Grad-CAM, ICCV; Draelos & Carin 2020, HiResCAM, arXiv:2011.08891.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from captum.attr import LayerGradCam, LayerGradientXActivation
from torch import Tensor, nn

from xai_sleep.components import Component, made
from xai_sleep.errors import InputError
from xai_sleep.explain.placement import cell_centres, stretch
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
        raise InputError(
            f"{where}._target_={component['_target_']} makes a {type(explainer).__name__}, which "
            "cannot be called; an explainer is called with a network and a batch and returns maps "
            "(for a function set _partial_: true)"
        )
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
        raise InputError(
            f"{where} gives {kind} for a batch of {tuple(inputs.shape)}; an explainer returns maps "
            f"at the resolution of the windows, a tensor of shape {wanted}"
        )
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
