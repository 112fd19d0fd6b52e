"""What a network on images is fed: images of its windows, z-scored by training windows alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.support.images import LENGTH, SFREQ, directly, make_images, transform
from tests.support.inputs import image_input
from tests.support.recordings import make_recording, planted
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.balance import balance
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import Fold, k_fold, leave_one_subject_out
from xai_sleep.windows.inputs import ImageInput
from xai_sleep.windows.windows import Windows

WINDOW = LENGTH / SFREQ
SMOTE = {"_target_": "imblearn.over_sampling.SMOTE", "k_neighbors": 2}
FEWER = {"_target_": "imblearn.under_sampling.RandomUnderSampler"}
KINDS = pytest.mark.parametrize("kind", ["coherence", "scalogram"])
# What rounding to float16 leaves, in units of a standard deviation that may be as small as 0.1.
CLOSE = 0.05


def cohort(kind: str) -> list[Recording]:
    channels = ("one", "two") if kind == "coherence" else ("one",)
    return [
        make_recording(
            name,
            seconds=120,
            sfreq=SFREQ,
            channels=channels,
            events=[(onset + seed, onset + seed + 0.7) for onset in range(3, 110, 17)],
            seed=seed,
        )
        for seed, name in enumerate("abc")
    ]


def fold_of(recordings: list[Recording], scheme: str = "loso") -> Fold:
    if scheme == "kfold":
        return k_fold(recordings, k=3, window=WINDOW, guard=5, seed=0)[0]
    return leave_one_subject_out(recordings, val_blocks=3, window=WINDOW, guard=5, seed=0)[0]


def module(
    recordings: list[Recording],
    kind: str,
    directory: Path,
    fold: Fold,
    *,
    scale: str = "record",
    **settings: Any,
) -> FoldDataModule:
    images, seen = (
        make_images(recordings, kind, directory),
        image_input(recordings, kind, scale=scale),
    )
    usual: dict[str, Any] = {"step": 1.0, "sampler": SMOTE, "noise": 0.1, "batch_size": 32}
    data = FoldDataModule(images, fold, seen, **(usual | settings))
    data.setup()
    return data


def one_module(kind: str, directory: Path, **settings: Any) -> FoldDataModule:
    recordings = cohort(kind)
    return module(recordings, kind, directory, fold_of(recordings), **settings)


def balanced(data: FoldDataModule) -> tuple[Tensor, NDArray[np.int64]]:
    """All that training batches are drawn from, in order."""
    images, labels = data.balanced.__getitems__(list(range(len(data.balanced))))
    return images, labels.numpy()


def normal(data: FoldDataModule) -> tuple[Tensor, Tensor]:
    assert isinstance(data.input, ImageInput)
    return data.input.mean, data.input.sd


def plain(data: FoldDataModule, windows: Windows, kind: str) -> Tensor:
    """Images of windows from their scaled signals, z-scored as the module does."""
    mean, sd = normal(data)
    return (directly(data.recordings, windows, data.amplitudes, kind) - mean) / sd


@KINDS
@pytest.mark.parametrize("scale", ["record", "train"])
@pytest.mark.parametrize("part", ["val", "test"])
def test_scored_windows_come_as_images_in_order(
    kind: str, scale: str, part: str, tmp_path: Path
) -> None:
    data = one_module(kind, tmp_path, scale=scale)
    windows = getattr(data, part)
    images, labels = zip(*getattr(data, f"{part}_dataloader")(), strict=True)
    expected = plain(data, windows, kind)
    torch.testing.assert_close(torch.cat(images), expected, rtol=0, atol=CLOSE)
    assert torch.cat(labels).tolist() == windows.label.tolist()
    assert 0 < windows.label.sum() < len(windows)


@KINDS
def test_training_images_are_of_the_real_windows_then_of_the_synthetic_signals(
    kind: str, tmp_path: Path
) -> None:
    data = one_module(kind, tmp_path)
    images, labels = balanced(data)
    signals, expected_labels = balance(
        data.scaled(data.train),
        data.train.label,
        sampler=SMOTE,
        noise=0.1,
        seed=0,
        where="here",
    )
    assert labels.tolist() == expected_labels.tolist()
    assert np.bincount(labels).tolist() == [len(labels) // 2] * 2
    n_real, (mean, sd) = len(data.train), normal(data)
    assert n_real < len(labels)
    real, synthetic = images[:n_real], images[n_real:]
    torch.testing.assert_close(real, plain(data, data.train, kind), rtol=0, atol=CLOSE)
    direct = (transform(kind)(torch.from_numpy(signals[n_real:])) - mean) / sd
    torch.testing.assert_close(synthetic, direct, rtol=0, atol=CLOSE)


@KINDS
def test_rows_of_real_training_windows_have_mean_0_and_sd_1(kind: str, tmp_path: Path) -> None:
    data = one_module(kind, tmp_path)
    real = balanced(data)[0][: len(data.train)].double()
    torch.testing.assert_close(
        real.mean((0, 3)), torch.zeros_like(real[0, ..., 0]), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(
        real.std((0, 3), correction=0), torch.ones_like(real[0, ..., 0]), atol=1e-4, rtol=0
    )
    assert normal(data)[0].std() > 0.01


@pytest.mark.parametrize("scheme", ["loso", "kfold"])
@KINDS
def test_training_batches_never_see_validation_or_test_samples(
    kind: str, scheme: str, tmp_path: Path
) -> None:
    recordings = cohort(kind)
    fold = fold_of(recordings, scheme)
    marked = planted(recordings, (fold.val, fold.test), 1e5)
    before, after = (module(r, kind, tmp_path, fold) for r in (recordings, marked))
    batches = [list(data.train_dataloader()) for data in (before, after)]
    for (images, labels), (other, other_labels) in zip(*batches, strict=True):
        assert torch.equal(images, other)
        assert torch.equal(labels, other_labels)
    scored = [torch.cat([images for images, _ in d.test_dataloader()]) for d in (before, after)]
    assert not torch.equal(*scored)


def test_a_sampler_that_takes_windows_away_keeps_some_of_the_real_ones(tmp_path: Path) -> None:
    data = one_module("coherence", tmp_path, sampler=FEWER, noise=0.0)
    images, labels = balanced(data)
    positive = int(data.train.label.sum())
    assert np.bincount(labels).tolist() == [positive, positive]
    real = plain(data, data.train, "coherence")
    distance = (images[:, None] - real[None]).abs().amax((2, 3, 4))
    nearest = distance.argmin(1).numpy()
    assert distance.min(1).values.max() < CLOSE
    assert len(set(nearest)) == len(nearest)
    assert data.train.label[nearest].tolist() == labels.tolist()


def test_without_a_sampler_the_real_windows_are_all_there_is(tmp_path: Path) -> None:
    data = one_module("coherence", tmp_path, sampler=None, noise=0.0)
    images, labels = balanced(data)
    assert labels.tolist() == data.train.label.tolist()
    torch.testing.assert_close(images, plain(data, data.train, "coherence"), rtol=0, atol=CLOSE)


def test_training_batches_are_drawn_from_these_in_an_order_of_the_seed(tmp_path: Path) -> None:
    one, same, other = (one_module("coherence", tmp_path, seed=s) for s in (0, 0, 1))
    epochs = [torch.cat([i for i, _ in data.train_dataloader()]) for data in (one, same, other)]
    assert torch.equal(epochs[0], epochs[1])
    assert not torch.equal(epochs[0], epochs[2])
    images, labels = balanced(one)
    known = dict(zip((i.numpy().tobytes() for i in images), labels.tolist(), strict=True))
    drawn = [
        (image.numpy().tobytes(), int(label))
        for batch, of_batch in one.train_dataloader()
        for image, label in zip(batch, of_batch, strict=True)
    ]
    assert len({image for image, _ in drawn}) == len(drawn) == len(images) // 32 * 32
    assert all(known[image] == label for image, label in drawn)


def test_a_row_that_does_not_vary_in_training_stays_finite(tmp_path: Path) -> None:
    """As where the records of the training set hold nothing of a frequency."""
    recordings = cohort("coherence")
    fold = fold_of(recordings)
    flat = planted(recordings, (fold.train, fold.val), 3.0)
    data = module(flat, "coherence", tmp_path, fold, sampler=None, noise=0.0)
    images = torch.cat([images for images, _ in data.test_dataloader()])
    assert images.abs().max() < 1e4
