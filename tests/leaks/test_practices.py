"""Each leak does what it says, and nothing of it is there without the leak."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.support.recordings import make_recording, planted
from tests.support.runs import composed
from xai_sleep.detect.search import choose
from xai_sleep.errors import InputError
from xai_sleep.experiment.run import divide
from xai_sleep.experiment.training import build_classifier, fold_data
from xai_sleep.leaks.practices import (
    LeakyDataModule,
    carry_weights,
    lead_astray,
    leaky,
    score_oversampled,
)
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import Config
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.datasets import ReadyDataset
from xai_sleep.windows.folds import Fold
from xai_sleep.windows.windows import Windows

KFOLD = ("cv=kfold", "cv.folds=3")
MARK = 1e6  # µV, in no signal of its own


def config(*overrides: str) -> Config:
    sampler = ("balance.sampler.k_neighbors=2", "task.input_bands=null")
    return composed(*sampler, "detector.min_events=0", *overrides)


def cohort() -> list[Recording]:
    """Three records of 120 s, of which the first 100 s are scored."""
    return [
        make_recording(
            name,
            seconds=120.0,
            sfreq=100.0,
            events=[(onset + 2 * seed, onset + 2 * seed + 1.0) for onset in range(7, 90, 20)],
            scored=[(0, 100)],
            seed=seed,
        )
        for seed, name in enumerate("abc")
    ]


def folds_of(settings: Config, recordings: Sequence[Recording]) -> list[Fold]:
    return leaky(divide(settings, recordings), settings, recordings)


def prepared(settings: Config, recordings: Sequence[Recording], fold: Fold) -> FoldDataModule:
    data = fold_data(settings, recordings, fold)
    data.setup()
    return data


def keys(windows: Windows) -> list[tuple[int, int]]:
    return list(zip(windows.record.tolist(), windows.start.tolist(), strict=True))


def shared_samples(one: Windows, other: Windows) -> int:
    """Largest number of samples that a window of the one has in common with one of the other."""
    same = one.record[:, None] == other.record[None]
    apart = np.abs(one.start[:, None] - other.start[None])
    return int(np.where(same, np.maximum(one.length - apart, 0), 0).max())


def training_signals(data: FoldDataModule) -> NDArray[np.float32]:
    assert isinstance(data.balanced, ReadyDataset)
    return data.balanced.signals.numpy()


def sees_test_samples(settings: Config, fold_number: int = 0) -> bool:
    """Whether a mark in the test samples changes what a network is trained on."""
    recordings = cohort()
    fold = folds_of(settings, recordings)[fold_number]
    marked = planted(recordings, (fold.test,), MARK)
    one, other = (training_signals(prepared(settings, r, fold)) for r in (recordings, marked))
    return not np.array_equal(one, other)


@pytest.mark.parametrize("scheme", [("cv=loso",), KFOLD])
def test_without_leaks_nothing_of_this_file_is_used(scheme: Sequence[str]) -> None:
    settings, recordings = config(*scheme), cohort()
    clean = divide(settings, recordings)
    assert leaky(clean, settings, recordings) is clean
    assert lead_astray(recordings, []) is recordings
    data = fold_data(settings, recordings, clean[0])
    assert type(data) is FoldDataModule
    assert shared_samples(data.train, data.test) == 0
    assert not sees_test_samples(settings)


def test_overlapping_windows_share_samples_across_the_split() -> None:
    settings, recordings = config(*KFOLD, "leak=overlapping_windows"), cohort()
    folds = folds_of(settings, recordings)
    tested = []
    for fold in folds:
        data = fold_data(settings, recordings, fold)
        assert shared_samples(data.train, data.test) == 400  # of 500: windows 1 s apart
        assert not set(keys(data.train)) & set(keys(data.test))
        assert not set(keys(data.train)) & set(keys(data.val))
        tested += keys(data.test)
    clean = [fold_data(config(*KFOLD), recordings, f) for f in divide(config(*KFOLD), recordings)]
    assert sorted(tested) == sorted(key for data in clean for key in keys(data.test))


def test_overlapping_windows_need_a_grid() -> None:
    settings = config(*KFOLD, "leak=overlapping_windows", "task.step=2")
    with pytest.raises(InputError, match=r"task.window \(5 s\) that is a multiple of task.step"):
        folds_of(settings, cohort())


def test_shared_subjects_train_and_test() -> None:
    """A half is added to the clean training time, and no window is tested twice."""
    settings, recordings = config("leak=shared_subjects"), cohort()
    folds, clean = folds_of(settings, recordings), divide(config(), recordings)
    assert [fold.name for fold in folds] == ["a-1", "a-2", "b-1", "b-2", "c-1", "c-2"]
    for number, fold in enumerate(folds):
        subject = number // 2
        start, end = [(0, 50), (50, 100)][number % 2]
        assert fold.test[subject].tolist() == [[start, end]]
        ((first, last),) = fold.train[subject]
        assert (first, last) == [(55, 100), (0, 45)][number % 2]
        for other in {0, 1, 2} - {subject}:
            assert np.array_equal(fold.train[other], clean[subject].train[other])
            assert len(fold.test[other]) == 0
        for mine, its in zip(fold.val, clean[subject].val, strict=True):
            assert np.array_equal(mine, its)


@pytest.mark.parametrize("scale", ["record", "train"])
def test_scaling_on_all_is_fitted_on_test_samples(scale: str) -> None:
    assert sees_test_samples(config(*KFOLD, f"task.scale={scale}", "leak=scaling_on_all"))
    settings, recordings = config(*KFOLD, "leak=scaling_on_all"), cohort()
    data = prepared(settings, recordings, folds_of(settings, recordings)[0])
    everything = 1.4826 * np.median(np.abs(recordings[0].signals), axis=1)
    np.testing.assert_allclose(data.amplitudes[0][:, 0], everything, rtol=1e-6)


def test_images_are_normalised_by_test_windows_as_well() -> None:
    settings, recordings = config(*KFOLD, "leak=scaling_on_all"), cohort()
    data = fold_data(settings, recordings, folds_of(settings, recordings)[0])
    used = [*keys(data.train), *keys(data.val), *keys(data.test)]
    assert keys(data.normalising_windows) == used
    clean = fold_data(config(*KFOLD), recordings, data.fold)
    assert clean.normalising_windows is clean.train


def test_smote_before_split_makes_windows_of_test_windows() -> None:
    """With a mark in all test samples, synthetic training windows carry a share of it."""
    settings, recordings = config(*KFOLD, "leak=smote_before_split"), cohort()
    fold = folds_of(settings, recordings)[0]
    data = prepared(settings, planted(recordings, (fold.test,), MARK), fold)
    assert isinstance(data, LeakyDataModule)
    signals = training_signals(data)
    synthetic = signals[len(data.train) :]
    assert np.abs(signals[: len(data.train)]).max() < 100
    assert np.abs(synthetic).max() > 1000
    assert data.oversampled is not None
    windows = len(data.train) + len(data.val) + len(data.test)
    positive = sum(int(part.label.sum()) for part in (data.train, data.val, data.test))
    dealt, labels = data.oversampled
    assert len(dealt) + len(synthetic) == windows - 2 * positive
    assert 0 < len(dealt) < len(synthetic)
    assert labels.tolist() == [1] * len(dealt)


def test_synthetic_windows_are_tested_beside_the_real_ones() -> None:
    settings, recordings = config(*KFOLD, "leak=smote_before_split"), cohort()
    data = prepared(settings, recordings, folds_of(settings, recordings)[0])
    assert isinstance(data, LeakyDataModule)
    assert data.oversampled is not None
    classifier = build_classifier(settings, recordings)
    with torch.no_grad():
        for weights in classifier.parameters():
            weights.zero_()  # every probability is one half, every window a detection at 0.5
    probability = np.zeros(len(data.test), dtype=np.float32)
    scores = score_oversampled(classifier, data, probability, 0.5)["windows_oversampled"]
    right = len(data.oversampled[0]) + int((data.test.label == 0).sum())
    assert scores["accuracy"] == pytest.approx(right / (len(data.oversampled[0]) + len(data.test)))
    clean = fold_data(config(*KFOLD), recordings, data.fold)
    assert score_oversampled(classifier, clean, probability, 0.5) == {}


def test_a_sampler_that_takes_windows_away_cannot_leak() -> None:
    settings = config(*KFOLD, "leak=smote_before_split")
    sampler = {"_target_": "imblearn.under_sampling.RandomUnderSampler"}
    settings = replace(settings, balance=replace(settings.balance, sampler=sampler))
    recordings = cohort()
    with pytest.raises(InputError, match="takes windows away and makes none"):
        prepared(settings, recordings, folds_of(settings, recordings)[0])


def test_test_windows_serve_as_validation() -> None:
    settings, recordings = config(*KFOLD, "leak=test_as_validation"), cohort()
    fold = folds_of(settings, recordings)[0]
    data = prepared(settings, recordings, fold)
    assert keys(data.val) == keys(data.test)
    assert not sees_test_samples(settings)  # training windows stay as they are
    clean = fold_data(config(*KFOLD), recordings, fold)
    assert not set(keys(clean.val)) & set(keys(clean.test))
    assert keys(clean.train) == keys(data.train)


def test_the_detector_is_chosen_on_test_time() -> None:
    recordings = cohort()
    fold = folds_of(config(*KFOLD), recordings)[0]
    counts = [
        sum(
            int(((r.events.mean(1) >= a) & (r.events.mean(1) < b)).sum())
            for r, part in zip(recordings, time, strict=True)
            for a, b in part
        )
        for time in (fold.val, fold.test)
    ]
    assert counts[0] != counts[1]
    for leak, expected in zip(("none", "test_as_validation"), counts, strict=True):
        settings = config(*KFOLD, f"leak={leak}")
        data = prepared(settings, recordings, fold)
        choice, _ = choose(settings, data, build_classifier(settings, recordings))
        assert choice.events == expected


def test_weights_are_carried_from_fold_to_fold(tmp_path: Path) -> None:
    settings, recordings = config(*KFOLD, "leak=carried_weights"), cohort()
    first, second, _ = folds_of(settings, recordings)
    before, fresh = (build_classifier(settings, recordings) for _ in range(2))
    kept = {name: value.clone() for name, value in fresh.state_dict().items()}
    carry_weights(fresh, first, tmp_path)
    assert same(fresh, kept)
    (tmp_path / first.name).mkdir()
    torch.save({"state_dict": before.state_dict()}, tmp_path / first.name / "model.ckpt")
    carry_weights(fresh, divide(settings, recordings)[1], tmp_path)
    assert same(fresh, kept)
    carry_weights(fresh, second, tmp_path)
    assert same(fresh, before.state_dict())
    assert not same(fresh, kept)


def same(classifier: EventClassifier, weights: dict[str, Any]) -> bool:
    return all(torch.equal(v, weights[name]) for name, v in classifier.state_dict().items())


def test_unscored_time_becomes_negative() -> None:
    recordings = cohort()
    whole = lead_astray(recordings, ["unscored_as_negative"])
    for recording, clean in zip(whole, recordings, strict=True):
        assert recording.scored.tolist() == [[0, 120]]
        assert recording.events is clean.events
    settings = config(*KFOLD)
    data = fold_data(settings, whole, divide(settings, whole)[0])
    spare = data.train.start_time >= 100
    assert spare.any()
    assert not data.train.label[spare].any()


def test_without_unscored_time_there_is_nothing_to_leak() -> None:
    whole = [make_recording("a", seconds=60)]
    with pytest.raises(InputError, match=r"scored from start to end; .*leak.names=\[carried_w"):
        lead_astray(whole, ["carried_weights", "unscored_as_negative"])


def test_leaks_combine() -> None:
    settings, recordings = config(*KFOLD, "leak=all"), cohort()
    whole = lead_astray(recordings, settings.leak.names)
    folds = folds_of(settings, whole)
    data = prepared(settings, whole, folds[1])
    assert shared_samples(data.train, data.test) == 400
    assert data.val is data.test
    assert folds[1].before == folds[0].name  # type: ignore[attr-defined]
    assert sum(len(fold_data(settings, whole, fold).test) for fold in folds) == 3 * 24
