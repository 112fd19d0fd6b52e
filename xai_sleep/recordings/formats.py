"""Which files are recordings, which belong to one, and how each is opened.

EDF and BDF are read by :mod:`.edf`; of all other formats MNE-Python's table of readers decides.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import Source, as_seen
from xai_sleep.recordings.edf import open_edf
from xai_sleep.recordings.units import UNITS

OWN = (".edf", ".bdf")  # what is not left to MNE
# MNE's endings of what is no EEG, and under which people keep tables and arrays of marks
TABLES = (".txt", ".mat", ".asc")
FOLDERS = (".mff", ".mefd", ".ds")  # formats that are folders

# What else one recording may consist of, by the ending of the file that is opened. Parts have its
# name; those of BrainVision are told by its header.
_PARTS = {
    ".set": (".fdt",),
    ".cdt": (".cdt.dpa", ".cdt.cef", ".cdt.dpo", ".dpa", ".cef", ".dpo", ".ceo"),
    ".dap": (".dat", ".rs3", ".cef", ".ceo"),
    ".lay": (".dat",),
    ".eeg": (".pnt", ".21e", ".log", ".cmt"),
}
_HEADERS = (".vhdr", ".ahdr")
_SPLIT = re.compile(r"(-\d+|_split-(?!0*1_)\d+(_\w+)?)$")  # what MNE and BIDS add to later parts


@cache
def endings() -> tuple[str, ...]:
    """List endings of recordings, in lower case: those that MNE reads, the longest first."""
    from mne.io._read_raw import _get_supported  # it has no public name; late, as it takes time

    return tuple(sorted({*_get_supported()} - {*TABLES}, key=lambda each: (-len(each), each)))


def ending_of(path: Path) -> str:
    """Find the ending by which a file is a recording; empty if it is none."""
    name = path.name.casefold()
    return next((each for each in endings() if name.endswith(each) and name != each), "")


def record_name(path: Path) -> str:
    """Name of a recording: that of its file without the ending."""
    return path.name[: len(path.name) - len(ending_of(path))]


def recordings(paths: Iterable[Path]) -> dict[Path, tuple[Path, ...]]:
    """Which files of a folder are recordings, each with the files that are a part of it."""
    there = [path for path in paths if not path.name.startswith(".")]
    found = [path for path in there if ending_of(path) and _may_be(path)]
    parts = {path: tuple(_parts(path, there)) for path in found}
    taken = {part for each in parts.values() for part in each}
    return {path: each for path, each in parts.items() if path not in taken}


def open_signals(path: Path, unit: str | None = None) -> Source:
    """Open a recording of any format; ``unit`` stands for that of every channel.

    Raises InputError if it is not there, its ending is that of no recording, or it cannot be read.
    """
    if unit is not None and unit not in UNITS:
        raise InputError(f"data.unit is {unit!r}; it must be one of {', '.join(UNITS)}")
    ending = ending_of(path)
    if not _may_be(path):
        raise InputError(f"{path} is no file; name a recording")
    if not ending:
        known = ", ".join(sorted(endings()))
        raise InputError(f"{path} does not end as a recording does ({known}); export it to EDF")
    if ending in OWN:
        return open_edf(path, unit)
    from xai_sleep.recordings.raw import open_raw  # late: EDF does without MNE's readers

    return open_raw(path, unit)


def _may_be(path: Path) -> bool:
    return path.is_dir() if ending_of(path) in FOLDERS else path.is_file()


def _parts(path: Path, there: Iterable[Path]) -> Iterator[Path]:
    """Files that belong to a recording."""
    ending, name = ending_of(path), as_seen(record_name(path))
    if ending in _HEADERS:
        head = path.read_text("latin-1")[:100_000]
        told = re.findall(r"^\s*(?:DataFile|MarkerFile)\s*=\s*(.+?)\s*$", head, re.MULTILINE)
        names = {as_seen(each.replace("$b", path.stem)) for each in told}
    else:
        names = {name + each for each in _PARTS.get(ending, ())}
    for other in there:
        called = as_seen(record_name(other))
        later = ending.startswith(".fif") and ending_of(other) == ending
        split = later and _SPLIT.sub("", called) == re.sub(r"_split-0*1_\w+$", "", name) != called
        if other != path and (as_seen(other.name) in names or split):
            yield other
