"""Events from activations, against masks and cases that can be done by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_sleep.detect.detector import detect, smooth
from xai_sleep.errors import InputError
from xai_sleep.metrics.events import contains
from xai_sleep.recordings.intervals import intervals


def walk(
    activation: list[float], high: float, low: float, shortest: int, longest: int, gap: int
) -> list[tuple[int, int, float]]:
    """Detect by walking over the samples, in samples."""
    runs: list[list[int]] = []
    for i, value in enumerate(activation):
        if value >= low:
            if i > 0 and activation[i - 1] >= low:
                runs[-1].append(i)
            else:
                runs.append([i])
    merged: list[list[int]] = []
    for run in runs:
        if max(activation[i] for i in run) >= high:
            if merged and run[0] - merged[-1][-1] - 1 <= gap:
                merged[-1] += run
            else:
                merged.append(run)
    spans = [(run[0], run[-1] + 1, max(activation[i] for i in run)) for run in merged]
    return [span for span in spans if shortest <= span[1] - span[0] <= longest]


@settings(max_examples=100, deadline=None)
@given(
    activation=st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0, math.nan]), max_size=40),
    shortest=st.integers(0, 3),
    longest=st.integers(3, 9),
    gap=st.integers(0, 3),
)
def test_detection_equals_a_walk_over_the_samples(
    activation: list[float], shortest: int, longest: int, gap: int
) -> None:
    found = detect(
        np.array(activation),
        sfreq=10.0,
        high=0.8,
        low=0.5,
        min_duration=shortest / 10,
        max_duration=longest / 10,
        merge_gap=gap / 10,
    )
    expected = walk(activation, 0.8, 0.5, shortest, longest, gap)
    assert found.events.shape == (len(expected), 2)
    np.testing.assert_allclose(found.events, np.array(expected).reshape(-1, 3)[:, :2] / 10)
    assert found.confidence.tolist() == [peak for _, _, peak in expected]


def test_detection_finds_the_events_that_a_mask_holds() -> None:
    events = intervals([(0, 0.5), (1, 3), (7.5, 8)])
    mask = contains(events, (np.arange(800) + 0.5) / 100).astype(np.float32)
    np.testing.assert_allclose(detect(mask, 100.0, high=1, low=1).events, events)


def test_detection_refuses_thresholds_upside_down() -> None:
    with pytest.raises(InputError, match=r"low 0.9, high 0.5"):
        detect(np.zeros(3), 10.0, high=0.5, low=0.9)
    with pytest.raises(InputError, match=r"durations 2 to 1 s"):
        detect(np.zeros(3), 10.0, high=0.5, low=0.5, min_duration=2, max_duration=1)


@pytest.mark.parametrize("width", [0.0, 0.05, 0.3, 1.0, 9.0])
def test_smoothing_averages_what_is_known_nearby(width: float) -> None:
    rng = np.random.default_rng(6)
    activation = rng.random(50)
    activation[[0, 20, 21]] = np.nan
    half = int(width * 10 / 2)
    expected = np.full(50, np.nan)
    for i in np.flatnonzero(np.isfinite(activation)):
        expected[i] = np.nanmean(activation[max(i - half, 0) : i + half + 1])
    np.testing.assert_allclose(smooth(activation, 10.0, width), expected)
