"""A detector against cases that can be done by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from xai_sleep.detect.detector import KINDS, RATE, Activation, Detector, detect, smooth
from xai_sleep.recordings.intervals import intervals


def activation(*parts: list[float]) -> Activation:
    return Activation(*(np.array(part, np.float16) for part in parts))


def test_the_product_is_the_geometric_mean() -> None:
    one = activation([0.25, 1.0, np.nan], [0.25, 0.0, np.nan], [0.5, 0.5, np.nan])
    assert np.array_equal(one.of("product"), [0.25, 0.0, np.nan], equal_nan=True)
    assert np.array_equal(one.of("probability"), [0.25, 1.0, np.nan], equal_nan=True)
    assert np.array_equal(one.of("relevance"), [0.25, 0.0, np.nan], equal_nan=True)
    assert {one.of(kind).dtype for kind in KINDS} == {np.dtype(np.float32)}


def test_nothing_is_known_outside_the_allowed_time() -> None:
    part = activation(*[[1.0] * 10] * 3).within(intervals([(0.15, 0.4), (0.85, 3)]))
    known = [1, 2, 3, 8, 9]  # centres .15 to .35, .85 and .95
    for values in part.parts.values():
        assert np.flatnonzero(np.isfinite(values)).tolist() == known


def test_evidence_can_be_had_where_a_network_gives_any() -> None:
    assert activation([0.5], [0.5], [0.5]).kinds == KINDS
    assert activation([0.5], [0.5]).kinds == ("probability", "relevance", "product")


@pytest.mark.parametrize("kind", KINDS)
def test_a_detector_smooths_what_it_looks_at_and_detects(kind: str) -> None:
    rng = np.random.default_rng(0)
    values: NDArray[np.float64] = rng.random((3, 600))
    one = activation(*values.tolist())
    found = Detector(kind, 0.5, 0.6, 0.8, 0.2, 4.0, 0.4).find(one)
    expected = detect(
        smooth(one.of(kind), RATE, 0.5),
        RATE,
        high=0.6,
        low=0.6 * 0.8,
        min_duration=0.2,
        max_duration=4.0,
        merge_gap=0.4,
    )
    assert len(expected.events) > 5
    assert np.array_equal(found.events, expected.events)
    assert np.array_equal(found.confidence, expected.confidence)
