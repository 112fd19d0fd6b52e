"""Sleep stages: a file beside a recording, or rows among its marks.

``<record>_stages`` in any form of marks has a row for each stretch (onset, duration or end, stage);
or it is a list of one stage a line: epochs of 30 s that cover the recording. Names are those of
AASM or of Rechtschaffen and Kales, whose stage 4 is N3.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import Source, as_seen
from xai_sleep.recordings.intervals import Intervals, intervals, union
from xai_sleep.recordings.layout import MarksFile
from xai_sleep.recordings.recording import STAGES
from xai_sleep.recordings.tables import KINDS, SEPARATORS, Row, read_cells, read_marks

LISTS = (*SEPARATORS, ".txt")  # endings of files that may be a list
EPOCH = 30.0  # s, of stages listed one a line
SHORTEST, CELL = 0.1, 0.01  # s of an epoch, and to which times of stages are told
NUMBERS = "stages told by numbers: 0 is W, 1 N1, 2 N2, 3 and 4 N3, 5 R"

# code of a stage by what says for itself that it is one; in lower case, without spaces
_NAMES = {"w": 0, "wake": 0, "awake": 0, "r": 4, "rem": 4} | {
    f"{form}{number}": min(number, 3) for form in ("n", "s", "nrem") for number in range(1, 5)
}
_DIGITS = {"0": 0, "1": 1, "2": 2, "3": 3, "4": 3, "5": 4}
_UNKNOWN = ("", "n/a", "?", "unknown", "unscored", "movement", "mt", "artefact", "artifact")
_ALL = _NAMES | _DIGITS | dict.fromkeys((*_UNKNOWN, "-1", "6", "7", "9"), -1)
_PREFIX = re.compile(r"(sleep[ _]?)?stage[ _:-]*")


@dataclass(frozen=True, eq=False)
class Stages:
    """A hypnogram."""

    codes: NDArray[np.int8] | None  # of each epoch, see :data:`.STAGES`
    epoch: float  # length of one in s
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Count the epochs of each stage."""
        counts = sorted(Counter([] if self.codes is None else self.codes.tolist()).items())
        return ", ".join(f"{STAGES[code]} {n}" for code, n in counts)


def code_of(said: str, *, among_marks: bool = False) -> int | None:
    """Code of a stage by its name; None if none, or ``among_marks`` possibly something else."""
    seen = as_seen(said)
    name = re.sub(r"[ _]", "", _PREFIX.sub("", seen, count=1) if _PREFIX.match(seen) else seen)
    return (_NAMES if among_marks and not _PREFIX.match(seen) else _ALL).get(name)


def read_stages(
    file: MarksFile | None, record: str, source: Source, among: Sequence[Row]
) -> Stages | None:
    """Read the stages of a record from its file, else ``among`` its marks.

    None if there are neither. Raises InputError if a row names no stage, does not fit the epochs,
    repeats one, or lies past the end, or if a list does not cover the recording.
    """
    seconds = source.seconds
    if file is None:
        return _staged(f"stages among the marks of {record}", among, seconds) if among else None
    path = file.path
    lines = read_cells(path) if path.suffix.casefold() in LISTS else []
    if lines and max(map(len, lines)) == 1:
        rows, notes = _listed(path, [line[0] for line in lines], seconds)
    elif file.reader:
        rows, notes = file.reader.read(path, source.start, seconds)
    else:
        rows, notes = read_marks(path)
    if among:
        notes += (f"stages are those of {path.name}; rows of others left out: {len(among)}",)
    return _staged(str(path), rows, seconds, notes)


def time_in(codes: Collection[int], stages: Stages, seconds: float) -> Intervals:
    """Time of a recording of some ``seconds`` that was in one of the stages."""
    held = np.array([] if stages.codes is None else stages.codes)
    starts = np.flatnonzero(np.isin(held, list(codes))) * stages.epoch
    ends = np.minimum(starts + stages.epoch, seconds)
    return union([intervals(np.column_stack([starts, ends])[starts < seconds])])


def _listed(table: Path, lines: Sequence[str], seconds: float) -> tuple[list[Row], tuple[str, ...]]:
    first = int(lines[0].casefold() in KINDS)  # a heading
    last = max(number for number, line in enumerate(lines, 1) if line or number == 1)
    if abs((last - first) * EPOCH - seconds) >= EPOCH:
        said = f"{last - first} stages, one a line, are {(last - first) * EPOCH:g} s"
        raise InputError(
            f"{table}: {said}, but the recording lasts {seconds:g} s; write the columns onset, "
            f"duration and stage if epochs do not last {EPOCH:g} s or do not cover it"
        )
    rows = []
    for at in range(first, last):
        cells = {"onset": str((at - first) * EPOCH), "duration": str(EPOCH), "kind": lines[at]}
        rows.append(Row(f"{table}, line {at + 1}", cells))
    return rows, (f"stages of {table.name}, one a line, taken for epochs of {EPOCH:g} s",)


def _staged(where: str, rows: Sequence[Row], seconds: float, notes: tuple[str, ...] = ()) -> Stages:
    epoch = _epoch(rows, seconds)
    if epoch < SHORTEST:
        expected = f"expected at least one stage, and times that are multiples of {SHORTEST:g} s"
        raise InputError(f"{where}: {expected}; correct them, or write <record>_stages.csv")
    names = {as_seen(row.cells.get("kind", "")) for row in rows}
    if "4" in names and not names & {"5", "r", "rem"}:
        meanings = "N3 (Rechtschaffen and Kales) or R (AASM by number)"
        raise InputError(f"{where}: stage 4 without a 5 could be {meanings}; write N3 or R")
    codes = np.full(int(seconds / epoch) + 1, -1, dtype=np.int8)
    said, again = np.zeros(len(codes), dtype=np.bool_), 0
    for row in rows:
        epochs, name = _epochs(row, epoch, len(codes)), row.cells.get("kind")
        code = None if name is None else code_of(name)
        if code is None:
            known = "W, N1, N2, N3, R (or 0 to 5, S1 to S4, REM, Sleep stage N2 …)"
            raise InputError(f"{row.where}: stage is {name!r}; expected one of {known}, or n/a")
        if (codes[epochs] != code)[said[epochs]].any():
            other = f"the stage from {epochs.start * epoch:g} s was said before, and otherwise"
            raise InputError(f"{row.where}: {other}; keep one rater's in <record>_stages.csv")
        again += bool(said[epochs].any())
        said[epochs], codes[epochs] = True, code
    if again:
        notes += (f"stages that say the same as another, which count once: {again}",)
    if names & _DIGITS.keys():
        notes += (NUMBERS,)
    return Stages(codes[: int(np.flatnonzero(said)[-1]) + 1], epoch, notes)


def _epoch(rows: Sequence[Row], seconds: float) -> float:
    """Longest length of which all times of stages are multiples; a last one may be cut short."""
    spans = [(onset, onset + duration) for onset, duration in (row.span() for row in rows)]
    shortest = min((end - onset for onset, end in spans), default=0.0)
    if shortest < SHORTEST:
        return shortest
    times = [time for span in spans for time in span if time < seconds - CELL]
    if all(abs(time - round(time / shortest) * shortest) < CELL for time in times):
        return shortest
    return CELL * math.gcd(*(round(time / CELL) for time in times))


def _epochs(row: Row, epoch: float, there: int) -> slice:
    onset, duration = row.span()
    end = onset + duration
    first, last = round(onset / epoch), math.ceil((end - CELL) / epoch)
    if onset < 0 or last > there:
        said = f"from {onset:g} to {end:g} s, outside the recording"
        raise InputError(f"{row.where}: {said}; expected s from its start")
    return slice(first, last)
