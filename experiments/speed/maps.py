"""Grad-CAM maps of the 2D network: milliseconds a window, in batches and one at a time.

The alternative in Keras follows its documentation: a model with two outputs and a gradient tape for
every window.
"""

from functools import partial

import torch

from experiments.speed.other_side import Ask
from experiments.speed.timing import Row, seconds, take_turns
from xai_sleep.explain.attribution import attributable, grad_cam
from xai_sleep.models.cnn2d import CNN2d

BATCH, ALONE = 256, 16


def rows(ask: Ask | None, turns: int = 9) -> list[Row]:
    """Compare batches with single windows of our own, and of Keras."""
    network = CNN2d(3, 128)
    images = torch.randn(BATCH, 3, 128, 128, generator=torch.Generator().manual_seed(0))

    def batched() -> float:
        with attributable(network):
            return 1000 * seconds(partial(grad_cam, network, images)) / BATCH

    def alone() -> float:
        with attributable(network):
            ones = [
                seconds(partial(grad_cam, network, one)) for one in torch.split(images[:ALONE], 1)
            ]
        return 1000 * sum(ones) / ALONE

    works = [batched, alone]
    if ask:
        works.append(partial(ask, "maps"))
    ours, one_by_one, *keras = take_turns(works, turns)
    what = "Grad-CAM map of cnn2d, ms a window"
    return [
        Row(what, ours, "one window at a time", one_by_one),
        Row(what, ours, "Keras, one window at a time", keras[0] if keras else None),
    ]
