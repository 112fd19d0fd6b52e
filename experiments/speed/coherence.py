"""Coherence images against pycwt: milliseconds a window, measured side by side.

Both compute the same numbers: 5-s windows at 200 Hz, 71 scales from 0.5 to 30 Hz, float32 in
batches of 128 here, float64 one window at a time there. The two take turns, so that whatever else
the machine does falls on both; each figure is the median of the turns after a warm-up.

    python -m experiments.speed.coherence
"""

import sys
import time
import warnings
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np
import torch

from xai_sleep.data.wtc import WaveletCoherence

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of SciPy, at import
    import pycwt

SFREQ, N_TIMES, BATCH = 200.0, 1000, 128


class Row(NamedTuple):
    """One comparison; times in ms a window."""

    name: str
    ours: float
    alternative: float
    ratio: float


def compare(turns: int = 15) -> list[Row]:
    """Time a picture like the one in the literature and the default one; a few seconds."""
    return [
        _compare("71 scales, 128 times", turns, n_freqs=71),
        _compare("128 scales, 128 times", turns, n_freqs=128),
    ]


def _compare(name: str, turns: int, n_freqs: int) -> Row:
    transform = WaveletCoherence(N_TIMES, SFREQ, n_freqs=n_freqs)
    windows = np.random.default_rng(0).standard_normal((BATCH, 2, N_TIMES))
    batch = torch.tensor(windows, dtype=torch.float32)
    x, y = windows[0]
    dj = float(np.log2(30 / 0.5)) / (n_freqs - 1)
    s0 = 1 / (pycwt.Morlet(6).flambda() * 30)

    def ours() -> None:
        with torch.inference_mode():
            transform(batch)

    def alternative() -> None:
        pycwt.wct(x, y, 1 / SFREQ, dj=dj, s0=s0, J=n_freqs - 1, sig=False)

    seconds = _take_turns([ours, alternative], turns)
    per_window = 1000 * seconds[0] / BATCH, 1000 * seconds[1]
    return Row(name, *per_window, per_window[1] / per_window[0])


def _take_turns(works: Sequence[Callable[[], None]], turns: int) -> list[float]:
    """Median seconds of each piece of work."""
    seconds: list[list[float]] = [[] for _ in works]
    for turn in range(turns + 2):
        for work, taken in zip(works, seconds, strict=True):
            start = time.perf_counter()
            work()
            if turn >= 2:
                taken.append(time.perf_counter() - start)
    return [median(taken) for taken in seconds]


def main() -> None:
    """Print a Markdown table."""
    lines = [
        f"Coherence of 5 s at 200 Hz, {torch.get_num_threads()} threads, ms a window",
        "",
        "| image | xai_sleep | pycwt | ratio |",
        "|---|---|---|---|",
        *(f"| {r.name} | {r.ours:.3f} | {r.alternative:.1f} | {r.ratio:.0f} |" for r in compare()),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
