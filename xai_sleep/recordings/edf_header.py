"""The header of an EDF or BDF file: channels, units, rates, and a key for the person.

BDF is EDF with 24 bits a sample instead of 16.

The person's own data (the patient field) go no further than this file: what leaves it is a key that
tells whether two files read by the same process are of one person.

References
----------
.. [1] Kemp, B. & Olivan, J. (2003). European data format 'plus' (EDF+), an EDF alike standard
   format for the exchange of physiological data. Clinical Neurophysiology, 114, 1755-1761.
"""

import contextlib
import hashlib
import math
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from xai_sleep.errors import InputError

_SALT = secrets.token_bytes(16)
_KINDS = {b"0       ": 2, b"\xffBIOSEMI": 3}
_NOBODY = {"x", "m", "f", "male", "female", "unknown", "anonymous", "anonymised", "anonymized"}


@dataclass(frozen=True)
class EdfHeader:
    """What the header of an EDF or BDF file says, the person's data left out.

    Parameters
    ----------
    path : Path
        The file.
    channels, units : tuple of str
        Label and physical unit of each channel, as written.
    gains : tuple of float
        Physical units a bit for each channel; NaN where the header defines no range.
    samples : tuple of int
        Samples of each channel in one data record.
    n_records, seconds : int, float
        Number of data records and length of one in s.
    width : int
        Bytes a sample: 2 in EDF, 3 in BDF.
    person : str or None
        Key of the person, None where the header names nobody. It is salted anew in each process:
        it tells whether two files are of one person, and nothing else.
    """

    path: Path
    channels: tuple[str, ...]
    units: tuple[str, ...]
    gains: tuple[float, ...]
    samples: tuple[int, ...]
    n_records: int
    seconds: float
    width: int
    person: str | None = field(repr=False)

    @property
    def start(self) -> int:
        """Bytes before the first data record."""
        return 256 * (1 + len(self.channels))

    @property
    def size(self) -> int:
        """Bytes that the header accounts for."""
        return self.start + self.n_records * self.width * sum(self.samples)


def read_header(path: Path) -> EdfHeader:
    """Read the header of an EDF or BDF file and check it against the size of the file.

    Raises
    ------
    InputError
        If the file is neither, has gaps in time (EDF+D), or ends before the header says.
    """
    fixed, table = _header_bytes(path)
    n_channels = len(table) // 256

    def column(start: int, width: int) -> list[bytes]:
        cells = range(start * n_channels, (start + width) * n_channels, width)
        return [table[cell : cell + width] for cell in cells]

    ranges = zip(column(104, 8), column(112, 8), column(120, 8), column(128, 8), strict=True)
    header = EdfHeader(
        path=path,
        channels=tuple(_text(cell) for cell in column(0, 16)),
        units=tuple(_text(cell) for cell in column(96, 8)),
        gains=tuple(_gain(*cells) for cells in ranges),
        samples=tuple(int(_number(path, "samples a record", cell)) for cell in column(216, 8)),
        n_records=int(_number(path, "number of data records", fixed[236:244])),
        seconds=_number(path, "length of a data record", fixed[244:252]),
        width=_KINDS[_kind(fixed)],
        person=_person(_text(fixed[8:88])),
    )
    _require_whole(header)
    return header


def _header_bytes(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        fixed = file.read(256)
        if len(fixed) < 256 or _kind(fixed) not in _KINDS:
            raise InputError(f"{path} is not an EDF file: it does not begin with an EDF header")
        if fixed[192:197] in (b"EDF+D", b"BDF+D"):
            raise InputError(
                f"{path} has gaps in time ({fixed[192:197].decode()}); convert it to continuous EDF"
            )
        n_channels = int(_number(path, "number of channels", fixed[252:256]))
        table = file.read(256 * max(n_channels, 0))
    length = int(_number(path, "length of the header", fixed[184:192]))
    if n_channels < 1 or not length == 256 * (1 + n_channels) == 256 + len(table):
        raise InputError(
            f"{path}: damaged EDF header, it says {length} bytes for {n_channels} channels and "
            f"the file holds {256 + len(table)} of them; copy or download it again"
        )
    return fixed, table


def _kind(fixed: bytes) -> bytes:
    return fixed[:8].strip().ljust(8)


def _require_whole(header: EdfHeader) -> None:
    if header.n_records < 1 or header.seconds <= 0 or min(header.samples) < 1:
        raise InputError(
            f"{header.path}: the header counts {header.n_records} data records of "
            f"{header.seconds:g} s; the recording was not closed properly or holds no signals, "
            "export it again"
        )
    found = header.path.stat().st_size
    if found < header.size:
        raise InputError(
            f"{header.path} is truncated: {found} bytes found, {header.size} expected from its "
            "header; copy or download it again"
        )


def _text(cell: bytes) -> str:
    return cell.decode("latin-1").strip(" \0")


def _number(path: Path, what: str, cell: bytes) -> float:
    with contextlib.suppress(ValueError):
        value = float(_text(cell))
        if math.isfinite(value):
            return value
    raise InputError(
        f"{path}: damaged EDF header, {what} reads {_text(cell)!r}; copy or download it again"
    )


def _gain(*cells: bytes) -> float:
    try:
        low, high, bottom, top = (float(_text(cell).replace(",", ".")) for cell in cells)
    except ValueError:
        return math.nan
    return (high - low) / (top - bottom) if top > bottom else math.nan


def _person(field_text: str) -> str | None:
    words = re.findall(r"\w+", field_text.casefold())
    if set(words) <= _NOBODY:
        return None
    return hashlib.blake2b(" ".join(words).encode(), key=_SALT, digest_size=8).hexdigest()
