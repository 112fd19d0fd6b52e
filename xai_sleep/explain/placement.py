"""Where the cells of a feature map lie in a window, and a coarse map stretched to it.

A cell sees some of the window's samples and speaks of their centre. Image libraries spread cells
evenly over the window, which is right only where layers pad what they shorten::

    window             |...............................................|
    evenly spread      |   ×       ×       ×       ×       ×       ×   |
    without padding    |         ×     ×     ×     ×     ×     ×       |

Which samples a cell sees is found by experiment: a NaN in one reaches just the cells that see it.
"""

import copy
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

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
    """Interpolate linearly between the centres of cells; beyond the outer ones a map is level.

    A coarse map ``(window, cell, ...)`` gets as many samples along each axis as the shape says.

    Examples
    --------
    >>> stretch(torch.tensor([[0.0, 1.0]]), [torch.tensor([1.0, 3.0])], [5])
    tensor([[0.0000, 0.0000, 0.5000, 1.0000, 1.0000]])
    """
    fine = coarse
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
