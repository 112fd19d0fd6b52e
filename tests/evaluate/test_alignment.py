"""Maps and signals around the onsets of events, against what was put there."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.recordings import make_recording
from xai_sleep.evaluate.alignment import LAGS, align, sampled
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.windows.windows import Windows, cut

ONSETS = (7.0, 13.5, 31.0, 44.0)


def night(name: str) -> tuple[Recording, Windows]:
    """Make a recording with four events, scored from 5 s on, whose signal is its own time."""
    events = [(onset, onset + 1) for onset in ONSETS]
    recording = make_recording(name, sfreq=100, events=events, scored=[(5, 60)])
    ramp = (np.arange(6000) / 100).astype(np.float32)[np.newaxis]
    recording = replace(recording, signals=ramp)
    return recording, cut([recording], [recording.scored], length=5, step=5)


def result(windows: Windows, maps: np.ndarray) -> FoldOutcome:
    detected = np.ones(len(windows), dtype=np.bool_)
    return FoldOutcome("one", windows, detected, maps=maps.astype(np.float16))


def boxes(windows: Windows, late: float = 0.0) -> np.ndarray:
    """Relevance that is 1 from ``late`` seconds after each onset on, for half a second."""
    time = windows.start_time[:, np.newaxis] + (np.arange(500) + 0.5) / 100
    maps = np.zeros(time.shape)
    for onset in ONSETS:
        maps[(time >= onset + late) & (time < onset + late + 0.5)] = 1
    return maps


@pytest.mark.parametrize("late", [0.0, 0.2, -0.3])
def test_a_map_that_follows_the_onset_stands_at_its_lag(late: float) -> None:
    recording, windows = night("a")
    aligned = align([recording], [result(windows, boxes(windows, late))])
    assert aligned
    assert aligned.events == 4
    assert np.array_equal(aligned.lags, LAGS)
    assert aligned.duration == pytest.approx(1)
    since = LAGS - late
    inside = (since > 0.02) & (since < 0.48)
    outside = (since < -0.02) | (since > 0.52)
    assert np.all(aligned.relevance[inside] == 1)
    assert np.all(aligned.relevance[outside] == 0)
    np.testing.assert_allclose(aligned.level, 0.1, atol=1e-3)  # half a second of each five


def test_signals_are_averaged_at_the_same_lags() -> None:
    recording, windows = night("a")
    aligned = align([recording], [result(windows, boxes(windows))])
    assert aligned
    times = np.add.outer(ONSETS, LAGS)
    np.testing.assert_allclose(aligned.mean[0], times.mean(axis=0), atol=0.011)
    np.testing.assert_allclose(aligned.spread[0], np.sqrt((times**2).mean(axis=0)), atol=0.011)


def test_subjects_are_averaged_apart_and_together() -> None:
    nights = [night(name) for name in ("a", "b")]
    recordings = [recording for recording, _ in nights]
    results = [
        result(replace(windows, record=np.full(len(windows), i)), level * boxes(windows))
        for i, ((_, windows), level) in enumerate(zip(nights, (1.0, 0.5), strict=True))
    ]
    aligned = align(recordings, results)
    assert aligned
    at = np.flatnonzero(np.isclose(LAGS, 0.2))[0]
    assert aligned.subjects[:, at].tolist() == [1.0, 0.5]
    assert aligned.relevance[at] == 0.75


def test_an_image_keeps_its_frequencies() -> None:
    recording, windows = night("a")
    rows = np.stack([boxes(windows), np.zeros((len(windows), 500))], axis=1)
    aligned = align([recording], [result(windows, rows)])
    assert aligned
    assert aligned.images is not None
    assert aligned.images.shape == (2, len(LAGS))
    at = np.isclose(LAGS, 0.2)
    assert aligned.images[:, at].tolist() == [[1], [0]]
    assert aligned.relevance[at].tolist() == [1]  # a profile has a peak of 1


def test_what_no_window_covers_counts_for_nothing() -> None:
    recording, windows = night("a")
    some = windows.take(np.array([0]))  # 5 to 10 s: around the first onset only
    aligned = align([recording], [result(some, np.ones((1, 500)))])
    assert aligned
    assert aligned.events == 1
    assert np.array_equal(np.isfinite(aligned.relevance), LAGS + ONSETS[0] >= 5)


def test_without_onsets_in_test_windows_there_is_nothing_to_align() -> None:
    recording, windows = night("a")
    quiet = replace(recording, events=np.empty((0, 2)))
    assert align([quiet], [result(windows, np.ones((len(windows), 500)))]) is None
    assert align([recording], [result(windows, np.empty((0, 0)))]) is None


def test_sampling_is_a_look_up_in_the_window_that_holds_the_time() -> None:
    _, windows = night("a")
    values = np.arange(len(windows) * 5.0).reshape(len(windows), 5)  # one value a second
    times = np.array([[4.99, 5.0], [59.5, 60.0]])
    found = sampled(values, windows, 0, times)
    np.testing.assert_array_equal(found, [[np.nan, 0], [54, np.nan]])
    assert np.isnan(sampled(values, windows, 1, times)).all()
