"""Many whole nights: what each costs, and how much memory a run of them takes.

    python -m experiments.speed --nights 10 30 100

Every night is written as an EDF with a table of marks, read by the package's own reader and deleted
before the next: a hundred would take 23 GB. What is left of it are prepared signals in the cache.
"""

import csv
import logging
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from edfio import Edf, EdfSignal
from numpy.random import Generator
from numpy.typing import NDArray

from xai_sleep.recordings.files import Files
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.sources import DataSource, Wanted

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
SFREQ, CHANNELS = 256, ("C3-A2", "C4-A1")
PER_MINUTE = 3.0  # spindles
MADE = "night written in"
SETTINGS = (
    *(
        "data=synthetic",
        "data._target_=experiments.speed.nights.Nights",
        "task=spindle",
        "model=cnn1d",
    ),
    f"task.channels={[[name] for name in CHANNELS]}".replace("'", "").replace(" ", ""),
    *("cv=group_kfold", "cv.folds=2", "trainer.max_epochs=1"),
)


class Nights(DataSource):
    """Nights of two channels with spindle-like bursts, each a file only while it is read."""

    name = "synthetic"

    def __init__(self, subjects: int, minutes: float, **others: object) -> None:  # noqa: ARG002
        self.subjects, self.minutes = subjects, minutes
        self.expected = subjects

    def available(self, wanted: Wanted) -> bool:  # noqa: ARG002
        """They can always be made."""
        return True

    def describe(self) -> str:
        """Say that nothing is real."""
        return f"SIMULATED nights ({self.subjects} of {self.minutes:g} min)"

    def load(self, wanted: Wanted) -> Iterator[Recording]:
        """Write a night, read it, and delete it before the next."""
        for number in range(1, self.subjects + 1):
            with TemporaryDirectory() as folder:
                started = time.process_time()
                write_night(Path(folder), f"night{number:03d}", self.minutes, [wanted.seed, number])
                log.info("%s %.2f s", MADE, time.process_time() - started)
                yield from Files(folder, scored="all").load(wanted)


def write_night(folder: Path, name: str, minutes: float, seed: Sequence[int]) -> None:
    """Write an EDF, its marks and whose it is."""
    rng = np.random.default_rng(seed)
    n_times = round(60 * minutes * SFREQ)
    signals = _background(rng, n_times)
    events = _add_spindles(rng, signals)
    limits = (-500.0, 500.0)
    channels = [
        EdfSignal(signal, SFREQ, label=label, physical_dimension="uV", physical_range=limits)
        for signal, label in zip(np.clip(signals, *limits), CHANNELS, strict=True)
    ]
    Edf(channels).write(folder / f"{name}.edf")
    with (folder / f"{name}.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("onset", "duration"), *events])
    (folder / "subjects.csv").write_text(f"record,subject\n{name},{name}\n")


def _background(rng: Generator, n_times: int) -> NDArray[np.float64]:
    """Noise whose power falls as 1/f, 20 µV in all, a third of it shared by the channels."""
    spectrum = np.fft.rfft(rng.standard_normal((3, n_times), dtype=np.float32), axis=1)
    freqs = np.fft.rfftfreq(n_times, 1 / SFREQ)
    spectrum /= np.sqrt(np.maximum(freqs, 0.5))
    shared, *own = np.fft.irfft(spectrum, n_times, axis=1)
    signals = np.array(own) + 0.5 * shared
    return np.asarray(20 * signals / signals.std(axis=1, keepdims=True))


def _add_spindles(rng: Generator, signals: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Add bursts of 11 to 16 Hz to all channels; onset and duration of each in s."""
    seconds = signals.shape[1] / SFREQ
    count = round(PER_MINUTE * seconds / 60)
    slots = np.arange(1, count + 1) * seconds / (count + 2)
    events = []
    for slot in slots:
        onset, duration = slot + rng.uniform(0, 0.8 * slots[0] - 2), rng.uniform(0.6, 1.6)
        first = round(onset * SFREQ)
        times = np.arange(round(duration * SFREQ)) / SFREQ
        wave = np.sin(2 * np.pi * rng.uniform(11, 16) * times) * np.hanning(len(times))
        signals[:, first : first + len(times)] += rng.uniform(15, 45) * wave
        events.append((round(first / SFREQ, 4), round(len(times) / SFREQ, 4)))
    return events


@dataclass(frozen=True)
class Cost:
    """What a run took."""

    nights: int
    wall: float  # s in all
    processor: float  # s of one core, less what it took to write the nights
    gib: float  # most memory at once, mapped pages included


def run(nights: int, minutes: float, out: Path, further: Sequence[str]) -> Cost:
    """Run an experiment in a process of its own, and watch it."""
    directory = out / f"{nights}-nights"
    size = (f"data.subjects={nights}", f"data.minutes={minutes:g}", f"hydra.run.dir={directory}")
    command = [sys.executable, "-m", "xai_sleep", *SETTINGS, *size, *further]
    started, before, most = time.perf_counter(), _processor(), 0.0
    with subprocess.Popen(command) as process, (out / f"{nights}.memory.csv").open("w") as told:
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                break
            now = {k: int(v) / 2**20 for k, v in re.findall(r"(VmHWM|VmRSS):\s+(\d+) kB", status)}
            most = max(most, now.get("VmHWM", 0.0))
            told.write(
                f"{time.perf_counter() - started:.1f},{now.get('VmRSS', 0.0):.3f},{most:.3f}\n"
            )
            told.flush()
            time.sleep(0.5)
    if process.wait():
        raise SystemExit(f"{' '.join(command)} failed")
    wall, processor = time.perf_counter() - started, _processor() - before
    made = re.findall(rf"{MADE} ([\d.]+) s", (directory / "xai_sleep.log").read_text())
    return Cost(nights, wall, processor - sum(map(float, made)), most)


def _processor() -> float:
    """Processor time of the processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(
    sizes: Sequence[int],
    minutes: float = 480,
    out: Path = Path("outputs/nights"),
    further: Sequence[str] = (),
) -> None:
    """Measure runs of several sizes, and say what a night costs in each."""
    out.mkdir(parents=True, exist_ok=True)
    head = "| nights | s of wall a night | s of one core a night | peak GiB |\n|---|---|---|---|"
    sys.stdout.write(f"{head}\n")
    for nights in sizes:
        cost = run(nights, minutes, out, further)
        each = (cost.wall / nights, cost.processor / nights, cost.gib)
        sys.stdout.write("| {} | {:.1f} | {:.1f} | {:.2f} |\n".format(nights, *each))
        sys.stdout.flush()
