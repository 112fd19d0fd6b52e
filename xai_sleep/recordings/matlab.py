"""Whether a MATLAB file (level 5) is whole: SciPy believes it whatever it says, and may crash."""

import math
import mmap
import struct
from collections.abc import Iterator
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
    """Refuse (InputError) a file whose elements do not fit into one another.

    Compressed elements have check sums of their own; files of level 4 or 7.3 are left to readers.
    """
    with path.open("rb") as file:
        head = file.read(128)
        order = {b"IM": "<", b"MI": ">"}.get(head[126:128])
        if order is None or head.startswith(b"MATLAB 7.3") or not file.read(1):
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
