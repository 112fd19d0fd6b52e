"""Names compared as people see them, and which channels to take of each record.

All records are opened first, so that what lacks is said once. A channel that no record holds as
such may be derived: ``C3-M2`` is ``C3`` minus ``M2``.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import NOWHERE, Intervals
from xai_sleep.recordings.recording import Recording, Signals

_EEG = re.compile(r"^eeg[ _:-]+", re.IGNORECASE)


def as_seen(name: str) -> str:
    """Take away what nobody looks at: case, how an accent is stored, how wide a space is."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def meant(name: str, there: Iterable[str]) -> list[str]:
    """Which of the names that are there can be meant: the exact one, else all that look like it."""
    alike = [other for other in there if as_seen(other) == as_seen(name)]
    return [name] if name in alike else alike


def natural(name: str) -> list[tuple[bool, int, str]]:
    """Key that sorts numbers in names by their value."""
    parts = re.findall(r"\d+|\D+", name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def chosen(records: Sequence[str] | None, held: Sequence[str], where: str) -> list[str]:
    """Which records held are asked for (``data.records``), as held; InputError if one is not."""
    if records is None:
        return list(held)
    asked = [meant(name, held) for name in records]
    if not asked or not all(asked):
        there = f"{where} holds {', '.join(held)}"
        raise InputError(f"data.records asks for {', '.join(records) or 'nothing'}, but {there}")
    return [record for record in held if any(record in alike for alike in asked)]


class Held(NamedTuple):
    """Channels as a file holds them."""

    signals: Signals  # in µV
    sfreq: float  # in Hz
    notes: tuple[str, ...] = ()
    lost: Intervals = (
        NOWHERE  # time in s that holds no signal: gaps; the samples there mean nothing
    )


class Holder(Protocol):
    """What holds channels: a file, or a recording."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, in their order."""


class Source(Holder, Protocol):
    """A file opened, its signals not yet read."""

    @property
    def path(self) -> Path:
        """Where it is."""

    @property
    def person(self) -> str | None:
        """Key of the person, equal for files of one person; None if unknown."""

    @property
    def start(self) -> datetime | None:
        """Time of day and date of the first sample, as the clock on the wall showed it."""

    @property
    def seconds(self) -> float:
        """Length in s."""

    @property
    def offered(self) -> tuple[str, ...]:
        """Every channel in words: its name, unit and rate."""

    def read(self, channels: Sequence[str]) -> Held:
        """Read channels by name."""

    def annotations(self) -> list[tuple[float, float, str]]:
        """Onset and duration in s from the first sample, and text, of each annotation inside."""


def pick_channels(
    sources: Mapping[str, Holder],
    wanted: Sequence[Sequence[str]],
    setting: str = "task.channels",
) -> dict[str, tuple[str, ...]]:
    """Choose channels of each record by name, never by position, as its file spells them.

    ``wanted`` (set in ``setting``) holds for each channel its accepted names, the preferred one
    first; case matters only where two channels differ in nothing else. Raises InputError if records
    lack a channel (all are named, with the channels they hold), or a name could mean several.
    """
    found = {
        record: [_found(record, source, names, setting) for names in wanted]
        for record, source in sources.items()
    }
    for at, names in enumerate(wanted):
        lacking = [record for record, picked in found.items() if picked[at] is None]
        if lacking:
            held = sorted({channel for record in lacking for channel in sources[record].channels})
            absent = f"there is no channel {' or '.join(names)} in {', '.join(lacking)}"
            remedy = "name a channel that they hold, or leave these records out (data.records)"
            raise InputError(f"{setting}: {absent} (found there: {', '.join(held)}); {remedy}")
    return {record: tuple(filter(None, picked)) for record, picked in found.items()}


def as_channel(name: str) -> str:
    """Take away what differs from system to system: case, spaces, ``EEG``, and M1 for A1."""
    poles = (as_seen(pole).replace(" ", "") for pole in _poles(name))
    return "-".join(re.sub(r"^m(?=[12]$)", "a", pole) for pole in poles)


def find_channel(names: Sequence[str], there: Sequence[str], *, derive: bool = True) -> list[str]:
    """Which channels can be meant by the first of ``names`` that is there or can be derived."""
    for name in names:
        derived = [f"{a}-{b}" for a, b in [_parts(name, there)] if derive and a]
        if alike := _alike(name, there) or derived:
            return alike
    return []


def read_channels(source: Source, names: Sequence[str]) -> Held:
    """Read channels chosen by :func:`pick_channels`, and note which are derived."""
    parts = {name: _parts(name, source.channels) for name in names if name not in source.channels}
    if not parts:
        return source.read(names)
    needed = list(dict.fromkeys(part for name in names for part in parts.get(name, (name,))))
    read = source.read(needed)
    held, notes = dict(zip(needed, read.signals, strict=True)), read.notes
    for name, (one, other) in parts.items():
        held[name] = held[one] - held[other]
        notes += (f"channel {name} derived: {one} minus {other}",)
    return read._replace(signals=np.stack([held[name] for name in names]), notes=notes)


def same_place(mark: str, channel: str) -> bool:
    """Whether a mark on one channel is one on another; an ear as reference may be left unsaid."""
    one, other = as_channel(mark), as_channel(channel)
    bare = [re.sub(r"-a[12]$", "", name) for name in (one, other)]
    return one == other or (bare[0] == bare[1] and bool({one, other} & set(bare)))


def _poles(name: str) -> list[str]:
    bare = re.split(r"[-:/]", _EEG.sub("", name))
    return [_EEG.sub("", pole.strip()) for pole in bare]


def _alike(name: str, there: Sequence[str]) -> list[str]:
    return meant(name, there) or [o for o in there if as_channel(o) == as_channel(name)]


def _parts(name: str, there: Sequence[str]) -> tuple[str, str]:
    """Split a derivation into the two channels that make it; empty if they are not there."""
    found = [_alike(pole, there) for pole in _poles(name)]
    return (found[0][0], found[1][0]) if [len(alike) for alike in found] == [1, 1] else ("", "")


def _found(record: str, source: Holder, names: Sequence[str], setting: str) -> str | None:
    derive = not isinstance(source, Recording)  # that is read already
    alike = find_channel(names, source.channels, derive=derive)
    if len(set(alike)) > 1:
        meanings = f"{' or '.join(names)} could be {' or '.join(alike)} in {record}"
        raise InputError(f"{setting}: {meanings}; name one of them as it is written there")
    return alike[0] if alike else None
