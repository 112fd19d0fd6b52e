"""Luna's ``.annot`` files (source: "Interval annotations" and "It's about time" of Luna's manual).

    # spindle | of the EEG | rater[txt] frq[num]
    class    instance  channel  start         stop        meta
    spindle  .         C3       23:01:12.5    +0.8        AB|13.2
    N2       .         .        e:4           e:9         .

Cells are separated by tabs, or without any by blanks; ``.`` says nothing. Rows have 3 (class,
start, stop), 4 (class, instance, start, stop) or 6 cells, or more that the line of names calls
meta-data. A start is s from the start, a time of day, ``0+hh:mm:ss`` elapsed, a date or a day in
front of a time (``dd-mm-yy-hh:mm:ss``, ``d2-hh:mm:ss``), or an epoch ``e:number[:length[:step]]``
of 30 s; a stop is one of these, ``+`` and a duration, or ``...`` for the start of the next row.
The class is the kind, but for annotations out of EDF+ (``edf_annot``), where it is the instance.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from xai_sleep.errors import InputError
from xai_sleep.recordings.clock import Night, stamp
from xai_sleep.recordings.marks.reader import Marks, MarksReader, head, text_of
from xai_sleep.recordings.tables import ALIASES, Row, number_of

_COLUMNS = {
    3: ("class", "start", "stop"),
    4: ("class", "instance", "start", "stop"),
    6: ("class", "instance", "channel", "start", "stop", "meta"),
}
_META = "meta: "  # before the name of meta-data that have a column
_INSIDE = "edf_annot"  # class of what EDF+ holds
_EPOCH = re.compile(r"e:(\d{1,7})(?::(\d{1,6}(?:\.\d+)?))?(?::(\d{1,6}(?:\.\d+)?))?")
_DATED = re.compile(r"(\d\d?)[-/](\d\d?|[a-z]{3})[-/](\d\d|\d{4})[- ](\d.*)", re.IGNORECASE)
_DAY = re.compile(r"d(\d{1,3})[- ](\d.*)")
_MONTHS = (*("jan", "feb", "mar", "apr", "may", "jun"), *("jul", "aug", "sep", "oct", "nov", "dec"))
_DOTTED = re.compile(r"(\d\d?)\.(\d\d)\.(\d\d.*)")


class Luna(MarksReader):
    """Text in up to six columns, as Luna reads and writes it."""

    endings: ClassVar = (".annot",)

    def recognises(self, path: Path) -> bool:
        """Whether it is text, and no XML."""
        return not re.match(r"\s*<|.*\0", head(path), re.DOTALL)

    def read(self, path: Path, start: datetime | None, seconds: float) -> Marks:
        """Read the rows; experts are told by meta-data called so, as in ``rater[txt]``."""
        night, told, lines = Night(start, seconds), dict[str, list[str]](), list[Row]()
        more: tuple[str, ...] = ()
        for number, line in enumerate(text_of(path).split("\n"), 1):
            if line.startswith("#"):
                name, *rest = map(str.strip, line[1:].split("|"))
                told[name] = re.findall(r"(\w+)\s*\[", rest[-1]) if len(rest) > 1 else []
            elif (named := tuple(map(str.casefold, _split(line))))[:6] in _COLUMNS.values():
                more = named[6:]
            elif line.strip():
                lines.append(_cells(f"{path}, line {number}", _split(line), more))
        spans = [_Span(row, night) for row in lines]
        followers = [other.onset for other in spans[1:]] + [seconds]
        rows, unused = [], Counter[str]()
        for span, following in zip(spans, followers, strict=False):
            rows.append(_row(span, following, told, unused))
        odd = ", ".join(f"{name} ({n})" for name, n in unused.items())
        return Marks(
            rows, (f"meta-data and instances of {path.name} not used: {odd}",) if odd else ()
        )


def _split(line: str) -> list[str]:
    cells = line.split("\t") if "\t" in line else re.findall(r'"[^"]*"|\S+', line)
    return [cell.strip().strip('"') for cell in cells]


def _cells(where: str, cells: list[str], more: tuple[str, ...]) -> Row:
    """Name the cells; ``more`` are names of meta-data after the sixth."""
    meta = (f"{_META}{name}" for name in more)
    columns_of = {**_COLUMNS, 6 + len(more): (*_COLUMNS[6], *meta)}
    if len(cells) not in columns_of:
        columns = " or ".join(map(str, columns_of))
        expected = f"expected {columns}, separated by tabs (or blanks throughout the line)"
        raise InputError(f"{where} has {len(cells)} cells; {expected}")
    said = ("" if cell == "." else cell for cell in cells)
    return Row(where, dict(zip(columns_of[len(cells)], said, strict=True)))


class _Span:
    """Times of a row in s; the end is NaN where it is the start of the next row."""

    def __init__(self, row: Row, night: Night) -> None:
        self.row = row
        start, stop = row.cells["start"], row.cells["stop"]
        epoch = _epoch(row.where, start)
        self.onset = epoch[0] if epoch else _time(row.where, start, night)
        if stop == "...":
            self.end = math.nan
        elif epoch and not stop:
            self.end = epoch[1]
        elif last := _epoch(row.where, stop):
            self.end = last[1]
        elif stop.startswith("+"):
            self.end = self.onset + _number(row.where, stop[1:])
        else:
            self.end = _time(row.where, stop, night)


def _epoch(where: str, said: str) -> tuple[float, float] | None:
    """Start and end of an epoch in s; None if it is none."""
    if not said.casefold().startswith("e:"):
        return None
    if not (found := _EPOCH.fullmatch(said.casefold())) or not int(found[1]):
        raise InputError(f"{where}: {said[:40]!r} is no epoch; expected one such as e:1 or e:1:30")
    length = float(found[2] or 30)
    onset = (int(found[1]) - 1) * float(found[3] or length)
    return onset, onset + length


def _time(where: str, said: str, night: Night) -> float:
    """Seconds from the start."""
    if said.startswith("0+") and (told := stamp(said[2:])) and not told.of_clock():
        return told.seconds
    day = None
    if found := _DATED.fullmatch(said):
        day, said = _date(where, found), found[4]
    if night.start and (found := _DAY.fullmatch(said.casefold())):
        day, said = night.start.date() + timedelta(days=int(found[1]) - 1), found[2]
    if dotted := _DOTTED.fullmatch(said):
        said = ":".join(dotted.groups())
    if told := stamp(said):
        return night.placed(where, told._replace(day=told.day or day), said)
    if day:
        raise InputError(f"{where}: {said[:40]!r} is no time of day; expected hh:mm:ss")
    return _number(where, said)


def _date(where: str, found: re.Match[str]) -> date:
    day, month, year = found.group(1, 2, 3)
    century = 0 if len(year) == 4 else 1900 if int(year) >= 85 else 2000
    with suppress(ValueError):
        at = _MONTHS.index(month.casefold()) + 1 if month.isalpha() else int(month)
        return date(century + int(year), at, int(day))
    raise InputError(f"{where}: {found[0][:40]!r} is no date; expected dd-mm-yy-hh:mm:ss")


def _number(where: str, said: str) -> float:
    if math.isfinite(value := number_of(said)):
        return value
    expected = (
        "expected s, hh:mm:ss, 0+hh:mm:ss, dd-mm-yy-hh:mm:ss or e:1, and for a stop +s or ..."
    )
    raise InputError(f"{where}: {said[:40]!r} is no time; {expected}")


def _row(span: _Span, following: float, told: Mapping[str, list[str]], unused: Counter[str]) -> Row:
    cells = span.row.cells
    kind, instance = cells["class"], cells.get("instance", "")
    if kind == _INSIDE and instance:
        kind, instance = instance, ""
    end = following if math.isnan(span.end) else span.end
    meta = _meta(cells.get("meta", ""), told.get(kind, []))
    extra = {name.removeprefix(_META): cell for name, cell in cells.items() if _META in name}
    meta |= {name: cell for name, cell in extra.items() if cell}
    expert = next((meta.pop(name) for name in ALIASES["expert"] if name in meta), "")
    unused.update(meta.keys())
    if instance and instance != kind and not instance.isdecimal():
        unused[f"instance {instance}"] += 1
    times = {"onset": f"{span.onset:.6f}", "end": f"{end:.6f}"}
    said = {"kind": kind, "expert": expert, "channel": cells.get("channel", "")}
    return replace(span.row, cells=times | said)


def _meta(said: str, names: list[str]) -> dict[str, str]:
    """Values by name: told with them (``rater=AB``), or in the order of the header."""
    values = [part.strip() for part in re.split(r"[|;]", said) if part.strip()]
    if all("=" in part for part in values):
        return {
            name.strip().casefold(): value for name, _, value in (v.partition("=") for v in values)
        }
    known = [*map(str.casefold, names), *(f"meta {n}" for n in range(len(names) + 1, 99))]
    return dict(zip(known, values, strict=False))
