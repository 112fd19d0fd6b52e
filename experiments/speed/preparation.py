"""Preparing a fold for a 1D network: seconds for windows, scaling and SMOTE.

The alternative does what notebooks do: cut every window of every record in a loop, join them as
float64, pick those of the fold, and hand them to SMOTE.
"""

import numpy as np
from imblearn.over_sampling import SMOTE

from experiments.speed.timing import Row, seconds, take_turns
from experiments.speed.training import SMOTE as SETTING
from experiments.speed.training import WINDOW, one_fold, seen_by
from xai_sleep.recordings.simulated import simulate
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.store import Store

SFREQ, STEP = 100.0, 1.0


def rows(turns: int = 3) -> list[Row]:
    """Compare on six records of ten minutes."""
    recordings = simulate("rem", subjects=6, minutes=10, sfreq=SFREQ)
    fold = one_fold(recordings)
    length, step = round(WINDOW * SFREQ), round(STEP * SFREQ)

    def ours() -> None:
        seen = seen_by(recordings, sfreq=SFREQ)
        FoldDataModule(Store(recordings), fold, seen, step=STEP, sampler=SETTING).setup()

    def naive() -> None:
        cut, labels, chosen = [], [], []
        for recording, train in zip(recordings, fold.train, strict=True):
            scaled = recording.signals / np.std(recording.signals.astype(np.float64))
            for first in range(0, scaled.shape[1] - length + 1, step):
                start, end = first / SFREQ, first / SFREQ + WINDOW
                cut.append(scaled[:, first : first + length])
                labels.append(any(a < end and b > start for a, b in recording.events))
                chosen.append(any(a <= start and end <= b for a, b in train))
        windows = np.array(cut, dtype=np.float64)[chosen]
        flat = windows.reshape(len(windows), -1)
        SMOTE(random_state=0).fit_resample(flat, np.array(labels)[chosen])

    found = take_turns([lambda: seconds(ours), lambda: seconds(naive)], turns, warm_up=1)
    return [Row("preparation of a fold, s", found[0], "loops over all windows", found[1])]
