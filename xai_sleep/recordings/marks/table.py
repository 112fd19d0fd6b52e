"""Tables with a line of headings, see :func:`.read_marks`: CSV and TSV, BIDS events, YASA."""

from datetime import datetime
from pathlib import Path
from typing import ClassVar

from xai_sleep.recordings.marks.reader import Marks, MarksReader
from xai_sleep.recordings.tables import read_marks


class Table(MarksReader):
    """Rows of cells under the usual headings."""

    endings: ClassVar = (".csv", ".tsv")

    def recognises(self, path: Path) -> bool:
        """Whether it is a table: what has these endings is."""
        return path.suffix.casefold() in self.endings

    def read(self, path: Path, start: datetime | None, seconds: float) -> Marks:  # noqa: ARG002
        """Read the rows."""
        return Marks(*read_marks(path))
