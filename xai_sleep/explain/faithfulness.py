"""Whether a network's score rests on what a map marks: deletion and insertion along time.

Segments of time, most relevant first, are replaced by those of a window of the same record without
an event, so that what the network is shown stays like what it was trained on: ``abcd`` becomes
``abrd``, ``pbrd``, … if its donor is ``pqrs`` and c, then a, is most relevant. A faithful map makes
the probability of an event fall fast; least relevant first, late. Insertion starts from the donor:
read backwards, it is deletion in the reversed order. Samek et al. 2017, IEEE TNNLS; Petsiuk et al.
2018, RISE, BMVC.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xai_sleep.explain.attribution import EVENT
from xai_sleep.metrics.metric import Metric
from xai_sleep.models.contract import Network

Curves = NDArray[np.float32]
Order = NDArray[np.intp]
Integers = NDArray[np.int64]

SEGMENTS = 20
RANDOM_ORDERS = 5  # averaged
AT_ONCE = 512  # inputs sent through a network together
METRICS = (
    Metric("deletion", "deletion", best="low"),
    Metric("insertion", "insertion"),
    Metric("random", "random", best="none"),
    Metric("separation", "separation"),
    Metric("deletion_gain", "deletion gain"),
    Metric("insertion_gain", "insertion gain"),
)
"""Areas under the deletion and insertion curves, most relevant first, and that of random order;
insertion less deletion; random less deletion; insertion less random."""
ORDERS = {"most": "most relevant first", "least": "least relevant first", "random": "random"}
CURVES = tuple(Metric(name, label, best="none") for name, label in ORDERS.items())
COUNTS = (Metric("skipped", "windows without a donor", best="none"),)


def choose_donors(
    label: Integers, record: Integers, called_positive: NDArray[np.bool_], seed: int
) -> Order:
    """Draw for each window one of its record without an event; one called negative if any is."""
    # -1: the record has none. Its place in the recording decides the draw, not its batch.
    donors = np.full(len(label), -1, dtype=np.intp)
    for one in np.unique(record):
        here = record == one
        negative = np.flatnonzero(here & (label == 0))
        quiet = negative[~called_positive[negative]]
        pool = quiet if len(quiet) else negative
        if len(pool):
            rng = np.random.default_rng([seed, int(one)])
            donors[here] = rng.choice(pool, size=here.sum())
    return donors


def relevance_order(profiles: NDArray[np.floating], seed: int) -> Order:
    """Segments of each profile ``(window, time)``, the most relevant first; ties at random."""
    edges = _edges(profiles.shape[1])
    relevance = np.add.reduceat(profiles.astype(float), edges[:-1], axis=1) / np.diff(edges)
    tie = np.random.default_rng(seed).random(relevance.shape)
    return np.lexsort((tie, -relevance), axis=1)


def random_orders(n_windows: int, seed: int) -> NDArray[np.intp]:
    """Orders drawn alike for every map: int array of shape (window, RANDOM_ORDERS, SEGMENTS)."""
    shape = (n_windows, RANDOM_ORDERS, SEGMENTS)
    return np.random.default_rng(seed).random(shape).argsort(axis=2)


def deletion_curves(network: Network, inputs: Tensor, donors: Tensor, orders: Order) -> Curves:
    """Probability of an event while segments of inputs are replaced by those of donors.

    Orders, of shape (window, order, SEGMENTS), say which segment is replaced first, second, …;
    curves, of shape (window, order, SEGMENTS + 1), hold the probability after 0, 1, … segments.
    """
    place = np.argsort(orders, axis=2)  # of each segment in the order
    replaced = place[:, :, None] < np.arange(SEGMENTS + 1)[:, None]
    widths = np.diff(_edges(inputs.shape[-1]))
    masks = torch.from_numpy(np.repeat(replaced, widths, axis=3))
    states = masks.flatten(1, 2)
    size = max(AT_ONCE // states.shape[1], 1)
    parts = (torch.split(each, size) for each in (inputs, donors, states))
    curves = [_probability(network, *part) for part in zip(*parts, strict=True)]
    return np.concatenate(curves).reshape(masks.shape[:3])


def areas(curves: Curves) -> NDArray[np.float64]:
    """Area under each curve, of the share of segments replaced: its last axis goes."""
    inner = curves.astype(np.float64)
    return np.asarray((inner[..., 1:] + inner[..., :-1]).mean(axis=-1) / 2)


def _probability(network: Network, inputs: Tensor, donors: Tensor, masks: Tensor) -> Curves:
    """Probability for every mask ``(window, state, time)`` of every window, flattened."""
    shaped = masks.reshape(*masks.shape[:2], *[1] * (inputs.dim() - 2), masks.shape[2])
    mixed = torch.where(shaped, donors[:, None], inputs[:, None]).flatten(0, 1)
    with torch.no_grad():
        return np.asarray(network(mixed).softmax(1)[:, EVENT].float().cpu())


def _edges(n_times: int) -> NDArray[np.intp]:
    return np.rint(np.linspace(0, n_times, SEGMENTS + 1)).astype(np.intp)
