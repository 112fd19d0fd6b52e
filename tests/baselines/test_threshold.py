"""Detection by threshold: what it finds in simulated recordings, and what it may not look at."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from tests.support.trials import f1, loso, noise
from xai_sleep.baselines.catalogue import CATALOGUE
from xai_sleep.baselines.rems import REMS
from xai_sleep.baselines.scores import score
from xai_sleep.baselines.spindles import SPINDLES
from xai_sleep.baselines.threshold import around, band_passed, threshold
from xai_sleep.baselines.trial import LeftOutError
from xai_sleep.recordings.filtering import prepare
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.simulated import simulate

SFREQ = 100.0
TIMES = np.arange(6000) / SFREQ


def simulated(event: Literal["spindle", "rem"]) -> list[Recording]:
    band = (0.5, 35.0 if event == "spindle" else 15.0)
    recordings = simulate(event, subjects=4, minutes=5, seed=3)
    return [prepare(recording, sfreq=SFREQ, bands=[band]) for recording in recordings]


def one(signals: Sequence[np.ndarray]) -> Recording:
    array = np.asarray(signals, dtype=np.float32)
    return Recording(
        "a", "a", array, ("x", "y")[: len(array)], SFREQ, intervals([]), intervals([(0, 60)])
    )


@pytest.mark.parametrize("event", ["spindle", "rem"])
def test_simulated_events_are_found(event: Literal["spindle", "rem"]) -> None:
    trial = loso(simulated(event), event=event)
    baseline = CATALOGUE["threshold"](trial)["threshold"]
    found = score(baseline)
    blind = score(CATALOGUE["trivial"](trial)["always"])
    assert f1(found["events"]) > 0.7
    assert f1(found["windows"]) > f1(blind["windows"]) + 0.3


def test_thresholds_know_nothing_of_the_test_subject() -> None:
    """Other events, and another signal, of the subject left out change none of its thresholds."""
    recordings = simulated("spindle")
    changed = [replace(recordings[0], events=intervals([(1, 2), (50, 51)])), *recordings[1:]]
    changed[0] = replace(changed[0], signals=changed[0].signals[:, ::-1] * 3)
    first, second = (threshold(loso(r), SPINDLES).answers for r in (recordings, changed))
    assert first[0].detector == second[0].detector
    for answer, other in zip(first, second, strict=True):
        assert {"high", "low"} == answer.detector.keys() == other.detector.keys()


def test_probabilities_know_nothing_of_the_test_labels_and_rank_windows() -> None:
    recordings = simulated("spindle")
    changed = [replace(recordings[0], events=intervals([(1, 2), (50, 51)])), *recordings[1:]]
    baseline, other = (threshold(loso(r, min_overlap=0.5), SPINDLES) for r in (recordings, changed))
    probability = baseline.answers[0].probability
    assert probability is not None
    assert np.array_equal(probability, np.asarray(other.answers[0].probability))
    assert 0 <= probability.min() < 0.2 < 0.8 < probability.max() <= 1
    ranking = score(baseline)["windows"]
    assert ranking["auroc"]["pooled"] > 0.9
    assert ranking["brier"]["pooled"] < 0.1


def test_with_one_class_of_training_windows_the_probability_is_that() -> None:
    """No event is long enough to make a window positive, but thresholds can be chosen."""
    answers = threshold(loso(simulated("spindle"), min_overlap=4.0), SPINDLES).answers
    for answer in answers:
        assert not np.any(answer.probability)
        assert answer.detector


def test_thresholds_are_the_best_in_training() -> None:
    """With all other recordings as if one: no option scores higher on them."""
    trial = loso(simulated("spindle"))
    chosen = threshold(trial, SPINDLES).answers[0].detector
    lone = replace(SPINDLES, highs=(chosen["high"],), drops=(chosen["high"] - chosen["low"],))
    worse = replace(lone, highs=(chosen["high"] + 0.6,))
    train = loso(trial.recordings[1:])
    best, other = (f1(score(threshold(train, rule))["events"]) for rule in (lone, worse))
    assert best > other


def test_a_burst_of_sigma_waves_stands_out_from_alpha_muscle_and_slow_waves() -> None:
    rng = np.random.default_rng(0)
    burst = np.exp(-(((TIMES - 30) / 0.4) ** 2))
    muscle = band_passed(rng.normal(0, 1, TIMES.size), SFREQ, (15.0, 40.0))
    waves = {
        "spindle": 20 * burst * np.sin(2 * np.pi * 13 * TIMES),
        "alpha": 40 * burst * np.sin(2 * np.pi * 9 * TIMES),
        "muscle": 40 * burst * muscle,
        "slow": 150 * burst * np.sin(2 * np.pi * 1.2 * TIMES),
    }
    background = rng.normal(0, 3, TIMES.size)
    peak = {
        name: SPINDLES.activation(one([background + wave]))[2950:3050].max()
        for name, wave in waves.items()
    }
    assert peak["spindle"] > max(peak[name] for name in ("alpha", "muscle", "slow")) + 0.5


def test_eyes_that_turn_together_stand_out_from_blinks_and_slow_turns() -> None:
    rng = np.random.default_rng(0)
    fast, slow = (50 * np.tanh((TIMES - 30) / width) for width in (0.08, 1.2))
    background = rng.normal(0, 3, (2, TIMES.size))
    peak = {
        name: REMS.activation(one(background + wave))[2950:3050].max()
        for name, wave in {
            "rem": np.array([fast, -fast]),
            "blink": np.array([fast, fast]),
            "slow": np.array([slow, -slow]),
        }.items()
    }
    assert peak["rem"] > max(peak["blink"], peak["slow"]) + 0.5


def test_exchanging_the_eyes_changes_nothing() -> None:
    recording = simulated("rem")[0]
    other = replace(recording, signals=recording.signals[::-1])
    assert np.allclose(REMS.activation(recording), REMS.activation(other))


def test_one_eye_is_left_out() -> None:
    with pytest.raises(LeftOutError, match="both EOG channels"):
        threshold(loso(noise(), event="rem"), REMS)


def test_a_rate_too_low_for_the_band_is_left_out() -> None:
    with pytest.raises(LeftOutError, match=r"up to 16 Hz; raise task.sfreq \(10 Hz\)"):
        threshold(loso(noise()), SPINDLES)


def test_without_an_event_in_training_nothing_can_be_chosen() -> None:
    recordings = [replace(r, events=intervals([])) for r in simulated("spindle")]
    with pytest.raises(LeftOutError, match="has no event in training"):
        threshold(loso(recordings), SPINDLES)


def test_the_filter_passes_its_band_alone_and_shifts_nothing() -> None:
    def kept(frequency: float) -> float:
        wave = np.sin(2 * np.pi * frequency * TIMES)
        passed = band_passed(wave, SFREQ, (11.0, 16.0))[500:-500]
        return float(passed @ wave[500:-500] / (wave[500:-500] @ wave[500:-500]))

    assert kept(13.5) == pytest.approx(1, abs=0.01)
    assert abs(kept(9.5)) < 0.01
    assert abs(kept(17.5)) < 0.01
    impulse = np.zeros(TIMES.size)
    impulse[3000] = 1
    reached = np.flatnonzero(np.abs(band_passed(impulse, SFREQ, (11.0, 16.0))) > 1e-12)
    assert (3000 - reached[0]) == (reached[-1] - 3000) <= 1.1 * SFREQ


def test_a_mean_around_each_sample() -> None:
    impulse = np.zeros(100)
    impulse[50] = 5
    assert np.flatnonzero(around(impulse, 10.0, 0.5)).tolist() == [48, 49, 50, 51, 52]
