"""Mistakes of published practice, made on purpose to measure what each adds to a score.

The test windows scored are those of the clean experiment, but where unscored time adds some.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import (
    NOWHERE,
    Intervals,
    dilation,
    intervals,
    subtraction,
    union,
)
from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.schema import Config
from xai_sleep.windows.folds import Fold, Records, Times
from xai_sleep.windows.practice import Balance, Balanced, Leak, Parts, Practice
from xai_sleep.windows.windows import Windows, cut


class UnscoredAsNegative(Practice):
    """Counts all time as scored."""

    leak = Leak("unscored_as_negative", "where no expert looked there is said to be no event")

    def recordings(self, recordings: Iterable[Recording]) -> Iterator[Recording]:
        """Score recordings from start to end; InputError if they are."""
        changed = False
        for one in recordings:
            whole = intervals([(0, one.duration)])
            changed = changed or one.scored.tolist() != whole.tolist()
            yield replace(one, scored=whole)
        if not changed:
            scored = "every record is scored from start to end; leave it out"
            raise InputError(f"leak={self.leak.name} cannot be made here: {scored}")


class SharedSubjects(Practice):
    """Trains on one half of each test subject's time as well, and tests the other."""

    leak = Leak("shared_subjects", "the other half of each test subject's time is in training")

    def obstacle(self, config: Config) -> str:
        """Require subjects that are apart to begin with."""
        why = "it varies cv=loso or group_kfold; cv=kfold has every subject on both sides as it is"
        return "" if config.cv.scheme in ("loso", "group_kfold") else why

    def folds(self, folds: list[Fold], recordings: Records, config: Config) -> list[Fold]:
        """Make two folds of each."""
        return [half for fold in folds for half in _halves(fold, recordings, config.task.window)]


def _halves(fold: Fold, recordings: Records, window: float) -> Iterator[Fold]:
    pairs = list(zip(recordings, fold.test, strict=True))
    tested = [cut([r], [time], length=window, step=window) for r, time in pairs]
    for half in (0, 1):
        blocks = [w.take(np.array_split(np.arange(len(w)), 2)[half]) for w in tested]
        test = tuple(union([np.column_stack([b.start_time, b.end_time])]) for b in blocks)
        train = tuple(
            union([a, subtraction(r.scored, dilation(t, fold.guard))]) if len(t) else a
            for r, a, t in zip(recordings, fold.train, test, strict=True)
        )
        yield Fold(f"{fold.name}-{half + 1}", train, fold.val, test, fold.guard)


@dataclass(frozen=True, eq=False)
class DealtFold(Fold):
    """A fold with a way round its own check: windows that its times would not allow."""

    windows: Parts = field(kw_only=True)


class OverlappingWindows(Practice):
    """Deals overlapping windows to folds at random, without a guard."""

    _about = "overlapping windows are dealt to folds at random, without a guard"
    leak = Leak("overlapping_windows", _about)

    def obstacle(self, config: Config) -> str:
        """Require folds that divide the time of each subject."""
        scheme = config.cv.scheme
        why = f"it varies cv=kfold; cv={scheme} keeps all windows of a subject in one fold"
        return "" if scheme == "kfold" else why

    def folds(self, folds: list[Fold], recordings: Records, config: Config) -> list[Fold]:  # noqa: ARG002
        """Deal the windows; those that the clean experiment would test must be among them."""
        task = config.task
        scored = [recording.scored for recording in recordings]
        windows, grid = (
            cut(recordings, scored, length=task.window, step=step, min_overlap=task.min_overlap)
            for step in (task.step, task.window)
        )
        keys, of_grid = (each.record * 2**40 + each.start for each in (windows, grid))
        on_grid = np.isin(keys, of_grid)
        if on_grid.sum() != len(grid):
            needs = f"needs a task.window ({task.window:g} s) that is a multiple of task.step"
            never = f"({task.step:g} s), or some windows would never be tested"
            raise InputError(f"leak={self.leak.name} {needs} {never}")
        classes = windows.label + 2 * on_grid
        dealer = StratifiedKFold(config.cv.folds, shuffle=True, random_state=config.seed)
        hands = [np.isin(np.arange(len(windows)), h) for _, h in dealer.split(classes, classes)]
        dealt: list[Fold] = []
        for i, (tested, validates) in enumerate(zip(hands, hands[1:] + hands[:1], strict=True), 1):
            purposes = (~tested & ~validates, validates, tested & on_grid)
            parts = Parts(*(windows.take(np.flatnonzero(purpose)) for purpose in purposes))
            dealt.append(_dealt(f"fold{i:02d}", recordings, parts))
        return dealt

    def parts(self, parts: Parts, fold: Fold) -> Parts:
        """Take the windows that were dealt to the fold."""
        return fold.windows if isinstance(fold, DealtFold) else parts


def _dealt(name: str, recordings: Records, parts: Parts) -> DealtFold:
    """Fold of windows that overlap; its times do not: test time goes before validation time."""
    train, val, test = [], [], []
    for i, recording in enumerate(recordings):
        test.append(_time(parts.test, i))
        val.append(subtraction(_time(parts.val, i), test[i]))
        train.append(subtraction(recording.scored, union([val[i], test[i]])))
    return DealtFold(name, tuple(train), tuple(val), tuple(test), windows=parts)


def _time(windows: Windows, record: int) -> Intervals:
    spans = np.column_stack([windows.start_time, windows.end_time])
    return union([spans[windows.record == record]])


class ScalingOnAll(Practice):
    """Scales by all time."""

    _what = "amplitudes, and the normalisation of images,"
    leak = Leak("scaling_on_all", f"{_what} are estimated on training and test time alike")

    def scaling(self, fold: Fold, recordings: Records) -> Fold:
        """Take all time of every recording for training time."""
        everything = tuple(intervals([(0, r.duration)]) for r in recordings)
        nothing = (NOWHERE,) * len(everything)
        return Fold(fold.name, everything, nothing, nothing)

    def normalising(self, parts: Parts) -> Windows:
        """Normalise images by all windows."""
        every = [(part.record, part.start, part.label) for part in (parts.train, *parts.others)]
        record, start, label = (np.concatenate(each) for each in zip(*every, strict=True))
        return replace(parts.train, record=record, start=start, label=label)


class SmoteBeforeSplit(Practice):
    """Makes synthetic windows of all windows, then splits."""

    _about = "synthetic windows are made of training, validation and test windows, then split"
    leak = Leak("smote_before_split", _about)

    def obstacle(self, config: Config) -> str:
        """Require a sampler."""
        missing = "balance.sampler is null, so no window is synthetic"
        return "" if config.balance.sampler else missing

    def balanced(
        self, balance: Balance, parts: Parts, cut: Callable[[Windows], Signals], seed: int
    ) -> Balanced:
        """Deal synthetic windows to training and test, as many as these are of all windows."""
        every = [parts.train, *parts.others]
        signals = np.concatenate([cut(part) for part in every])
        mixed, labels = balance(signals, np.concatenate([part.label for part in every]))
        n_train, n_all = len(parts.train), len(signals)
        if not np.array_equal(mixed[:n_all], signals):
            taker = "balance.sampler takes windows away and makes none; choose balance=smote"
            raise InputError(f"leak={self.leak.name} cannot be made here: {taker}")
        tested = np.random.default_rng(seed).random(len(mixed) - n_all) < len(parts.test) / n_all
        synthetic, of_class = mixed[n_all:], labels[n_all:]
        return Balanced(
            np.concatenate([mixed[:n_train], synthetic[~tested]]),
            np.concatenate([labels[:n_train], of_class[~tested]]),
            (synthetic[tested], of_class[tested]),
        )


class CarriedWeights(Practice):
    """Starts from the weights of the fold before."""

    leak = Leak("carried_weights", "each fold starts from the weights of the fold before it")

    def start(self, weights: Path | None) -> Path | None:
        """Keep the weights; the first fold has none to keep."""
        return weights


class TestAsValidation(Practice):
    """Validates on the test windows."""

    _about = "stopping, weights, threshold and detector are chosen on the test windows"
    leak = Leak("test_as_validation", _about)

    def parts(self, parts: Parts, fold: Fold) -> Parts:  # noqa: ARG002
        """Take the test windows for validation."""
        return parts._replace(val=parts.test)

    def choosing(self, fold: Fold) -> Times:
        """Choose a detector by test time."""
        return fold.test
