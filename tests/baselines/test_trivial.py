"""Guesses without a signal, against closed formulas."""

import numpy as np
import pytest

from tests.support.trials import Seen, loso, noise, parameters
from xai_sleep.baselines.baseline import Training
from xai_sleep.baselines.trivial import Always, Coin, Never


def test_scores_of_constant_answers_follow_from_prevalence() -> None:
    trial = loso(noise())
    share = trial.windows(trial.folds[0].test).label.mean()
    never, always = Seen(Never(), trial), Seen(Always(), trial)
    assert never.pooled("windows", "accuracy") == pytest.approx(1 - share)
    assert never.pooled("windows") == never.pooled("events") == 0.0
    assert always.pooled("windows") == pytest.approx(2 * share / (1 + share))
    assert always.pooled("windows", "auroc") == 0.5
    assert always.summary("events", "f1").reason == "it does not say when"


def test_the_coin_falls_by_training_prevalence() -> None:
    recordings = noise([f"subject{i}" for i in range(30)])
    trial = loso(recordings)
    shares = [each["prevalence"] for each in parameters(Seen(Coin(), trial).record)]
    coin, detected = Coin(), []
    for number, (fold, share) in enumerate(zip(trial.folds, shares, strict=True)):
        assert share == trial.windows(fold.train).label.mean()
        coin.fit(Training.of(trial, number))
        answer = coin.detect(recordings[number], trial.windows(fold.test))
        detected.append(np.asarray(answer.detected))
    fallen = np.concatenate(detected)
    expected = np.repeat(shares, len(fallen) // 30)
    sd = np.sqrt((expected * (1 - expected)).sum())
    assert abs(fallen.sum() - expected.sum()) < 4 * sd
    assert 0 < fallen.sum() < len(fallen)


def test_equal_seeds_give_equal_coins() -> None:
    first, again, other = (Seen(Coin(), loso(noise(), seed=s)).scores for s in (0, 0, 1))
    assert first == again
    assert first != other
