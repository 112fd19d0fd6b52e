"""Stretches that hold no signal: found where they are, and nowhere else."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from xai_sleep.recordings.held import Stored, hold
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.lost import bridge, without_signal

RATE, SECONDS = 100, 60
Signal = NDArray[np.float32]


def eeg(seed: int = 0, step: float = 0.0) -> Signal:
    """Noise of 20 µV; ``step`` is what a digital value is worth."""
    noise = 20 * np.random.default_rng(seed).standard_normal(SECONDS * RATE)
    return (np.round(noise / step) * step if step else noise).astype(np.float32)


def at(start: float, end: float) -> slice:
    return slice(round(start * RATE), round(end * RATE))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 5000), st.integers(300, 1000), st.floats(-300, 300))
def test_a_flat_stretch_is_found_to_the_sample(start: int, length: int, value: float) -> None:
    signal = eeg()
    signal[start : start + length] = value
    lost = without_signal(signal, RATE)
    end = min(start + length, len(signal))
    expected = [[start / RATE, end / RATE]] if end - start >= 3 * RATE else []
    np.testing.assert_allclose(lost.tolist(), expected)


@pytest.mark.parametrize("step", [0.01, 0.5, 5.0, 20.0])
def test_a_signal_in_coarse_steps_is_a_signal(step: float) -> None:
    """Also if it keeps one value for almost three seconds."""
    signal = eeg(step=step)
    signal[at(10, 12.9)] = 0
    assert len(without_signal(signal, RATE)) == 0


def test_touching_the_limits_for_instants_is_signal() -> None:
    """Slow waves that are cut off above 60 µV, each for a quarter of a second."""
    times = np.arange(SECONDS * RATE) / RATE
    signal = np.clip(eeg() / 20 + 85 * np.sin(2 * np.pi * times), -60, 60).astype(np.float32)
    assert (signal == 60).sum() > 10 * RATE
    assert len(without_signal(signal[: 2 * RATE], RATE)) == 0
    once = eeg()
    once[at(5, 7)] = np.clip(5 * once[at(5, 7)], -80, 80)
    assert len(without_signal(once, RATE)) == 0


def test_an_amplifier_at_its_limits_is_lost_time() -> None:
    """Mains four times as high as the limits, for ten seconds: no run of one value is long."""
    signal, times = eeg(), np.arange(10 * RATE) / RATE
    signal[at(20, 30)] = np.clip(1200 * np.sin(2 * np.pi * 23 * times), -300, 300)
    assert without_signal(signal, RATE).tolist() == [[20, 30]]


def test_a_bridge_is_a_line_between_what_is_there() -> None:
    signal = np.arange(10, dtype=np.float32)
    expected = signal.copy()
    signal[3:7] = 99
    bridge(signal, 1.0, intervals([(3, 7)]))
    np.testing.assert_allclose(signal, expected)
    bridge(signal, 1.0, intervals([(0, 2), (8, 10)]))
    assert signal.tolist() == [2, 2, 2, 3, 4, 5, 6, 7, 7, 7]
    bridge(signal, 1.0, intervals([(0, 10)]))
    assert signal.tolist() == [2, 2, 2, 3, 4, 5, 6, 7, 7, 7]


def test_a_channel_that_came_loose_is_lost_with_all_others_and_noted() -> None:
    one, two = eeg(1), eeg(2)
    one[at(10, 15)] = 250
    one[at(40, 44)] = -250
    two[at(14, 20)] = 0
    good = two.copy()
    held = hold(Path("n.edf"), [Stored("C3", one, RATE, "uV"), Stored("M2", two, RATE, "uV")])
    assert held.lost.tolist() == [[10, 20], [40, 44]]
    assert held.notes == (
        "channel C3: 9 s in 2 stretches flat or clipped, unscored",
        "channel M2: 6 s in 1 stretch flat or clipped, unscored",
    )
    assert np.abs(held.signals[0]).max() < 200
    np.testing.assert_array_equal(held.signals[1, at(20, 60)], good[at(20, 60)])


def test_a_gap_is_not_flat_besides() -> None:
    signal = eeg()
    signal[at(10, 30)] = 0
    held = hold(Path("n.edf"), [Stored("C3", signal, RATE, "uV")], intervals([(10, 30)]))
    assert held.lost.tolist() == [[10, 30]]
    assert held.notes == ("n.edf: 20 s in 1 stretch in gaps, unscored",)


def test_a_channel_that_is_flat_throughout_is_left_for_others_to_refuse() -> None:
    held = hold(Path("n.edf"), [Stored("C3", np.zeros(1000, np.float32), RATE, "uV")])
    assert np.ptp(held.signals) == 0
    assert held.lost.tolist() == [[0, 10]]


def test_what_is_no_number_is_left_for_others_to_refuse() -> None:
    signal = eeg()
    signal[5] = np.nan
    held = hold(Path("n.edf"), [Stored("C3", signal, RATE, "uV")])
    assert np.isnan(held.signals).sum() == 1
    nothing = hold(Path("n.edf"), [Stored("C3", np.full(900, np.nan, np.float32), RATE, "uV")])
    assert np.isnan(nothing.signals).all()
