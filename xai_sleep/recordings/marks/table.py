"""Tables with a line of headings, see :func:`.read_marks`: CSV and TSV, BIDS events, YASA."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from xai_sleep.errors import InputError
from xai_sleep.recordings.clock import MEANINGS, Night, in_seconds
from xai_sleep.recordings.marks.edfbrowser_text import is_heading
from xai_sleep.recordings.marks.reader import Marks, MarksReader, head
from xai_sleep.recordings.sources import choice
from xai_sleep.recordings.tables import SEPARATORS, Row, canonical, number_of, read_marks

SETTING = "marks.table.times"
APART = 1.0  # s between an end and onset + duration that rounding explains


class Table(MarksReader):
    """Rows of cells under the usual headings.

    Parameters
    ----------
    times : what times without a date are, see :func:`.in_seconds`
    """

    endings: ClassVar = (*SEPARATORS, ".txt")

    def __init__(self, times: str = "either") -> None:
        self.times = choice(SETTING, times, MEANINGS)

    def recognises(self, path: Path) -> bool:
        """Whether it is a table: what ends so is, and a text under headings of one."""
        line = head(path).partition("\n")[0].strip()
        if is_heading(line):
            return False
        if path.suffix.casefold() in SEPARATORS:
            return True
        named = set(canonical(line.split("\t" if "\t" in line else ",")))
        return "onset" in named and not named.isdisjoint({"duration", "end"})

    def read(self, path: Path, start: datetime | None, seconds: float) -> Marks:
        """Read the rows; InputError also if a duration contradicts the end."""
        rows, notes = read_marks(path)
        rows, taken = in_seconds(path, rows, Night(start, seconds), SETTING, self.times)
        _require_agreement(rows)
        return Marks(rows, (*notes, *taken))


def _require_agreement(rows: Sequence[Row]) -> None:
    for row in rows:
        told = [number_of(row.cells.get(column, "")) for column in ("onset", "duration", "end")]
        onset, duration, end = told
        if abs(onset + duration - end) > APART:
            said = f"onset {onset:g} and duration {duration:g} do not lead to the end, {end:g}"
            units = "all are s from the start of the recording; correct or drop one of the columns"
            raise InputError(f"{row.where}: {said}; {units}")
