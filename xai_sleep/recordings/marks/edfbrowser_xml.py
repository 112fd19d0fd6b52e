"""Annotations that EDFbrowser exports as XML (source: its ``export_annotations.cpp``).

    <annotationlist>
      <recording_start_time>2011-04-04T22:58:00.0000000</recording_start_time>
      <annotation>
        <onset>2011-04-04T23:01:12.5000000</onset><duration>0.5</duration>
        <description>spindle</description>
      </annotation>
    </annotationlist>

Onsets count from the start that the file itself tells, so a date taken out of the header of the
signals does not move them.
"""

from datetime import datetime
from pathlib import Path
from typing import ClassVar

from xai_sleep.errors import InputError
from xai_sleep.recordings.marks.reader import Marks, MarksReader, split_channel
from xai_sleep.recordings.marks.tree import began, each, parsed, root_name, said, unread
from xai_sleep.recordings.tables import Row


class EdfBrowserXml(MarksReader):
    """XML as EDFbrowser exports it."""

    endings: ClassVar = (".xml",)

    def recognises(self, path: Path) -> bool:
        """Whether it is a list of annotations."""
        return root_name(path) == "annotationlist"

    def read(self, path: Path, start: datetime | None, seconds: float) -> Marks:  # noqa: ARG002
        """Read the annotations; one without a duration is an instant."""
        root = parsed(path)
        first = _moment(f"{path}, recording_start_time", said(root, "recording_start_time"))
        rows, found = [], root.findall("annotation")
        for where, one in each(path, found):
            onset = (_moment(f"{where}: onset", said(one, "onset")) - first).total_seconds()
            cells = split_channel(said(one, "description"))
            times = {"onset": f"{onset:.6f}", "duration": said(one, "duration") or "0"}
            rows.append(Row(where, times | cells))
        notes = unread(path, [root], ("recording_start_time", "annotation"))
        notes += unread(path, found, ("onset", "duration", "description"))
        return Marks(rows, (*notes, *began(path, first, start)))


def _moment(where: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo or ":" not in text:
        expected = "expected a date and time such as 2011-04-04T22:58:00.0"
        raise InputError(f"{where} is {text[:40]!r}; {expected}: export it again")
    return moment
