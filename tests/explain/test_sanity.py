"""Weights become random stage by stage, and only what looks at them changes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata
from torch import Tensor, nn

from xai_sleep.errors import InputError
from xai_sleep.explain.sanity import randomised, similarity, stages
from xai_sleep.models.cnn1d import CNN1d
from xai_sleep.models.cnn1d_power import PowerCNN1d
from xai_sleep.models.cnn2d import CNN2d


def windows(*shape: int) -> Tensor:
    return 3 + 2 * torch.randn(shape, generator=torch.Generator().manual_seed(0))


def weights(network: object) -> dict[str, Tensor]:
    assert isinstance(network, nn.Module)
    return {name: value.clone() for name, value in network.state_dict().items()}


def test_stages_go_from_the_last_layer_to_the_first() -> None:
    assert stages(CNN1d(1, 200)) == [["head.2"], *([f"features.{i}"] for i in (12, 9, 6, 3, 0))]
    assert stages(PowerCNN1d(1, 200)) == [
        *(["head"], ["evidence.4", "evidence.5"], ["evidence.0", "evidence.1"]),
        ["filters", "normalise"],
    ]


@pytest.mark.parametrize(
    ("network", "shape"), [(CNN1d(2, 200), (2, 200)), (CNN2d(1, 32, 16), (1, 16, 32))]
)
def test_each_stage_is_drawn_anew_and_the_earlier_layers_are_kept(
    network: CNN1d | CNN2d, shape: tuple[int, ...]
) -> None:
    before, inputs = weights(network), windows(6, *shape)
    random: list[str] = []
    previous = before
    for stage, stranger in zip(stages(network), randomised(network, inputs, 1), strict=True):
        random += stage
        now = weights(stranger)
        for name, value in now.items():
            owner = name.rpartition(".")[0]
            if owner not in random:
                assert torch.equal(value, before[name]), name
            elif owner not in stage:
                assert torch.equal(value, previous[name]), name
            elif name.endswith("weight") and value.dim() > 1:
                assert not torch.equal(value, before[name]), name
        assert not any(part.training for part in stranger.modules())  # type: ignore[attr-defined]
        previous = now
    assert all(torch.equal(before[name], value) for name, value in weights(network).items())


def test_the_draw_follows_the_seed_and_leaves_the_generator_alone() -> None:
    network, inputs = CNN1d(1, 200), windows(4, 1, 200)
    state = torch.get_rng_state()
    one, same, other = (list(map(weights, randomised(network, inputs, s)))[-1] for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_normalisations_of_random_layers_are_measured_on_the_windows() -> None:
    network, inputs = PowerCNN1d(1, 200), windows(8, 1, 200)
    *_, first = randomised(network, inputs, 0)
    assert isinstance(first, PowerCNN1d)
    seen: list[Tensor] = []
    first.normalise.register_forward_hook(lambda _part, _inputs, output: seen.append(output))
    with torch.no_grad():
        first(inputs)
    torch.testing.assert_close(seen[0].mean((0, 2)), torch.zeros(16), atol=1e-3, rtol=0)
    assert first.normalise.momentum == network.normalise.momentum


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_similarity_is_the_correlation_of_ranks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 5, (2, 4, 20)) + np.arange(20) * 1e-3
    expected = [
        np.corrcoef(rankdata(a), rankdata(b))[0, 1] for a, b in zip(one, other, strict=True)
    ]
    np.testing.assert_allclose(similarity(one, other), expected, atol=1e-6)


def test_similarity_of_maps_without_ranks() -> None:
    rising, flat, blank = np.arange(1.0, 5.0), np.ones(4), np.zeros(4)
    one = np.stack([rising, flat, blank, rising, flat])
    other = np.stack([rising, flat, blank, blank, rising])
    np.testing.assert_array_equal(similarity(one, other), [1, 1, np.nan, np.nan, np.nan])


def test_weights_that_cannot_be_drawn_are_named() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

    with pytest.raises(InputError, match="1, a Scaled, has weights but no reset_parameters"):
        stages(nn.Sequential(nn.Linear(2, 2), Scaled()))
