"""Names compared as people see them, and which channels to take of each record.

All records are opened first, so that what lacks is said once. A channel that no record holds as
such may be derived: ``C3-M2`` (or ``C3:M2``, ``C3M2``) is ``C3`` minus ``M2``, and
``C3-(M1+M2)/2`` is ``C3`` minus the mean of ``M1`` and ``M2``. Ears are called M1 or A1, M2 or A2.
What systems write around an electrode is overlooked: ``EEG C3``, ``POL C3``, ``EEG C3-Ref``,
``C3-LE``. Of the last two the reference is shared by all channels, and falls out of a derivation
where both have it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import NOWHERE, Intervals
from xai_sleep.recordings.recording import Recording, Signals

_PREFIX = re.compile(r"^(?:eeg|eog|pol)[ _:-]+(?=[^\W\d_])", re.IGNORECASE)  # not of "EOG 1"
_SHARED = re.compile(r"\s*-\s*(ref|le)$", re.IGNORECASE)
_MEAN = re.compile(r"(.+?)\s*[-:]\s*\(\s*(.+?)\s*\+\s*(.+?)\s*\)\s*/\s*2")
_TOGETHER = re.compile(r"([a-z]+(?:\d+|z))([a-z]+(?:\d+|z))", re.IGNORECASE)  # C3M2, CzPz
_EAR = re.compile(r"-(a[12]|\(a1\+a2\)/2)$")


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
    """Take away what differs from system to system: case, spaces, ``EEG``, ``-Ref``, M1 for A1."""
    poles = (list(map(_electrode, pole)) for pole in _poles(name))
    return "-".join(pole[0] if len(pole) == 1 else f"({'+'.join(pole)})/2" for pole in poles)


def bare(name: str) -> str:
    """Name of an electrode without what systems write around it."""
    return _PREFIX.sub("", _SHARED.sub("", name))


def find_channel(names: Sequence[str], there: Sequence[str], *, derive: bool = True) -> list[str]:
    """Which channels can be meant by the first of ``names`` that is there or can be derived."""
    for name in names:
        derived = _derivations(name, there) if derive else []
        if alike := _alike(name, there) or [_called(each, there) for each in derived]:
            return alike
    return []


def read_channels(source: Source, names: Sequence[str]) -> Held:
    """Read channels chosen by :func:`pick_channels`, and note which are derived."""
    made = {
        name: _derivations(name, source.channels)[0]
        for name in names
        if name not in source.channels
    }
    if not made:
        return source.read(names)
    parts = ((made[name].plus, *made[name].minus) if name in made else (name,) for name in names)
    needed = list(dict.fromkeys(part for each in parts for part in each))
    read = source.read(needed)
    held, notes = dict(zip(needed, read.signals, strict=True)), read.notes
    for name, (plus, minus) in made.items():
        held[name] = held[plus] - (held[minus[0]] + held[minus[-1]]) / 2
        mean = "the mean of " * (len(minus) > 1)
        notes += (f"channel {name} derived: {plus} minus {mean}{' and '.join(minus)}",)
    return read._replace(signals=np.stack([held[name] for name in names]), notes=notes)


def same_place(mark: str, channel: str) -> bool:
    """Whether a mark on one channel is one on another; an ear as reference may be left unsaid."""
    one, other = as_channel(mark), as_channel(channel)
    ends = [_EAR.sub("", name) for name in (one, other)]
    return one == other or (ends[0] == ends[1] and bool({one, other} & set(ends)))


class _Derivation(NamedTuple):
    plus: str
    minus: tuple[str, ...]  # one channel, or two of which the mean is taken


def _electrode(name: str) -> str:
    return re.sub(r"^m(?=[12]$)", "a", as_seen(bare(name)).replace(" ", ""))


def _poles(name: str) -> list[tuple[str, ...]]:
    """Split a name into its poles, as written; one that is a mean holds two electrodes."""
    if mean := _MEAN.fullmatch(name):
        return [(mean[1],), (mean[2], mean[3])]
    prefix = found[0] if (found := _PREFIX.match(name)) else ""
    first, *others = map(str.strip, re.split(r"[-:/]", bare(name)))
    if not others and (both := _TOGETHER.fullmatch(first)):
        first, others = both[1], [both[2]]
    return [(prefix + first,), *((other,) for other in others)]


def _alike(name: str, there: Sequence[str]) -> list[str]:
    return meant(name, there) or [o for o in there if as_channel(o) == as_channel(name)]


def _derivations(name: str, there: Sequence[str]) -> list[_Derivation]:
    """All ways to derive a channel from two or three that share a reference."""
    poles = _poles(name)
    if len(poles) != 2:
        return []
    electrodes = [_alike(electrode, there) for pole in poles for electrode in pole]
    return [
        _Derivation(plus, tuple(minus))
        for plus, *minus in product(*electrodes)
        if len({plus, *minus}) == 1 + len(minus)
        and len({tuple(_SHARED.findall(as_seen(part))) for part in (plus, *minus)}) == 1
    ]


def _called(derived: _Derivation, there: Sequence[str]) -> str:
    """Name a derivation by its electrodes; by its channels where that could mean others."""
    for of in (bare, str):
        minus = [of(each) for each in derived.minus]
        name = f"{of(derived.plus)}-{minus[0] if len(minus) == 1 else f'({minus[0]}+{minus[1]})/2'}"
        if _derivations(name, there) == [derived]:
            return name
    return name


def _found(record: str, source: Holder, names: Sequence[str], setting: str) -> str | None:
    derive = not isinstance(source, Recording)  # that is read already
    alike = find_channel(names, source.channels, derive=derive)
    if len(set(alike)) > 1:
        meanings = f"{' or '.join(names)} could be {' or '.join(alike)} in {record}"
        raise InputError(f"{setting}: {meanings}; name one of them as it is written there")
    return alike[0] if alike else None
