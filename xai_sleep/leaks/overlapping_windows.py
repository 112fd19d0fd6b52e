"""Windows divided instead of time: of two that overlap one trains and one is tested."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import subtraction, union
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import Config
from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.practice import Leak, Parts, Practice
from xai_sleep.windows.windows import Windows, cut


@dataclass(frozen=True, eq=False)
class DealtFold(Fold):
    """A fold with a way round its own check: windows that its times would not allow."""

    windows: Parts = field(kw_only=True)


class OverlappingWindows(Practice):
    """Deals overlapping windows to folds at random, without a guard."""

    leak = Leak(
        "overlapping_windows", "overlapping windows are dealt to folds at random, without a guard"
    )

    def obstacle(self, config: Config) -> str:
        """Require folds that divide the time of each subject."""
        if config.cv.scheme == "kfold":
            return ""
        return "it varies cv=kfold; cv=loso keeps all windows of a subject in one fold"

    def folds(
        self,
        folds: list[Fold],  # noqa: ARG002 - others take their place
        recordings: Sequence[Recording],
        config: Config,
    ) -> list[Fold]:
        """Deal the windows; those are tested that the clean experiment would test.

        Raises InputError if these are not among those that train.
        """
        task, k = config.task, config.cv.folds
        scored = [recording.scored for recording in recordings]
        cut_every = partial(
            cut, recordings, scored, length=task.window, min_overlap=task.min_overlap
        )
        windows, grid = cut_every(step=task.step), cut_every(step=task.window)
        on_grid = np.isin(_keys(windows), _keys(grid))
        if on_grid.sum() != len(grid):
            raise InputError(
                f"leak={self.leak.name} needs a task.window ({task.window:g} s) that is a multiple "
                f"of task.step ({task.step:g} s), or some windows would never be tested"
            )
        hand = _hands(windows.label + 2 * on_grid, k, config.seed)
        dealt: list[Fold] = []
        for i in range(k):
            tested, validates = hand == i, hand == (i + 1) % k
            purposes = (~tested & ~validates, validates, tested & on_grid)
            parts = Parts(*(windows.take(np.flatnonzero(purpose)) for purpose in purposes))
            dealt.append(_fold(f"fold{i + 1:02d}", recordings, parts))
        return dealt

    def parts(self, parts: Parts, fold: Fold) -> Parts:
        """Take the windows that were dealt to the fold."""
        return fold.windows if isinstance(fold, DealtFold) else parts


def _hands(classes: NDArray[np.int64], k: int, seed: int) -> NDArray[np.int64]:
    """Deal windows to ``k`` folds, the same of each class to every one."""
    dealer = StratifiedKFold(k, shuffle=True, random_state=seed)
    hand = np.empty(len(classes), dtype=np.int64)
    for i, (_, dealt) in enumerate(dealer.split(classes, classes)):
        hand[dealt] = i
    return hand


def _fold(name: str, recordings: Sequence[Recording], parts: Parts) -> DealtFold:
    """Fold of windows that overlap; its times do not: test time goes before validation time."""
    test, val = (_time(part, len(recordings)) for part in (parts.test, parts.val))
    val = tuple(subtraction(v, t) for v, t in zip(val, test, strict=True))
    train = tuple(
        subtraction(r.scored, union([v, t])) for r, v, t in zip(recordings, val, test, strict=True)
    )
    return DealtFold(name, train, val, test, windows=parts)


def _time(windows: Windows, n_records: int) -> Times:
    spans = np.column_stack([windows.start_time, windows.end_time])
    return tuple(union([spans[windows.record == i]]) for i in range(n_records))


def _keys(windows: Windows) -> NDArray[np.int64]:
    return windows.record * 2**40 + windows.start
