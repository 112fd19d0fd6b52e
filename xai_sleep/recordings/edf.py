"""EDF and BDF files: chosen channels in µV, and the annotations of EDF+ [1]_ inside.

The person's data (the patient field) go no further than :func:`open_edf`. No library reads all of
this: edfio 0.4 loads every channel of a BDF file, stumbles over decimal commas, and takes the size
of a damaged file for the truth; MNE takes a unit that it does not know for volts, drops
annotations whose text has a line feed, and puts what comes after a gap (EDF+D) where the gap was.

.. [1] Kemp, B. & Olivan, J. (2003). European data format 'plus'. Clin Neurophysiol, 114, 1755-1761.
"""

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import Held
from xai_sleep.recordings.held import Stored, hold
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Signals
from xai_sleep.recordings.subjects import person_key
from xai_sleep.recordings.units import microvolts

ANNOTATIONS = ("EDF Annotations", "BDF Annotations")  # channels that hold no signal but text
DRIFT = 0.01  # s that the time a file keeps may be from the time its samples take
LONGEST = 86400.0  # s of gaps in all; more than a day is no gap of one night
CHUNK = 2**23  # bytes read at once; mapped instead, all pages touched would count as memory

_WIDTHS = {b"0": 2, b"\xffBIOSEMI": 3}
_STAMP = re.compile(rb"([+-]\d+\.?\d*)(?:\x15(\d+\.?\d*))?\x14")


@dataclass(frozen=True)
class EdfFile:
    """An EDF or BDF file opened: what its header says, and the way to its signals."""

    path: Path
    kind: str  # EDF+C, BDF+C; D for C where there may be gaps; what keeps no time has none of these
    labels: tuple[str, ...]
    units: tuple[str, ...]
    ranges: tuple[tuple[float, ...], ...]  # physical, then digital; NaN where there is none
    samples: tuple[int, ...]  # of each channel in one data record
    n_records: int
    record_seconds: float
    width: int  # bytes a sample
    began: datetime | None  # to the second, if the header tells it
    unit: str | None  # of all channels, whatever the header says
    person: str | None = field(repr=False)  # see :func:`.person_key`

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels that are no text."""
        texts = self._texts()
        return tuple(name for i, name in enumerate(self.labels) if i not in texts)

    @property
    def start(self) -> datetime | None:
        """When the first sample was recorded; InputError as for :meth:`annotations`."""
        return self.began and self.began + timedelta(seconds=self._clock[0])

    @property
    def seconds(self) -> float:
        """Length of the recording in s, with its gaps."""
        number, begin = self._clock[1][-1]
        return begin + (self.n_records - number) * self.record_seconds

    @property
    def size(self) -> int:
        """Bytes that the header accounts for."""
        return 256 * (1 + len(self.labels)) + self.n_records * self.width * sum(self.samples)

    @property
    def offered(self) -> tuple[str, ...]:
        """Every channel of signals in words: its name, unit and rate."""
        texts, each = self._texts(), zip(self.labels, self.units, self.samples, strict=True)
        return tuple(
            f"{name} ({unit or 'no unit'}, {samples / self.record_seconds:g} Hz)"
            for at, (name, unit, samples) in enumerate(each)
            if at not in texts
        )

    def read(self, channels: Sequence[str]) -> Held:
        """Read channels by name, at least one; note what was left unread.

        Raises InputError if a channel is there twice, has another unit than volts or no range, if
        its values cannot be in their unit, or if the file contradicts itself about time.
        """
        there = f"one was expected; the channels are {', '.join(self.channels)}"
        for name in channels:
            if (number := self.channels.count(name)) != 1:
                raise InputError(f"{self.path}: {number} channels are called {name}, {there}")
        stored = self._stored([self.labels.index(name) for name in channels])
        surplus = self.path.stat().st_size - self.size
        notes = (f"{self.path.name}: {surplus} bytes after the last data record left unread",)
        return hold(self.path, stored, self._gaps(), notes if surplus else ())

    def annotations(self) -> list[tuple[float, float, str]]:
        """Onset and duration in s from the first sample, and text, of each annotation inside.

        Raises InputError if one is not text with a time, or the file contradicts itself about time.
        """
        start = self._clock[0]
        return sorted(
            (onset - start, duration, text)
            for lists in self._lists
            for number, content in enumerate(lists, start=1)
            for stamped in filter(None, content.split(b"\0"))
            for onset, duration, text in self._said(number, stamped)
        )

    def _said(self, number: int, stamped: bytes) -> Iterator[tuple[float, float, str]]:
        problem = f"in data record {number} an annotation does not begin with a time"
        if stamp := _STAMP.match(stamped):
            problem = "its annotations are not UTF-8, as EDF+ demands"
            with suppress(UnicodeDecodeError):
                texts = stamped[stamp.end() :].decode().split("\x14")
                times = float(stamp[1]), float(stamp[2] or 0)
                return ((*times, text) for text in texts if text)
        raise InputError(f"{self.path}: {problem}; write them as a table beside it")

    @cached_property
    def _clock(self) -> tuple[float, list[tuple[int, float]]]:
        """When the file's own time begins in s, and each stretch without a gap.

        A stretch is the number of its first data record and when that begins, in s from the first.
        """
        stamps = enumerate(map(_STAMP.match, self._lists[0] if self._lists else []))
        begins = [(number, float(stamp[1])) for number, stamp in stamps if stamp]
        start = begins[0][1] - begins[0][0] * self.record_seconds if begins else 0.0
        stretches, broken = [(0, 0.0)], self.kind.endswith("D")
        if broken and len(begins) < self.n_records:
            lacking = f"{self.n_records - len(begins)} of its data records tell no time"
            raise InputError(f"{self.path} has gaps ({self.kind}), but {lacking}; export it again")
        for number, begin in begins:
            first, at = stretches[-1]
            expected = at + (number - first) * self.record_seconds
            late = begin - start - expected
            if abs(late) <= DRIFT:
                continue
            gaps = begin - start - number * self.record_seconds
            if not (broken and late > 0 and gaps <= LONGEST):
                raise InputError(self._contradiction(number + 1, begin - start, expected))
            stretches.append((number, begin - start))
        return start, stretches

    def _contradiction(self, number: int, begin: float, expected: float) -> str:
        record = f"its data record {number} begins {begin:g} s after the first"
        if self.kind.endswith("D"):
            early, late = "before the one before it ends", "after more than a day of gaps"
            doubt = early if begin < expected else late
            return f"{self.path}: {record}, {doubt}; export it again, or as a file for each part"
        gaps = f"there are gaps in time, or records do not last {self.record_seconds:g} s"
        said = f"{self.path} says that it is continuous, but {record} and not {expected:g} s"
        return f"{said}: {gaps}; convert it to continuous EDF"

    def _gaps(self) -> Intervals:
        stretches = self._clock[1]
        ends = [
            begin + (after[0] - number) * self.record_seconds
            for (number, begin), after in pairwise(stretches)
        ]
        return intervals([*zip(ends, (begin for _, begin in stretches[1:]), strict=True)])

    def _texts(self) -> list[int]:
        keeps_time = self.kind in ("EDF+C", "BDF+C", "EDF+D", "BDF+D")
        return [i for i, name in enumerate(self.labels) if keeps_time and name in ANNOTATIONS]

    @cached_property
    def _lists(self) -> list[list[bytes]]:
        """What each channel of annotations says, by data record."""
        lists: list[list[bytes]] = [[] for _ in self._texts()]
        for _, blocks in self._blocks(self._texts()):
            for said, block in zip(lists, blocks, strict=True):
                said.extend(row.tobytes() for row in block)
        return lists

    def _blocks(self, chosen: Sequence[int]) -> Iterator[tuple[int, list[NDArray[np.uint8]]]]:
        """Read channels piece by piece: number of the first data record, arrays (record, byte)."""
        ends = self.width * np.cumsum([0, *self.samples])
        size, at_once = int(ends[-1]), max(1, CHUNK // int(ends[-1]))
        with self.path.open("rb") as file:
            file.seek(256 * (1 + len(self.labels)))
            for first in range(0, self.n_records if chosen else 0, at_once):
                count = min(at_once, self.n_records - first)
                data = np.fromfile(file, np.uint8, count * size).reshape(count, size)
                yield first, [data[:, ends[at] : ends[at + 1]] for at in chosen]

    def _stored(self, chosen: Sequence[int]) -> list[Stored]:
        """Read channels in µV, each sample where its time is; gaps hold 0."""
        scales, stored = [self._scale(at) for at in chosen], []
        for at in chosen:
            rate = self.samples[at] / self.record_seconds
            signal = np.zeros(_sample(self.seconds, rate), np.float32)
            told = None if self.unit else self.units[at]
            stored.append(Stored(self.labels[at], signal, rate, told))
        for number, blocks in self._blocks(chosen):
            for at, block, scale, one in zip(chosen, blocks, scales, stored, strict=True):
                gain, offset, factor = scale
                values = (_digital(block, self.width) * gain + offset) * factor
                self._place(one, number, self.samples[at], values.astype(np.float32))
        return stored

    def _place(self, one: Stored, number: int, samples: int, values: Signals) -> None:
        """Write the values of data records from ``number`` where the clock puts them."""
        stretches = [*self._clock[1], (self.n_records, math.inf)]
        last = number + len(values) // samples
        for (first, begin), (after, _) in pairwise(stretches):
            low, high = max(first, number), min(after, last)
            if low < high:
                part = values[(low - number) * samples : (high - number) * samples]
                at = _sample(begin, one.sfreq) + (low - first) * samples
                one.signal[at : at + len(part)] = part

    def _scale(self, at: int) -> tuple[float, float, float]:
        """Units a digital value, units at digital 0, and µV a unit."""
        low, high, bottom, top = self.ranges[at]
        where = f"{self.path}, channel {self.labels[at]}"
        factor = microvolts(where, self.units[at], self.unit)
        if not (top > bottom and math.isfinite(high - low) and high != low):
            lacking = "gives no range of values, so its samples cannot be turned into µV"
            raise InputError(f"{where}: the header {lacking}; export the file again")
        gain = (high - low) / (top - bottom)
        return gain, low - bottom * gain, factor


def open_edf(path: Path, unit: str | None = None) -> EdfFile:
    """Read the header of an EDF or BDF file; InputError if it is none or is cut short.

    ``unit`` stands for that of every channel, see :data:`.UNITS`.
    """
    fixed, table, width, kind = _header(path)
    n_channels = len(table) // 256

    def column(start: int, width: int) -> list[bytes]:
        cells = range(start * n_channels, (start + width) * n_channels, width)
        return [table[cell : cell + width] for cell in cells]

    ranges = (map(_number, column(at, 8)) for at in (104, 112, 120, 128))
    opened = EdfFile(
        path=path,
        kind=kind,
        labels=tuple(map(_text, column(0, 16))),
        units=tuple(map(_text, column(96, 8))),
        ranges=tuple(zip(*ranges, strict=True)),
        samples=tuple(int(_known(path, "samples a record", cell)) for cell in column(216, 8)),
        n_records=int(_known(path, "number of data records", fixed[236:244])),
        record_seconds=_known(path, "length of a data record", fixed[244:252]),
        width=width,
        began=_start_of(fixed),
        unit=unit,
        person=person_key(_text(fixed[8:88])),
    )
    if opened.n_records < 1 or opened.record_seconds <= 0 or min(opened.samples) < 1:
        counted = f"{opened.n_records} data records of {opened.record_seconds:g} s"
        reason = "the recording was not closed properly or holds no signals, export it again"
        raise InputError(f"{path}: the header counts {counted}; {reason}")
    if (there := path.stat().st_size) < opened.size:
        found = f"{there} bytes found, {opened.size} expected from its header"
        raise InputError(f"{path} is truncated: {found}; copy or download it again")
    return opened


def _digital(block: NDArray[np.uint8], width: int) -> NDArray[np.int32]:
    wide = np.zeros((block.size // width, 4), dtype=np.uint8)
    wide[:, 4 - width :] = block.reshape(-1, width)
    return np.asarray(wide.view("<i4")[:, 0] >> 8 * (4 - width))


def _sample(seconds: float, rate: float) -> int:
    return math.floor(seconds * rate + 0.5)


def _header(path: Path) -> tuple[bytes, bytes, int, str]:
    """Read what is said of the file and of its channels; bytes a sample, and the kind of EDF+."""
    with path.open("rb") as file:
        fixed = file.read(256)
        width = _WIDTHS.get(fixed[:8].strip(), 0)
        if len(fixed) < 256 or not width:
            raise InputError(f"{path} is not an EDF file: it does not begin with an EDF header")
        kind = fixed[192:197].decode("latin-1").strip()
        n_channels = int(_known(path, "number of channels", fixed[252:256]))
        table = file.read(256 * max(n_channels, 0))
    length = int(_known(path, "length of the header", fixed[184:192]))
    if n_channels < 1 or not length == 256 * (1 + n_channels) == 256 + len(table):
        said = f"damaged EDF header, it says {length} bytes for {n_channels} channels"
        held = f"the file holds {256 + len(table)} of them"
        raise InputError(f"{path}: {said} and {held}; copy or download it again")
    return fixed, table, width, kind


def _start_of(fixed: bytes) -> datetime | None:
    """Date and time of day; of the years of two digits, 85 and later are of the last century."""
    try:
        told = datetime.strptime(_text(fixed[168:184]), "%d.%m.%y%H.%M.%S")
    except ValueError:
        return None
    return told.replace(year=1900 + told.year % 100) if told.year % 100 >= 85 else told


def _text(cell: bytes) -> str:
    return cell.decode("latin-1").strip(" \0")


def _number(cell: bytes) -> float:
    """Read a cell, in which some programs write a comma; NaN if it holds no number."""
    try:
        return float(_text(cell).replace(",", "."))
    except ValueError:
        return math.nan


def _known(path: Path, what: str, cell: bytes) -> float:
    if not math.isfinite(number := _number(cell)):
        said = f"damaged EDF header, {what} reads {_text(cell)!r}"
        raise InputError(f"{path}: {said}; copy or download it again")
    return number
