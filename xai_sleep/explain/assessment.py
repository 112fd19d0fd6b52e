"""One fold explained: maps of its test windows, how faithful they are, what they depend on.

What comes of it is kept as arrays, a row a test window (or positive one, in order), and becomes
scores in :mod:`xai_sleep.evaluate.maps`:

==========================  ========================================================================
``profiles_<method>``       (window, time): profiles of methods other than the main one
``curves_<method>``         (positive, 2, step): deletion curves, most and least relevant first
``chance_curves``           (positive, step): the same in random order
``assessed``                (positive,): where positive windows are many, of which the others are
``layers``                  (stage,): names of the layers that became random, one after another
``similarity_<method>``     (positive, stage): rank correlation with maps of random weights
``randomised_<method>``     (draw, positive, time): profiles once all weights are random
``shuffled_<method>``       (positive, time): profiles of a network that learned shuffled labels
``similarity_shuffled_…``   (positive, 1): their rank correlation
==========================  ========================================================================
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xai_sleep.explain import faithfulness as faith
from xai_sleep.explain.attribution import Explainer, attributable
from xai_sleep.explain.callback import GradCamCallback
from xai_sleep.explain.sanity import randomised, similarity, stages
from xai_sleep.metrics.maps import time_profiles
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.models.contract import Network
from xai_sleep.schema import ExplainConfig
from xai_sleep.windows.datamodule import FoldDataModule, WindowDataset

Arrays = dict[str, NDArray[Any]]
Profiles = NDArray[np.float16]
Rho = NDArray[np.float32]

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
    """Judge what an explainer made of a fold's test windows: the arrays listed in the module.

    The windows were explained already; ``detected`` says which the network calls positive, the seed
    is of donors, orders and random weights, and ``shuffled`` trains a network on shuffled labels.
    """
    length = data.test.length
    maps = explainer.by_method
    others = list(maps)[1:]
    arrays: Arrays = {f"profiles_{method}": as_profiles(maps[method], length) for method in others}
    positive = np.flatnonzero(data.test.label == 1)
    if len(positive) > settings.assessed:
        drawn = np.random.default_rng(seed).permutation(len(positive)) < settings.assessed
        arrays["assessed"], positive = drawn, positive[drawn]
    profiles = {method: as_profiles(each[positive], length) for method, each in maps.items()}
    judged = _Judged(data, explainer.methods, positive, profiles, seed)
    with attributable(classifier):
        if profiles and settings.faithfulness:
            arrays |= judged.faithfulness(classifier.network, detected)
        if profiles and settings.sanity:
            arrays |= judged.sanity(classifier.network)
    if profiles and settings.shuffled_labels:
        arrays |= judged.shuffled(shuffled())
    return arrays


def as_profiles(maps: Tensor, n_times: int) -> Profiles:
    """Relevance over time of maps ``(window, time)`` or ``(window, freq, time)``."""
    if maps.dim() == 2:
        return maps.numpy()
    parts = (maps[i : i + AT_ONCE].numpy() for i in range(0, len(maps), AT_ONCE))
    blocks = (time_profiles(each, n_times).astype(np.float16) for each in parts)
    return np.concatenate([np.empty((0, n_times), np.float16), *blocks])


def inputs_of(data: FoldDataModule, rows: NDArray[np.intp]) -> Tensor:
    """Collect from the loader's batches the very values the network saw of some test windows."""
    wanted, places = np.unique(rows, return_inverse=True)
    loader, kept = data.test_dataloader(), [torch.empty(0, *data.input.shape.values())]
    dataset = cast("WindowDataset", loader.dataset)
    for index in loader.batch_sampler or ():
        here = wanted[(wanted >= index[0]) & (wanted <= index[-1])]
        if len(here):
            kept.append(dataset.__getitems__(index)[0][here - index[0]])
    return torch.cat(kept)[places]


@dataclass
class _Judged:
    """Maps of a fold, to be judged on its windows with an event."""

    data: FoldDataModule
    methods: Mapping[str, Explainer]
    positive: NDArray[np.intp]  # test windows that are judged
    profiles: Mapping[str, Profiles]  # of each method, of these windows
    seed: int

    def faithfulness(self, network: Network, detected: NDArray[np.bool_]) -> Arrays:
        """Delete segments in the order of each method, its reverse, and at random."""
        test, n = self.data.test, len(self.positive)
        donor = faith.choose_donors(test.label, test.record, detected, self.seed)[self.positive]
        has = donor >= 0
        rows, donors = (inputs_of(self.data, each[has]) for each in (self.positive, donor))

        def curves(orders: NDArray[np.intp]) -> NDArray[np.float32]:
            of_all = np.full((n, orders.shape[1], faith.SEGMENTS + 1), np.nan, dtype=np.float32)
            of_all[has] = faith.deletion_curves(network, rows, donors, orders[has])
            return of_all

        # A mean of several is nearer to their expectation than one; all methods meet the same.
        arrays: Arrays = {"chance_curves": curves(faith.random_orders(n, self.seed)).mean(axis=1)}
        for method, profile in self.profiles.items():
            most = faith.relevance_order(profile, self.seed)
            arrays[f"curves_{method}"] = curves(np.stack([most, most[:, ::-1]], axis=1))
        return arrays

    def sanity(self, network: Network) -> Arrays:
        """Compare maps with those of networks whose weights are random."""
        inputs = inputs_of(self.data, self.positive)
        layers = [stage[0] for stage in stages(cast("nn.Module", network))]
        last, shape = len(layers) - 1, (DRAWS, len(layers), len(inputs))
        rho = {method: np.full(shape, np.nan, np.float32) for method in self.profiles}
        strangers: dict[str, list[Profiles]] = {method: [] for method in self.profiles}
        for draw in range(DRAWS):
            for stage, stranger in enumerate(randomised(network, inputs, self.seed + draw)):
                if draw and stage < last:  # the way there is shown by one draw
                    continue
                for method in self.profiles:
                    strange, rho[method][draw, stage] = self._strange(stranger, inputs, method)
                    strangers[method] += [strange] if stage == last else []
        return {
            "layers": np.array(layers),
            **{f"similarity_{m}": _mean_of_draws(each) for m, each in rho.items()},
            **{f"randomised_{m}": np.stack(each) for m, each in strangers.items()},
        }

    def shuffled(self, classifier: EventClassifier) -> Arrays:
        """Compare maps with those of a network that learned shuffled labels."""
        inputs = inputs_of(self.data, self.positive)
        arrays: Arrays = {}
        with attributable(classifier):
            for method in self.profiles:
                strange, rho = self._strange(classifier.network, inputs, method)
                arrays[f"shuffled_{method}"] = strange
                arrays[f"similarity_shuffled_{method}"] = rho[:, None]
        return arrays

    def _strange(self, network: Network, inputs: Tensor, method: str) -> tuple[Profiles, Rho]:
        """Profiles of another network, and how similar they are to the real ones."""
        strange = np.empty((0, self.data.test.length), dtype=np.float16)
        if len(inputs):
            explainer, batches = self.methods[method], torch.split(inputs, AT_ONCE)
            maps = torch.cat([explainer(network, batch).half() for batch in batches])
            strange = as_profiles(maps, self.data.test.length)
        return strange, similarity(self.profiles[method], strange)


def _mean_of_draws(rho: Rho) -> Rho:
    """Mean over the draws that define it: (draw, stage, window) to (window, stage)."""
    total, count = np.nansum(rho, axis=0), (~np.isnan(rho)).sum(axis=0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return np.asarray(mean.T, dtype=np.float32)
