"""People on both sides of the split."""

from collections.abc import Iterator, Sequence

import numpy as np

from xai_sleep.recordings.intervals import dilation, subtraction, union
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import Config
from xai_sleep.windows.folds import Fold
from xai_sleep.windows.practice import Leak, Practice
from xai_sleep.windows.windows import cut


class SharedSubjects(Practice):
    """Trains on one half of each test subject's time as well, and tests the other."""

    leak = Leak("shared_subjects", "the other half of each test subject's time is in training")

    def obstacle(self, config: Config) -> str:
        """Require subjects that are apart to begin with."""
        why = "it varies cv=loso; cv=kfold has every subject on both sides as it is"
        return "" if config.cv.scheme == "loso" else why

    def folds(
        self, folds: list[Fold], recordings: Sequence[Recording], config: Config
    ) -> list[Fold]:
        """Make two folds of each."""
        return [half for fold in folds for half in _halves(fold, recordings, config.task.window)]


def _halves(fold: Fold, recordings: Sequence[Recording], window: float) -> Iterator[Fold]:
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
