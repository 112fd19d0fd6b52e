"""What people said of recordings of their own: tables beside a file, or EDF+ annotations.

A row of marks is a stretch of time: its onset and duration in s from the start, its kind, which
expert said so, and on which channel; :func:`.read_marks` knows what columns are
called. Rows called ``scored`` say where the expert looked. Unscored time is unknown, so it is never
guessed: either there are such rows, or the user says that all was scored. Rows called as stages of
sleep are (``Sleep stage N2``, ``REM``) are the hypnogram where no file holds it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import Source, as_channel, as_seen, same_place
from xai_sleep.recordings.formats import record_name
from xai_sleep.recordings.intervals import Intervals, intersection, intervals, union
from xai_sleep.recordings.recording import Scoring
from xai_sleep.recordings.stages import code_of
from xai_sleep.recordings.tables import Row, find_table, read_marks

SCORED = "scored"  # kind of a row that says where an expert looked
ROUNDING = 0.01  # s by which a row may reach past the end of its recording; it is cut there
ALONE = "expert1"  # name of the expert where a table names nobody
AGAIN = "rows that say the same as another, which count once"
CHANNELS = "marks of events that another channel shows too, which count once"
OUTSIDE = "events outside the scored time, which count nowhere"
ELSEWHERE = "marks on channels that the task does not take, left out (data.channels=all takes them)"


@dataclass(frozen=True)
class Kinds:
    """What rows can be, in lower case; all other kinds are of no interest."""

    events: frozenset[str]
    stages: frozenset[str] = frozenset()


def rows_of(path: Path, source: Source) -> tuple[list[Row], tuple[str, ...]]:
    """Read the table beside a recording, else the annotations inside; InputError if neither is.

    Beside a table without stages, the stages among the annotations are read as well. Notes tell
    of what was passed over.
    """
    name = record_name(path)
    table = find_table(path.parent, name)
    if table is None:
        if inside := _inside(path, source):
            return inside, ()
        lacking = f"no table {name}.csv or {name}.tsv beside it and no annotations inside"
        remedy = "with the columns onset and duration in s, or leave the record out (data.records)"
        raise InputError(f"{path} has {lacking}; write one {remedy}")
    rows, notes = read_marks(table)
    try:
        inside = _inside(path, source)
    except InputError as error:
        return rows, (*notes, f"annotations inside left unread: {error}")
    stages = [] if any(map(_is_stage, rows)) else [row for row in inside if _is_stage(row)]
    if left := len(inside) - len(stages):
        notes += (f"annotations inside left out, as {table.name} is there: {left}",)
    return [*rows, *stages], notes


def event_kinds(tables: Mapping[str, Sequence[Row]], names: Sequence[str] | None) -> Kinds:
    """Decide which kinds of row are events, and which stages, in the tables of all records alike.

    Where rows do not say what they are, all are events. Raises InputError if there are several
    kinds and none is named, or nothing is called as one that is.
    """
    rows = [row for each in tables.values() for row in each]
    found = Counter(kind for row in rows if (kind := _kind(row)) not in (None, SCORED))
    stages = {str(_kind(row)) for row in rows if _is_stage(row)}
    # Alone, it is a rapid eye movement: no hypnogram has one stage.
    stages -= ({"rem"} if stages == {"rem"} else set()) | set(map(as_seen, names or ()))
    held = ", ".join(f"{kind or 'n/a'} ({n})" for kind, n in found.most_common()) or "none"
    if names is None:
        events = {str(kind) for kind in found} - stages
        if len(events) > 1:
            remedy = "name those that are events, as in data.event_names=[spindle]"
            raise InputError(f"the tables hold rows of several kinds: {held}; {remedy}")
        return Kinds(frozenset(events), frozenset(stages))
    if absent := " or ".join(name for name in names if as_seen(name) not in found):
        kinds = f"the kinds found are {held}"
        raise InputError(f"data.event_names: no row is called {absent}; {kinds}")
    return Kinds(frozenset(map(as_seen, names)), frozenset(stages))


def stage_rows(rows: Sequence[Row], kinds: Kinds) -> list[Row]:
    """Pick the rows that are the hypnogram."""
    return [row for row in rows if _kind(row) in kinds.stages]


def on_channels(
    rows: Sequence[Row], kinds: Kinds, channels: Sequence[str] | None
) -> tuple[list[Row], tuple[str, ...]]:
    """Take events and scored time on some channels; None: on any. Count the others in a note.

    A row may name several channels; one that names none is on all.
    """
    marks = [row for row in rows if _kind(row) in (None, SCORED, *kinds.events)]
    left = Counter(
        said
        for row in marks
        if (said := row.cells.get("channel", ""))
        and channels is not None
        and not any(same_place(mark, own) for mark in re.split("[,;|]", said) for own in channels)
    )
    told = ", ".join(f"{n} on {said}" for said, n in left.most_common())
    kept = [row for row in marks if row.cells.get("channel", "") not in left]
    return kept, (f"{ELSEWHERE}: {told}",) if left else ()


def score(
    path: Path, rows: Sequence[Row], kinds: Kinds, *, seconds: float, everything: bool
) -> tuple[dict[str, Scoring], tuple[str, ...]]:
    """Sort the rows of a recording of some ``seconds`` by expert: their marks, and scored time.

    Kinds are from :func:`event_kinds`. Where not ``everything`` was scored, rows say what was.
    Notes tell of rows that repeat another, and of events that lie where nobody looked.
    Raises InputError if a row is no stretch of the recording, does not say whose it is where others
    do, or if it is not known what was scored.
    """
    marked: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    looked: dict[str, list[tuple[float, float]]] = defaultdict(list)
    several = any(row.cells.get("expert") for row in rows)
    for row in rows:
        kind = _kind(row)
        if kind == SCORED:
            looked[_expert(row)].append(_span(row, seconds))
        elif kind is None or kind in kinds.events:
            channel = as_channel(row.cells.get("channel", ""))
            marked[_expert(row, required=several)].append((*_span(row, seconds), channel))
    if everything:
        if looked:
            said = f"rows of {record_name(path)} called {SCORED} say where the expert looked"
            raise InputError(f"data.scored=all, but {said}; remove them, or use data.scored=rows")
        looked[""].append((0.0, seconds))
    scorers, notes = {}, []
    for said in sorted((marked.keys() | looked.keys()) - {""}) or [""]:
        scored = union([intervals([*looked[said], *looked[""]])])
        if not len(scored):
            lacking = f"nothing says where {said or 'the expert'} looked"
            add = f"add rows with trial_type {SCORED} to its table"
            raise InputError(
                f"{path.name}: {lacking}, and unscored time is unknown, not negative; {add}, "
                "or say data.scored=all if every recording was scored from start to end"
            )
        scorers[said or ALONE], odd = _scoring(marked[said], scored)
        notes += [f"{what}: {number} of {said or ALONE}" for what, number in odd.items() if number]
    return scorers, tuple(notes)


def _scoring(
    marks: Sequence[tuple[float, float, str]], scored: Intervals
) -> tuple[Scoring, dict[str, int]]:
    """Make events of the marks of one expert; count what was odd."""
    once = set(marks)
    events = intervals(sorted(mark[:2] for mark in once))
    if len({channel for *_, channel in once}) > 1:
        events = union([events])
    outside = sum(not len(intersection(intervals([event]), scored)) for event in events)
    odd = {AGAIN: len(marks) - len(once), CHANNELS: len(once) - len(events), OUTSIDE: outside}
    return Scoring(events, scored), odd


def understood(
    rows: Sequence[Row], kinds: Kinds, scorers: Mapping[str, Scoring], stages: object
) -> str:
    """Say in one line what was understood of a record: kinds, experts, channels, time, stages."""
    roles = dict.fromkeys(kinds.stages, " as stage") | dict.fromkeys((None, SCORED), "")
    roles |= dict.fromkeys(kinds.events, "")
    counts = Counter(map(_kind, rows)).most_common()
    called = {kind: "of no kind" if kind is None else kind or "n/a" for kind, _ in counts}
    told = (f"{called[kind]}{roles.get(kind, ' left out')} {n}" for kind, n in counts)
    found = ", ".join(told) or "nothing"
    channels = sorted({row.cells.get("channel", "") for row in rows} - {""})
    hours = ", ".join(
        f"{name} {(one.scored[:, 1] - one.scored[:, 0]).sum() / 3600:.3g} h"
        for name, one in scorers.items()
    )
    rest = f"channels: {', '.join(channels) or 'not told'}; stages: {stages or 'none'}"
    return f"understood: {found}; scored by {hours}; {rest}"


def _inside(path: Path, source: Source) -> list[Row]:
    rows = []
    for onset, duration, text in source.annotations():
        kind, _, channel = map(str.strip, text.partition("@@"))  # "spindle@@C3-A2"
        cells = {"onset": str(onset), "duration": str(duration), "kind": kind, "channel": channel}
        rows.append(Row(f"{path}, annotation at {onset:g} s", cells))
    return rows


def _is_stage(row: Row) -> bool:
    return code_of(_kind(row) or "", among_marks=True) is not None


def _kind(row: Row) -> str | None:
    """Say what a row is, in lower case; None where its table does not."""
    kind = row.cells.get("kind")
    return None if kind is None else as_seen(kind)


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
    onset, duration = row.span()
    end = onset + duration
    if onset < 0 or end <= onset:
        expected = "expected s from the start of the recording, and a duration above 0"
        raise InputError(f"{row.where}: onset is {onset:g} and duration {duration:g}; {expected}")
    if end > seconds + ROUNDING or onset >= seconds:
        said = f"from {onset:g} to {end:g} s, but the recording lasts {seconds:g} s"
        doubt = "are these samples, or is the table of another record?"
        raise InputError(f"{row.where}: {said}; expected s from its start: {doubt}")
    return onset, min(end, seconds)
