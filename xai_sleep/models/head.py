"""How networks end: two logits a window, near zero before training."""

import math
from typing import TypeVar

import torch
from torch import Tensor, nn

Layer = TypeVar("Layer", nn.Linear, nn.Conv1d, nn.Conv2d)


def near_zero(layer: Layer, gain: float = 1.0) -> Layer:
    """Shrink the weights of a last layer, so that training starts undecided: at a loss of ln 2.

    A loss that starts elsewhere then shows that weights were carried over from somewhere. What
    the layer gives is multiplied by ``gain`` afterwards.
    """
    with torch.no_grad():
        layer.weight.mul_(0.05 / gain)
        if layer.bias is not None:
            layer.bias.zero_()
    return layer


def both_classes(log_odds: Tensor) -> Tensor:
    """Logits ``(window, 2, ...)`` of no event and event from the log-odds ``(window, ...)`` of one.

    Examples
    --------
    >>> both_classes(torch.tensor([3.0]))
    tensor([[-1.5000,  1.5000]])
    """
    return torch.stack([-log_odds / 2, log_odds / 2], dim=1)


def soft_maximum(evidence: Tensor, sharpness: float) -> Tensor:
    """Log-mean-exp over all but the first two dimensions (Pinheiro & Collobert 2015).

    It makes a window positive when a small part of it is, as an event of one second in a window of
    five does, and lets the gradient reach more than one cell.

    Parameters
    ----------
    evidence : Tensor of shape (window, class, ...)
        Logits of each cell.
    sharpness : float
        Towards 0 the result is the mean over cells, towards infinity their maximum.

    Returns
    -------
    Tensor of shape (window, class)

    Examples
    --------
    >>> soft_maximum(torch.tensor([[[0.0, 2.0]]]), 100.0).round(decimals=2)
    tensor([[1.9900]])
    """
    cells = evidence.flatten(2)
    return (torch.logsumexp(sharpness * cells, dim=2) - math.log(cells.shape[2])) / sharpness
