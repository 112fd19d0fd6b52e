"""What people marked in a recording of their own: a table beside the file, or EDF+ annotations.

A row is a stretch of time: ``onset`` and ``duration`` in s from the start of the recording, what it
is (``trial_type`` as BIDS [1]_ calls it, or ``description`` as MNE does), and which ``expert`` said
so. Rows called ``scored`` say where the expert looked. Unscored time is unknown, so it is never
guessed: either there are such rows, or the user says that all was scored.

.. [1] Gorgolewski, K. J. et al. (2016). The brain imaging data structure, a format for organizing
   and describing outputs of neuroimaging experiments. Scientific Data 3, 160044: ``events.tsv``.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.edf import EdfFile
from xai_sleep.recordings.intervals import intersection, intervals, union
from xai_sleep.recordings.names import as_seen
from xai_sleep.recordings.recording import Scoring
from xai_sleep.recordings.tables import Row, find_table, read_table

SCORED = "scored"  # kind of a row that says where an expert looked
ROUNDING = 0.01  # s by which a row may reach past the end of its recording; it is cut there
ALONE = "expert1"  # name of the expert where a table names nobody

AGAIN = "rows that say the same as another, which count once"
OUTSIDE = "events outside the scored time, which count nowhere"


def rows_of(path: Path, source: EdfFile) -> list[Row]:
    """Read the table beside a recording, or the annotations inside where there is no table.

    Raises InputError if there is neither, or the table cannot be read.
    """
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
    """Decide which kinds of row (in lower case) are events, in all records alike.

    Parameters
    ----------
    tables : of each record. Where rows do not say what they are, all are events.
    names : kinds that are events; case does not matter. None will do where there is one kind.

    Raises
    ------
    InputError
        If there are several kinds and none is named, or nothing is called as one that is.
    """
    found = Counter(_kind(row) for rows in tables.values() for row in rows)
    found = Counter({kind: n for kind, n in found.items() if kind not in (None, SCORED)})
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
    """Sort the rows of one recording by expert: what each marked, and where they looked.

    Notes tell of rows that repeat another, and of events that lie where nobody looked.

    Parameters
    ----------
    path : of the recording, for messages
    kinds : kinds of row that are events, see :func:`event_kinds`
    seconds : length of the recording
    everything : whether all of it was scored; otherwise rows called ``scored`` say what was

    Raises
    ------
    InputError
        If a row is no stretch of the recording, does not say whose it is where others do, or if
        it is not known what was scored.
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
