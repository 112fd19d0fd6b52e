"""Guesses without a signal, against closed formulas."""

import numpy as np
import pytest

from tests.support.trials import f1, loso, noise
from xai_sleep.baselines.scores import score
from xai_sleep.baselines.trivial import trivial


def test_scores_of_constant_answers_follow_from_prevalence() -> None:
    trial = loso(noise())
    share = trial.windows(trial.folds[0].test).label.mean()
    found = {name: score(baseline) for name, baseline in trivial(trial).items()}
    never, always = found["never"], found["always"]
    assert never["windows"]["accuracy"]["pooled"] == pytest.approx(1 - share)
    assert f1(never["windows"]) == f1(never["events"]) == 0.0
    assert f1(always["windows"]) == pytest.approx(2 * share / (1 + share))
    assert always["windows"]["auroc"]["pooled"] == 0.5
    assert "events" not in always
    assert always["undefined"]["events"]


def test_the_coin_falls_by_training_prevalence() -> None:
    recordings = noise([f"subject{i}" for i in range(30)])
    trial = loso(recordings)
    coin = trivial(trial)["coin"]
    shares = [answer.detector["prevalence"] for answer in coin.answers]
    for fold, share in zip(trial.folds, shares, strict=True):
        assert share == trial.windows(fold.train).label.mean()
    detected = np.concatenate([np.asarray(answer.decided) for answer in coin.answers])
    expected = np.repeat(shares, len(detected) // 30)
    sd = np.sqrt((expected * (1 - expected)).sum())
    assert abs(detected.sum() - expected.sum()) < 4 * sd
    assert 0 < detected.sum() < len(detected)


def test_equal_seeds_give_equal_coins() -> None:
    first, again, other = (score(trivial(loso(noise(), seed=s))["coin"]) for s in (0, 0, 1))
    assert first == again
    assert first["windows"] != other["windows"]
