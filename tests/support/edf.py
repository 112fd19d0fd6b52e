"""A plain EDF writer, byte by byte from the specification, for every quirk that readers meet."""

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
    digital : int16 array of shape (time,)
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
    digital: NDArray[np.int16]
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


def write_edf(
    path: Path,
    channels: Sequence[Channel],
    *,
    patient: str = "X X X X",
    seconds: float = 1.0,
    n_records: int | None = None,
    start: str = "01.01.00",
    kind: str = "",
) -> Path:
    """Write an EDF file and return its path.

    ``n_records`` is what the header claims, by default the truth; ``seconds`` is the length of a
    data record; ``kind`` goes to the reserved field (``EDF+C``, ``EDF+D``).
    """
    blocks = [channel.digital.astype("<i2").reshape(-1, channel.rate) for channel in channels]
    data = np.concatenate(blocks, axis=1)
    size, count = 256 * (1 + len(channels)), len(data) if n_records is None else n_records
    widths = (8, 80, 80, 8, 8, 8, 44, 8, 8, 4)
    fixed = ("0", patient, "Startdate X X X X", start, "00.00.00", size, kind, count, seconds)
    header = _cells((*fixed, len(channels)), widths)
    # Each field is stored for all channels before the next field begins.
    for field, width in enumerate((16, 80, 8, 8, 8, 8, 8, 80, 8, 32)):
        fields = ((c.label, "", c.unit, *c.physical, *c.limits, "", c.rate, "") for c in channels)
        header += _cells([row[field] for row in fields], [width] * len(channels))
    path.write_bytes(header + data.tobytes())
    return path


def _cells(values: Sequence[str | float], widths: Sequence[int]) -> bytes:
    texts = [value if isinstance(value, str) else f"{value:.10g}" for value in values]
    cells = [text.encode("latin-1").ljust(w) for text, w in zip(texts, widths, strict=True)]
    assert [len(cell) for cell in cells] == list(widths), f"{texts} do not fit {widths} bytes"
    return b"".join(cells)
