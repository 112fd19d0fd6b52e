"""Simulated recordings, judged by what can be measured from their signals."""

from functools import cache
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import butter, hilbert, periodogram, sosfiltfilt, welch

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import longest_overlap
from xai_sleep.recordings.recording import Recording, require_usable
from xai_sleep.recordings.simulated import simulate

Event = Literal["spindle", "rem", "kcomplex"]
Floats = NDArray[np.float64]
EVENTS: tuple[Event, ...] = ("spindle", "rem", "kcomplex")
WINDOW = 5.0


@cache
def default(event: Event, seed: int = 0) -> list[Recording]:
    return simulate(event, seed=seed)


def band(recording: Recording, low: float, high: float) -> Floats:
    sos = butter(4, [low, high], "bandpass", fs=recording.sfreq, output="sos")
    return np.asarray(sosfiltfilt(sos, recording.signals.astype(np.float64)))


def in_events(recording: Recording) -> NDArray[np.bool_]:
    times = np.arange(recording.signals.shape[1]) / recording.sfreq
    start, end = recording.events.T[:, :, None]
    return np.asarray(((start <= times) & (times < end)).any(axis=0))


def in_scored(recording: Recording) -> NDArray[np.bool_]:
    return np.asarray(np.arange(recording.signals.shape[1]) < 0.9 * recording.signals.shape[1])


def spans(recording: Recording, signals: Floats) -> list[Floats]:
    edges = np.round(recording.events * recording.sfreq).astype(int)
    return [signals[:, start:stop] for start, stop in edges]


def correlation(pair: Floats) -> float:
    return float(np.corrcoef(pair[0], pair[1])[0, 1])


def test_the_same_settings_give_the_same_recordings() -> None:
    for once, again in zip(simulate("rem", seed=3), simulate("rem", seed=3), strict=True):
        np.testing.assert_array_equal(once.signals, again.signals)
        np.testing.assert_array_equal(once.events, again.events)


@pytest.mark.parametrize("event", EVENTS)
def test_seed_and_number_make_the_recording(event: Event) -> None:
    one, two = simulate(event, subjects=2, minutes=2, seed=0)
    other = simulate(event, subjects=1, minutes=2, seed=1)[0]
    for stranger in (two, other):
        assert not np.array_equal(one.events, stranger.events)
        assert abs(np.corrcoef(one.signals[0], stranger.signals[0])[0, 1]) < 0.2


@pytest.mark.parametrize("event", EVENTS)
def test_a_recording_does_not_depend_on_how_many_there_are(event: Event) -> None:
    few, many = simulate(event, subjects=2, minutes=2), simulate(event, subjects=5, minutes=2)
    for a, b in zip(few, many[:2], strict=True):
        assert (a.record, a.subject) == (b.record, b.subject)
        np.testing.assert_array_equal(a.signals, b.signals)
        np.testing.assert_array_equal(a.events, b.events)


@given(
    event=st.sampled_from(EVENTS),
    seed=st.integers(0, 2**63),
    minutes=st.floats(1, 5),
    sfreq=st.sampled_from([64.0, 100.0, 200.0]),
)
@settings(max_examples=60, deadline=None)
def test_events_are_apart_and_inside_scored_time(
    event: Event, seed: int, minutes: float, sfreq: float
) -> None:
    (recording,) = simulate(event, subjects=1, minutes=minutes, sfreq=sfreq, seed=seed)
    require_usable([recording])
    assert recording.signals.shape == (2, round(minutes * 60 * sfreq))
    assert recording.signals.dtype == np.float32
    np.testing.assert_allclose(recording.scored, [[0, 0.9 * recording.duration]])
    starts, ends = recording.events.T
    assert len(starts) >= 2
    assert starts[0] > 0
    assert ends[-1] < recording.scored[0, 1]
    assert np.all(starts[1:] > ends[:-1])
    assert np.all((ends - starts >= 0.3) & (ends - starts <= 2))
    np.testing.assert_array_equal(recording.scorers["expert1"].events, recording.events)
    np.testing.assert_array_equal(recording.scorers["expert1"].scored, recording.scored)
    assert recording.stages is not None
    assert len(recording.stages) == int(recording.duration // recording.epoch)


@pytest.mark.parametrize(
    ("event", "channels", "stage"),
    [
        ("spindle", ("CZ-A1", "FP1-A1"), 2),
        ("rem", ("EOG1", "EOG2"), 4),
        ("kcomplex", ("CZ-A1", "FP1-A1"), 2),
    ],
)
def test_recordings_are_named_alike(event: Event, channels: tuple[str, str], stage: int) -> None:
    recordings = default(event)
    assert [r.record for r in recordings] == [f"synthetic{n}" for n in range(1, 9)]
    for recording in recordings:
        assert recording.subject == recording.record
        assert recording.channels == channels
        assert recording.stages is not None
        assert set(recording.stages) == {stage}


def test_spindles_have_their_spectral_peak_in_the_sigma_band() -> None:
    for recording in default("spindle"):
        spectra = []
        for span in spans(recording, band(recording, 4, 40)):
            freqs, power = periodogram(span[0], recording.sfreq, window="hann", nfft=1024)
            spectra.append(power)
        peaks = freqs[np.argmax(spectra, axis=1)]
        assert np.mean((peaks >= 11) & (peaks <= 16)) > 0.9
        assert 11 <= freqs[np.argmax(np.mean(spectra, axis=0))] <= 16


def test_sigma_power_is_greater_inside_spindles() -> None:
    for recording in default("spindle"):
        power = band(recording, 11, 16) ** 2
        inner, outer = in_events(recording), in_scored(recording) & ~in_events(recording)
        assert np.all(power[:, inner].mean(axis=1) > 2 * power[:, outer].mean(axis=1))


def test_spindles_fill_their_spans_and_end_with_them() -> None:
    for recording in default("spindle"):
        envelope = np.abs(hilbert(band(recording, 11, 16)[0]))
        thirds, outside = [], []
        for start, end in np.round(recording.events * recording.sfreq).astype(int):
            thirds.append([part.mean() for part in np.array_split(envelope[start:end], 3)])
            outside += [
                envelope[start - 30 : start - 10].mean(),
                envelope[end + 10 : end + 30].mean(),
            ]
        assert np.all(np.median(thirds, axis=0) > 2 * np.median(outside))


def test_spindle_amplitudes_are_physiological() -> None:
    peaks = np.concatenate(
        [
            [np.abs(span[0]).max() for span in spans(recording, band(recording, 11, 16))]
            for recording in default("spindle")
        ]
    )
    assert peaks.min() > 5
    assert peaks.max() < 70
    assert 15 < np.median(peaks) < 45


def test_spindles_reach_the_second_channel_later() -> None:
    recordings = simulate("spindle", subjects=4, sfreq=200.0)
    lags = np.arange(-8, 9)  # 5 ms each
    total = np.zeros(len(lags))
    for recording in recordings:
        for span in spans(recording, band(recording, 11, 16)):
            central, frontal = span[:, 8:-8], span[1]
            total += [central[0] @ frontal[8 + lag : len(frontal) - 8 + lag] for lag in lags]
    assert 0.010 <= lags[np.argmax(total)] / 200 <= 0.040


@pytest.mark.parametrize("event", EVENTS)
def test_the_background_falls_as_one_over_f(event: Event) -> None:
    # Between and above the waves: 3-6 Hz and beyond 33 Hz; the median forgets single bursts.
    slopes = []
    for recording in simulate(event, sfreq=200.0):
        freqs, power = welch(recording.signals, 200.0, nperseg=400, average="median")
        quiet = ((freqs >= 3) & (freqs <= 6)) | ((freqs >= 33) & (freqs <= 95))
        slopes += [np.polyfit(np.log(freqs[quiet]), np.log(p[quiet]), 1)[0] for p in power]
    assert np.min(slopes) > -1.4
    assert np.max(slopes) < -0.7


def test_the_eyes_move_together_in_rapid_eye_movements() -> None:
    together = np.concatenate(
        [
            [correlation(span) for span in spans(recording, band(recording, 0.3, 10))]
            for recording in default("rem")
        ]
    )
    assert np.median(together) < -0.8
    assert np.mean(together < 0) > 0.95


def test_blinks_have_one_sign_and_lie_outside_the_events() -> None:
    for recording in default("rem"):
        signals = band(recording, 0.3, 10)
        both = np.where(in_events(recording) | ~in_scored(recording), 0, signals.sum(axis=0))
        for _ in range(10):
            peak = int(np.argmax(both))
            around = slice(max(peak - 25, 0), peak + 25)
            assert both[peak] > 100
            assert correlation(signals[:, around]) > 0
            both[around] = 0


def test_rapid_eye_movements_are_steep_steps_of_physiological_size() -> None:
    sizes, inner, outer = [], [], []
    for recording in default("rem"):
        left, right = band(recording, 0.3, 10)
        difference = left - right
        speed = np.abs(np.gradient(difference, 1 / recording.sfreq))
        for start, end in np.round(recording.events * recording.sfreq).astype(int):
            sizes.append(np.ptp(left[start:end]))
            inner.append(speed[start:end].max())
            outer.append(speed[end : end + 10].max())
    assert np.quantile(sizes, 0.02) > 50
    assert np.quantile(sizes, 0.98) < 400
    assert np.median(inner) > 3 * np.median(outer)


@pytest.mark.parametrize(
    ("event", "limits"), [("spindle", (11, 16)), ("rem", (0.3, 10)), ("kcomplex", (0.3, 10))]
)
def test_subjects_differ_in_amplitude_and_rate(event: Event, limits: tuple[float, float]) -> None:
    recordings = default(event)
    rates = [len(recording.events) / 9 for recording in recordings]
    sizes = [
        np.median([np.ptp(span[0]) for span in spans(recording, band(recording, *limits))])
        for recording in recordings
    ]
    assert max(rates) > 1.3 * min(rates)
    assert max(sizes) > 1.3 * min(sizes)


def test_k_complexes_are_sharp_and_negative_then_longer_and_positive() -> None:
    sizes, shares, later = [], [], []
    for recording in default("kcomplex"):
        signals = band(recording, 0.3, 15)
        for span in spans(recording, signals):
            central = span[0]
            trough, crest = int(np.argmin(central)), int(np.argmax(central))
            sizes.append(np.ptp(central))
            later.append(trough < crest)
            shares.append(trough / len(central))
    assert np.mean(later) > 0.9
    assert np.median(shares) < 0.25  # the way down is the short one
    assert np.quantile(sizes, 0.02) > 60
    assert np.quantile(sizes, 0.98) < 600


def test_waves_go_on_in_unscored_time() -> None:
    tails = [np.ptp(band(r, 0.3, 10)[:, ~in_scored(r)], axis=1) for r in default("rem")]
    assert np.min(tails) > 100


def threshold_scores(recording: Recording, event: Event, starts: Floats) -> list[float]:
    """Measure what a plain detector would put a threshold on, per window."""
    if event == "spindle":
        power = band(recording, 11, 16)[0] ** 2
    elif event == "kcomplex":
        power = -band(recording, 0.5, 10)[0]
    else:
        sos = butter(4, 5, fs=recording.sfreq, output="sos")
        left, right = sosfiltfilt(sos, recording.signals)
        power = (left - right) ** 2
    length = round(WINDOW * recording.sfreq)
    pieces = [power[i : i + length] for i in np.round(starts * recording.sfreq).astype(int)]
    return [piece.mean() if event == "spindle" else piece.max() for piece in pieces]


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_plain_threshold_does_not_win(event: Event, seed: int) -> None:
    labels: list[bool] = []
    scores: list[float] = []
    for recording in default(event, seed):
        starts = np.arange(0, recording.duration, WINDOW)
        starts = starts[starts + WINDOW <= recording.scored[0, 1]]
        labels += list(longest_overlap(starts, WINDOW, recording.events) > 0)
        scores += threshold_scores(recording, event, starts)
    truth = np.array(labels)[np.argsort(scores)[::-1]]
    hits, calls = np.cumsum(truth), np.arange(1, len(truth) + 1)
    best = np.max(2 * hits / (calls + truth.sum()))
    assert 0.1 < truth.mean() < 0.3
    assert best < 0.8


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"subjects": 0}, r"data\.subjects is 0; .* at least 1"),
        ({"minutes": 0.5}, r"data\.minutes is 0\.5; .* at least 1 minute"),
        ({"minutes": float("nan")}, r"data\.minutes is nan"),
        ({"sfreq": 60.0}, r"task\.sfreq is 60 Hz: too low to hold 30 Hz"),
        ({"seed": -1}, r"seed is -1; choose 0 or a positive"),
        ({"event": "apnea"}, "event is 'apnea'; spindle, rem, kcomplex can be simulated"),
    ],
)
def test_impossible_settings_are_named(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate(**{"event": "spindle", **kwargs})
