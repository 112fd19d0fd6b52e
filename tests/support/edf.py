"""A plain writer of EDF and BDF, byte by byte from the specification, for every quirk to be met."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Channel:
    """One channel of an EDF file.

    Parameters
    ----------
    label : str
        Name in the header.
    digital : int array of shape (time,)
        Samples as stored.
    rate : int
        Samples in one data record.
    unit : str
        Physical unit in the header.
    physical, limits : tuple of float, tuple of int
        Minimum and maximum in the header, in units and in digital values. The defaults are
        0.01 units a bit.
    """

    label: str
    digital: NDArray[np.int16] | NDArray[np.int32]
    rate: int
    unit: str = "uV"
    physical: tuple[float, float] = (-327.68, 327.67)
    limits: tuple[int, int] = (-32768, 32767)

    @property
    def values(self) -> NDArray[np.float64]:
        """The samples in ``unit``."""
        (low, high), (bottom, top) = self.physical, self.limits
        return low + (self.digital.astype(np.float64) - bottom) * (high - low) / (top - bottom)


def noise(n: int, seed: int = 0) -> NDArray[np.int16]:
    """Digital samples over the whole 16 bits."""
    return np.random.default_rng(seed).integers(-32768, 32768, n, dtype=np.int16)


def annotations(
    rows: Sequence[tuple[float, float, str]],
    n_records: int,
    *,
    offset: float = 0.0,
    width: int = 2,
    starts: Sequence[float] | None = None,
) -> Channel:
    """Channel of annotations (onset and duration in s, text), by data record of 1 s.

    The file starts ``offset`` s after the time that onsets count from; ``width`` is as in
    :func:`write_edf`; ``starts`` is when records begin, if they do not follow one another.
    """
    times = range(n_records) if starts is None else starts
    records = [f"+{start + offset:.10g}\x14\x14\0".encode() for start in times]
    for onset, duration, text in rows:
        at = min(int(onset), n_records - 1)
        records[at] += f"+{onset + offset:.10g}\x15{duration:.10g}\x14{text}\x14\0".encode()
    rate = -(-max(map(len, records)) // width)
    content = np.frombuffer(b"".join(r.ljust(rate * width, b"\0") for r in records), np.uint8)
    digital = content.reshape(-1, width).astype(np.int32) @ (256 ** np.arange(width))
    return Channel("BDF Annotations" if width == 3 else "EDF Annotations", digital, rate, "")


def write_edf(
    path: Path,
    channels: Sequence[Channel],
    *,
    patient: str = "X X X X",
    seconds: float = 1.0,
    n_records: int | None = None,
    start: str = "01.01.00",
    clock: str = "00.00.00",
    kind: str = "",
    width: int = 2,
) -> Path:
    """Write a file of ``width`` bytes a sample (2: EDF, 3: BDF) and return its path.

    ``n_records`` is what the header claims, by default the truth; ``seconds`` is the length of a
    data record; ``start`` and ``clock`` are date and time of day of the first; ``kind`` goes to the
    reserved field (``EDF+C``, ``EDF+D``).
    """
    blocks = [channel.digital.astype("<i4").reshape(-1, channel.rate) for channel in channels]
    data = np.concatenate(blocks, axis=1)
    content = np.ascontiguousarray(data).view(np.uint8).reshape(-1, 4)[:, :width]
    size, count = 256 * (1 + len(channels)), len(data) if n_records is None else n_records
    widths = (8, 80, 80, 8, 8, 8, 44, 8, 8, 4)
    version = "0" if width == 2 else "\xffBIOSEMI"
    fixed = (version, patient, "Startdate X X X X", start, clock, size, kind, count, seconds)
    header = _cells((*fixed, len(channels)), widths)
    # Each field is stored for all channels before the next field begins.
    for field, width in enumerate((16, 80, 8, 8, 8, 8, 8, 80, 8, 32)):
        fields = ((c.label, "", c.unit, *c.physical, *c.limits, "", c.rate, "") for c in channels)
        header += _cells([row[field] for row in fields], [width] * len(channels))
    path.write_bytes(header + content.tobytes())
    return path


def _cells(values: Sequence[str | float], widths: Sequence[int]) -> bytes:
    texts = [value if isinstance(value, str) else f"{value:.10g}" for value in values]
    cells = [text.encode("latin-1").ljust(w) for text, w in zip(texts, widths, strict=True)]
    assert [len(cell) for cell in cells] == list(widths), f"{texts} do not fit {widths} bytes"
    return b"".join(cells)
