"""What a network is fed: nothing from outside its training time, everything in a known order."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from tests.support.inputs import signal_input
from tests.support.recordings import make_recording, planted
from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.datamodule import FoldDataModule, WindowDataset, shifted
from xai_sleep.windows.folds import Fold, k_fold, leave_one_subject_out
from xai_sleep.windows.images import Store
from xai_sleep.windows.practice import Balanced, Parts, Practice
from xai_sleep.windows.windows import cut, cut_signals

WINDOW = 2.0
SAMPLER = {"_target_": "imblearn.over_sampling.SMOTE", "k_neighbors": 2}


def cohort() -> list[Recording]:
    """Three subjects, two channels, a short event every nine seconds."""
    return [
        make_recording(
            name,
            seconds=91.3,
            channels=("one", "two"),
            events=[(onset + seed, onset + seed + 0.7) for onset in range(3, 80, 9)],
            seed=seed,
        )
        for seed, name in enumerate("abc")
    ]


def divided(recordings: Sequence[Recording], scheme: str) -> list[Fold]:
    if scheme == "kfold":
        return k_fold(recordings, k=3, window=WINDOW, guard=2.5, seed=0)
    return leave_one_subject_out(recordings, val_blocks=3, window=WINDOW, guard=2.5, seed=0)


def module(
    recordings: Sequence[Recording], fold: Fold, *, scale: str = "record", **settings: Any
) -> FoldDataModule:
    defaults = dict[str, Any](step=0.5, sampler=SAMPLER, noise=0.1, batch_size=32)
    seen = signal_input(recordings, WINDOW, scale=scale)
    data = FoldDataModule(Store(recordings), fold, seen, **(defaults | settings))
    data.setup()
    return data


def one_module(**settings: Any) -> FoldDataModule:
    recordings = cohort()
    return module(recordings, divided(recordings, "loso")[0], **settings)


def balanced(data: FoldDataModule) -> tuple[Tensor, Tensor]:
    """All that training batches are drawn from, in order."""
    signals, labels = data.balanced.__getitems__(list(range(len(data.balanced))))[:2]
    return signals, labels


def joined(loader: DataLoader[Any]) -> tuple[Tensor, Tensor]:
    signals, labels = zip(*loader, strict=True)
    return torch.cat(signals), torch.cat(labels)


@pytest.mark.parametrize("scheme", ["kfold", "loso"])
@pytest.mark.parametrize("scale", ["record", "train"])
def test_training_never_sees_validation_or_test_samples(scheme: str, scale: str) -> None:
    """Scaling and synthetic windows included: bit for bit, with a marker in all those samples."""
    recordings = cohort()
    for fold in divided(recordings, scheme):
        marked = planted(recordings, (fold.val, fold.test), 1e6)
        before, after = (module(r, fold, scale=scale) for r in (recordings, marked))
        for one, other in zip(balanced(before), balanced(after), strict=True):
            assert torch.equal(one, other)
        assert not torch.equal(
            joined(before.test_dataloader())[0], joined(after.test_dataloader())[0]
        )


def test_training_windows_are_the_real_ones_and_then_synthetic_positive_ones() -> None:
    data = one_module()
    signals, labels = balanced(data)
    real = torch.from_numpy(data.scaled(data.train))
    assert torch.equal(signals[: len(real)], real)
    assert labels[: len(real)].tolist() == data.train.label.tolist()
    assert labels.bincount().tolist() == [int((data.train.label == 0).sum())] * 2
    assert labels[len(real) :].all()


@pytest.mark.parametrize("part", ["val", "test"])
def test_windows_that_are_scored_come_untouched_and_in_order(part: str) -> None:
    data = one_module()
    windows = getattr(data, part)
    signals, labels = joined(getattr(data, f"{part}_dataloader")())
    assert np.array_equal(signals.numpy(), data.scaled(windows))
    assert labels.tolist() == windows.label.tolist()
    assert 0 < labels.sum() < len(labels)


def test_windows_are_cut_by_the_settings() -> None:
    recordings = cohort()
    fold = divided(recordings, "kfold")[0]
    data = module(recordings, fold, min_overlap=0.5, step=0.7)
    for found, times, step in (
        (data.train, fold.train, 0.7),
        (data.val, fold.val, 0.7),
        (data.test, fold.test, WINDOW),
    ):
        expected = cut(recordings, times, length=WINDOW, step=step, min_overlap=0.5)
        assert np.array_equal(found.start, expected.start)
        assert np.array_equal(found.label, expected.label)


def test_test_windows_do_not_overlap() -> None:
    windows = one_module().test
    same = np.diff(windows.record) == 0
    assert np.all(np.diff(windows.start)[same] >= windows.length)


def batches(data: FoldDataModule, epochs: int = 2) -> list[list[Tensor]]:
    loader = data.train_dataloader()
    return [torch.cat([signals for signals, _ in loader]).tolist() for _ in range(epochs)]


def test_the_seed_decides_the_order_of_training_batches() -> None:
    one, same, other = (batches(one_module(seed=seed, sampler=None)) for seed in (5, 5, 6))
    assert one == same
    assert one != other
    assert one[0] != one[1]


def test_an_epoch_holds_whole_batches_of_different_training_windows() -> None:
    data = one_module()
    sizes = [len(labels) for _, labels in data.train_dataloader()]
    assert sizes == [32] * (len(data.balanced) // 32)
    seen = {window.numpy().tobytes() for batch, _ in data.train_dataloader() for window in batch}
    known = {window.numpy().tobytes() for window in balanced(data)[0]}
    assert len(seen) == sum(sizes)
    assert seen <= known


def test_fewer_training_windows_than_a_batch_are_one_batch() -> None:
    data = one_module(batch_size=100_000)
    assert [len(labels) for _, labels in data.train_dataloader()] == [len(data.balanced)]


def test_setup_is_done_once() -> None:
    data = one_module()
    before = (data.amplitudes, data.balanced)
    data.setup("fit")
    data.setup("test")
    assert before[0] is data.amplitudes
    assert before[1] is data.balanced


def test_a_fold_without_events_to_train_on_is_named() -> None:
    quiet = [make_recording(name, seconds=60) for name in "ab"]
    with pytest.raises(InputError, match=r"fold a: none of the \d+ training windows holds"):
        module(quiet, divided(quiet, "loso")[0])


def test_a_dataset_gives_what_is_cut() -> None:
    recordings = cohort()
    signals = [recording.signals for recording in recordings]
    windows = cut(recordings, [r.scored for r in recordings], length=WINDOW, step=0.3)
    scales = [np.array([[i + 1.0], [2.0]], dtype=np.float32) for i in range(3)]
    seen = signal_input(recordings, WINDOW)
    dataset = WindowDataset(seen, Store(recordings), windows, scales)
    index = np.random.default_rng(0).permutation(len(dataset))[:40]
    shown, labels = dataset.__getitems__(index.tolist())
    assert len(dataset) == len(windows)
    scaled = [signal / scale for signal, scale in zip(signals, scales, strict=True)]
    assert np.array_equal(shown.numpy(), cut_signals(scaled, windows, index))
    assert labels.tolist() == windows.label[index].tolist()
    assert (shown.dtype, labels.dtype) == (torch.float32, torch.int64)


class Otherwise(Practice):
    """Tests on what validates, scales by all time, and holds synthetic windows out."""

    def parts(self, parts: Parts, fold: Fold) -> Parts:  # noqa: ARG002
        """Test on validation windows."""
        return Parts(parts.train, parts.val, parts.val)

    def scaling(self, fold: Fold, recordings: Sequence[Recording]) -> Fold:
        """Look at everything."""
        nothing = tuple(np.empty((0, 2)) for _ in recordings)
        return Fold(fold.name, tuple(r.scored for r in recordings), nothing, nothing)

    def balanced(self, balance: Any, parts: Parts, cut: Any, seed: int) -> Balanced:  # noqa: ARG002
        """Hold every second synthetic window out."""
        signals, labels = balance(cut(parts.train), parts.train.label)
        n = len(parts.train)
        kept = np.r_[:n, n : len(labels) : 2]
        rest = np.arange(n + 1, len(labels), 2)
        return Balanced(signals[kept], labels[kept], (signals[rest], labels[rest]))


def test_a_practice_decides_at_every_seam() -> None:
    clean, other = one_module(), one_module(practice=Otherwise())
    assert other.test is other.val
    assert np.array_equal(other.val.start, clean.val.start)
    whole = 1.4826 * np.median(np.abs(clean.recordings[1].signals), axis=1)
    assert other.amplitudes[1].ravel() == pytest.approx(whole)
    assert clean.amplitudes[1].ravel() != pytest.approx(whole, rel=1e-4)
    assert other.held_out is not None
    signals, labels = joined(other.held_out_dataloader())
    assert np.array_equal(signals, other.held_out[0])
    assert labels.all()
    assert len(other.balanced) + len(labels) == len(clean.balanced)
    assert clean.held_out is None


def test_shuffled_labels_keep_their_number_and_test_windows_theirs() -> None:
    clean, mixed, again = one_module(), one_module(shuffled=1), one_module(shuffled=1)
    for part in ("train", "val"):
        one, other, same = (getattr(data, part).label for data in (clean, mixed, again))
        assert one.sum() == other.sum()
        assert (one != other).any()
        assert (same == other).all()
    assert (clean.test.label == mixed.test.label).all()
    real = len(mixed.train)
    assert balanced(mixed)[1][:real].tolist() == mixed.train.label.tolist()


def test_marks_go_with_real_windows_and_are_unknown_for_synthetic_ones() -> None:
    data = one_module(marks=True)
    marks = data.balanced.__getitems__(list(range(len(data.balanced))))[2]
    assert torch.equal(data.balanced.__getitems__([3])[2].nan_to_num(), marks[[3]].nan_to_num())
    real = len(data.train)
    assert marks.shape == (len(data.balanced), data.train.length)
    assert marks[real:].isnan().all()
    assert len(marks) > real
    assert torch.equal(marks[:real] > 0.5, torch.from_numpy(planted_marks(data)))


def planted_marks(data: FoldDataModule) -> NDArray[np.bool_]:
    """Whether an event covers the centre of each sample of the training windows."""
    centres = (
        data.train.start_time[:, None] + (np.arange(data.train.length) + 0.5) / data.train.sfreq
    )
    events = [data.recordings[i].events for i in data.train.record]
    return np.array(
        [
            ((times[:, None] >= e[:, 0]) & (times[:, None] < e[:, 1])).any(axis=1)
            for times, e in zip(centres, events, strict=True)
        ]
    )


def test_marks_shift_with_their_window() -> None:
    inputs = torch.randn(5, 2, 30, generator=torch.Generator().manual_seed(0))
    by = torch.tensor([0, 1, 7, 29, 30])
    marks = inputs.sum(1)
    torch.testing.assert_close(shifted(inputs, by).sum(1), shifted(marks, by))
    rolled = [torch.roll(window, -int(n), -1) for window, n in zip(inputs, by, strict=True)]
    assert torch.equal(shifted(inputs, by), torch.stack(rolled))


def test_marks_need_windows_with_a_place_in_time() -> None:
    sampler = {"_target_": "imblearn.under_sampling.RandomUnderSampler"}
    with pytest.raises(InputError, match=r"trainer\.marks .*RandomUnderSampler takes windows away"):
        one_module(marks=True, sampler=sampler, noise=0.0)
