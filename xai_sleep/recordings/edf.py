"""EDF and BDF files: chosen channels in µV, and the annotations of EDF+ [1]_ inside.

The person's data (the patient field) go no further than :func:`open_edf`. No library reads all of
this: edfio 0.4 loads every channel of a BDF file, stumbles over decimal commas, and takes the size
of a damaged file for the truth; MNE takes a unit that it does not know for volts, and drops
annotations whose text has a line feed.

.. [1] Kemp, B. & Olivan, J. (2003). European data format 'plus'. Clin Neurophysiol, 114, 1755-1761.
"""

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import Held
from xai_sleep.recordings.recording import Signals
from xai_sleep.recordings.subjects import person_key

# µV in one unit, by its text in lower case (both Unicode signs for µ become one)
MICROVOLTS = {"uv": 1.0, "\u03bcv": 1.0, "mv": 1e3, "v": 1e6}
ANNOTATIONS = ("EDF Annotations", "BDF Annotations")  # channels that hold no signal but text
DRIFT = 0.01  # s that the time a file keeps may be from the time its samples take

_WIDTHS = {b"0": 2, b"\xffBIOSEMI": 3}
_STAMP = re.compile(rb"([+-]\d+\.?\d*)(?:\x15(\d+\.?\d*))?\x14")


@dataclass(frozen=True)
class EdfFile:
    """An EDF or BDF file opened: what its header says, and the way to its signals."""

    path: Path
    plus: bool  # whether it keeps the time (EDF+, BDF+)
    channels: tuple[str, ...]
    units: tuple[str, ...]
    ranges: tuple[tuple[float, ...], ...]  # physical, then digital; NaN where there is none
    samples: tuple[int, ...]  # of each channel in one data record
    n_records: int
    record_seconds: float
    width: int  # bytes a sample
    start: datetime | None  # when recording began, if the header tells it
    person: str | None = field(repr=False)  # see :func:`.person_key`

    @property
    def seconds(self) -> float:
        """Length of the recording in s."""
        return self.n_records * self.record_seconds

    @property
    def size(self) -> int:
        """Bytes that the header accounts for."""
        return 256 * (1 + len(self.channels)) + self.n_records * self.width * sum(self.samples)

    @property
    def offered(self) -> tuple[str, ...]:
        """Every channel of signals in words: its name, unit and rate."""
        each = zip(self.channels, self.units, self.samples, strict=True)
        return tuple(
            f"{name} ({unit or 'no unit'}, {samples / self.record_seconds:g} Hz)"
            for name, unit, samples in each
            if name not in ANNOTATIONS
        )

    def read(self, channels: Sequence[str]) -> Held:
        """Read channels by name, at least one; note what was left unread.

        Raises InputError if a channel is there twice, has another unit than volts or no range, if
        rates differ, or if the file contradicts itself about time.
        """
        there = f"one was expected; the channels are {', '.join(self.channels)}"
        for name in channels:
            if (number := self.channels.count(name)) != 1:
                raise InputError(f"{self.path}: {number} channels are called {name}, {there}")
        at = [self.channels.index(name) for name in channels]
        rates = [self.samples[i] / self.record_seconds for i in at]
        if len(set(rates)) > 1:
            said = ", ".join(f"{rate:g}" for rate in rates)
            odd = f"{', '.join(channels)} were sampled at different rates ({said} Hz)"
            raise InputError(f"{self.path}: {odd}; choose channels of one rate (task.channels)")
        self._start()
        signals = np.stack([self._microvolts(i) for i in at])
        surplus = self.path.stat().st_size - self.size
        notes = (f"{self.path.name}: {surplus} bytes after the last data record left unread",)
        return Held(signals, rates[0], notes if surplus else ())

    def annotations(self) -> list[tuple[float, float, str]]:
        """Onset and duration in s from the first sample, and text, of each annotation inside.

        Raises InputError if one is not text with a time, or the file contradicts itself about time.
        """
        start = self._start()
        return sorted(
            (onset - start, duration, text)
            for at in self._texts()
            for number, content in enumerate(self._bytes(at), start=1)
            for stamped in filter(None, content.tobytes().split(b"\0"))
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

    def _start(self) -> float:
        """Time in s of the first sample (EDF+), if the time of all data records agrees with it."""
        if not (self.plus and self._texts()):
            return 0.0
        stamps = enumerate(_STAMP.match(row.tobytes()) for row in self._bytes(self._texts()[0]))
        begins = [(number, float(stamp[1])) for number, stamp in stamps if stamp]
        start = begins[0][1] - begins[0][0] * self.record_seconds if begins else 0.0
        for number, begin in begins:
            expected = number * self.record_seconds
            if abs(begin - start - expected) > DRIFT:
                begins_at = f"begins {begin - start:g} s after the first and not {expected:g} s"
                gaps = f"there are gaps in time, or records do not last {self.record_seconds:g} s"
                raise InputError(
                    f"{self.path} says that it is continuous, but its data record {number + 1} "
                    f"{begins_at}: {gaps}; convert it to continuous EDF"
                )
        return start

    def _texts(self) -> list[int]:
        return [i for i, name in enumerate(self.channels) if name in ANNOTATIONS]

    def _bytes(self, at: int) -> NDArray[np.uint8]:
        """View one channel as it is stored, of shape (data record, byte)."""
        ends = self.width * np.cumsum([0, *self.samples])
        start, shape = 256 * (1 + len(self.channels)), (self.n_records, int(ends[-1]))
        data = np.memmap(self.path, np.uint8, "r", offset=start, shape=shape)
        return data[:, ends[at] : ends[at + 1]]

    def _microvolts(self, at: int) -> Signals:
        low, high, bottom, top = self.ranges[at]
        where, unit = f"{self.path}, channel {self.channels[at]}", self.units[at]
        if unit.casefold() not in MICROVOLTS:
            expected = "expected uV, mV or V in the header"
            raise InputError(f"{where}: the unit {unit!r} is not known; {expected}")
        if not (top > bottom and math.isfinite(high - low) and high != low):
            lacking = "gives no range of values, so its samples cannot be turned into µV"
            raise InputError(f"{where}: the header {lacking}; export the file again")
        wide = np.zeros((self.n_records * self.samples[at], 4), dtype=np.uint8)
        wide[:, 4 - self.width :] = self._bytes(at).reshape(-1, self.width)
        gain = (high - low) / (top - bottom)
        physical = (wide.view("<i4")[:, 0] >> 8 * (4 - self.width)) * gain + (low - bottom * gain)
        return (physical * MICROVOLTS[unit.casefold()]).astype(np.float32)


def open_edf(path: Path) -> EdfFile:
    """Read the header of an EDF or BDF file; InputError if it is none, has gaps or is cut short."""
    fixed, table, width, kind = _header(path)
    n_channels = len(table) // 256

    def column(start: int, width: int) -> list[bytes]:
        cells = range(start * n_channels, (start + width) * n_channels, width)
        return [table[cell : cell + width] for cell in cells]

    ranges = (map(_number, column(at, 8)) for at in (104, 112, 120, 128))
    opened = EdfFile(
        path=path,
        plus=kind in ("EDF+C", "BDF+C"),
        channels=tuple(map(_text, column(0, 16))),
        units=tuple(map(_text, column(96, 8))),
        ranges=tuple(zip(*ranges, strict=True)),
        samples=tuple(int(_known(path, "samples a record", cell)) for cell in column(216, 8)),
        n_records=int(_known(path, "number of data records", fixed[236:244])),
        record_seconds=_known(path, "length of a data record", fixed[244:252]),
        width=width,
        start=_start_of(fixed),
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


def _header(path: Path) -> tuple[bytes, bytes, int, str]:
    """Read what is said of the file and of its channels; bytes a sample, and the kind of EDF+."""
    with path.open("rb") as file:
        fixed = file.read(256)
        width = _WIDTHS.get(fixed[:8].strip(), 0)
        if len(fixed) < 256 or not width:
            raise InputError(f"{path} is not an EDF file: it does not begin with an EDF header")
        kind = fixed[192:197].decode("latin-1").strip()
        if kind in ("EDF+D", "BDF+D"):
            raise InputError(f"{path} has gaps in time ({kind}); convert it to continuous EDF")
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
