"""How networks end: two logits a window, near zero before training."""

import math

import torch
from torch import Tensor, nn


def near_zero(layer: nn.Linear | nn.Conv1d | nn.Conv2d) -> nn.Module:
    """Shrink the weights of a last layer, so that training starts undecided: at a loss of ln 2.

    A loss that starts elsewhere then shows that weights were carried over from somewhere.
    """
    with torch.no_grad():
        layer.weight.mul_(0.05)
        if layer.bias is not None:
            layer.bias.zero_()
    return layer


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
