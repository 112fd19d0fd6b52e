"""Whether a file is whole, where a reader would believe it whatever it says: crash, or never end.

MATLAB files of level 5 are those of EEGLAB; in FIF each element says where the next one is.
"""

import gzip
import math
import mmap
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from xai_sleep.errors import InputError

_TYPES = {*range(1, 8), 9, *range(12, 19)}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _OBJECT, _CHAR, _NUMBERS = 1, 2, 3, 4, range(6, 16)
_COMPLEX = 0x800


class _Element(NamedTuple):
    kind: int
    first: int
    last: int  # exclusive


def require_sound(path: Path) -> None:
    """Refuse (InputError) a damaged file of EEGLAB or in FIF; others are left to their readers."""
    if path.suffix.casefold() == ".set":
        _require_nested(path)
    elif ".fif" in map(str.casefold, path.suffixes):
        _require_forward(path)


def _require_forward(path: Path) -> None:
    opened = gzip.open if path.suffix.casefold() == ".gz" else open
    at, after = 0, 0
    with opened(path, "rb") as file, suppress(OSError, EOFError, zlib.error):  # its reader tells
        while after != -1 and len(head := file.read(16)) == 16:
            size, after = struct.unpack(">8xii", head)
            following = after if after > 0 else at + 16 + (size if after == 0 else 0)
            if following <= at:
                said = f"its element at byte {at} leads back"
                raise InputError(f"{path} is damaged: {said}; copy or export it again")
            at = file.seek(following)
        if after != -1:  # it would be read as far as it goes
            raise InputError(f"{path} is truncated: its last element is missing; copy it again")


def _require_nested(path: Path) -> None:
    """Refuse a file whose elements do not fit into one another.

    Compressed elements have check sums of their own; files of level 4 or 7.3 are left to readers.
    """
    with path.open("rb") as file:
        head = file.read(128)
        order = {b"\0\1IM": "<", b"\1\0MI": ">"}.get(head[124:])
        if order is None or not file.read(1):
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                for element in _elements(data, 128, len(data), order):
                    _check(data, element, order)
            except (struct.error, ValueError, RecursionError) as error:
                said = "its parts do not fit into one another"
                raise InputError(f"{path} is damaged: {said}; copy or export it again") from error


def _elements(data: mmap.mmap, at: int, end: int, order: str) -> Iterator[_Element]:
    while at < end:
        kind, size = struct.unpack_from(f"{order}II", data, at)
        first, step = at + 8, 8 + size + (-size % 8 if kind != _COMPRESSED else 0)
        if kind >> 16:  # a small one, all in eight bytes
            kind, size, first, step = kind & 0xFFFF, kind >> 16, at + 4, 8
        if kind not in _TYPES or first + size > end or (step == 8 and size > 4):
            raise ValueError(kind)
        yield _Element(kind, first, first + size)
        at += step


def _check(data: mmap.mmap, element: _Element, order: str) -> None:
    """Compare what a matrix holds with its class and shape; ValueError if they differ."""
    if element.kind != _MATRIX or element.first == element.last:
        return
    flags, shape, _, *held = _elements(data, element.first, element.last, order)
    said = struct.unpack_from(f"{order}I", data, flags.first)[0]
    sizes = struct.unpack_from(f"{order}{(shape.last - shape.first) // 4}i", data, shape.first)
    kind, count = said & 0xFF, math.prod(sizes)
    if kind in _NUMBERS or kind == _CHAR:
        expected = 1 + bool(said & _COMPLEX)
    elif kind in (_STRUCT, _OBJECT, _CELL):
        names = {_CELL: 0, _STRUCT: 2, _OBJECT: 3}[kind]
        expected = names + count * (_fields(data, held, names, order) if names else 1)
    else:
        expected = len(held)
    if len(held) != expected or min(sizes, default=-1) < 0:
        raise ValueError(kind)
    for each in held:
        _check(data, each, order)


def _fields(data: mmap.mmap, held: list[_Element], names: int, order: str) -> int:
    """Count the fields of a structure: how long a name is, then all names, end its own elements."""
    length, fields = held[names - 2 : names]
    each: int = struct.unpack_from(f"{order}i", data, length.first)[0]
    if each < 1 or (fields.last - fields.first) % each:
        raise ValueError(each)
    return (fields.last - fields.first) // each
