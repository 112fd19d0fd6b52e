"""Marks against the signal: simulated spindles, whose truth is known, moved on purpose."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import welch

from xai_sleep.evaluate.marks import FAR, examples, respond, spectra
from xai_sleep.recordings.filtering import prepare
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.simulated import simulate

BANDS = [(0.5, 4.0), (4.0, 10.0), (11.0, 16.0), (17.0, 30.0)]
RAW = simulate("spindle", subjects=1, minutes=15)[0]
FILTERED = prepare(RAW, sfreq=100, bands=BANDS)


def moved(recording: Recording, seconds: float) -> Recording:
    return replace(recording, events=recording.events + seconds)


@pytest.mark.parametrize("late", [-7.0, -1.5, 1.0, 3.0, 9.0])
def test_marks_that_are_late_or_early_look_so(late: float) -> None:
    found = respond(moved(FILTERED, late), BANDS)
    assert found is not None
    assert found.band == (11.0, 16.0)
    assert found.shift == pytest.approx(late, abs=0.11)


def test_no_rate_carries_marks_away() -> None:
    """At 128 Hz no whole number of samples lasts a tenth of a second."""
    found = respond(prepare(moved(RAW, 3), sfreq=128, bands=BANDS), BANDS)
    assert found is not None
    assert found.shift == pytest.approx(3, abs=0.11)


@pytest.mark.parametrize("late", [0.0, -0.3, 0.3])
def test_marks_in_their_place_do_not(late: float) -> None:
    """Nor do those of an expert who is slow to press."""
    found = respond(moved(FILTERED, late), BANDS)
    assert found is not None
    assert found.shift is None
    assert found.lags[np.argmax(found.power)] == pytest.approx(-late, abs=0.11)


def test_marks_that_meet_nothing_look_shifted_nowhere() -> None:
    """Another night's table: of a hundred, none."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        starts = np.sort(rng.uniform(FAR, RAW.duration - FAR - 1, 40))
        wrong = replace(FILTERED, events=np.column_stack([starts, starts + 1]))
        found = respond(wrong, BANDS)
        assert found is not None
        assert found.shift is None


def test_a_longer_mark_may_be_later() -> None:
    """What begins anywhere inside half of a mark's length is in its place."""
    long = replace(FILTERED, events=RAW.events + np.array([-4.0, 4.0]))
    found = respond(long, BANDS)
    assert found is not None
    assert found.shift is None


def test_few_marks_say_nothing() -> None:
    assert respond(replace(FILTERED, events=RAW.events[:9]), BANDS) is None
    assert respond(replace(FILTERED, events=intervals([])), BANDS) is None


def test_spectra_are_those_of_welch() -> None:
    """Of marks that cover the whole record second by second, and of a record without any."""
    starts = np.arange(int(RAW.duration)) * 1.0
    found = spectra(replace(RAW, events=np.column_stack([starts, starts + 1])))
    signal, rate = RAW.signals[0].astype(float), round(RAW.sfreq)
    window = np.hanning(rate)
    freqs, expected = welch(signal, rate, window=window, nperseg=rate, noverlap=0)
    whole = intervals([(0, RAW.duration)])
    one = spectra(replace(RAW, signals=RAW.signals[:1], events=intervals([]), scored=whole))
    np.testing.assert_allclose(found.freqs, freqs)
    np.testing.assert_allclose(one.outside[1:-1], expected[1:-1], rtol=1e-4)
    assert np.isnan(one.inside).all()
    assert np.isnan(found.outside).all()


def test_power_is_inside_the_marks_and_not_outside() -> None:
    found = spectra(RAW)
    sigma = (found.freqs >= 11) & (found.freqs <= 16)
    assert found.inside[sigma].mean() > 3 * found.outside[sigma].mean()


def test_examples_are_scored_events_from_first_to_last() -> None:
    scored = intervals([(0.0, RAW.duration / 2)])
    chosen = examples(replace(RAW, scored=scored), 4)
    inside = RAW.events[RAW.events.mean(axis=1) < RAW.duration / 2]
    assert len(chosen) == 4
    assert chosen[[0, -1]].tolist() == inside[[0, -1]].tolist()
    assert len(examples(replace(RAW, events=intervals([])), 4)) == 0
