"""What a reader of marks is: it knows one form of file, and makes rows of it.

A row is a stretch of time in s from the first sample of the recording; what it means (event, stage,
scored time) is decided where all forms are treated alike: :mod:`xai_sleep.recordings.annotations`.
"""

import codecs
from abc import ABC, abstractmethod
from datetime import datetime
from pathlib import Path
from typing import ClassVar, NamedTuple

from xai_sleep.errors import InputError
from xai_sleep.recordings.tables import Row

HEAD = 4096  # bytes that tell a form


class Marks(NamedTuple):
    """What a file of marks says."""

    rows: list[Row]  # cells: onset, duration or end; kind, expert, channel where told
    notes: tuple[str, ...] = ()  # what was understood in one of several ways, or not used


class MarksReader(ABC):
    """A form of file that holds marks."""

    endings: ClassVar[tuple[str, ...]]  # of files, in lower case, as in ``.csv``

    @abstractmethod
    def recognises(self, path: Path) -> bool:
        """Whether a file with one of the endings is of this form, by its first lines.

        Several forms may share an ending; no file is of two. Never raises InputError.
        """

    @abstractmethod
    def read(self, path: Path, start: datetime | None, seconds: float) -> Marks:
        """Read the marks of a recording of ``seconds`` s, whose first sample is of ``start``.

        Raises InputError if the file is damaged or holds what could be marks and is not understood.
        """


def head(path: Path) -> str:
    """First lines of a file as text, whatever it holds."""
    with path.open("rb") as file:
        content = file.read(HEAD)
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8", "replace").lstrip("\ufeff")


def text_of(path: Path, encoding: str = "utf-8-sig") -> str:
    """Read a text; InputError if it is not one."""
    try:
        said = path.read_bytes().decode(encoding)
    except UnicodeDecodeError:
        said = "\0"
    if "\0" in said:
        raise InputError(f"{path} is no text in UTF-8; save it so")
    return said


def split_channel(text: str) -> dict[str, str]:
    """Cells of an annotation as EDF+ holds it, in which ``spindle@@C3-A2`` tells its channel."""
    kind, _, channel = map(str.strip, text.partition("@@"))
    return {"kind": kind, "channel": channel}
