"""Signals of every format that MNE-Python reads, in µV on the time of the recording.

What MNE passes over in silence is looked at again: the unit of a channel where MNE takes one that
it does not know for volts; cuts, where samples before and after are not of one time; and what it
warned of, which becomes a note. MNE keeps the clock of the wall as if it were that of Greenwich,
but where a format tells both or the true one. The person's data go no further than
:func:`open_raw`.
"""

import re
import struct
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import mne
import numpy as np

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import Held
from xai_sleep.recordings.held import Stored, hold
from xai_sleep.recordings.intervals import Intervals, intervals, union
from xai_sleep.recordings.subjects import person_key
from xai_sleep.recordings.units import MICROVOLTS, microvolts

PIECE = 2**20  # samples read at once
VOLT, ONE = 107, 0  # FIFF's codes of a unit and of its power of ten

# Annotations by which formats say that there is no signal, and that samples were cut out. The first
# of BrainVision's segments begins the recording.
_LOST = re.compile(r"bad_acq_skip|bad_disconnect\w*")
_CUT = re.compile(r"((bad|edge)[ _])?boundary|-99|new segment(/.*)?")
_GREENWICH = (".nedf",)  # formats whose time of day is not that of the place
_CURRY = (".dat", ".dap", ".rs3", ".cdt", ".dpa", ".cef")
_GDF_UNITS = {4256: "V", 4274: "mV", 4275: "uV", 4276: "nV"}


@dataclass(frozen=True)
class RawFile:
    """A file opened by MNE: what it says, and the way to its signals."""

    path: Path
    channels: tuple[str, ...]
    offered: tuple[str, ...]  # the same in words: name, unit and rate
    seconds: float  # length of the recording
    start: datetime | None  # time of day and date of the first sample
    unit: str | None  # of all channels, whatever the file says
    lost: Intervals  # time in s that the file says holds no signal
    notes: tuple[str, ...]  # what MNE warned of
    rows: tuple[tuple[float, float, str], ...] = field(repr=False)
    person: str | None = field(repr=False)  # see :func:`.person_key`

    def annotations(self) -> list[tuple[float, float, str]]:
        """Onset and duration in s from the first sample, and text, of each annotation inside.

        Where one is of some channels, they follow in the text after ``@@``, as in EDF+.
        """
        return list(self.rows)

    def read(self, channels: Sequence[str]) -> Held:
        """Read channels by name, at least one; InputError if one is not in a unit of voltage."""
        raw, _ = _opened(self.path)
        scales = [self._scale(raw, name) for name in channels]
        at = [raw.ch_names.index(name) for name in channels]
        order, sfreq = np.argsort(at), float(raw.info["sfreq"])
        stored = [
            Stored(name, np.empty(raw.n_times, np.float32), sfreq, None if self.unit else told)
            for name, (told, _) in zip(channels, scales, strict=True)
        ]
        for first in range(0, raw.n_times, PIECE):
            last = min(first + PIECE, raw.n_times)
            piece = _tried(self.path, raw.get_data, sorted(at), first, last)
            for row, i in enumerate(order):
                stored[i].signal[first:last] = piece[row] * scales[i][1]
        return hold(self.path, stored, self.lost, self.notes)

    def _scale(self, raw: mne.io.BaseRaw, name: str) -> tuple[str, float]:
        """Tell the unit of a channel in the file, and how many µV one of MNE's is."""
        where, told, number = f"{self.path}, channel {name}", *_told(self.path, raw, name)
        if self.unit and not number:
            said = f"its unit in the file is not known, and so cannot be {self.unit} instead"
            raise InputError(f"{where}: {said}; export it to EDF, or leave data.unit (--unit) out")
        return told or "V", microvolts(where, told, self.unit) * (number or 1.0)


def open_raw(path: Path, unit: str | None = None) -> RawFile:
    """Open a file by its ending; InputError if MNE cannot read it or samples were cut out of it.

    ``unit`` stands for that of every channel, see :data:`.UNITS`.
    """
    raw, notes = _opened(path)
    found = raw.annotations
    times = np.column_stack([found.onset - raw.first_time, np.nan_to_num(found.duration)])
    said = [" ".join(text.casefold().split()) for text in found.description]
    _require_whole(path, raw, [at for (at, _), text in zip(times, said, strict=True) if _cut(text)])
    skipped = [(at, at + long) for (at, long), text in zip(times, said, strict=True) if _gap(text)]
    rows = sorted(
        (float(onset), float(duration), _with_channels(text, channels))
        for (onset, duration), text, channels, plain in zip(
            times, found.description, found.ch_names, said, strict=True
        )
        if not (_cut(plain) or _gap(plain))
    )
    kinds = raw.get_channel_types()
    channels = tuple(n for n, kind in zip(raw.ch_names, kinds, strict=True) if kind != "stim")
    return RawFile(
        path=path,
        channels=channels,
        offered=tuple(_in_words(path, raw, name) for name in channels),
        seconds=raw.n_times / raw.info["sfreq"],
        start=_start(path, raw),
        unit=unit,
        lost=union([intervals([span for span in skipped if span[1] > span[0]])]),
        notes=notes,
        rows=tuple(rows),
        person=_person(raw.info["subject_info"]),
    )


def _tried(path: Path, read: Any, *arguments: Any, **named: Any) -> Any:
    """Call a function of MNE's; whatever it raises of a file is told as an InputError."""
    try:
        return read(*arguments, **named)
    except Exception as error:  # of damaged files readers raise anything
        said = " ".join(str(error).split())[:200] or type(error).__name__
        remedy = "copy or export it again, or convert it to EDF"
        raise InputError(f"{path} cannot be read: {said}; {remedy}") from error


def _opened(path: Path) -> tuple[mne.io.BaseRaw, tuple[str, ...]]:
    """Open without reading samples; what MNE warned of, but for persons and names of files."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        raw = _tried(path, mne.io.read_raw, path, preload=False, verbose="WARNING")
    texts = dict.fromkeys(" ".join(str(each.message).split())[:200] for each in warned)
    unsaid = re.compile(r"subject|patient|birth|naming conventions", re.IGNORECASE)
    return raw, tuple(f"{path.name}: {text}" for text in texts if not unsaid.search(text))


def _told(path: Path, raw: mne.io.BaseRaw, name: str) -> tuple[str | None, float]:
    """Tell the unit of a channel in its file, and how many make one of MNE's; 0: not known.

    Each reader of MNE's scales in its own way. What some of them kept of the unit is there by no
    public name.
    """
    at, ending = raw.ch_names.index(name), path.suffix.casefold()
    channel, kept = raw.info["chs"][at], raw._orig_units.get(name)
    volts = "V" if channel["unit"] == VOLT and channel["unit_mul"] == ONE else None
    if ending == ".gdf":
        return _gdf_unit(path, raw, at)
    if ending == ".set":
        return "uV" if volts else None, 1e6  # by EEGLAB's convention
    if kept is None:
        return volts, 1.0 if ".fif" in path.suffixes else 0.0
    known = MICROVOLTS.get(kept.casefold())
    taken_for_volts = known is None or (known != 1 and ending in _CURRY)
    return kept if known else None, 1.0 if taken_for_volts else 1e6 / float(known or 1)


def _in_words(path: Path, raw: mne.io.BaseRaw, name: str) -> str:
    told = None
    with suppress(InputError):  # which is told if the channel is taken
        told, _ = _told(path, raw, name)
    return f"{name} ({told or 'no unit'}, {raw.info['sfreq']:g} Hz)"


def _gdf_unit(path: Path, raw: mne.io.BaseRaw, at: int) -> tuple[str | None, float]:
    """Read the unit from the header: of those MNE does not know it says that they are volts."""
    with path.open("rb") as file:
        fixed = file.read(256)
        second = float(fixed[4:8]) >= 1.9
        n_channels = struct.unpack("<H", fixed[252:254])[0]
        table = file.read(256 * n_channels)
    code, text = 102 * n_channels + 2 * at, 96 * n_channels + 8 * at
    told = table[text : text + 8].decode("latin-1").strip(" \0")
    if second:
        told = _GDF_UNITS.get(struct.unpack("<H", table[code : code + 2])[0], "")
    rates = struct.unpack(f"<{n_channels}I", table[216 * n_channels : 220 * n_channels])
    if rates[at] != max(rates):
        slow = f"channel {raw.ch_names[at]} is slower than others, which GDF leaves to its readers"
        raise InputError(f"{path}: {slow}; convert it to EDF")
    scaled = {"uV": 1e6, "mV": 1e3 if second else 1.0}
    return told or None, scaled.get(told, 1.0)


def _cut(text: str) -> bool:
    return bool(_CUT.fullmatch(text))


def _gap(text: str) -> bool:
    return bool(_LOST.fullmatch(text))


def _require_whole(path: Path, raw: mne.io.BaseRaw, cuts: Sequence[float]) -> None:
    near = 2 / raw.info["sfreq"]
    inside = sorted({at for at in cuts if near < at < raw.n_times / raw.info["sfreq"] - near})
    if inside:
        times = ", ".join(f"{at:g}" for at in inside[:5]) + " …" * (len(inside) > 5)
        said = f"samples were cut out or recording paused at {times} s"
        lost = "what comes after is of another time than its marks and stages"
        raise InputError(f"{path}: {said}: {lost}; export it whole, or as a file for each part")


def _with_channels(text: str, channels: Sequence[str]) -> str:
    text = str(text).removeprefix("Comment/")  # BrainVision's type of what people write
    return f"{text}@@{','.join(channels)}" if channels else text


def _start(path: Path, raw: mne.io.BaseRaw) -> datetime | None:
    """Time of day of the first sample, if that can be known: systems for MEG keep Greenwich's."""
    told, offset = raw.info["meas_date"], raw.info["utc_offset"]
    if told is None or (not offset and (path.suffix.casefold() in _GREENWICH or "meg" in raw)):
        return None
    local = timedelta()
    if offset and (found := re.fullmatch(r"(?:UTC)?([+-])(\d\d):?(\d\d)", offset)):
        local = timedelta(hours=int(found[2]), minutes=int(found[3])) * (-1) ** (found[1] == "-")
    start: datetime = told.replace(tzinfo=None) + local + timedelta(seconds=raw.first_time)
    return start


def _person(said: Mapping[str, Any] | None) -> str | None:
    """Key of a person, as the patient field of EDF+ would give it."""
    said = said or {}
    code = said.get("his_id") or (isinstance(number := said.get("id"), str) and number)
    name = [said.get(part) for part in ("first_name", "middle_name", "last_name", "name")]
    parts = ["_".join(str(each).split()) for each in (code, "_".join(filter(None, name)))]
    return person_key(f"{parts[0] if code else 'X'} X X {parts[1] or 'X'}")
