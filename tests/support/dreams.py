"""A folder like that of the DREAMS databases, with short records of noise."""

from collections.abc import Sequence
from pathlib import Path

from tests.support.edf import Channel, noise, write_edf
from xai_sleep.recordings.dreams import Dreams
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.sources import Wanted

SECONDS = 300
RATE = 50

# Enough marks for SMOTE, and for a validation block to hold some.
MARKS = tuple((onset, 1.5) for onset in range(10, 290, 20))


def write_record(
    root: Path,
    number: int,
    *,
    marks: Sequence[tuple[float, float]] = MARKS,
    labels: Sequence[str] = ("CZ-A1", "FP1-A1"),
    patient: str = "X X X X",
) -> Path:
    """Write the signals and the first expert's spindles of one record; return its folder."""
    folder = root / "DatabaseSpindles"
    folder.mkdir(parents=True, exist_ok=True)
    channels = [
        Channel(label, noise(SECONDS * RATE, seed=10 * number + i), RATE)
        for i, label in enumerate(labels)
    ]
    write_edf(folder / f"excerpt{number}.edf", channels, patient=patient)
    rows = [f"{onset:g} {length:g}" for onset, length in marks]
    (folder / f"Visual_scoring1_excerpt{number}.txt").write_text("\n".join(["[vis1]", *rows, ""]))
    return folder


def read(
    root: Path,
    *,
    event: str,
    channels: Sequence[Sequence[str]],
    expert: str = "union",
    records: Sequence[str] | None = None,
) -> list[Recording]:
    """Read the records of a DREAMS database, usable or not."""
    return list(Dreams(str(root), records, expert).load(Wanted(event, channels)))
