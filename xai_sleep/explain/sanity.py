"""Whether maps depend on what a network has learned: its weights are made random, layer by layer.

From the last layer to the first, weights are drawn anew as before training, each stage keeping what
was drawn before. A map that stays the same shows the input, not the network. Running means and
variances of normalisations are measured anew on the windows explained, as the first batch of
training would: at 0 and 1 maps would differ for that reason alone. After Adebayo et al. 2018,
Sanity checks for saliency maps, NeurIPS.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor, nn

from xai_sleep.errors import InputError
from xai_sleep.metrics.metric import Metric
from xai_sleep.models.contract import Network

Normalisation = nn.BatchNorm1d | nn.BatchNorm2d

PASS_BELOW = 0.5  # mean rank correlation: less than a quarter of the ranks' variance is shared

METRICS = (
    Metric("similarity", "rank correlation with the maps of the trained network", best="low"),
    Metric("passed", f"mean rank correlation below {PASS_BELOW:g} once all weights are random"),
    Metric("at_chance", "pointing at chance"),
    Metric("undefined", "maps without ranks", best="none"),
)


def stages(network: nn.Module) -> list[list[str]]:
    """Names of layers with their normalisations, the last first; InputError if one stays fixed."""
    groups: list[list[str]] = []
    for name, part in network.named_modules():
        if not list(part.parameters(recurse=False)):
            continue
        if not hasattr(part, "reset_parameters"):
            said = f"{name}, a {type(part).__name__}, has weights but no reset_parameters"
            advice = "give it one or set explain.sanity=false"
            raise InputError(f"{said}, so they cannot be made random; {advice}")
        if not (isinstance(part, Normalisation) and groups):
            groups.append([])
        groups[-1].append(name)
    return groups[::-1]


def randomised(network: Network, inputs: Tensor, seed: int) -> Iterator[Network]:
    """Yield one copy, to be used at once, with ever more random weights: see :func:`stages`."""
    assert isinstance(network, nn.Module)
    twin = copy.deepcopy(network).eval()
    for number, stage in enumerate(stages(twin)):
        parts = [twin.get_submodule(name) for name in stage]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(np.random.SeedSequence([seed, number]).generate_state(1)[0]))
            for part in parts:
                cast("nn.Linear", part).reset_parameters()
        _measure(twin, [part for part in parts if isinstance(part, Normalisation)], inputs)
        yield cast(Network, twin)


def similarity(maps: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float32]:
    """Spearman's ρ of profiles ``(window, time)`` in pairs: 1 of equals, NaN where one is flat."""
    rho = np.full(len(maps), np.nan, dtype=np.float32)
    for row, (one, other) in enumerate(zip(maps, others, strict=True)):
        if one.any() and np.array_equal(one, other):
            rho[row] = 1
        elif np.ptp(one) and np.ptp(other):
            rho[row] = spearmanr(one, other).statistic
    return rho


def _measure(network: nn.Module, parts: Sequence[Normalisation], inputs: Tensor) -> None:
    """Give normalisations the mean and variance of what now reaches them."""
    before = [part.momentum for part in parts]
    for part in parts:
        part.reset_running_stats()
        part.momentum = None  # a plain mean, of one batch
        part.train()
    if parts and len(inputs) > 1:
        with torch.no_grad():
            network(inputs)
    for part, momentum in zip(parts, before, strict=True):
        part.momentum = momentum
        part.eval()
