"""EDF and BDF files: chosen channels in µV, and the annotations inside.

BDF is EDF with 24 bits a sample instead of 16. Values become µV by the header's own text for each
channel. The person's data (the patient field) go no further than :func:`open_edf`.

No library reads all of this. edfio 0.4 loads every channel of a BDF file, stumbles over decimal
commas, and takes the size of a damaged file for the truth; MNE takes a unit that it does not know
for volts; both drop annotations whose text has a line feed. Where they are right, tests compare
this reader with them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.edf_plus import first_time, read_lists
from xai_sleep.recordings.people import person_key
from xai_sleep.recordings.recording import Signals

MICROVOLTS = {"uv": 1.0, "\u03bcv": 1.0, "mv": 1e3, "v": 1e6}
"""µV in one unit, by the unit's text in lower case (both Unicode signs for µ become one)."""

ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
"""Labels of channels that hold no signal but text."""

_WIDTHS = {b"0": 2, b"\xffBIOSEMI": 3}


@dataclass(frozen=True)
class EdfFile:
    """An EDF or BDF file opened: what its header says, and the way to its signals."""

    path: Path  # the file
    plus: bool  # whether it keeps the time (EDF+, BDF+)
    # channels, units: label and physical unit of each channel, as written
    channels: tuple[str, ...]
    units: tuple[str, ...]
    # physical and digital range of each channel; NaN where the header gives none
    ranges: tuple[tuple[float, ...], ...]
    samples: tuple[int, ...]  # samples of each channel in one data record
    n_records: int  # n_records, record_seconds: number of data records and length of one in s
    record_seconds: float
    width: int  # bytes a sample: 2 in EDF, 3 in BDF
    person: str | None = field(repr=False)  # key of the person, see :func:`.person_key`

    @property
    def seconds(self) -> float:
        """Length of the recording in s."""
        return self.n_records * self.record_seconds

    @property
    def size(self) -> int:
        """Bytes that the header accounts for."""
        return 256 * (1 + len(self.channels)) + self.n_records * self.width * sum(self.samples)

    def read(self, channels: Sequence[str]) -> tuple[Signals, float, tuple[str, ...]]:
        """Read channels by name; at least one.

        Returns
        -------
        signals : float32 array of shape (channel, time)
            In µV, in the order asked for.
        sfreq : float
            In Hz.
        notes : tuple of str
            What was left unread.

        Raises
        ------
        InputError
            If a channel is there twice, has a unit other than volts or no range, if rates differ,
            or if the file contradicts itself about time.
        """
        at = [self._position(name) for name in channels]
        rates = [self.samples[i] / self.record_seconds for i in at]
        if len(set(rates)) > 1:
            raise InputError(
                f"{self.path}: {', '.join(channels)} were sampled at different rates "
                f"({', '.join(f'{rate:g}' for rate in rates)} Hz); "
                "choose channels of one rate (task.channels)"
            )
        self._start()
        signals = np.stack([self._microvolts(i) for i in at])
        surplus = self.path.stat().st_size - self.size
        notes = (f"{self.path.name}: {surplus} bytes after the last data record left unread",)
        return signals, rates[0], notes if surplus else ()

    def annotations(self) -> list[tuple[float, float, str]]:
        """Onset and duration in s from the first sample, and text, of each annotation inside.

        Raises InputError if they are not text, or the file contradicts itself about time.
        """
        start = self._start()
        return sorted(
            (onset - start, duration, text)
            for at in self._texts()
            for onset, duration, text in read_lists(self._records(at), str(self.path))
        )

    def _position(self, name: str) -> int:
        if self.channels.count(name) != 1:
            raise InputError(
                f"{self.path}: {self.channels.count(name)} channels are called {name}, "
                f"one was expected; the channels are {', '.join(self.channels)}"
            )
        return self.channels.index(name)

    def _bytes(self, at: int) -> NDArray[np.uint8]:
        """View one channel as it is stored, of shape (data record, byte)."""
        ends = self.width * np.cumsum([0, *self.samples])
        start, shape = 256 * (1 + len(self.channels)), (self.n_records, int(ends[-1]))
        data = np.memmap(self.path, np.uint8, "r", offset=start, shape=shape)
        return data[:, ends[at] : ends[at + 1]]

    def _microvolts(self, at: int) -> Signals:
        low, high, bottom, top = self.ranges[at]
        name, unit = self.channels[at], self.units[at]
        if unit.casefold() not in MICROVOLTS:
            raise InputError(
                f"{self.path}, channel {name}: the unit {unit!r} is not known; "
                "expected uV, mV or V in the header"
            )
        if not (top > bottom and math.isfinite(high - low) and high != low):
            raise InputError(
                f"{self.path}, channel {name}: the header gives no range of values, so its samples "
                "cannot be turned into µV; export the file again"
            )
        wide = np.zeros((self.n_records * self.samples[at], 4), dtype=np.uint8)
        wide[:, 4 - self.width :] = self._bytes(at).reshape(-1, self.width)
        digital = wide.view("<i4")[:, 0] >> 8 * (4 - self.width)
        gain = (high - low) / (top - bottom)
        physical = digital * gain + (low - bottom * gain)
        return (physical * MICROVOLTS[unit.casefold()]).astype(np.float32)

    def _texts(self) -> list[int]:
        return [i for i, name in enumerate(self.channels) if name in ANNOTATIONS]

    def _records(self, at: int) -> Iterator[bytes]:
        return (row.tobytes() for row in self._bytes(at))

    def _start(self) -> float:
        """Time in s that a file which keeps the time (EDF+) gives its first sample."""
        texts = self._texts() if self.plus else []
        if not texts:
            return 0.0
        return first_time(self._records(texts[0]), self.record_seconds, str(self.path))


def open_edf(path: Path) -> EdfFile:
    """Read the header of an EDF or BDF file and check it against the size of the file.

    Raises InputError if the file is neither, has gaps in time (EDF+D), or ends before the header
    says.
    """
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
        raise InputError(
            f"{path}: damaged EDF header, it says {length} bytes for {n_channels} channels and "
            f"the file holds {256 + len(table)} of them; copy or download it again"
        )

    def column(start: int, width: int) -> list[bytes]:
        cells = range(start * n_channels, (start + width) * n_channels, width)
        return [table[cell : cell + width] for cell in cells]

    ranges = zip(*(map(_number, column(at, 8)) for at in (104, 112, 120, 128)), strict=True)
    opened = EdfFile(
        path=path,
        plus=kind in ("EDF+C", "BDF+C"),
        channels=tuple(_text(cell) for cell in column(0, 16)),
        units=tuple(_text(cell) for cell in column(96, 8)),
        ranges=tuple(ranges),
        samples=tuple(int(_known(path, "samples a record", cell)) for cell in column(216, 8)),
        n_records=int(_known(path, "number of data records", fixed[236:244])),
        record_seconds=_known(path, "length of a data record", fixed[244:252]),
        width=width,
        person=person_key(_text(fixed[8:88])),
    )
    _require_whole(opened)
    return opened


def _require_whole(file: EdfFile) -> None:
    if file.n_records < 1 or file.record_seconds <= 0 or min(file.samples) < 1:
        raise InputError(
            f"{file.path}: the header counts {file.n_records} data records of "
            f"{file.record_seconds:g} s; the recording was not closed properly or holds no "
            "signals, export it again"
        )
    there = file.path.stat().st_size
    if there < file.size:
        raise InputError(
            f"{file.path} is truncated: {there} bytes found, {file.size} expected from its "
            "header; copy or download it again"
        )


def _text(cell: bytes) -> str:
    return cell.decode("latin-1").strip(" \0")


def _number(cell: bytes) -> float:
    """Read a cell, in which some programs write a comma; NaN if it holds no number."""
    try:
        return float(_text(cell).replace(",", "."))
    except ValueError:
        return math.nan


def _known(path: Path, what: str, cell: bytes) -> float:
    if not math.isfinite(_number(cell)):
        raise InputError(
            f"{path}: damaged EDF header, {what} reads {_text(cell)!r}; copy or download it again"
        )
    return _number(cell)
