"""Windows divided instead of time: of two that overlap one trains and one is tested."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from sklearn.model_selection import StratifiedKFold

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import Intervals, subtraction, union
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import Config
from xai_sleep.windows.folds import Fold
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
        why = "it varies cv=kfold; cv=loso keeps all windows of a subject in one fold"
        return "" if config.cv.scheme == "kfold" else why

    def folds(
        self,
        folds: list[Fold],  # noqa: ARG002 - others take their place
        recordings: Sequence[Recording],
        config: Config,
    ) -> list[Fold]:
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
            raise InputError(
                f"leak={self.leak.name} needs a task.window ({task.window:g} s) that is a multiple "
                f"of task.step ({task.step:g} s), or some windows would never be tested"
            )
        classes = windows.label + 2 * on_grid
        dealer = StratifiedKFold(config.cv.folds, shuffle=True, random_state=config.seed)
        hands = [np.isin(np.arange(len(windows)), h) for _, h in dealer.split(classes, classes)]
        dealt: list[Fold] = []
        for i, (tested, validates) in enumerate(zip(hands, hands[1:] + hands[:1], strict=True), 1):
            purposes = (~tested & ~validates, validates, tested & on_grid)
            parts = Parts(*(windows.take(np.flatnonzero(purpose)) for purpose in purposes))
            dealt.append(_fold(f"fold{i:02d}", recordings, parts))
        return dealt

    def parts(self, parts: Parts, fold: Fold) -> Parts:
        """Take the windows that were dealt to the fold."""
        return fold.windows if isinstance(fold, DealtFold) else parts


def _fold(name: str, recordings: Sequence[Recording], parts: Parts) -> DealtFold:
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
