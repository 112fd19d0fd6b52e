"""Raters: who marked what of a recording and looked where, and the truth made of several.

A rater is called as written, by whichever spelling is met first; a number ``1`` is ``expert1``.
``data.expert`` says whose marks are events: one rater's as they are, or those of all raters of a
record by one of the :data:`RULES`. A program (``automatic``) is no rater.

================  ===========================================  ====================================
rule              an event is time that                        scored is time at which
================  ===========================================  ====================================
``union``         any rater marked; a single rater's marks     all looked
                  are left as they are
``intersection``  all marked                                   all looked
``majority``      more than half of those marked who looked    two or more looked
                  at that moment, if two or more did
================  ===========================================  ====================================
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import as_channel, as_seen, natural
from xai_sleep.recordings.intervals import Intervals, intersection, intervals, time_inside, union
from xai_sleep.recordings.recording import Scoring
from xai_sleep.recordings.tables import Row

AUTOMATIC = "automatic"  # marks of a program
RULES = {"union": 1, "intersection": 2, "majority": 2}  # raters that a record must have for each

SCORED = "scored"  # kind of a row that says where a rater looked
ROUNDING = 0.01  # s by which a row may reach past the end of its recording; it is cut there
ALONE = "expert1"  # name of the rater where nobody is named
AGAIN = "rows that say the same as another, which count once"
CHANNELS = "marks of events that another channel shows too, which count once"
OUTSIDE = "events outside the scored time, which count nowhere"

_NUMBERED = re.compile(r"(?:expert)?\s*0*(\d+)(?:\.0*)?")


def rater_named(said: str) -> str:
    """Name a rater as written; one that is a number is ``expert1``, ``expert2`` ….

    Raises ValueError if it is a number but not a whole one, or a word that means something else.
    """
    name = " ".join(said.split())
    if number := _NUMBERED.fullmatch(as_seen(name)):  # programs write 1.0 for 1
        return f"expert{number[1]}"
    if re.fullmatch(r"[\d.,+-]*(e[+-]?\d+)?", as_seen(name)) or as_seen(name) in {
        *RULES,
        AUTOMATIC,
    }:
        raise ValueError(f"expert is {name!r}; expected a name or a whole number")
    return name


def named_alike(where: str, said: str, spelled: dict[str, str]) -> str:
    """Name a rater by the spelling that is ``spelled`` already; InputError if it is no name."""
    try:
        rater = rater_named(said)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    return spelled.setdefault(as_seen(rater), rater)


def as_named(rows: Sequence[Row], spelled: dict[str, str]) -> list[Row]:
    """Call the raters of a record's rows, see :func:`named_alike`.

    Raises InputError if a row names nobody where others do.
    """
    several = any(row.cells.get("expert") for row in rows)
    named = []
    for row in rows:
        said = row.cells.get("expert", "")
        if several and not said and row.kind != SCORED:
            raise InputError(f"{row.where}: expert is empty; expected a name, as other rows do")
        rater = named_alike(row.where, said, spelled) if said else ""
        named.append(replace(row, cells={**row.cells, "expert": rater}))
    return named


def score(
    record: str,
    rows: Sequence[Row],
    seconds: float,
    given: Intervals | None,
    raters: Iterable[str] = (),
) -> tuple[dict[str, Scoring], tuple[str, ...]]:
    """Sort rows, events and scored time of a record of some ``seconds``, by rater.

    ``given`` is what everybody scored; None if rows say so. A row that names nobody holds for all;
    ``raters`` may have found nothing. Notes tell of rows that repeat another, and of events that
    lie where nobody looked. Raises InputError if a row is no stretch of the recording, or it is not
    known what was scored.
    """
    marked: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    looked: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        span, rater = _span(row, seconds), row.cells.get("expert", "")
        if row.kind == SCORED:
            looked[rater].append(span)
        else:
            marked[rater].append((*span, as_channel(row.cells.get("channel", ""))))
    if given is not None:
        if looked:
            said = f"rows of {record} called {SCORED} say where the rater looked"
            raise InputError(f"data.scored says so too, but {said}; remove them, or use rows")
        looked[""] = [(start, end) for start, end in given]
    scorers, notes = {}, []
    for said in sorted({*marked, *looked, *raters} - {""}, key=natural) or [""]:
        scored = union([intervals([*looked[said], *looked[""]])])
        if not len(scored):
            lacking = f"nothing says where {said or 'the expert'} looked"
            add = f"add rows with trial_type {SCORED} to its table"
            raise InputError(
                f"{record}: {lacking}, and unscored time is unknown, not negative; {add}, or say "
                "data.scored=all if every recording was scored from start to end"
            )
        scorers[said or ALONE], odd = _scoring(marked[said], scored)
        notes += [f"{what}: {number} of {said or ALONE}" for what, number in odd.items() if number]
    return scorers, tuple(notes)


def raters_of(scorers: Mapping[str, Scoring]) -> list[str]:
    """Names of the raters among scorers, in natural order."""
    return sorted(scorers.keys() - {AUTOMATIC}, key=natural)


def rater_meant(expert: str, records: Mapping[str, Mapping[str, Scoring]]) -> str:
    """Find the rater, or the rule, that ``data.expert`` means in all records.

    Raises InputError if no record has such a rater, or some lack one who is needed.
    """
    there = sorted({name for each in records.values() for name in raters_of(each)}, key=natural)
    rule = as_seen(expert)
    if rule not in RULES:
        try:
            seen = as_seen(rater_named(expert))
        except ValueError:
            seen = rule
        alike = [name for name in there if as_seen(name) == seen]
        if not alike:
            choices = (
                f"the raters are {', '.join(there)}; choose one of them, or {', '.join(RULES)}"
            )
            raise InputError(f"data.expert is {expert}, but {choices}")
        rule = alike[0]
    least = RULES.get(rule)
    enough = {
        name: len(raters_of(who)) >= least if least else rule in who
        for name, who in records.items()
    }
    if lacking := [record for record in records if not enough[record]]:
        others = sorted({who for record in lacking for who in raters_of(records[record])})
        alone = f"nobody scored {', '.join(lacking)} besides {' or '.join(others)} (column expert)"
        remedy = "leave such records out (data.records) or choose another data.expert"
        raise InputError(f"data.expert is {expert}, but {alone}; {remedy}")
    return rule


def combine(scorers: Mapping[str, Scoring], expert: str) -> tuple[Scoring, tuple[str, ...]]:
    """Make one truth of what raters (at least one) marked, and note what merged.

    ``expert`` is one of the raters or of the :data:`RULES`, for which time is marked or not: marks
    that overlap become one event.
    """
    if expert in scorers:
        return scorers[expert], ()
    chosen = [scorers[name] for name in raters_of(scorers)]
    if expert == "majority":
        return _majority(chosen), ()
    if len(chosen) == 1:
        return chosen[0], ()
    scored = reduce(intersection, (each.scored for each in chosen))
    if expert == "intersection":
        return Scoring(reduce(intersection, (each.events for each in chosen)), scored), ()
    events = union([each.events for each in chosen])
    marks = sum(len(each.events) for each in chosen)
    merged = f"{marks} marks of {len(chosen)} experts merged into {len(events)} events"
    return Scoring(events, scored), (merged,) if len(events) < marks else ()


def _scoring(
    marks: Sequence[tuple[float, float, str]], scored: Intervals
) -> tuple[Scoring, dict[str, int]]:
    """Make events of the marks of one rater; count what was odd."""
    once = set(marks)
    events = intervals(sorted(mark[:2] for mark in once))
    if len({channel for *_, channel in once}) > 1:
        events = union([events])
    outside = int((np.diff(time_inside(scored, events), axis=1) <= 0).sum())
    odd = {AGAIN: len(marks) - len(once), CHANNELS: len(once) - len(events), OUTSIDE: outside}
    return Scoring(events, scored), odd


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


def _majority(raters: list[Scoring]) -> Scoring:
    """Count raters between any two times at which one of them begins or ends anything."""
    sets = [part.ravel() for each in raters for part in (each.events, each.scored)]
    edges = np.unique(np.concatenate(sets))
    stretches = np.column_stack([edges[:-1], edges[1:]])
    middle = stretches.mean(axis=1)
    looked = np.array([_inside(each.scored, middle) for each in raters])
    marked = np.array([_inside(each.events, middle) for each in raters]) & looked
    several = looked.sum(axis=0) >= RULES["majority"]
    most = several & (2 * marked.sum(axis=0) > looked.sum(axis=0))
    return Scoring(union([stretches[most]]), union([stretches[several]]))


def _inside(spans: Intervals, times: NDArray[np.float64]) -> NDArray[np.bool_]:
    before: NDArray[np.intp] = np.searchsorted(union([spans]).ravel(), times, side="right")
    return np.asarray(before % 2 == 1, dtype=np.bool_)
