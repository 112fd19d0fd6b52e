"""Relevance maps of a batch of windows at the windows' own resolution, in [0, 1].

Grad-CAM weights each channel of a feature map :math:`A` by the mean gradient of a class score
:math:`y`, adds them up and keeps what speaks for the class::

    map(t) = ReLU( Σ_k  w_k A_k(t) ),    w_k = mean over t of ∂y / ∂A_k(t)

then is stretched to the window and divided by its maximum. A map that is zero everywhere stays so:
nothing spoke for the class.

References
----------
Selvaraju et al. 2017, Grad-CAM: visual explanations from deep networks via gradient-based
localization, ICCV.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import Tensor, nn

from xai_sleep.models.classifier import Network

EVENT = 1  # the class that maps speak for

Explainer = Callable[[Network, Tensor], Tensor]


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
    mode = "linear" if inputs.dim() == 3 else "bilinear"
    fine = LayerAttribution.interpolate(coarse, inputs.shape[2:], interpolate_mode=mode)
    return _unit_maximum(fine[:, 0].detach())


def _unit_maximum(maps: Tensor) -> Tensor:
    peak = maps.flatten(1).amax(1).reshape(-1, *[1] * (maps.dim() - 1))
    return maps / peak.where(peak > 0, 1)


EXPLAINERS: dict[str, Explainer] = {"gradcam": grad_cam}
