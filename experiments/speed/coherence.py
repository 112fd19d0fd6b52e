"""Coherence images against pycwt: milliseconds a window.

Both compute the same numbers: 5-s windows at 200 Hz, 0.5 to 30 Hz, 128 times; float32 in batches
of 128 here, float64 one window at a time there. In its turn each computes for about as long, eight
batches or eight windows, as experiments do: one batch after the other.
"""

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from experiments.speed.timing import Row, seconds, take_turns
from xai_sleep.coherence.wtc import WaveletCoherence

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of SciPy, at import
    import pycwt

SFREQ, N_TIMES, BATCH, IN_A_ROW = 200.0, 1000, 128, 8


def rows(threads: int, turns: int = 25) -> list[Row]:
    """Compare at the resolution of the literature, and at the default one."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return [_row(n_freqs, turns) for n_freqs in (71, 128)]
    finally:
        torch.set_num_threads(before)


def _row(n_freqs: int, turns: int) -> Row:
    transform = WaveletCoherence(N_TIMES, SFREQ, n_freqs=n_freqs)
    windows = np.random.default_rng(0).standard_normal((BATCH, 2, N_TIMES))
    batch = torch.tensor(windows, dtype=torch.float32)
    dj = float(np.log2(30 / 0.5)) / (n_freqs - 1)
    s0 = 1 / (pycwt.Morlet(6).flambda() * 30)
    reference = partial(pycwt.wct, *windows[0], 1 / SFREQ, dj, s0, n_freqs - 1, sig=False)

    @torch.inference_mode()
    def ours() -> float:
        return _milliseconds(partial(transform, batch)) / BATCH

    def theirs() -> float:
        return _milliseconds(reference)

    found = take_turns([ours, theirs], turns)
    return Row(f"coherence image of {n_freqs} × 128, ms a window", found[0], "pycwt", found[1])


def _milliseconds(work: Callable[[], object]) -> float:
    """Mean time of one piece of work among several of its kind."""

    def several() -> None:
        for _ in range(IN_A_ROW):
            work()

    return 1000 * seconds(several) / IN_A_ROW
