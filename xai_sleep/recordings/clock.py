"""Times of day in marks, set against the start of their recording.

``23:15:02.5``, ``11:15:02 PM`` and ISO 8601 date-times (``2024-03-01T23:15:02``) are read off the
wall; ``01:10:00`` may as well be time elapsed since the start. Which of the two it is follows from
which of them lies inside the recording; where both do, nothing is guessed.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import NamedTuple

from xai_sleep.errors import InputError
from xai_sleep.recordings.tables import Row

DAY = 86400.0
ROUNDING = 0.01  # s by which a time may lie outside the recording
MEANINGS = ("either", "clock", "elapsed")

_DATE = r"(?:(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)[T ]\s*)?"
_TIME = r"(?P<h>\d{1,4}):(?P<m>[0-5]\d):(?P<s>[0-5]\d(?:[.,]\d+)?)(?:\s*(?P<half>[ap])\.?m\.?)?"
_STAMP = re.compile(_DATE + _TIME, re.IGNORECASE | re.ASCII)


class Stamp(NamedTuple):
    """A time as it is written."""

    seconds: float  # since midnight, or elapsed
    day: date | None = None
    halved: bool = False  # AM or PM

    def of_clock(self) -> bool:
        """Whether it can be nothing else than a time of day."""
        return self.halved or self.day is not None

    def at(self, start: datetime, *, elapsed: bool = False) -> float:
        """Seconds since ``start``; a time of day without a date is in the 24 h after it."""
        if elapsed:
            return self.seconds
        midnight = datetime.combine(start, time())
        since = self.seconds - (start.replace(tzinfo=None) - midnight).total_seconds()
        if self.day is not None:
            return since + (self.day - start.date()).days * DAY
        since %= DAY
        return 0.0 if since > DAY - ROUNDING else since


def stamp(said: str) -> Stamp | None:
    """Read a time with hours, minutes and seconds; None if it is none."""
    if not (found := _STAMP.fullmatch(said.strip())):
        return None
    hours, half = int(found["h"]), (found["half"] or "").lower()
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + 12 * (half == "p")
    seconds = hours * 3600 + int(found["m"]) * 60 + float(found["s"].replace(",", "."))
    try:
        day = date(*map(int, found.group("year", "month", "day"))) if found["year"] else None
    except ValueError:
        return None
    return Stamp(seconds, day, bool(half))


class Night(NamedTuple):
    """When a recording was made."""

    start: datetime | None  # of its first sample, as the clock on the wall showed it
    seconds: float

    def holds(self, at: float) -> bool:
        """Whether a time in s lies inside."""
        return -ROUNDING <= at <= self.seconds + ROUNDING

    def placed(self, where: str, stamp: Stamp, said: str) -> float:
        """Seconds from the start of a time of day; InputError if unclear, or outside."""
        if self.start is None:
            began = f"{where}: {said[:40]!r} is a time of day, but the recording does not say when"
            raise InputError(f"{began} it began; write seconds from its start")
        if stamp.seconds >= DAY:
            raise InputError(f"{where}: {said[:40]!r} is no time of day; expected hh:mm:ss")
        if stamp.day is None and self.seconds > DAY:
            twice = f"{said[:40]!r} comes twice in a recording of {self.seconds / 3600:.3g} h"
            raise InputError(f"{where}: {twice}; write dates too, or seconds from its start")
        if not self.holds(at := stamp.at(self.start)):
            lasts = f"the recording, which began {self.start:%Y-%m-%d %H:%M:%S} and lasts"
            wrong = "is the file of another record, or the clock another?"
            raise InputError(
                f"{where}: {said[:40]!r} lies outside {lasts} {self.seconds:g} s; {wrong}"
            )
        return at


def in_seconds(
    path: Path, rows: Sequence[Row], night: Night, setting: str, times: str
) -> tuple[list[Row], tuple[str, ...]]:
    """Write the times of rows (onset, end) as seconds from the start of the recording.

    ``times`` (of a ``setting``) says what one without a date is, or that it is what fits. A
    duration may be written as hh:mm:ss as well. Notes say what the times were taken for. Raises
    InputError if that is unclear, a time is outside the recording, or seconds stand among times.
    """
    found = {
        (number, column): told
        for number, row in enumerate(rows)
        for column in ("onset", "end")
        if (told := stamp(row.cells.get(column, "")))
    }
    rows = [_duration(row) for row in rows]
    if not found:
        return rows, ()
    _require_alike(rows, found)
    elapsed = _elapsed(rows, found, night, setting, times)
    read = list(rows)
    for (number, column), told in found.items():
        row = read[number]
        where, said = f"{row.where}: {column}", row.cells[column]
        at = told.seconds if elapsed else night.placed(where, told, said)
        read[number] = replace(row, cells={**row.cells, column: f"{at:.6f}"})
    taken = f"times of {path.name} taken for"
    if elapsed:
        return read, (f"{taken} time elapsed since the start of the recording",)
    whole = all(told.seconds == int(told.seconds) for told in found.values())
    coarse = ", to the whole second" if whole else ""
    return read, (f"{taken} the clock's{coarse}; the recording began {night.start:%H:%M:%S}",)


Found = dict[tuple[int, str], Stamp]


def _duration(row: Row) -> Row:
    told = stamp(row.cells.get("duration", ""))
    if not told or told.of_clock():
        return row
    return replace(row, cells={**row.cells, "duration": f"{told.seconds:.6f}"})


def _require_alike(rows: Sequence[Row], found: Found) -> None:
    dated = next(iter(found.values())).day is not None
    for number, row in enumerate(rows):
        for column in ("onset", "end"):
            said, told = row.cells.get(column), found.get((number, column))
            if said and (told is None or (told.day is None) == dated):
                other, at = next(iter(found))
                first = f"where {rows[other].where} has {rows[other].cells[at]!r}"
                same = "write all times in one way, or seconds from the start throughout"
                raise InputError(f"{row.where}: {column} is {said[:40]!r}, {first}; {same}")


def _elapsed(rows: Sequence[Row], found: Found, night: Night, setting: str, times: str) -> bool:
    """Whether times are elapsed; InputError if they could be either."""
    clock = times == "clock" or any(told.of_clock() for told in found.values())
    long = times == "elapsed" or any(told.seconds >= DAY for told in found.values())
    if clock and long:
        both = f"some times are of the clock, others elapsed (24 h or more, or {setting}=elapsed)"
        where = rows[next(iter(found))[0]].where
        raise InputError(f"{where}: {both}; write seconds from the start of the recording")
    if clock or long or not all(night.holds(told.seconds) for told in found.values()):
        return long
    # A start at midnight sharp is what an anonymised header says, so it tells nothing.
    start = night.start if night.start and night.start.time() != time() else None
    day = night.seconds <= DAY
    if start and not (day and all(night.holds(told.at(start)) for told in found.values())):
        return True
    number, column = next(iter(found))
    said = f"{rows[number].where}: {column} is {rows[number].cells[column]!r}"
    when = f"began {start:%H:%M:%S}" if start else "does not say when it began"
    doubt = f"which could be of the clock, or elapsed in a recording that {when}"
    remedy = f"say which ({setting}=clock or elapsed), or write seconds from the start"
    raise InputError(f"{said}, {doubt}; {remedy}")
