"""EDF and BDF files: chosen channels in µV, and the annotations inside.

MNE reads the samples, from a copy of the file whose header is blank for the person and the units
and holds numbers for labels. So personal data travel no further, and MNE cannot take a unit for
volts because it does not know its spelling (``UV`` is common): values become µV by the header's own
text for each channel.

Annotations lie in channels of their own (EDF+): MNE reads them from a copy of these alone.
"""

import io
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mne
import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.edf_header import EdfHeader, read_header
from xai_sleep.recordings.recording import Signals

MICROVOLTS = {"uv": 1.0, "\u03bcv": 1.0, "mv": 1e3, "v": 1e6}
"""µV in one unit, by the unit's text in lower case (both Unicode signs for µ become one)."""

ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
"""Labels of channels that hold no signal but text."""

READERS = {2: mne.io.read_raw_edf, 3: mne.io.read_raw_bdf}
"""By bytes a sample."""


@dataclass(frozen=True)
class EdfFile:
    """An EDF or BDF file opened: its header, and the way to its signals."""

    header: EdfHeader

    @property
    def channels(self) -> tuple[str, ...]:
        """Labels in the file's order."""
        return self.header.channels

    @property
    def seconds(self) -> float:
        """Length of the recording in s."""
        return self.header.n_records * self.header.seconds

    @property
    def person(self) -> str | None:
        """Key of the person, None where the header names nobody."""
        return self.header.person

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
            or if MNE cannot read the file.
        """
        header = self.header
        at = [_position(header, name) for name in channels]
        rates = [header.samples[i] / header.seconds for i in at]
        if len(set(rates)) > 1:
            raise InputError(
                f"{header.path}: {', '.join(channels)} were sampled at different rates "
                f"({', '.join(f'{rate:g}' for rate in rates)} Hz); "
                "choose channels of one rate (task.channels)"
            )
        factors = np.array([_microvolts(header, i) for i in at])
        signals = (_physical(header, at) * factors[:, None]).astype(np.float32)
        surplus = header.path.stat().st_size - header.size
        notes = (f"{header.path.name}: {surplus} bytes after the last data record left unread",)
        return signals, rates[0], notes if surplus else ()

    def annotations(self) -> list[tuple[float, float, str]]:
        """Onset and duration in s, and text of each annotation inside; in plain EDF there are none.

        Raises
        ------
        InputError
            If they are not text.
        """
        at = [i for i, name in enumerate(self.channels) if name in ANNOTATIONS]
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "annotations.edf"
            copy.write_bytes(b"".join(_column(self.header, i) for i in at))
            try:
                found = mne.read_annotations(copy)
            except UnicodeDecodeError:
                raise InputError(
                    f"{self.header.path}: its annotations are not UTF-8, as EDF+ demands; write "
                    "them as a table beside it"
                ) from None
        return [
            (float(onset), float(duration), str(text))
            for onset, duration, text in zip(
                found.onset, found.duration, found.description, strict=True
            )
        ]


def open_edf(path: Path) -> EdfFile:
    """Open a file, see :func:`~xai_sleep.recordings.edf_header.read_header` for what is refused."""
    return EdfFile(read_header(path))


def _position(header: EdfHeader, name: str) -> int:
    if header.channels.count(name) != 1:
        raise InputError(
            f"{header.path}: {header.channels.count(name)} channels are called {name}, "
            f"one was expected; the channels are {', '.join(header.channels)}"
        )
    return header.channels.index(name)


def _microvolts(header: EdfHeader, at: int) -> float:
    name, unit, gain = header.channels[at], header.units[at], header.gains[at]
    if unit.casefold() not in MICROVOLTS:
        raise InputError(
            f"{header.path}, channel {name}: the unit {unit!r} is not known; "
            "expected uV, mV or V in the header"
        )
    if gain == 0 or not math.isfinite(gain):
        raise InputError(
            f"{header.path}, channel {name}: the header gives no range of values, so its samples "
            "cannot be turned into µV; export the file again"
        )
    return MICROVOLTS[unit.casefold()]


def _physical(header: EdfHeader, at: Sequence[int]) -> NDArray[np.float64]:
    n_channels = len(header.channels)
    with header.path.open("rb") as file:
        copy = io.BytesIO(file.read(header.size))
    copy.seek(8)
    copy.write(b" " * 160)
    copy.seek(256)
    copy.write(b"".join(b"%-16d" % i for i in range(n_channels)))
    copy.seek(256 + 96 * n_channels)
    copy.write(b" " * 8 * n_channels)
    names = [str(i) for i in at]
    try:
        raw = READERS[header.width](
            copy, include=names, stim_channel=None, preload=True, verbose="ERROR"
        )
    except (ValueError, RuntimeError, AssertionError) as error:
        raise InputError(f"{header.path}: MNE cannot read the file ({error})") from None
    return np.asarray(raw.get_data(verbose="ERROR")[[raw.ch_names.index(n) for n in names]])


def _column(header: EdfHeader, at: int) -> bytes:
    """Bytes of one channel, of all data records."""
    ends = header.width * np.cumsum([0, *header.samples])
    data = np.memmap(
        header.path, np.uint8, "r", offset=header.start, shape=(header.n_records, int(ends[-1]))
    )
    return data[:, ends[at] : ends[at + 1]].tobytes()
