"""Ways to explain a batch of windows other than class activation maps.

``saliency``, ``integrated_gradients`` and ``guided_gradcam`` have a sign for every channel and
sample, which follows the oscillation of the signal rather than the event; relevance is the absolute
value summed over channels, smoothed by a Gaussian of one hundredth of each axis (0.05 s of a 5-s
window). The reference of ``integrated_gradients`` and ``occlusion`` is zero, the mean: signals are
filtered around it, images z-scored. ``random`` and ``uniform`` look at nothing and are the floors.

Simonyan et al. 2014, ICLR workshop: saliency. Sundararajan et al. 2017, ICML: integrated gradients.
Zeiler & Fergus 2014, ECCV: occlusion. Springenberg et al. 2015, ICLR workshop: guided backprop.
"""

import warnings
import zlib

import numpy as np
import torch
from captum.attr import GuidedBackprop, IntegratedGradients, Occlusion, Saliency
from torch import Tensor

from xai_sleep.explain.attribution import EVENT, grad_cam, unit_maximum
from xai_sleep.models.contract import Network

STEPS = 20  # of the integral
AT_ONCE = 512  # windows sent through a network together
SMOOTHING = 0.01  # standard deviation, of each axis
OCCLUDED = (4, 10)  # patches that would cover frequency and time side by side


def guided_grad_cam(network: Network, inputs: Tensor) -> Tensor:
    """Grad-CAM times guided backpropagation: the gradient through positive gradients alone."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Setting backward hooks on ReLU")
        guided = GuidedBackprop(network).attribute(_differentiable(inputs), target=EVENT)
    return unit_maximum(grad_cam(network, inputs) * _relevance(guided))


def integrated_gradients(network: Network, inputs: Tensor) -> Tensor:
    """Gradient averaged over the straight way from the mean signal or image, times the input."""
    size, explainer = max(AT_ONCE, len(inputs)), IntegratedGradients(network)
    found = explainer.attribute(inputs, target=EVENT, n_steps=STEPS, internal_batch_size=size)
    return _relevance(found)


def saliency(network: Network, inputs: Tensor) -> Tensor:
    """Gradient of the score with respect to the input."""
    return _relevance(Saliency(network).attribute(_differentiable(inputs), target=EVENT))


def occlusion(network: Network, inputs: Tensor) -> Tensor:
    """Fall of the score when a patch of all channels is set to zero; a rise counts as none.

    Patches are a tenth of the window long, a quarter of an image high, and overlap by half in time.
    """
    shape = inputs.shape[2:]
    patch = [max(n // k, 1) for n, k in zip(shape, OCCLUDED[-len(shape) :], strict=True)]
    attribution = Occlusion(network).attribute(
        inputs,
        sliding_window_shapes=(inputs.shape[1], *patch),
        strides=(inputs.shape[1], *patch[:-1], max(patch[-1] // 2, 1)),
        target=EVENT,
        perturbations_per_eval=max(AT_ONCE // len(inputs), 1),
    )
    return unit_maximum(attribution[:, 0].detach().relu())


def random(network: Network, inputs: Tensor) -> Tensor:  # noqa: ARG001 - a floor
    """White noise, drawn from the window's own values: the same wherever the window stands."""
    seeds = [zlib.crc32(window.tobytes()) for window in inputs.detach().cpu().numpy()]
    shape = inputs.shape[2:]
    noise = [np.random.default_rng(seed).random(shape, dtype=np.float32) for seed in seeds]
    return unit_maximum(torch.from_numpy(np.stack(noise)).to(inputs.device))


def uniform(network: Network, inputs: Tensor) -> Tensor:  # noqa: ARG001 - a floor
    """One everywhere."""
    return torch.ones(len(inputs), *inputs.shape[2:], device=inputs.device)


def _differentiable(inputs: Tensor) -> Tensor:
    return inputs.detach().clone().requires_grad_()


def _relevance(attribution: Tensor) -> Tensor:
    """Absolute value summed over channels, smoothed along every axis."""
    maps = attribution.detach().abs().sum(1)
    for axis in range(1, maps.dim()):
        n = maps.shape[axis]
        place = torch.arange(n, device=maps.device)
        kernel = torch.exp(-0.5 * ((place[:, None] - place) / (SMOOTHING * n)) ** 2)
        kernel = (kernel / kernel.sum(1, keepdim=True)).to(maps)
        maps = torch.einsum("ij,w...j->w...i", kernel, maps.movedim(axis, -1)).movedim(-1, axis)
    return unit_maximum(maps)
