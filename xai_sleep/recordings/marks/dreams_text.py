"""Scorings as DREAMS has them: a title in brackets, then onset and duration in s of each event.

    [vis1_Spindles/C3-A1]
      282.2400    0.7200

The title holds the rater (``vis1``; without, a program or nobody), the kind and after a slash the
channel (source: the text files of the DREAMS databases, https://zenodo.org/records/2650142).
"""

import math
import re
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from xai_sleep.errors import InputError
from xai_sleep.recordings.marks.reader import Marks, MarksReader, head, text_of
from xai_sleep.recordings.tables import Row, number_of

_TITLE = re.compile(r"\[(?:vis(\d+)_)?([^\]/]+)(?:/([^\]]+))?\]")


class DreamsText(MarksReader):
    """Text of two columns under a title."""

    endings: ClassVar = (".txt",)

    def recognises(self, path: Path) -> bool:
        """Whether a line of two words follows a title; one word is a sample or a stage."""
        title, _, rest = head(path).partition("\n")
        words = next((line.split() for line in rest.split("\n") if line.strip()), ["", ""])
        return bool(_TITLE.fullmatch(title.strip())) and len(words) == 2

    def read(self, path: Path, start: datetime | None, seconds: float) -> Marks:  # noqa: ARG002
        """Read the events; those that end before they begin, or then, are dropped and noted."""
        title, *lines = text_of(path).split("\n")
        if not (found := _TITLE.fullmatch(title.strip())):
            expected = "expected a title such as [vis1_Spindles/C3-A1]"
            raise InputError(f"{path}, line 1: {expected}, found {title.strip()[:40]!r}")
        expert, kind, channel = (part or "" for part in found.groups())
        rows, notes = [], []
        for number, line in enumerate(lines, 2):
            where = f"{path}, line {number}"
            if not (words := line.split()):
                continue
            if len(words) != 2 or not all(map(math.isfinite, map(number_of, words))):
                said = f"found {line.strip()[:40]!r}"
                raise InputError(f"{where}: expected onset and duration in s, {said}")
            if float(words[1]) <= 0:
                notes.append(f"{path.name}, line {number}: mark of {float(words[1]):g} s dropped")
                continue
            times = {"onset": words[0], "duration": words[1]}
            cells = {"kind": kind.strip(), "expert": expert, "channel": channel.strip()}
            rows.append(Row(where, times | cells))
        return Marks(rows, tuple(notes))
