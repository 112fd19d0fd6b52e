"""The text files of the DREAMS databases: signals, marks of scorers, sleep stages.

Each has a title in brackets and then one row a line: a sample in µV, an event's onset and duration
in s, or the stage of 5 s of sleep.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Signals

LENGTH = 1800  # s of an excerpt
RATES = (50, 100, 200)  # Hz of the excerpts; a text file does not say which is its own

# Code of a stage by the hypnogram's own: 5 is wake, 4 REM, 3 to 0 are S1 to S4, negative numbers
# movement or unknown.
STAGE_CODES = {5: 0, 4: 4, 3: 1, 2: 2, 1: 3, 0: 3, -1: -1, -2: -1, -3: -1}


class TextExcerpt(NamedTuple):
    """An excerpt as text: one channel, named by the title, of a person who is not named."""

    path: Path
    channels: tuple[str, ...]
    person: None = None

    def read(self, channels: Sequence[str]) -> tuple[Signals, float, tuple[str, ...]]:
        """Read the samples; ``channels`` can only repeat the one there is.

        Their number in 1800 s tells the sampling frequency; up to a second more is cut. Raises
        InputError if a line is not a number, or the number of samples fits no sampling frequency.
        """
        _, lines = _content(self.path)
        with np.errstate(over="ignore"):
            samples = np.array([_float(line) for line in lines], dtype=np.float32)
        if len(bad := np.flatnonzero(~np.isfinite(samples))):
            found = repr(lines[bad[0]].strip()[:40])
            raise InputError(f"{self.path}, line {bad[0] + 2}: expected a number, found {found}")
        sfreq = next((rate for rate in RATES if 0 <= len(lines) - rate * LENGTH < rate), None)
        if sfreq is None:
            raise InputError(
                f"{self.path}: {len(lines)} samples fit no sampling frequency; "
                f"{' or '.join(str(rate * LENGTH) for rate in RATES)} were expected "
                f"({LENGTH} s at {' or '.join(map(str, RATES))} Hz), copy or download it again"
            )
        surplus = len(lines) - sfreq * LENGTH
        notes = (f"{self.path.name}: {surplus} samples after {LENGTH} s cut",) if surplus else ()
        return np.tile(samples[: sfreq * LENGTH], (len(channels), 1)), float(sfreq), notes


def open_excerpt(path: Path) -> TextExcerpt:
    """Read which channel a text excerpt holds; InputError if it does not begin with a title."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return TextExcerpt(path, (_title(path, file.readline()),))


def read_marks(path: Path, duration: float) -> tuple[Intervals, tuple[str, ...]]:
    """Read a scorer's marks in a recording of ``duration`` s, and note what was dropped or cut.

    Raises InputError if a line is not two numbers, or an event lies not in the recording.
    """
    rows: list[tuple[float, float]] = []
    notes = []
    for number, line in enumerate(_content(path)[1], start=2):
        where, noted = f"{path}, line {number}", f"{path.name}, line {number}"
        values = [_float(word) for word in line.split()]
        if len(values) != 2 or not np.isfinite(values).all():
            said = line.strip()[:40]
            raise InputError(f"{where}: expected onset and duration in s, found {said!r}")
        start, length = values
        end = start + length
        if end <= start:
            notes.append(f"{noted}: mark of {length:g} s dropped")
            continue
        _require_inside(where, start, length, duration)
        if end > duration + 1e-6:
            notes.append(f"{noted}: event cut from {end:g} to {duration:g} s")
        if (start, min(end, duration)) in rows:
            notes.append(f"{noted}: the same mark again, counted once")
            continue
        rows.append((start, min(end, duration)))
    return intervals(rows), tuple(notes)


def read_hypnogram(path: Path) -> NDArray[np.int8]:
    """Read the stage of each 5 s, coded as in :data:`.STAGES`; InputError if a line is none."""
    stages = []
    for number, line in enumerate(_content(path)[1], start=2):
        try:
            stages.append(STAGE_CODES[int(line)])
        except (ValueError, KeyError):
            problem = f"expected a stage from -3 to 5, found {line.strip()!r}"
            raise InputError(f"{path}, line {number}: {problem}") from None
    return np.array(stages, dtype=np.int8)


def _content(path: Path) -> tuple[str, list[str]]:
    """Split a file into its title and the lines below; blank lines at the end are dropped."""
    title, *lines = path.read_text("utf-8-sig", "replace").rstrip().split("\n")
    return _title(path, title), lines


def _title(path: Path, line: str) -> str:
    title = line.strip()
    if not (title.startswith("[") and title.endswith("]")):
        expected = "expected a title in brackets such as [C3-A1]"
        raise InputError(f"{path}, line 1: {expected}, found {title[:40]!r}")
    return title[1:-1].strip()


def _require_inside(where: str, start: float, length: float, duration: float) -> None:
    if not 0 <= start < duration:
        lasts = f"the recording lasts from 0 to {duration:g} s; is the scoring of another record?"
        raise InputError(f"{where}: an event starts at {start:g} s, but {lasts}")
    if length > duration + 1e-6:
        said = f"an event lasts {length:g} s, longer than the recording ({duration:g} s)"
        raise InputError(f"{where}: {said}; expected onset and duration in s: are these samples?")


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
