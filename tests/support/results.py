"""Results of folds, made up."""

from collections.abc import Sequence

import numpy as np

from xai_sleep.evaluate.windows import FoldResult, score_windows
from xai_sleep.windows.windows import Windows

SFREQ = 100.0
LENGTH = 200  # samples


def fold_result(
    name: str, label: Sequence[int], probability: Sequence[float], threshold: float = 0.5
) -> FoldResult:
    """Make a fold of windows one after another in the first recording, each with a random map."""
    n = len(label)
    windows = Windows(
        record=np.zeros(n, dtype=np.int64),
        start=np.arange(n, dtype=np.int64) * LENGTH,
        label=np.array(label, dtype=np.int64),
        length=LENGTH,
        sfreq=SFREQ,
    )
    of_event = np.array(probability, dtype=np.float32)
    maps = np.random.default_rng(0).random((n, LENGTH)).astype(np.float16)
    scores = score_windows(windows.label, of_event, threshold)
    return FoldResult(name, windows, of_event, maps, {"threshold": threshold, "windows": scores})
