"""Peak memory of a network slid over a night of eight hours: GiB, whatever the step.

Run as a module with a step in s it slides and prints its own peak; each step needs a process of its
own, as a peak never falls.
"""

import subprocess
import sys

import numpy as np
import torch

from experiments.speed.timing import Row, high_water
from experiments.speed.training import signal_input
from xai_sleep.detect.slide import reading_of, slide
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.models.cnn1d import CNN1d
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.datamodule import WindowDataset, in_order
from xai_sleep.windows.windows import cut

HOURS, SFREQ, WINDOW, CHANNELS = 8, 100.0, 5.0, 4
FINE, COARSE = 0.1, 5.0


def rows() -> list[Row]:
    """Compare windows every tenth of a second with windows side by side."""
    fine, coarse = (_peak_of(step) for step in (FINE, COARSE))
    what = f"peak memory over {HOURS} h, a window every {FINE:g} s, GiB"
    return [Row(what, fine, f"every {COARSE:g} s", coarse)]


def _peak_of(step: float) -> float:
    command = [sys.executable, "-m", "experiments.speed.memory", str(step)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def peak(step: float) -> float:
    """Slide a 1D network over noise; the peak memory of this process in GiB."""
    torch.set_num_threads(1)
    seconds = 3600.0 * HOURS
    noise = np.random.default_rng(0).standard_normal(
        (CHANNELS, round(seconds * SFREQ)), dtype=np.float32
    )
    names = tuple(f"channel {i}" for i in range(CHANNELS))
    whole = np.array([[0.0, seconds]])
    recording = Recording("night", "one", noise, names, SFREQ, np.empty((0, 2)), whole)
    windows = cut([recording], [whole], length=WINDOW, step=step)
    seen = signal_input([recording])
    amplitudes = [np.ones((CHANNELS, 1), dtype=np.float32)]
    loader = in_order(WindowDataset(seen, seen.store([recording]), windows, amplitudes))
    network = EventClassifier(CNN1d(CHANNELS, windows.length))
    slide(reading_of(network), loader, windows, [seconds])
    return high_water()


if __name__ == "__main__":
    sys.stdout.write(f"{peak(float(sys.argv[1]))}\n")
