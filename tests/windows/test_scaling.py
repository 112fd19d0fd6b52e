"""Scaling: the right amplitude, from the time a fold allows and no other."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.inputs import signal_input
from tests.support.recordings import make_recording, planted
from xai_sleep.recordings.intervals import NOWHERE, intervals
from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.windows.folds import Fold, k_fold, leave_one_subject_out
from xai_sleep.windows.images import Store
from xai_sleep.windows.inputs import amplitude
from xai_sleep.windows.windows import cut, cut_signals

Scale = Callable[[Sequence[Recording], Fold], list[Signals]]


def scaled_by(scale: str, recordings: Sequence[Recording], fold: Fold) -> list[Signals]:
    """All signals, scaled by an input that was fitted to the fold."""
    seen = signal_input(recordings, 2.0, scale=scale)
    store = Store(recordings)
    seen.fit(store, fold, cut(recordings, fold.train, length=2, step=0.5))
    amplitudes = seen.amplitudes(recordings, fold)
    return [
        seen(torch.from_numpy(r.signals), a).numpy()
        for r, a in zip(recordings, amplitudes, strict=True)
    ]


scale_by_record = partial(scaled_by, "record")
scale_by_train = partial(scaled_by, "train")
both_scales = pytest.mark.parametrize("scale", [scale_by_record, scale_by_train])
NOBODY = (NOWHERE,)


def cohort() -> list[Recording]:
    """Three subjects of different amplitude, two channels each."""
    recordings = [
        make_recording(name, seconds=61.7, channels=("one", "two"), seed=seed)
        for seed, name in enumerate("abc")
    ]
    for factor, recording in enumerate(recordings, start=1):
        recording.signals[:] *= factor
    return recordings


def divided(recordings: list[Recording], scheme: str) -> list[Fold]:
    if scheme == "kfold":
        return k_fold(recordings, k=3, window=2, guard=2, seed=0)
    return leave_one_subject_out(recordings, val_blocks=3, window=2, guard=2, seed=0)


def training_windows(recordings: list[Recording], fold: Fold, scale: Scale) -> Signals:
    windows = cut(recordings, fold.train, length=2, step=0.5)
    return cut_signals(scale(recordings, fold), windows)


@both_scales
@pytest.mark.parametrize("scheme", ["kfold", "loso"])
@pytest.mark.parametrize("marker", [1e6, 0.0])
def test_validation_and_test_time_tell_training_windows_nothing(
    scale: Scale, scheme: str, marker: float
) -> None:
    recordings = cohort()
    for fold in divided(recordings, scheme):
        marked = planted(recordings, (fold.val, fold.test), marker)
        before = training_windows(recordings, fold, scale)
        assert np.array_equal(before, training_windows(marked, fold, scale))


@both_scales
def test_training_time_decides(scale: Scale) -> None:
    """Twice the signal in training time halves everything else."""
    recordings = [make_recording(seconds=60)]
    for fold in divided(recordings, "kfold"):
        louder = [make_recording(seconds=60)]
        for start, end in np.round(fold.train[0] * 10).astype(int):
            louder[0].signals[:, start:end] *= 2
        tested = cut(recordings, fold.test, length=2, step=2)
        before = cut_signals(scale(recordings, fold), tested)
        assert np.allclose(cut_signals(scale(louder, fold), tested), before / 2, rtol=1e-6)


def test_a_record_without_training_time_is_scaled_by_its_own_signal_in_its_role() -> None:
    recording = make_recording(seconds=60)
    recording.signals[:, 300:] *= 1000
    only_tests = Fold("f", NOBODY, NOBODY, (intervals([(0, 30)]),))
    validates = Fold("f", NOBODY, (intervals([(0, 30)]),), (intervals([(30, 60)]),))
    for fold in (only_tests, validates):
        signals = scale_by_record([recording], fold)[0]
        assert amplitude([signals[:, :300]]) == pytest.approx(1.0, rel=1e-6)


def test_training_time_shorter_than_a_sample_is_none() -> None:
    sliver = (intervals([(59.98, 60)]),)
    fold = Fold("f", sliver, NOBODY, (intervals([(0, 30)]),))
    signals = scale_by_record([make_recording(seconds=60)], fold)[0]
    assert amplitude([signals[:, :300]]) == pytest.approx(1.0, rel=1e-6)


def test_records_are_brought_to_one_amplitude_or_keep_their_proportions() -> None:
    recordings = cohort()
    fold = divided(recordings, "kfold")[0]
    by_record, by_train = (
        [float(signals.std()) for signals in scale(recordings, fold)]
        for scale in (scale_by_record, scale_by_train)
    )
    assert by_record == pytest.approx([1, 1, 1], rel=0.15)
    assert [value / by_train[0] for value in by_train] == pytest.approx([1, 2, 3], rel=0.15)


def test_amplitude_of_normal_noise_is_its_standard_deviation() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, [[3.0], [40.0]], (2, 100_000)).astype(np.float32)
    assert amplitude([noise[:, :700], noise[:, 700:]]).ravel() == pytest.approx([3, 40], rel=0.01)


def test_amplitude_is_robust() -> None:
    noise = np.random.default_rng(0).normal(0, 3, (1, 100_000)).astype(np.float32)
    noise[:, :1000] = 1e6
    assert amplitude([noise])[0, 0] == pytest.approx(3, rel=0.02)


@given(st.floats(1e-3, 1e3), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_amplitude_follows_the_unit(factor: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(size=(2, 50)).astype(np.float32)
    factor = float(np.float32(factor))
    scaled = amplitude([noise * np.float32(factor)])
    assert np.allclose(scaled, factor * amplitude([noise]), rtol=1e-5)


def test_a_channel_that_is_mostly_zero_is_measured_by_its_standard_deviation() -> None:
    signal = np.zeros((1, 100), dtype=np.float32)
    signal[0, :10] = 5
    assert amplitude([signal])[0, 0] == pytest.approx(1.5)


@both_scales
def test_a_flat_channel_is_left_alone(scale: Scale) -> None:
    recordings = cohort()
    for recording in recordings:
        recording.signals[1] = 0
    for signals in scale(recordings, divided(recordings, "kfold")[0]):
        assert not signals[1].any()
        assert signals[0].std() > 0.5


@both_scales
def test_recordings_are_left_alone(scale: Scale) -> None:
    recordings = cohort()
    before = [recording.signals.copy() for recording in recordings]
    scaled = scale(recordings, divided(recordings, "loso")[0])
    assert all(np.array_equal(r.signals, b) for r, b in zip(recordings, before, strict=True))
    assert {signals.dtype for signals in scaled} == {np.dtype(np.float32)}
