"""Detection by threshold: what it finds in simulated recordings, and what it may not look at."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from tests.support.runs import ROOT
from tests.support.trials import Seen, loso, noise, parameters
from xai_sleep.baselines.baseline import LeftOutError, Training, Trial
from xai_sleep.baselines.rules import (
    KComplexes,
    RapidEyeMovements,
    Rule,
    Spindles,
    Values,
    around,
    band_passed,
)
from xai_sleep.baselines.threshold import Threshold
from xai_sleep.baselines.trivial import Always
from xai_sleep.recordings.filtering import prepare
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.simulated import simulate
from xai_sleep.results.run import BaselineRecord

Event = Literal["spindle", "rem", "kcomplex"]

SFREQ = 100.0
TIMES = np.arange(6000) / SFREQ
TASKS = sorted((ROOT / "conf" / "task").glob("*.yaml"))


def simulated(event: Event) -> list[Recording]:
    band = (0.5, 15.0 if event == "rem" else 35.0)
    recordings = simulate(event, subjects=4, minutes=5, seed=3)
    return [prepare(recording, sfreq=SFREQ, bands=[band]) for recording in recordings]


def one(signals: Sequence[np.ndarray]) -> Recording:
    array = np.asarray(signals, dtype=np.float32)
    return Recording(
        "a", "a", array, ("x", "y")[: len(array)], SFREQ, intervals([]), intervals([(0, 60)])
    )


RULES: dict[Event, Rule] = {
    "spindle": Spindles(),
    "rem": RapidEyeMovements(),
    "kcomplex": KComplexes(),
}


@pytest.mark.parametrize("event", list(RULES))
def test_simulated_events_are_found(event: Event) -> None:
    trial = loso(simulated(event))
    found, blind = Seen(Threshold(RULES[event]), trial), Seen(Always(), trial)
    assert found.pooled("events") > 0.7
    assert found.pooled("windows") > blind.pooled("windows") + 0.3
    assert found.record.description == RULES[event].description


@pytest.mark.parametrize(
    "file", sorted((ROOT / "conf" / "task").glob("*.yaml")), ids=lambda f: f.stem
)
def test_rules_of_tasks_are_rules(file: Path) -> None:
    rule = instantiate(OmegaConf.to_container(OmegaConf.load(file)))["rule"]
    assert rule is None or isinstance(rule, Rule)


def test_a_task_without_a_rule_is_left_out() -> None:
    with pytest.raises(LeftOutError, match=r"names no rule .* \(task.rule\)"):
        Seen(Threshold(None), loso(noise()))


def chosen(recordings: Sequence[Recording]) -> BaselineRecord:
    return Seen(Threshold(Spindles()), loso(recordings)).record


def test_thresholds_know_nothing_of_the_test_subject() -> None:
    """Other events, and another signal, of the subject left out change none of its thresholds."""
    recordings = simulated("spindle")
    changed = [replace(recordings[0], events=intervals([(1, 2), (50, 51)])), *recordings[1:]]
    changed[0] = replace(changed[0], signals=changed[0].signals[:, ::-1] * 3)
    first, second = (parameters(chosen(each)) for each in (recordings, changed))
    assert first[0] == second[0]
    assert all(each.keys() == {"high", "low"} for each in (*first, *second))


def probability(trial: Trial) -> np.ndarray:
    """Of the test windows of the first fold."""
    baseline = Threshold(Spindles())
    baseline.prepare(trial)
    baseline.fit(Training.of(trial, 0))
    answer = baseline.detect(trial.recordings[0], trial.windows(trial.folds[0].test))
    return np.asarray(answer.probability)


def test_probabilities_know_nothing_of_the_test_labels_and_rank_windows() -> None:
    recordings = simulated("spindle")
    changed = [replace(recordings[0], events=intervals([(1, 2), (50, 51)])), *recordings[1:]]
    first, other = (probability(loso(r, min_overlap=0.5)) for r in (recordings, changed))
    assert np.array_equal(first, other)
    assert 0 <= first.min() < 0.2 < 0.8 < first.max() <= 1
    found = Seen(Threshold(Spindles()), loso(recordings, min_overlap=0.5))
    assert found.pooled("windows", "auroc") > 0.9
    assert found.pooled("windows", "brier") < 0.1


def test_with_one_class_of_training_windows_the_probability_is_that() -> None:
    """No event is long enough to make a window positive, but thresholds can be chosen."""
    trial = loso(simulated("spindle"), min_overlap=4.0)
    assert not np.any(probability(trial))
    assert all(parameters(Seen(Threshold(Spindles()), trial).record))


class Lone(Rule):
    """Spindles by one pair of thresholds."""

    description = Spindles.description
    min_duration, max_duration, merge_gap = 0.3, 3.0, 0.1

    def __init__(self, high: float, drop: float) -> None:
        self.highs, self.drops = (high,), (drop,)

    def activation(self, recording: Recording) -> Values:
        """Look for spindles."""
        return Spindles().activation(recording)


def test_thresholds_are_the_best_in_training() -> None:
    """With all other recordings as if one: no option scores higher on them."""
    recordings = simulated("spindle")
    first = parameters(chosen(recordings))[0]
    high, drop = first["high"], first["high"] - first["low"]
    train = loso(recordings[1:])
    best, other = (
        Seen(Threshold(Lone(each, drop)), train).pooled("events") for each in (high, high + 0.6)
    )
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
        name: Spindles().activation(one([background + wave]))[2950:3050].max()
        for name, wave in waves.items()
    }
    assert peak["spindle"] > max(peak[name] for name in ("alpha", "muscle", "slow")) + 0.5


def test_eyes_that_turn_together_stand_out_from_blinks_and_slow_turns() -> None:
    rng = np.random.default_rng(0)
    fast, slow = (50 * np.tanh((TIMES - 30) / width) for width in (0.08, 1.2))
    background = rng.normal(0, 3, (2, TIMES.size))
    peak = {
        name: RapidEyeMovements().activation(one(background + wave))[2950:3050].max()
        for name, wave in {
            "rem": np.array([fast, -fast]),
            "blink": np.array([fast, fast]),
            "slow": np.array([slow, -slow]),
        }.items()
    }
    assert peak["rem"] > max(peak["blink"], peak["slow"]) + 0.5


def test_a_wave_down_and_up_stands_out_from_one_up_and_down_and_from_trains() -> None:
    rng = np.random.default_rng(0)
    down, up = (
        np.exp(-(((TIMES - at) / width) ** 2)) for at, width in ((29.8, 0.12), (30.3, 0.22))
    )
    burst = np.exp(-(((TIMES - 30) / 0.4) ** 2))
    waves = {
        "kcomplex": 70 * up - 100 * down,
        "inverted": 100 * down - 70 * up,
        "train": 100 * np.sin(2 * np.pi * 0.9 * TIMES),
        "spindle": 40 * burst * np.sin(2 * np.pi * 13 * TIMES),
        "alpha": 60 * burst * np.sin(2 * np.pi * 9 * TIMES),
    }
    background = rng.normal(0, 10, TIMES.size)
    peak = {
        name: KComplexes().activation(one([background + wave]))[2900:3100].max()
        for name, wave in waves.items()
    }
    assert peak["kcomplex"] > max(peak[name] for name in waves if name != "kcomplex") + 0.2


def test_exchanging_the_eyes_changes_nothing() -> None:
    recording = simulated("rem")[0]
    other = replace(recording, signals=recording.signals[::-1])
    assert np.allclose(
        RapidEyeMovements().activation(recording), RapidEyeMovements().activation(other)
    )


def test_one_eye_is_left_out() -> None:
    with pytest.raises(LeftOutError, match="both EOG channels"):
        Seen(Threshold(RapidEyeMovements()), loso(noise()))


def test_a_rate_too_low_for_the_band_is_left_out() -> None:
    with pytest.raises(LeftOutError, match=r"up to 16 Hz; raise task.sfreq \(10 Hz\)"):
        Seen(Threshold(Spindles()), loso(noise()))


def test_without_an_event_in_training_nothing_can_be_chosen() -> None:
    recordings = [replace(r, events=intervals([])) for r in simulated("spindle")]
    with pytest.raises(LeftOutError, match="has no event in training"):
        Seen(Threshold(Spindles()), loso(recordings))


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
