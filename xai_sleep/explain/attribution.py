"""Class activation maps of a batch of windows at the windows' own resolution, in [0, 1].

Grad-CAM weights each channel of a feature map :math:`A` by the mean gradient of a class score
:math:`y`, adds them up and keeps what speaks for the class::

    map(t) = ReLU( Σ_k  w_k A_k(t) ),    w_k = mean over t of ∂y / ∂A_k(t)

HiResCAM leaves the gradient where it is::

    map(t) = ReLU( Σ_k  ∂y / ∂A_k(t) · A_k(t) )

The two agree where every place counts alike, as before a mean over time. A network that ends in
dense layers gives each place weights of its own: their mean says nothing of any place, while
HiResCAM still adds up to the score. Either map is stretched to the window between the centres of
its cells' receptive fields (:mod:`xai_sleep.explain.placement`) and divided by its maximum. A map
that is zero everywhere stays so: nothing spoke for the class.

References
----------
Selvaraju et al. 2017, Grad-CAM: visual explanations from deep networks via gradient-based
localization, ICCV. Draelos & Carin 2020, Use HiResCAM instead of Grad-CAM for faithful explanations
of convolutional neural networks, arXiv:2011.08891.
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
signals or images to relevance in [0, 1] at their resolution: the maximum of each map is 1, or all
of it is 0. The map of a window is the same alone and in a batch."""


def make_explainer(where: str, component: Component) -> Explainer:
    """Make an explainer of its settings: a function with ``_partial_: true``, or a class.

    Parameters
    ----------
    where : str
        The setting, for messages.
    component : mapping
        Its settings.

    Raises
    ------
    InputError
        If it cannot be made, or what is made cannot be called.
    """
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
    """Enter evaluation mode with gradients, also inside Lightning's inference mode.

    The mode of every submodule is put back afterwards, also after an exception.
    """
    training = {name: part.training for name, part in module.named_modules()}
    try:
        module.eval()
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for name, part in module.named_modules():
            part.training = training[name]


def grad_cam(network: Network, inputs: Tensor) -> Tensor:
    """Grad-CAM of the event class at the network's ``cam_layer``.

    Parameters
    ----------
    network : Network
        In evaluation mode, with gradients enabled: see :func:`attributable`.
    inputs : Tensor of shape (window, channel, time) or (window, image, freq, time)
        A batch of signals or of images.

    Returns
    -------
    Tensor of shape (window, time) or (window, freq, time)
        In [0, 1]; the maximum of each map is 1, or all of it is 0.
    """
    explainer = LayerGradCam(network, network.cam_layer)
    coarse = explainer.attribute(inputs, target=EVENT, relu_attributions=True)
    return _stretched(network, coarse[:, 0], inputs)


def hires_cam(network: Network, inputs: Tensor) -> Tensor:
    """HiResCAM of the event class at the network's ``cam_layer``; otherwise as Grad-CAM.

    Parameters and result are those of :func:`grad_cam`.
    """
    explainer = LayerGradientXActivation(network, network.cam_layer)
    evidence = explainer.attribute(inputs, target=EVENT)
    return _stretched(network, evidence.sum(1).relu(), inputs)


def unit_maximum(maps: Tensor) -> Tensor:
    """Divide each map by its maximum; a map that is zero everywhere stays so.

    Examples
    --------
    >>> unit_maximum(torch.tensor([[1.0, 2.0], [0.0, 0.0]]))
    tensor([[0.5000, 1.0000],
            [0.0000, 0.0000]])
    """
    peak = maps.flatten(1).amax(1).reshape(-1, *[1] * (maps.dim() - 1))
    return maps / peak.where(peak > 0, 1)


def _stretched(network: Network, coarse: Tensor, inputs: Tensor) -> Tensor:
    assert isinstance(network, nn.Module)
    centres = cell_centres(network, network.cam_layer, inputs.shape[1:])
    return unit_maximum(stretch(coarse.detach(), centres, inputs.shape[2:]))
