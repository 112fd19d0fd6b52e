"""Reading two channels of a large EDF file: seconds, and peak memory.

Run as a module with ``ours``, ``mne`` or ``bytes`` and a file it reads once and prints its seconds
and its own peak; each needs a process of its own, as a peak never falls.
"""

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from experiments.speed.timing import Row, high_water, seconds, take_turns

CHANNELS, SFREQ, SIZE = 32, 256, 10**9  # Hz, bytes
WANTED = ["C3", "C4"]


def rows(turns: int = 3) -> list[Row]:
    """Compare with MNE-Python, and with reading the bytes and doing nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "night.edf")
        ways = [("ours", 0), ("bytes", 0), ("mne", 0), ("ours", 1), ("mne", 1)]
        works = [partial(_read_by, how, path, i) for how, i in ways]
        time, bare, theirs, peak, their_peak = take_turns(works, turns, warm_up=1)
    what = f"two of {CHANNELS} channels of an EDF file of {SIZE / 1e9:g} GB"
    return [
        Row(f"{what}, s", time, "reading its bytes", bare),
        Row(f"{what}, s", time, "MNE", theirs),
        Row(f"{what}, peak memory, GiB", peak, "MNE", their_peak),
    ]


def _read_by(how: str, path: Path, figure: int) -> float:
    command = [sys.executable, "-m", "experiments.speed.reading", how, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[figure])


def written(path: Path, size: int = SIZE) -> Path:
    """Write noise in data records of a second."""
    names = ["C3", "C4", *(f"E{i}" for i in range(CHANNELS - 2))]
    n_records = size // (2 * CHANNELS * SFREQ)
    fixed = ["0", "X X X X", "", "01.01.20", "22.00.00", 256 * (1 + CHANNELS), "", n_records, 1]
    widths = (8, 80, 80, 8, 8, 8, 44, 8, 8, 4)
    head = "".join(str(x).ljust(w) for x, w in zip([*fixed, CHANNELS], widths, strict=True))
    head += "".join(name.ljust(16) for name in names) + " " * 80 * CHANNELS
    for value in ("uV", -3276.8, 3276.7, -32768, 32767, " " * 80, SFREQ, " " * 32):
        head += str(value).ljust(8) * CHANNELS
    noise = np.random.default_rng(0).normal(0, 300, (100, CHANNELS * SFREQ)).astype("<i2")
    with path.open("wb") as file:
        file.write(head.encode())
        for record in range(n_records):
            file.write(noise[record % len(noise)].tobytes())
    return path


def read(how: str, path: Path) -> float:
    """Read once; seconds without imports."""
    if how == "ours":
        from xai_sleep.recordings.formats import endings, open_signals

        endings()  # asks MNE
        return seconds(lambda: open_signals(path).read(WANTED))
    if how == "mne":
        import mne

        return seconds(
            lambda: mne.io.read_raw_edf(path, include=WANTED, verbose="ERROR").get_data()
        )
    return seconds(lambda: _through(path))


def _through(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        while file.read(2**23):
            pass


if __name__ == "__main__":
    sys.stdout.write(f"{read(sys.argv[1], Path(sys.argv[2]))} {high_water()}\n")
