"""A plain writer of RAR 4 archives, byte by byte: stored, or packed as Huffman codes of literals.

Only RARLAB's own program writes RAR; this is enough to make every archive that a test needs. After
the technical note of RAR 3, and of its packing no more than one table of codes: 254 bytes are codes
of 8 bits, two more bytes and two signs that are not used are codes of 9.
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

FILE, FOLDER, LINK, PIPE = 0o100644, 0o040755, 0o120777, 0o010644  # modes of Unix


@dataclass(frozen=True)
class Member:
    """A file, or what its mode says; ``claims`` is its size in the list, if that is not true."""

    name: str
    content: bytes = b""
    mode: int = FILE
    packed: bool = False
    claims: int | None = None
    flags: int = 0


def write_rar(path: Path, *members: Member) -> Path:
    """Write an archive and return its path."""
    blocks = [b"Rar!\x1a\x07\0", _block(0x73, 0, b"\0" * 6), *map(_member, members)]
    path.write_bytes(b"".join(blocks) + _block(0x7B, 0x4000, b""))
    return path


def _member(one: Member) -> bytes:
    data = _packed(one.content) if one.packed else one.content
    size = len(one.content) if one.claims is None else one.claims
    name, flags = one.name.encode(), 0x8000 | (0xE0 if one.mode == FOLDER else 0) | one.flags
    method, unix, dated = (0x33 if one.packed else 0x30), 3, 0x58210000
    rest = (unix, zlib.crc32(one.content), dated, 29, method, len(name), one.mode)
    return _block(0x74, flags, struct.pack("<IIBIIBBHI", len(data), size, *rest) + name) + data


def _block(kind: int, flags: int, rest: bytes) -> bytes:
    content = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
    return struct.pack("<H", zlib.crc32(content) & 0xFFFF) + content


def _packed(content: bytes) -> bytes:
    lengths = {0: 2, 8: 2, 9: 2, 19: 2}  # of the codes 00, 01, 10 and 11 by which the table is told
    bits = ["00", *(f"{lengths.get(i, 0):04b}" for i in range(20))]
    bits += ["01"] * 254 + ["10"] * 4 + ["11", f"{138 - 11:07b}"] + ["00"] * 8  # of 404 signs
    bits += [f"{byte:08b}" if byte < 254 else f"{508 + byte - 254:09b}" for byte in content]
    joined = "".join([*bits, f"{508 + 2:09b}", "00"])  # sign 256: the end of the file
    size = -(-len(joined) // 8)
    return int(joined.ljust(8 * size, "0"), 2).to_bytes(size, "big")
