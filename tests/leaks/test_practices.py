"""Each leak does what it says at its seam, and nothing of it is there without the leak."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.utils import instantiate
from numpy.typing import NDArray

from tests.support.recordings import make_recording, planted
from tests.support.runs import composed
from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import Config
from xai_sleep.windows.balance import balance
from xai_sleep.windows.folds import Fold, k_fold, leave_one_subject_out
from xai_sleep.windows.inputs import amplitudes_by_record
from xai_sleep.windows.practice import Balanced, Parts, Practice, chosen, together
from xai_sleep.windows.windows import Windows, cut, cut_signals

KFOLD = ("cv=kfold", "cv.folds=3")
SMOTE = {"_target_": "imblearn.over_sampling.SMOTE", "k_neighbors": 2}
MARK = 1e6  # µV, in no signal of its own


def practised(*overrides: str) -> tuple[Practice, Config]:
    settings = composed("task.input_bands=null", *overrides)
    return together(chosen([instantiate(s) for s in settings.leak.values()], settings)), settings


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


def divided(settings: Config, recordings: Sequence[Recording]) -> list[Fold]:
    """Clean folds."""
    shared: dict[str, Any] = {"window": 5.0, "guard": 5.0, "seed": 0}
    if settings.cv.scheme == "kfold":
        return k_fold(recordings, k=settings.cv.folds, **shared)
    return leave_one_subject_out(recordings, val_blocks=8, **shared)


def cut_parts(recordings: Sequence[Recording], fold: Fold) -> Parts:
    """Clean windows of a fold."""
    return Parts(
        *(
            cut(recordings, times, length=5.0, step=step, min_overlap=0.5)
            for times, step in ((fold.train, 1.0), (fold.val, 1.0), (fold.test, 5.0))
        )
    )


def folds_and_parts(
    recordings: Sequence[Recording], *overrides: str
) -> tuple[list[Fold], list[Parts]]:
    practice, settings = practised(*overrides)
    folds = practice.folds(divided(settings, recordings), recordings, settings)
    return folds, [practice.parts(cut_parts(recordings, fold), fold) for fold in folds]


def keys(windows: Windows) -> list[tuple[int, int]]:
    return list(zip(windows.record.tolist(), windows.start.tolist(), strict=True))


def shared_samples(one: Windows, other: Windows) -> int:
    """Largest number of samples that a window of the one has in common with one of the other."""
    same = one.record[:, None] == other.record[None]
    apart = np.abs(one.start[:, None] - other.start[None])
    return int(np.where(same, np.maximum(one.length - apart, 0), 0).max())


def balanced(practice: Practice, recordings: Sequence[Recording], parts: Parts) -> Balanced:
    even = partial(balance, sampler=SMOTE, noise=0.0, seed=0, where="here")
    return practice.balanced(even, parts, partial(cut_signals, [r.signals for r in recordings]), 0)


@pytest.mark.parametrize("scheme", [("cv=loso",), KFOLD])
def test_the_clean_practice_changes_nothing(scheme: Sequence[str]) -> None:
    (practice, settings), recordings = practised(*scheme), cohort()
    clean = divided(settings, recordings)
    parts = cut_parts(recordings, clean[0])
    assert practice.recordings(recordings) is recordings
    assert practice.folds(clean, recordings, settings) is clean
    assert practice.parts(parts, clean[0]) is parts
    assert practice.scaling(clean[0], recordings) is clean[0]
    assert practice.normalising(parts) is parts.train
    assert practice.choosing(clean[0]) is clean[0].val
    assert practice.start(Path("model.ckpt")) is None
    assert shared_samples(parts.train, parts.test) == 0


def test_clean_synthetic_windows_are_made_of_training_windows() -> None:
    recordings = cohort()
    fold = divided(composed(*KFOLD), recordings)[0]
    marked = planted(recordings, (fold.test, fold.val), MARK)
    made = balanced(Practice(), marked, cut_parts(recordings, fold))
    assert made.held_out is None
    assert np.abs(made.signals).max() < 100


def test_overlapping_windows_share_samples_across_the_split() -> None:
    recordings = cohort()
    _, leaky = folds_and_parts(recordings, *KFOLD, "leak=overlapping_windows")
    _, clean = folds_and_parts(recordings, *KFOLD)
    for parts in leaky:
        assert shared_samples(parts.train, parts.test) == 400  # of 500: windows 1 s apart
        assert not set(keys(parts.train)) & set(keys(parts.test))
        assert not set(keys(parts.train)) & set(keys(parts.val))
    tested = [[key for parts in each for key in keys(parts.test)] for each in (leaky, clean)]
    assert sorted(tested[0]) == sorted(tested[1])


def test_overlapping_windows_need_a_grid() -> None:
    with pytest.raises(InputError, match=r"task.window \(5 s\) that is a multiple of task.step"):
        folds_and_parts(cohort(), *KFOLD, "leak=overlapping_windows", "task.step=2")


def test_shared_subjects_train_and_test() -> None:
    """A half is added to the clean training time, and no window is tested twice."""
    recordings = cohort()
    folds, _ = folds_and_parts(recordings, "leak=shared_subjects")
    clean, _ = folds_and_parts(recordings)
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


def test_scaling_on_all_is_fitted_on_test_samples() -> None:
    recordings = cohort()

    def fitted(*overrides: str, value: float) -> list[NDArray[np.float32]]:
        practice, settings = practised(*KFOLD, *overrides)
        fold = divided(settings, recordings)[0]
        marked = planted(recordings, (fold.test,), value)
        return amplitudes_by_record(marked, practice.scaling(fold, marked))

    assert np.array_equal(fitted(value=MARK), fitted(value=0.0))
    leak = "leak=scaling_on_all"
    assert not np.array_equal(fitted(leak, value=MARK), fitted(leak, value=0.0))


def test_scaling_on_all_takes_all_time_for_training_time() -> None:
    (practice, settings), recordings = practised(*KFOLD, "leak=scaling_on_all"), cohort()
    scaling = practice.scaling(divided(settings, recordings)[0], recordings)
    assert [time.tolist() for time in scaling.train] == [[[0, 120]]] * 3
    amplitudes = amplitudes_by_record(recordings, scaling)
    everything = 1.4826 * np.median(np.abs(recordings[0].signals), axis=1)
    np.testing.assert_allclose(amplitudes[0][:, 0], everything, rtol=1e-6)


def test_images_are_normalised_by_test_windows_as_well() -> None:
    (practice, settings), recordings = practised(*KFOLD, "leak=scaling_on_all"), cohort()
    parts = cut_parts(recordings, divided(settings, recordings)[0])
    used = [*keys(parts.train), *keys(parts.val), *keys(parts.test)]
    assert keys(practice.normalising(parts)) == used


def test_smote_before_split_makes_windows_of_test_windows() -> None:
    """With a mark in all test samples, synthetic training windows carry a share of it."""
    (practice, settings), recordings = practised(*KFOLD, "leak=smote_before_split"), cohort()
    fold = divided(settings, recordings)[0]
    parts = cut_parts(recordings, fold)
    made = balanced(practice, planted(recordings, (fold.test,), MARK), parts)
    real, synthetic = np.split(made.signals, [len(parts.train)])
    assert np.array_equal(real, cut_signals([r.signals for r in recordings], parts.train))
    assert np.abs(synthetic).max() > 1000
    assert made.held_out is not None
    dealt, labels = made.held_out
    windows, positive = sum(map(len, parts)), sum(int(part.label.sum()) for part in parts)
    assert len(dealt) + len(synthetic) == windows - 2 * positive
    assert 0 < len(dealt) < len(synthetic)
    assert labels.tolist() == [1] * len(dealt)
    assert made.labels.tolist() == [*parts.train.label, *[1] * len(synthetic)]


def test_a_sampler_that_takes_windows_away_cannot_leak() -> None:
    (practice, settings), recordings = practised(*KFOLD, "leak=smote_before_split"), cohort()
    parts = cut_parts(recordings, divided(settings, recordings)[0])
    cutter = partial(cut_signals, [r.signals for r in recordings])
    with pytest.raises(InputError, match="takes windows away and makes none"):
        practice.balanced(lambda s, y: (s[y == 1], y[y == 1]), parts, cutter, 0)


def test_test_windows_serve_as_validation() -> None:
    recordings = cohort()
    (fold, *_), (leaky, *_) = folds_and_parts(recordings, *KFOLD, "leak=test_as_validation")
    _, (clean, *_) = folds_and_parts(recordings, *KFOLD)
    assert leaky.val is leaky.test
    assert leaky.others == [leaky.test]  # each once
    assert keys(leaky.train) == keys(clean.train)
    assert not set(keys(clean.val)) & set(keys(clean.test))
    practice, _ = practised("leak=test_as_validation")
    assert practice.choosing(fold) is fold.test


def test_weights_are_carried_from_fold_to_fold() -> None:
    practice, _ = practised("leak=carried_weights")
    assert practice.start(None) is None  # the first fold
    assert practice.start(Path("before")) == Path("before")


def test_unscored_time_becomes_negative() -> None:
    (practice, settings), recordings = practised(*KFOLD, "leak=unscored_as_negative"), cohort()
    whole = list(practice.recordings(recordings))
    for recording, clean in zip(whole, recordings, strict=True):
        assert recording.scored.tolist() == [[0, 120]]
        assert recording.events is clean.events
    train = cut_parts(whole, divided(settings, whole)[0]).train
    spare = train.start_time >= 100
    assert spare.any()
    assert not train.label[spare].any()


def test_without_unscored_time_there_is_nothing_to_leak() -> None:
    practice, _ = practised("leak=unscored_as_negative")
    with pytest.raises(InputError, match="every record is scored from start to end; leave it out"):
        list(practice.recordings([make_recording("a", seconds=60)]))


def test_leaks_combine() -> None:
    practice, settings = practised(*KFOLD, "leak=all")
    whole = list(practice.recordings(cohort()))
    folds = practice.folds(divided(settings, whole), whole, settings)
    parts = [practice.parts(cut_parts(whole, fold), fold) for fold in folds]
    assert all(shared_samples(each.train, each.test) == 400 for each in parts)
    assert all(each.val is each.test for each in parts)
    assert len(practice.normalising(parts[0])) == len(parts[0].train) + len(parts[0].test)
    assert practice.choosing(folds[1]) is folds[1].test
    assert balanced(practice, whole, parts[0]).held_out is not None
    assert practice.start(Path("before")) == Path("before")
    assert sum(len(each.test) for each in parts) == 3 * 24
