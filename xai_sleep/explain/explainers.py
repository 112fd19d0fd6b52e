"""Ways to explain a batch of windows other than class activation maps.

Each takes a network in evaluation mode with gradients
(:func:`~xai_sleep.explain.attribution.attributable`) and a batch of signals or images, and returns
relevance for the event class at the resolution of the signal or the image, in [0, 1]: the maximum
of each map is 1, or all of it is 0. The map of a window is the same alone and in a batch.

Attributions of inputs (``saliency``, ``integrated_gradients``, ``guided_gradcam``) have a sign for
every channel and sample, which follows the oscillation of the signal rather than the event;
relevance is their absolute value summed over channels, smoothed by a Gaussian of one hundredth of
each axis (0.05 s of a 5-s window). The reference of ``integrated_gradients`` and ``occlusion`` is
zero, which is the mean: signals are filtered around it, images z-scored. ``random`` and ``uniform``
look at nothing and are the floors.

References
----------
Simonyan et al. 2014, Deep inside convolutional networks, ICLR workshop: saliency. Sundararajan et
al. 2017, Axiomatic attribution for deep networks, ICML: integrated gradients. Zeiler & Fergus 2014,
Visualizing and understanding convolutional networks, ECCV: occlusion. Springenberg et al. 2015,
Striving for simplicity, ICLR workshop: guided backpropagation.
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
    explainer = IntegratedGradients(network)
    attribution = explainer.attribute(
        inputs, target=EVENT, n_steps=STEPS, internal_batch_size=max(AT_ONCE, len(inputs))
    )
    return _relevance(attribution)


def saliency(network: Network, inputs: Tensor) -> Tensor:
    """Gradient of the score with respect to the input."""
    return _relevance(Saliency(network).attribute(_differentiable(inputs), target=EVENT))


def occlusion(network: Network, inputs: Tensor) -> Tensor:
    """Fall of the score when a patch of all channels is set to zero; a rise counts as none.

    Patches are a tenth of the window long (and a quarter of an image high) and overlap by half in
    time; a sample has the mean of the patches that cover it.
    """
    patch = [max(n // k, 1) for n, k in zip(inputs.shape[:1:-1], OCCLUDED[::-1], strict=False)]
    patch.reverse()
    step = [*patch[:-1], max(patch[-1] // 2, 1)]
    n_chans = inputs.shape[1]
    attribution = Occlusion(network).attribute(
        inputs,
        sliding_window_shapes=(n_chans, *patch),
        strides=(n_chans, *step),
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
