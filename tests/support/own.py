"""A folder of recordings of a user's own: noise in EDF files, and tables beside them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.edf import Channel, noise, write_edf
from xai_sleep.recordings.files import Files
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.sources import Wanted

SECONDS = 300
RATE = 100

# Enough events for SMOTE, and for a validation block to hold some.
EVENTS = tuple((float(onset), 1.5) for onset in range(10, 290, 20))


def write_signals(
    folder: Path,
    name: str,
    *,
    seconds: int = SECONDS,
    rate: int = RATE,
    labels: Sequence[str] = ("C3-A2", "O1-A2"),
    patient: str = "X X X X",
) -> Path:
    """Write an EDF file of noise and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    seed = sum(name.encode())
    channels = [
        Channel(label, noise(seconds * rate, seed=seed + 1000 * i), rate, unit="UV")
        for i, label in enumerate(labels)
    ]
    return write_edf(folder / f"{name}.edf", channels, patient=patient)


def write_table(path: Path, head: str, *rows: Sequence[object]) -> Path:
    """Write a table with a line of column names; its ending says what separates cells."""
    separator = "\t" if path.suffix == ".tsv" else ","
    lines = [head.split(","), *rows]
    path.write_text("".join(separator.join(map(str, line)) + "\n" for line in lines))
    return path


def write_night(
    folder: Path,
    name: str,
    *,
    events: Sequence[tuple[float, float]] = EVENTS,
    scored: tuple[float, float] | None = (0, SECONDS),
    patient: str = "X X X X",
) -> Path:
    """Write a record with a table of spindles and of scored time; return the table."""
    write_signals(folder, name, patient=patient)
    rows = [(onset, length, "spindle") for onset, length in events]
    looked = [] if scored is None else [(scored[0], scored[1] - scored[0], "scored")]
    return write_table(folder / f"{name}.csv", "onset,duration,trial_type", *rows, *looked)


def read(root: Path, *, channels: Sequence[Sequence[str]], **settings: Any) -> list[Recording]:
    """Read the records of a folder, as an experiment does; ``settings`` are those of its data."""
    return list(Files(str(root), **settings).read(Wanted("spindle", channels)))
