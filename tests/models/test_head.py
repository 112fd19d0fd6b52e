"""The ends of networks against what their formulas promise."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from torch import nn

from xai_sleep.models.layers import near_zero, soft_maximum

SEEDS = st.integers(0, 2**32 - 1)
SHARPNESS = st.floats(0.1, 20)


@settings(deadline=None, max_examples=25)
@given(SEEDS, SHARPNESS, st.integers(1, 5), st.integers(1, 7))
def test_soft_maximum_is_log_mean_exp(seed: int, sharpness: float, rows: int, columns: int) -> None:
    evidence = 10 * np.random.default_rng(seed).normal(size=(3, 2, rows, columns))
    expected = logsumexp(sharpness * evidence, axis=(2, 3), b=1 / (rows * columns)) / sharpness
    found = soft_maximum(torch.from_numpy(evidence), sharpness)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    flat = torch.from_numpy(evidence).flatten(2)
    assert torch.all(found >= flat.mean(2) - 1e-9)
    assert torch.all(found <= flat.amax(2) + 1e-9)


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.floats(-50, 50), SHARPNESS)
def test_a_constant_is_passed_on_and_cells_have_no_order(
    seed: int, constant: float, sharpness: float
) -> None:
    evidence = torch.randn(2, 2, 30, generator=torch.Generator().manual_seed(seed)).double()
    found = soft_maximum(evidence, sharpness)
    torch.testing.assert_close(soft_maximum(evidence + constant, sharpness), found + constant)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(soft_maximum(evidence[..., order], sharpness), found)
    torch.testing.assert_close(
        soft_maximum(torch.full((1, 2, 9), constant), sharpness), torch.full((1, 2), constant)
    )


def test_sharpness_leads_from_the_mean_to_the_maximum() -> None:
    evidence = torch.randn(4, 2, 50, generator=torch.Generator().manual_seed(0)).double()
    torch.testing.assert_close(soft_maximum(evidence, 1e-6), evidence.mean(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(soft_maximum(evidence, 1e4), evidence.amax(2), atol=1e-3, rtol=0)


def test_large_evidence_does_not_overflow_and_every_cell_learns() -> None:
    evidence = torch.tensor([[[300.0, 299.9, 0.0], [-300.0, 0.0, 1.0]]], requires_grad=True)
    found = soft_maximum(evidence, 4.0)
    assert found.isfinite().all()
    (gradient,) = torch.autograd.grad(found.sum(), evidence)
    torch.testing.assert_close(gradient.sum(2), torch.ones(1, 2), rtol=0, atol=1e-3)
    assert gradient[0, 0, 1] > 0.3


@pytest.mark.parametrize(
    "make", [lambda: nn.Linear(6, 2), lambda: nn.Conv1d(6, 2, 1), lambda: nn.Conv2d(6, 2, 1)]
)
def test_last_layers_start_small_and_unbiased(make: Callable[[], nn.Linear]) -> None:
    torch.manual_seed(0)
    usual = make().weight.detach()
    torch.manual_seed(0)
    layer = make()
    assert near_zero(layer) is layer
    torch.testing.assert_close(layer.weight.detach(), 0.05 * usual)
    assert not layer.bias.any()
    assert layer.weight.requires_grad


def test_a_layer_without_bias_is_shrunk_too() -> None:
    layer = nn.Linear(3, 2, bias=False)
    before = layer.weight.detach().clone()
    near_zero(layer)
    torch.testing.assert_close(layer.weight.detach(), 0.05 * before)
