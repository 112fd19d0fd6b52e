"""What a reader of marks is: it knows one form of file, and makes rows of it.

A row is a stretch of time in s from the first sample of the recording; what it means (event,
stage, scored time) is decided where all forms are treated alike, in
:mod:`xai_sleep.recordings.annotations`.
"""

from abc import ABC, abstractmethod
from datetime import datetime
from pathlib import Path
from typing import ClassVar, NamedTuple

from xai_sleep.recordings.tables import Row


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
