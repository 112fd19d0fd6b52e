"""What people said of recordings of their own: tables beside a file, or EDF+ annotations.

A row of marks is a stretch of time: ``onset`` and ``duration`` in s from the start, what it is
(``trial_type`` as BIDS calls it, or ``description`` as MNE does), and which ``expert`` said
so. Rows called ``scored`` say where the expert looked. Unscored time is unknown, so it is never
guessed: either there are such rows, or the user says that all was scored.

A row of stages (``<record>_stages.csv``) has onset, duration and stage: W, N1, N2, N3 or R. Epochs
may last as long as they like; a row may span several.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.edf import EdfFile
from xai_sleep.recordings.intervals import intersection, intervals, union
from xai_sleep.recordings.names import as_seen
from xai_sleep.recordings.recording import STAGES, Scoring
from xai_sleep.recordings.tables import Row, find_table, read_table

SCORED = "scored"  # kind of a row that says where an expert looked
ROUNDING = 0.01  # s by which a row may reach past the end of its recording; it is cut there
ALONE = "expert1"  # name of the expert where a table names nobody

AGAIN = "rows that say the same as another, which count once"
OUTSIDE = "events outside the scored time, which count nowhere"

# code of a stage by its name in lower case; nothing said is unknown
CODES = {name.casefold(): code for code, name in STAGES.items() if code >= 0} | {"": -1}


def rows_of(path: Path, source: EdfFile) -> list[Row]:
    """Read the table beside a recording, else the annotations inside; InputError if neither is."""
    table = find_table(path.parent, path.stem)
    if table:
        return read_table(table, ("onset", "duration"))
    found = source.annotations()
    if not found:
        raise InputError(
            f"{path} has no table {path.stem}.csv or {path.stem}.tsv beside it and no annotations "
            "inside; write one with the columns onset and duration in s, or leave the record out "
            "(data.records)"
        )
    rows = []
    for onset, duration, text in found:
        kind = text.partition("@@")[0].strip()  # "spindle@@C3-A2": a mark on one channel
        cells = {"onset": str(onset), "duration": str(duration), "trial_type": kind}
        rows.append(Row(f"{path}, annotation at {onset:g} s", cells))
    return rows


def event_kinds(tables: Mapping[str, Sequence[Row]], names: Sequence[str] | None) -> set[str]:
    """Decide which kinds of row (in lower case) are events, in the tables of all records alike.

    Where rows do not say what they are, all are events. Raises InputError if there are several
    kinds and none is named, or nothing is called as one that is.
    """
    kinds = (_kind(row) for rows in tables.values() for row in rows)
    found = Counter(kind for kind in kinds if kind not in (None, SCORED))
    held = ", ".join(f"{kind or 'n/a'} ({n})" for kind, n in found.most_common()) or "none"
    if names is None:
        if len(found) > 1:
            raise InputError(
                f"the tables hold rows of several kinds: {held}; name those that are events, "
                "as in data.event_names=[spindle]"
            )
        return {str(kind) for kind in found}
    absent = [name for name in names if as_seen(name) not in found]
    if absent:
        raise InputError(
            f"data.event_names: no row is called {' or '.join(absent)}; the kinds found are {held}"
        )
    return {as_seen(name) for name in names}


def score(
    path: Path, rows: Sequence[Row], kinds: set[str], *, seconds: float, everything: bool
) -> tuple[dict[str, Scoring], tuple[str, ...]]:
    """Sort the rows of a recording of some ``seconds`` by expert: their marks, and scored time.

    Kinds are from :func:`event_kinds`. Where not ``everything`` was scored, rows say what was.
    Notes tell of rows that repeat another, and of events that lie where nobody looked.

    Raises InputError if a row is no stretch of the recording, does not say whose it is where others
    do, or if it is not known what was scored.
    """
    marked: dict[str, list[tuple[float, float]]] = defaultdict(list)
    looked: dict[str, list[tuple[float, float]]] = defaultdict(list)
    several = any(row.cells.get("expert") for row in rows)
    for row in rows:
        kind = _kind(row)
        if kind == SCORED:
            looked[_expert(row)].append(_span(row, seconds))
        elif kind is None or kind in kinds:
            marked[_expert(row, required=several)].append(_span(row, seconds))
    if everything:
        if looked:
            raise InputError(
                f"data.scored=all, but rows of {path.stem} called {SCORED} say where the expert "
                "looked; remove them, or use data.scored=rows"
            )
        looked[""].append((0.0, seconds))
    scorers, notes = {}, []
    for said in sorted((marked.keys() | looked.keys()) - {""}) or [""]:
        name, once = said or ALONE, set(marked[said])
        scored = union([intervals([*looked[said], *looked[""]])])
        if not len(scored):
            raise InputError(
                f"{path.name}: nothing says where {name if several else 'the expert'} looked, and "
                f"unscored time is unknown, not negative; add rows with trial_type {SCORED} to its "
                "table, or say data.scored=all if every recording was scored from start to end"
            )
        scorers[name] = Scoring(intervals(sorted(once)), scored)
        again = len(marked[said]) - len(once)
        outside = sum(not len(intersection(intervals([event]), scored)) for event in once)
        told = ((again, AGAIN), (outside, OUTSIDE))
        notes += [f"{what}: {number} of {name}" for number, what in told if number]
    return scorers, tuple(notes)


def read_stages(root: Path, record: str, seconds: float) -> tuple[NDArray[np.int8], float] | None:
    """Read the code of each epoch (see :data:`.STAGES`) and the length of one: the shortest row's.

    None if there is no table. Raises InputError if a row names no stage, does not fit the epochs,
    repeats one, or lies past the end.
    """
    table = find_table(root, f"{record}_stages")
    if table is None:
        return None
    rows = read_table(table, ("onset", "duration", "stage"))
    epoch = min((row.number("duration") for row in rows), default=0.0)
    if epoch < 1:
        raise InputError(f"{table}: expected at least one stage, and durations of at least 1 s")
    stages = np.full(int(seconds / epoch) + 1, -1, dtype=np.int8)
    said = np.zeros(len(stages), dtype=np.bool_)
    for row in rows:
        epochs = _epochs(row, epoch, len(stages))
        if said[epochs].any():
            at = epochs.start * epoch
            raise InputError(f"{row.where}: the stage from {at:g} s was said before")
        name = row.cells["stage"]
        if name.casefold() not in CODES:
            known = ", ".join(STAGES[code] for code in CODES.values() if code >= 0)
            raise InputError(f"{row.where}: stage is {name!r}; expected one of {known}, or n/a")
        said[epochs], stages[epochs] = True, CODES[name.casefold()]
    return stages[: int(np.flatnonzero(said)[-1]) + 1], epoch


def _kind(row: Row) -> str | None:
    """Say what a row is, in lower case; None where its table does not."""
    column = next((name for name in ("trial_type", "description") if name in row.cells), None)
    return None if column is None else as_seen(row.cells[column])


def _expert(row: Row, *, required: bool = False) -> str:
    said = row.cells.get("expert", "").casefold()
    # Programs that keep a column with gaps as numbers write 1.0 for 1.
    number = said.removeprefix("expert").removesuffix(".0").strip()
    if number in set("123456789"):
        return f"expert{number}"
    if said or required:
        raise InputError(f"{row.where}: expert is {said or 'empty'}; expected a number from 1 to 9")
    return ""


def _span(row: Row, seconds: float) -> tuple[float, float]:
    onset, duration = row.number("onset"), row.number("duration")
    end = onset + duration
    if onset < 0 or end <= onset:
        raise InputError(
            f"{row.where}: onset is {onset:g} and duration {duration:g}; expected s from the start "
            "of the recording, and a duration above 0"
        )
    if end > seconds + ROUNDING or onset >= seconds:
        raise InputError(
            f"{row.where}: from {onset:g} to {end:g} s, but the recording lasts {seconds:g} s; "
            "expected s from its start: are these samples, or is the table of another record?"
        )
    return onset, min(end, seconds)


def _epochs(row: Row, epoch: float, there: int) -> slice:
    onset, end = row.number("onset"), row.number("onset") + row.number("duration")
    first, last = round(onset / epoch), round(end / epoch)
    where = f"{row.where}: from {onset:g} to {end:g} s"
    if not np.allclose((onset, end), (first * epoch, last * epoch), atol=0.01):
        raise InputError(
            f"{where}; stages are epochs of {epoch:g} s here, as the shortest row, and each starts "
            "at a multiple of that"
        )
    if onset < 0 or last > there:
        raise InputError(f"{where}, outside the recording; expected s from its start")
    return slice(first, last)
