"""Annotations that EDFbrowser exports as text (its "ASCII/CSV"): onset, duration, annotation.

Cells are separated by a comma, tab or semicolon; the text is Latin-1. Onsets are s from the start
of the file, times of day, or dates with times (source: ``export_annotations.cpp`` of EDFbrowser).
"""

import csv
import re
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from xai_sleep.errors import InputError
from xai_sleep.recordings.clock import MEANINGS, Night, in_seconds
from xai_sleep.recordings.marks.reader import Marks, MarksReader, head, split_channel
from xai_sleep.recordings.sources import choice
from xai_sleep.recordings.tables import Row

SETTING = "marks.edfbrowser_text.times"

_HEADING = re.compile(r"Onset([,;\t])(Duration\1)?Annotation")


def is_heading(line: str) -> bool:
    """Whether a line is the first of such a file."""
    return bool(_HEADING.fullmatch(line))


class EdfBrowserText(MarksReader):
    """Text as EDFbrowser exports it.

    Parameters
    ----------
    times : what times without a date are, see :func:`.in_seconds`
    """

    endings: ClassVar = (".txt", ".csv", ".tsv")

    def __init__(self, times: str = "either") -> None:
        self.times = choice(SETTING, times, MEANINGS)

    def recognises(self, path: Path) -> bool:
        """Whether the heading is EDFbrowser's."""
        return is_heading(head(path).partition("\n")[0].strip())

    def read(self, path: Path, start: datetime | None, seconds: float) -> Marks:
        """Read the annotations; one without a duration is an instant."""
        content = path.read_bytes()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
        first, *lines = text.split("\n")
        found = _HEADING.fullmatch(first.strip())
        if not found or not found[2]:
            expected = "expected the headings Onset, Duration and Annotation"
            remedy = "export the annotations again, with 'include event duration'"
            raise InputError(f"{path}, line 1: {expected}, found {first.strip()[:60]!r}; {remedy}")
        rows = []
        for number, line in enumerate(lines, 2):
            if line.strip():
                rows.append(_row(f"{path}, line {number}", line.strip("\r"), found[1]))
        rows, notes = in_seconds(path, rows, Night(start, seconds), SETTING, self.times)
        return Marks(rows, notes)


def _row(where: str, line: str, separator: str) -> Row:
    try:
        cells = next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        cells = []
    if len(cells) != 3:  # quotes, or separators, are part of the annotation
        cells = line.split(separator, 2)
    if len(cells) != 3:
        expected = "expected an onset, a duration and an annotation"
        raise InputError(f"{where}: {expected}, found {line[:40]!r}; export it again")
    onset, duration, said = map(str.strip, cells)
    return Row(where, {"onset": onset, "duration": duration or "0", **split_channel(said)})
