"""Filters: what they pass, what they stop, and how far they look."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.recordings import make_recording
from xai_sleep.errors import InputError
from xai_sleep.recordings.filtering import RESAMPLER, prepare, reach, require_fast_enough
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.folds import k_fold
from xai_sleep.windows.windows import cut, cut_signals

SECONDS = 40
MARKER = 1e6
# Weaker than 1e-9 of its cause is nothing: it is below float32's own resolution.
NOTHING = 1e-9

Band = tuple[float, float]


def wave(frequency: float, sfreq: float, seconds: float = SECONDS) -> Recording:
    """Make a sine of amplitude 1, and 0 Hz a constant of 1."""
    recording = make_recording(seconds=seconds, sfreq=sfreq)
    times = np.arange(recording.signals.shape[1]) / sfreq
    signal = np.sin(2 * np.pi * frequency * times + (np.pi / 2 if frequency == 0 else 0))
    return replace(recording, signals=signal[None].astype(np.float32))


def middle(recording: Recording, margin: float = 8.0) -> tuple[NDArray[np.float64], Recording]:
    """Cut off the edges, where filters meet the end of the signal; times and recording."""
    n = round(margin * recording.sfreq)
    times = np.arange(recording.signals.shape[1]) / recording.sfreq
    return times[n:-n], replace(recording, signals=recording.signals[:, n:-n])


@pytest.mark.parametrize(
    ("frequency", "band"),
    [(1, (0.5, 35)), (13, (0.5, 35)), (34, (0.5, 35)), (1, (0.5, 15)), (11, (10, 16)), (3, (3, 8))],
)
def test_waves_in_the_pass_band_keep_size_and_place(frequency: float, band: Band) -> None:
    times, found = middle(prepare(wave(frequency, 100), sfreq=100, bands=[band]))
    assert np.abs(found.signals[0] - np.sin(2 * np.pi * frequency * times)).max() < 0.02


@pytest.mark.parametrize(
    ("frequency", "band"),
    [(0, (0.5, 35)), (45, (0.5, 35)), (20, (0.5, 15)), (7, (10, 16)), (21, (10, 16)), (1, (3, 8))],
)
def test_waves_in_the_stop_band_are_gone(frequency: float, band: Band) -> None:
    _, found = middle(prepare(wave(frequency, 100), sfreq=100, bands=[band]))
    assert np.abs(found.signals).max() < 0.01


@pytest.mark.parametrize("old", [50.0, 128.0, 200.0, 256.0, 173.61, 199.97])
def test_resampling_keeps_a_wave_in_place(old: float) -> None:
    """Also at the end of half an hour: no delay, and no drift from a rate that was rounded."""
    recording = wave(13, old, seconds=1800)
    times, found = middle(prepare(recording, sfreq=100, bands=[(0.5, 35)]))
    assert found.sfreq == 100
    assert np.abs(found.signals[0] - np.sin(2 * np.pi * 13 * times)).max() < 0.02


def test_what_a_lower_rate_cannot_hold_is_removed() -> None:
    _, found = middle(prepare(wave(80, 200), sfreq=100, bands=[(0.5, 35)]))
    assert np.abs(found.signals).max() < 0.01


@pytest.mark.parametrize("band", [(0.5, 35), (0.7, 15), (3, 8), (10, 16)])
@pytest.mark.parametrize("old", [25.0, 50.0, 100.0, 173.61, 200.0, 256.0, 500.0])
def test_an_impulse_is_spread_no_further_than_reach(old: float, band: Band) -> None:
    sample = round(0.5 * SECONDS * old) + 1
    recording = wave(0, old)
    recording.signals[:] = 0
    recording.signals[0, sample] = MARKER
    found = prepare(recording, sfreq=100, bands=[band]).signals[0]
    seen = np.abs(np.flatnonzero(np.abs(found) > NOTHING * MARKER) / 100 - sample / old)
    assert seen.max() < reach(band[0])
    # Not promised loosely either, as a guard takes training time away; but a slow channel beside
    # faster ones was resampled once before.
    assert seen.max() > reach(band[0]) - 0.35 - RESAMPLER


@pytest.mark.parametrize(("low", "expected"), [(0.1, 16.5), (0.5, 3.3), (2, 0.825), (16, 0.4125)])
def test_reach_is_half_of_the_default_response_and_a_fixed_time(
    low: float, expected: float
) -> None:
    assert reach(low) == pytest.approx(expected + 0.45)


@pytest.mark.parametrize(
    ("old", "band", "window"), [(50, (0.5, 35), 2), (200, (0.5, 35), 2), (256, (10, 16), 0.5)]
)
def test_no_test_sample_changes_a_training_window(old: float, band: Band, window: float) -> None:
    """The guard at its smallest: as long as the filters reach."""
    before = make_recording(seconds=120, sfreq=old)
    fold = k_fold([before], k=3, window=window, guard=reach(band[0]), seed=0)[0]
    (times,) = fold.test
    numbers = np.arange(before.signals.shape[1]) / old
    tested = ((times[:, :1] <= numbers) & (numbers < times[:, 1:])).any(axis=0)
    signs = np.random.default_rng(0).choice([-1, 1], tested.sum())
    signals = before.signals.copy()
    signals[:, tested] = MARKER * signs
    clean, marked = (
        prepare(recording, sfreq=100, bands=[band])
        for recording in (before, replace(before, signals=signals))
    )
    windows = cut([clean], fold.train, length=window, step=0.1)
    changes = [
        cut_signals([marked.signals], part) - cut_signals([clean.signals], part)
        for part in (windows, cut([clean], fold.test, length=window, step=window))
    ]
    assert len(windows) > 100
    assert np.abs(changes[0]).max() < NOTHING * MARKER
    assert np.abs(changes[1]).max() > 0.1 * MARKER


@pytest.mark.parametrize("old", [50.0, 64.0, 125.0, 200.0, 250.0, 256.0, 512.0])
@pytest.mark.parametrize("level", [-200.0, 4200.0, 187500.0])
@pytest.mark.parametrize("drift", [0.0, 30.0])
def test_what_the_bands_exclude_leaves_nothing(old: float, level: float, drift: float) -> None:
    """As amplifiers without a high-pass record it: an offset, and a drift in µV/s."""
    before = make_recording(seconds=60, sfreq=old)
    times = np.arange(before.signals.shape[1]) / old
    moved = replace(before, signals=(before.signals + level + drift * times).astype(np.float32))
    bands = [(0.5, 4.0), (11.0, 16.0), (17.0, 23.0)]
    (_, expected), (_, found) = (
        middle(prepare(recording, sfreq=100, bands=bands)) for recording in (before, moved)
    )
    errors = (found.signals - expected.signals).std(axis=1) / expected.signals.std(axis=1)
    assert errors.max() < 0.01


def test_every_channel_appears_once_per_band() -> None:
    recording = make_recording(
        channels=("C3-A1", "O1-A1"), seconds=30, sfreq=200, events=[(1, 2)], scored=[(0, 20)]
    )
    bands = [(0.5, 35.0), (10.0, 16.0)]
    found = prepare(recording, sfreq=100, bands=bands)
    assert found.channels == (
        "C3-A1 0.5–35 Hz",
        "C3-A1 10–16 Hz",
        "O1-A1 0.5–35 Hz",
        "O1-A1 10–16 Hz",
    )
    assert found.signals.shape == (4, 3000)
    assert found.signals.dtype == np.float32
    for row, (channel, band) in enumerate((c, b) for c in range(2) for b in bands):
        alone = replace(recording, signals=recording.signals[[channel]], channels=("one",))
        assert np.allclose(prepare(alone, sfreq=100, bands=[band]).signals[0], found.signals[row])
    assert (found.record, found.duration) == (recording.record, 30)
    assert found.events is recording.events
    assert found.scored is recording.scored


def test_the_recording_is_left_alone() -> None:
    recording = make_recording(seconds=30, sfreq=100)
    before = recording.signals.copy()
    prepare(recording, sfreq=100, bands=[(0.5, 35)])
    assert np.array_equal(recording.signals, before)


@pytest.mark.parametrize("band", [(8.0, 49.0), (1.0, 49.5), (0.5, 49.6)])
def test_a_band_that_ends_too_near_half_the_rate_is_refused(band: Band) -> None:
    with pytest.raises(
        InputError, match=r"task\.band or task\.input_bands: .* from half of task\.sfreq \(100 Hz\)"
    ):
        prepare(make_recording(sfreq=100), sfreq=100, bands=[(0.5, 35), band])


def test_a_band_may_end_as_far_from_half_the_rate_as_it_starts_from_zero() -> None:
    times, found = middle(prepare(wave(40, 100), sfreq=100, bands=[(0.5, 49.5)]))
    assert np.abs(found.signals[0] - np.sin(2 * np.pi * 40 * times)).max() < 0.02


def test_an_experiment_may_look_higher_than_a_slow_record_reaches(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As at 200 Hz with one record of 50 Hz among others; but some of each band must be there."""
    slow = make_recording("slow", seconds=60.0, sfreq=50.0)
    require_fast_enough(slow, "slow", bands=[(0.5, 99.0)])
    assert "slow: sampled at 50 Hz, which holds nothing above 25 Hz" in caplog.text
    with pytest.raises(InputError, match=r"too little of the band from 0\.5 to 99 Hz"):
        require_fast_enough(slow, "slow", bands=[(0.5, 99.0)], share=0.5)
    with pytest.raises(InputError, match=r"too little of the band from 25 to 30 Hz .* at 60 Hz"):
        require_fast_enough(slow, "slow", bands=[(0.5, 4.0), (25.0, 30.0)])
