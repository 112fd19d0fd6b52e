"""What people said of recordings of their own: files of marks beside them, or annotations inside.

A row of marks is a stretch of time: its onset and duration in s from the start, its kind, who said
so, and on which channel, whatever form of file it was read from (``recordings/marks``). Rows called
``scored`` say where the rater looked. Unscored time is unknown, so it is never guessed: there are
such rows, or the user says that all was scored, or all of some stages. Rows called as stages of
sleep are (``Sleep stage N2``, ``REM``) are the hypnogram where no file holds it.
"""

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import Source, as_seen, same_place
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.layout import MarksFile, RecordFiles
from xai_sleep.recordings.raters import SCORED, as_named, named_alike, score
from xai_sleep.recordings.recording import STAGES, Scoring
from xai_sleep.recordings.stages import Stages, code_of, read_stages, time_in
from xai_sleep.recordings.tables import Row

log = logging.getLogger(__name__)
ELSEWHERE = "marks on channels that the task does not take, left out (data.channels=all takes them)"


@dataclass(frozen=True)
class Rules:
    """How marks are meant, as the settings say."""

    event_names: Sequence[str] | None = None  # kinds of row that are events; None: there is one
    every_channel: bool = False  # whether marks on channels of no concern count
    everything: bool = False  # whether all was scored; else rows say so,
    stages: frozenset[int] = frozenset()  # or it is all of these, by their codes


@dataclass(frozen=True)
class Told:
    """What was said of one record."""

    scorers: Mapping[str, Scoring]  # by rater
    stages: Stages | None
    kinds: Mapping[str, int]  # how many rows of each, in their words
    found: tuple[str, ...] = ()  # notes of files and channels
    odd: tuple[str, ...] = ()  # notes of marks


@dataclass(frozen=True)
class Kinds:
    """What rows can be, in lower case; all other kinds are of no interest."""

    events: frozenset[str]
    stages: frozenset[str] = frozenset()


def understand(
    nights: Mapping[str, RecordFiles],
    sources: Mapping[str, Source],
    channels: Mapping[str, Sequence[str]],
    rules: Rules,
    event: str,
) -> dict[str, Told]:
    """Read what was marked in each record, whose ``channels`` the task takes; no signal is read.

    ``event`` is what the task looks for: rows called otherwise are taken for it with a warning.
    Raises InputError if a file cannot be used, or what it says could mean several things.
    """
    found = {name: rows_of(night, sources[name]) for name, night in nights.items()}
    rows = {name: each for name, (each, _) in found.items()}
    kinds = event_kinds(rows, rules.event_names)
    unlike = () if rules.event_names else _unlike(kinds, event)
    taken = {name: None if rules.every_channel else channels[name] for name in rows}
    own = {name: on_channels(each, kinds, taken[name]) for name, each in rows.items()}
    told, spelled = {}, dict[str, str]()
    for name, night in nights.items():
        seconds = sources[name].seconds
        staged = [row for row in rows[name] if row.kind in kinds.stages]
        stages = read_stages(night.stages, name, sources[name], staged)
        given = _given(name, rules, seconds, stages)
        marks = as_named(own[name][0], spelled)
        named = {named_alike(str(f.path), f.rater, spelled) for f in night.marks if f.rater}
        scorers, odd = score(name, marks, seconds, given, named)
        counts = _counted(rows[name], own[name][0], kinds)
        notes = (*unlike, *found[name][1], *own[name][1])
        told[name] = Told(scorers, stages, counts, notes, odd)
    left = [notes[0] for _, notes in own.values() if notes]
    if left and not any(len(s.events) for each in told.values() for s in each.scorers.values()):
        raise InputError(f"no event is on the task's channels; {left[0]}")
    return told


def rows_of(night: RecordFiles, source: Source) -> tuple[list[Row], tuple[str, ...]]:
    """Read the marks beside a recording, else the annotations inside; InputError if there are none.

    Beside marks without stages, the stages among the annotations are read as well. Notes tell of
    what was passed over.
    """
    if not night.marks:
        if inside := _inside(source):
            return inside, ()
        lacking = f"no marks beside it (as {night.expected}) and no annotations inside"
        remedy = "with the columns onset and duration in s, or leave the record out (data.records)"
        raise InputError(f"{night.signals} has {lacking}; write a table {remedy}")
    rows: list[Row] = []
    notes: tuple[str, ...] = ()
    for each in night.marks:
        read, said = _read(each, source)
        rows, notes = [*rows, *read], (*notes, *said)
    try:
        inside = _inside(source)
    except InputError as error:
        return rows, (*notes, f"annotations inside left unread: {error}")
    stages = [] if any(map(_is_stage, rows)) else [row for row in inside if _is_stage(row)]
    if left := len(inside) - len(stages):
        there = " and ".join(each.path.name for each in night.marks)
        notes += (f"annotations inside left out, as {there} is there: {left}",)
    return [*rows, *stages], notes


def event_kinds(tables: Mapping[str, Sequence[Row]], names: Sequence[str] | None) -> Kinds:
    """Decide which kinds of row are events, and which stages, in the tables of all records alike.

    Where rows do not say what they are, all are events. Raises InputError if there are several
    kinds and none is named, or nothing is called as one that is.
    """
    rows = [row for each in tables.values() for row in each]
    found = Counter(kind for row in rows if (kind := row.kind) not in (None, SCORED))
    stages = {str(row.kind) for row in rows if _is_stage(row)}
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


def on_channels(
    rows: Sequence[Row], kinds: Kinds, channels: Sequence[str] | None
) -> tuple[list[Row], tuple[str, ...]]:
    """Take events and scored time on some channels; None: on any. Count the others in a note.

    A row may name several channels; one that names none is on all.
    """
    marks = [row for row in rows if row.kind in (None, SCORED, *kinds.events)]
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


def _read(file: MarksFile, source: Source) -> tuple[list[Row], tuple[str, ...]]:
    """Read a file of marks; whom its name tells made all of them."""
    assert file.reader is not None
    rows, notes = file.reader.read(file.path, source.start, source.seconds)
    if not file.rater:
        return rows, notes
    for row in rows:
        if (said := row.cells.get("expert", "")) and as_seen(said) != as_seen(file.rater):
            odd = f"expert is {said}, but the file is called after {file.rater}"
            raise InputError(f"{row.where}: {odd}; rename the file, or correct the row")
    return [replace(row, cells={**row.cells, "expert": file.rater}) for row in rows], notes


def _given(record: str, rules: Rules, seconds: float, stages: Stages | None) -> Intervals | None:
    """Time that the user says was scored; None if rows say so."""
    if rules.everything:
        return intervals([(0.0, seconds)])
    if not rules.stages:
        return None
    looked = time_in(rules.stages, stages, seconds) if stages else intervals([])
    if not len(looked):
        names = ", ".join(STAGES[code] for code in sorted(rules.stages))
        lacking = f"the stages of {record} are {stages}" if stages else f"{record} has no stages"
        remedy = f"add them ({record}_stages.csv), or leave the record out (data.records)"
        raise InputError(f"data.scored=[{names}], but {lacking}; {remedy}")
    return looked


def _counted(rows: Sequence[Row], own: Sequence[Row], kinds: Kinds) -> dict[str, int]:
    """Count rows by what they were taken for."""
    taken, counts = set(map(id, own)), Counter[str]()
    for row in rows:
        kind, channel = row.kind, row.cells.get("channel", "")
        name = "event" if kind is None else kind or "n/a"
        if kind in kinds.stages:
            counts[f"{name} (stage)"] += 1
        elif id(row) in taken:
            counts[f"{name} on {channel}" if channel else name] += 1
        else:
            elsewhere = f" on {channel}" if kind in (None, SCORED, *kinds.events) else ""
            counts[f"{name}{elsewhere} (left out)"] += 1
    return dict(counts.most_common())


def _inside(source: Source) -> list[Row]:
    rows = []
    for onset, duration, text in source.annotations():
        kind, _, channel = map(str.strip, text.partition("@@"))  # "spindle@@C3-A2"
        cells = {"onset": str(onset), "duration": str(duration), "kind": kind, "channel": channel}
        rows.append(Row(f"{source.path}, annotation at {onset:g} s", cells))
    return rows


def _unlike(kinds: Kinds, event: str) -> tuple[str, ...]:
    """Warn of rows that are events for want of others, but are not called as the event."""
    plain = partial(re.sub, r"[\W_]+", "")
    others = [kind for kind in kinds.events if kind and plain(as_seen(event)) not in plain(kind)]
    told = f"rows called {', '.join(others)} are taken for what the task looks for, {event}"
    if others:
        log.warning("%s; data.event_names says which rows are events", told)
    return (told,) if others else ()


def _is_stage(row: Row) -> bool:
    return code_of(row.kind or "", among_marks=True) is not None
