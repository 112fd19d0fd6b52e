"""One fold explained: maps of its test windows, how faithful they are, what they depend on.

What comes of it is kept as arrays, one row a window, and becomes scores in
:mod:`xai_sleep.evaluate.explainers`:

==========================  ========================================================================
``profiles_<method>``       (window, time): profiles of methods other than the main one
``curves_<method>``         (positive, 2, step): deletion curves, most and least relevant first
``chance_curves``           (positive, step): the same in random order
``layers``                  (stage,): names of the layers that became random, one after another
``similarity_<method>``     (positive, stage): rank correlation with maps of random weights
``randomised_<method>``     (draw, positive, time): profiles once all weights are random
``shuffled_<method>``       (positive, time): profiles of a network that learned shuffled labels
``similarity_shuffled_…``   (positive, 1): their rank correlation
==========================  ========================================================================

Rows are test windows, or the positive ones among them, in order.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xai_sleep.explain.attribution import Explainer, attributable
from xai_sleep.explain.callback import GradCamCallback
from xai_sleep.explain.faithfulness import (
    SEGMENTS,
    choose_donors,
    deletion_curves,
    random_orders,
    relevance_order,
)
from xai_sleep.explain.sanity import randomised, similarity, stages
from xai_sleep.metrics.maps import time_profiles
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.models.contract import Network
from xai_sleep.schema import ExplainConfig
from xai_sleep.windows.datamodule import FoldDataModule

Arrays = dict[str, NDArray[Any]]
Profiles = Mapping[str, NDArray[np.float16]]

DRAWS = 3  # of random weights
AT_ONCE = 256  # windows explained together


def explain_fold(
    settings: ExplainConfig,
    classifier: EventClassifier,
    data: FoldDataModule,
    explainer: GradCamCallback,
    detected: NDArray[np.bool_],
    seed: int,
    shuffled: Callable[[], EventClassifier],
) -> Arrays:
    """Judge the maps of a fold.

    Parameters
    ----------
    settings : ExplainConfig
        Says what is judged.
    classifier : EventClassifier
        Trained.
    data : FoldDataModule
        Its test windows.
    explainer : GradCamCallback
        That explained them; its first method is the main one.
    detected : bool array of shape (window,)
        What the network calls positive.
    seed : int
        Of donors, orders and random weights.
    shuffled : callable
        Trains a network on shuffled labels; called if the settings ask for one.

    Returns
    -------
    dict of str to array
        As listed in the module.
    """
    length, methods = data.test.length, explainer.methods
    profiles = {method: as_profiles(each, length) for method, each in explainer.by_method.items()}
    arrays: Arrays = {f"profiles_{method}": profiles[method] for method in list(profiles)[1:]}
    network = classifier.network
    with attributable(classifier):
        if profiles and settings.faithfulness:
            arrays |= _faithfulness(network, data, profiles, detected, seed)
        if profiles and settings.sanity:
            arrays |= _sanity(network, data, methods, profiles, seed)
    if profiles and settings.shuffled_labels:
        arrays |= _shuffled(shuffled(), data, methods, profiles)
    return arrays


def as_profiles(maps: Tensor, n_times: int) -> NDArray[np.float16]:
    """Relevance over time of maps ``(window, time)`` or ``(window, freq, time)``."""
    return time_profiles(maps.numpy(), n_times).astype(np.float16)


def inputs_of(data: FoldDataModule, rows: NDArray[np.intp]) -> Tensor:
    """Collect what the network is shown of some test windows, in the order asked for.

    They are taken from the batches of the loader, so that they are the very values it saw.
    """
    kept: list[Tensor] = []
    places = np.full(len(data.test), -1, dtype=np.intp)
    start = count = 0
    for batch, _ in data.test_dataloader():
        wanted = np.unique(rows[(rows >= start) & (rows < start + len(batch))])
        kept.append(batch[wanted - start])
        places[wanted] = np.arange(count, count + len(wanted))
        start, count = start + len(batch), count + len(wanted)
    return torch.cat(kept)[places[rows]]


def _faithfulness(
    network: Network,
    data: FoldDataModule,
    profiles: Profiles,
    detected: NDArray[np.bool_],
    seed: int,
) -> Arrays:
    test = data.test
    positive = np.flatnonzero(test.label == 1)
    donor = choose_donors(test.label, test.record, detected, seed)[positive]
    has = donor >= 0
    rows, donors = inputs_of(data, positive[has]), inputs_of(data, donor[has])

    def curves(orders: NDArray[np.intp]) -> NDArray[np.float32]:
        shape = (len(positive), orders.shape[1], SEGMENTS + 1)
        of_all = np.full(shape, np.nan, dtype=np.float32)
        of_all[has] = deletion_curves(network, rows, donors, orders[has])
        return of_all

    # A mean of several orders is nearer to their expectation than one; all methods meet the same.
    arrays: Arrays = {"chance_curves": curves(random_orders(len(positive), seed)).mean(axis=1)}
    for method, profile in profiles.items():
        most = relevance_order(profile[positive], seed)
        arrays[f"curves_{method}"] = curves(np.stack([most, most[:, ::-1]], axis=1))
    return arrays


def _sanity(
    network: Network,
    data: FoldDataModule,
    methods: Mapping[str, Explainer],
    profiles: Profiles,
    seed: int,
) -> Arrays:
    positive, length = data.test.label == 1, data.test.length
    inputs = inputs_of(data, np.flatnonzero(positive))
    layers = [stage[0] for stage in stages(cast("nn.Module", network))]
    last = len(layers) - 1
    rho = {m: np.full((DRAWS, last + 1, positive.sum()), np.nan, np.float32) for m in profiles}
    strangers: dict[str, list[NDArray[np.float16]]] = {method: [] for method in profiles}
    for draw in range(DRAWS):
        for stage, stranger in enumerate(randomised(network, inputs, seed + draw)):
            if draw and stage < last:  # the way there is shown by one draw
                continue
            for method, profile in profiles.items():
                strange = _explain(stranger, inputs, methods[method], length)
                rho[method][draw, stage] = similarity(profile[positive], strange)
                strangers[method] += [strange] if stage == last else []
    return {
        "layers": np.array(layers),
        **{f"similarity_{m}": _mean_of_draws(each) for m, each in rho.items()},
        **{f"randomised_{m}": np.stack(each) for m, each in strangers.items()},
    }


def _shuffled(
    classifier: EventClassifier,
    data: FoldDataModule,
    methods: Mapping[str, Explainer],
    profiles: Profiles,
) -> Arrays:
    positive = data.test.label == 1
    inputs = inputs_of(data, np.flatnonzero(positive))
    arrays: Arrays = {}
    with attributable(classifier):
        for method, real in profiles.items():
            strange = _explain(classifier.network, inputs, methods[method], data.test.length)
            rho = similarity(real[positive], strange)
            arrays[f"shuffled_{method}"] = strange
            arrays[f"similarity_shuffled_{method}"] = rho[:, None]
    return arrays


def _mean_of_draws(rho: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over the draws that define it: (draw, stage, window) to (window, stage)."""
    defined = ~np.isnan(rho)
    total, count = np.where(defined, rho, 0).sum(axis=0), defined.sum(axis=0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return np.asarray(mean.T, dtype=np.float32)


def _explain(
    network: Network, inputs: Tensor, explainer: Explainer, length: int
) -> NDArray[np.float16]:
    if not len(inputs):
        return np.empty((0, length), dtype=np.float16)
    maps = [explainer(network, batch).half() for batch in torch.split(inputs, AT_ONCE)]
    return as_profiles(torch.cat(maps), length)
