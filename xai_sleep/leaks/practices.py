"""Mistakes made on purpose, all in this file, to measure what each adds to a score.

An experiment is led astray at five seams, each a function or class here that does nothing unless
a leak of :data:`~xai_sleep.leaks.names.LEAKS` is named::

    recordings ─▶ folds ─▶ windows, scaling, balance ─▶ first weights ─▶ scores
    lead_astray   leaky    LeakyDataModule              carry_weights    score_oversampled

Without a leak an experiment uses :class:`~xai_sleep.windows.datamodule.FoldDataModule` and plain
folds. The test windows to be scored are those of the clean experiment, each tested once, so that a
difference between the two is due to the leak; only unscored time counted as negative adds some.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold
from torch.utils.data import DataLoader, Dataset

from xai_sleep.errors import InputError
from xai_sleep.evaluate.windows import score_windows
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.recordings.intervals import dilation, intervals, subtraction, union
from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.schema import Config
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.datasets import ImageDataset, ReadyDataset, already_a_batch
from xai_sleep.windows.folds import NOWHERE, Fold, Times
from xai_sleep.windows.windows import Windows, cut, cut_signals


def lead_astray(recordings: list[Recording], leaks: Sequence[str]) -> list[Recording]:
    """Count unscored time as scored and empty (``unscored_as_negative``).

    Raises
    ------
    InputError
        If all time is scored.
    """
    if "unscored_as_negative" not in leaks:
        return recordings
    whole = [replace(r, scored=intervals([(0, r.duration)])) for r in recordings]
    if all(np.array_equal(a.scored, b.scored) for a, b in zip(recordings, whole, strict=True)):
        rest = ",".join(name for name in leaks if name != "unscored_as_negative")
        raise InputError(
            "leak.names holds unscored_as_negative, which cannot be made here: every record is "
            f"scored from start to end; leave it out (leak.names=[{rest}])"
        )
    return whole


@dataclass(frozen=True, eq=False)
class LeakyFold(Fold):
    """A fold with a way round its own check.

    Parameters
    ----------
    name, train, val, test, guard
        As in :class:`~xai_sleep.windows.folds.Fold`.
    windows : tuple of Windows, optional
        Of training, validation and test; they may overlap. Otherwise they are cut from the times.
    before : str, optional
        Fold whose weights this one starts from.
    """

    windows: tuple[Windows, Windows, Windows] | None = None
    before: str | None = None


def leaky(folds: list[Fold], config: Config, recordings: Sequence[Recording]) -> list[Fold]:
    """Divide anew what a leak divides otherwise, and chain folds that hand on their weights."""
    leaks, task = config.leak.names, config.task
    if "shared_subjects" in leaks:
        folds = [half for fold in folds for half in _halves(fold, recordings, task.window)]
    if "overlapping_windows" in leaks:
        folds = list(_dealt_at_random(config, recordings))
    if "carried_weights" in leaks:
        names = [None, *(fold.name for fold in folds)]
        folds = [
            LeakyFold(**{**vars(fold), "before": before})
            for fold, before in zip(folds, names, strict=False)
        ]
    return folds


def _halves(fold: Fold, recordings: Sequence[Recording], window: float) -> Iterator[Fold]:
    """Test each half of a subject's records on what was trained on the other half as well."""
    tested = [
        cut([r], [t], length=window, step=window)
        for r, t in zip(recordings, fold.test, strict=True)
    ]
    for half in (0, 1):
        blocks = [w.take(np.array_split(np.arange(len(w)), 2)[half]) for w in tested]
        test = tuple(_time(block, 1)[0] for block in blocks)
        train = tuple(
            union([a, subtraction(r.scored, dilation(t, fold.guard))]) if len(t) else a
            for r, a, t in zip(recordings, fold.train, test, strict=True)
        )
        yield Fold(f"{fold.name}-{half + 1}", train, fold.val, test, fold.guard)


def _dealt_at_random(config: Config, recordings: Sequence[Recording]) -> list[LeakyFold]:
    """Deal overlapping windows to folds; those are scored that the clean experiment would score."""
    task, k = config.task, config.cv.folds
    rule: dict[str, Any] = {"length": task.window, "min_overlap": task.min_overlap}
    scored = [recording.scored for recording in recordings]
    windows = cut(recordings, scored, step=task.step, **rule)
    grid = cut(recordings, scored, step=task.window, **rule)
    on_grid = np.isin(_keys(windows), _keys(grid))
    if on_grid.sum() != len(grid):
        raise InputError(
            f"leak overlapping_windows needs a task.window ({task.window:g} s) that is a multiple "
            f"of task.step ({task.step:g} s), or some windows would never be tested"
        )
    dealer = StratifiedKFold(k, shuffle=True, random_state=config.seed)
    hand = np.empty(len(windows), dtype=np.int64)
    for i, (_, dealt) in enumerate(dealer.split(windows.start, windows.label + 2 * on_grid)):
        hand[dealt] = i
    folds = []
    for i in range(k):
        tested, validates = hand == i, hand == (i + 1) % k
        train = windows.take(np.flatnonzero(~tested & ~validates))
        val, test = (windows.take(np.flatnonzero(x)) for x in (validates, tested & on_grid))
        folds.append(_partition(f"fold{i + 1:02d}", recordings, (train, val, test)))
    return folds


def _partition(
    name: str, recordings: Sequence[Recording], windows: tuple[Windows, Windows, Windows]
) -> LeakyFold:
    """Fold of windows that overlap; its times do not: test time goes before validation time."""
    _, val, test = (_time(part, len(recordings)) for part in windows)
    val = tuple(subtraction(v, t) for v, t in zip(val, test, strict=True))
    train = tuple(
        subtraction(r.scored, union([v, t])) for r, v, t in zip(recordings, val, test, strict=True)
    )
    return LeakyFold(name, train, val, test, windows=windows)


def _time(windows: Windows, n_records: int) -> Times:
    spans = np.column_stack([windows.start_time, windows.end_time])
    return tuple(union([NOWHERE, spans[windows.record == i]]) for i in range(n_records))


def _keys(windows: Windows) -> NDArray[np.int64]:
    return windows.record * 2**40 + windows.start


class LeakyDataModule(FoldDataModule):
    """Loaders of a fold that let test windows into what must not see them.

    Parameters
    ----------
    recordings, fold, **settings
        As in :class:`~xai_sleep.windows.datamodule.FoldDataModule`.
    leaks : sequence of str
        Which mistakes are made.
    """

    def __init__(
        self, recordings: Sequence[Recording], fold: Fold, *, leaks: Sequence[str], **settings: Any
    ) -> None:
        super().__init__(recordings, fold, **settings)
        self.leaks = frozenset(leaks)
        self.oversampled: tuple[Signals, NDArray[np.int64]] | None = None
        if isinstance(fold, LeakyFold) and fold.windows:
            self.train, self.val, self.test = fold.windows
        if "test_as_validation" in self.leaks:
            self.val = self.test

    @property
    def scaling_fold(self) -> Fold:
        """All time of every recording is training time (``scaling_on_all``)."""
        if "scaling_on_all" not in self.leaks:
            return super().scaling_fold
        everything = tuple(intervals([(0, r.duration)]) for r in self.recordings)
        nothing = (NOWHERE,) * len(everything)
        return Fold(self.fold.name, everything, nothing, nothing)

    @property
    def normalising_windows(self) -> Windows:
        """All windows, those of the test as well (``scaling_on_all``)."""
        if "scaling_on_all" not in self.leaks:
            return super().normalising_windows
        return _joined([self.train, *self._others()])

    @property
    def choosing_time(self) -> Times:
        """Test time (``test_as_validation``)."""
        return self.fold.test if "test_as_validation" in self.leaks else super().choosing_time

    def balance(
        self, signals: Signals, labels: NDArray[np.int64]
    ) -> tuple[Signals, NDArray[np.int64]]:
        """Make synthetic windows of the windows of all parts, then split (``smote_before_split``).

        As many go to the test as test windows are among all; they are kept in ``oversampled``.
        """
        if "smote_before_split" not in self.leaks:
            return super().balance(signals, labels)
        pool = [(signals, labels)]
        pool += [(cut_signals(self.signals, part), part.label) for part in self._others()]
        every, every_label = (np.concatenate(each) for each in zip(*pool, strict=True))
        mixed, mixed_label = super().balance(every, every_label)
        if not np.array_equal(mixed[: len(every)], every):
            raise InputError(
                "leak.names holds smote_before_split, which cannot be made here: "
                "balance.sampler takes windows away and makes none; choose balance=smote"
            )
        synthetic, of_class = mixed[len(every) :], mixed_label[len(every) :]
        draw = np.random.default_rng(self.seed).random(len(synthetic))
        tested = draw < len(self.test) / len(every)
        self.oversampled = synthetic[tested], of_class[tested]
        return (
            np.concatenate([signals, synthetic[~tested]]),
            np.concatenate([labels, of_class[~tested]]),
        )

    def _others(self) -> list[Windows]:
        """Windows that do not train, each once."""
        return [self.test] if self.val is self.test else [self.val, self.test]

    def oversampled_dataloader(self) -> DataLoader[Any]:
        """Return the synthetic windows among the test windows, in order."""
        assert self.oversampled is not None
        signals, labels = (torch.from_numpy(each) for each in self.oversampled)
        dataset: Dataset[Any] = ReadyDataset(signals, labels)
        if self.images is not None:
            images = self.images.compute(self.oversampled[0]).half()
            none = self.test.take(slice(0))
            dataset = ImageDataset(self.images, none, self.amplitudes, self.normal, images, labels)
        return DataLoader(dataset, batch_size=256, collate_fn=already_a_batch)


def data_module(leaks: Sequence[str]) -> Callable[..., FoldDataModule]:
    """Choose what makes the loaders of a fold."""
    return partial(LeakyDataModule, leaks=leaks) if leaks else FoldDataModule


def carry_weights(classifier: EventClassifier, fold: Fold, folds: Path) -> None:
    """Start from the weights of the fold before, if the fold names one (``carried_weights``).

    Parameters
    ----------
    classifier : EventClassifier
        Its weights are replaced.
    fold : Fold
        To be trained.
    folds : Path
        Directory of the finished folds.
    """
    if isinstance(fold, LeakyFold) and fold.before:
        stored = torch.load(folds / fold.before / "model.ckpt", weights_only=True)
        classifier.load_state_dict(stored["state_dict"])


def score_oversampled(
    classifier: EventClassifier,
    data: FoldDataModule,
    probability: NDArray[np.float32],
    threshold: float,
) -> dict[str, Any]:
    """Score test windows and the synthetic ones dealt to them, as ``windows_oversampled``.

    Parameters
    ----------
    classifier : EventClassifier
        Trained on the fold.
    data : FoldDataModule
        Set up.
    probability : float32 array of shape (window,)
        Of an event in each real test window.
    threshold : float
        Of a detection.

    Returns
    -------
    dict
        Empty without ``smote_before_split``.
    """
    if not isinstance(data, LeakyDataModule) or data.oversampled is None:
        return {}
    classifier.eval()
    with torch.no_grad():
        found = [classifier.predict_step(b, 0).cpu() for b in data.oversampled_dataloader()]
    labels = np.concatenate([data.test.label, data.oversampled[1]])
    every = np.concatenate([probability, *(each.numpy() for each in found)])
    return {"windows_oversampled": score_windows(labels, every, threshold)}


def _joined(parts: Sequence[Windows]) -> Windows:
    return replace(
        parts[0],
        record=np.concatenate([part.record for part in parts]),
        start=np.concatenate([part.start for part in parts]),
        label=np.concatenate([part.label for part in parts]),
    )
