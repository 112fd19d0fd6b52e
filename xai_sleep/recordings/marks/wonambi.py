"""Annotations of Wonambi, XML of version 5 (source: ``wonambi/attr/annotations.py``).

    <annotations version="5">
      <dataset> <start_time>2011-04-04T22:58:00</start_time> … </dataset>
      <rater name="AB">
        <bookmarks> <bookmark> bookmark_name, bookmark_start, bookmark_end, bookmark_chan …
        <events> <event_type type="spindle"> <event> event_start, event_end, event_chan …
        <stages> <epoch> epoch_start, epoch_end, stage, quality …
        <cycles> …

Times are s from the start. Channels of an event are separated by commas; the name of a channel
may be followed by a blank and its group in brackets.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from xml.etree.ElementTree import Element

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import as_seen
from xai_sleep.recordings.marks.reader import Marks, MarksReader
from xai_sleep.recordings.marks.tree import began, each, parsed, root_name, said, unread
from xai_sleep.recordings.tables import Row

VERSION = "5"
_SPAN = ("start", "end", "chan")
# what elements hold that is known, by their path
_KNOWN = {
    ".": ("@version", "dataset", "rater"),
    "rater": ("@name", "@created", "@modified", "bookmarks", "events", "stages", "cycles"),
    "rater/bookmarks": ("bookmark",),
    "rater/bookmarks/bookmark": tuple(f"bookmark_{part}" for part in ("name", *_SPAN)),
    "rater/events": ("event_type",),
    "rater/events/event_type": ("@type", "event"),
    "rater/events/event_type/event": tuple(f"event_{part}" for part in (*_SPAN, "qual")),
    "rater/stages": ("epoch",),
    "rater/stages/epoch": ("epoch_start", "epoch_end", "stage", "quality"),
    "rater/cycles": (),
}
_STAGES = {"wake": "W", "nrem1": "N1", "nrem2": "N2", "nrem3": "N3", "rem": "R"}
_NONE = ("unknown", "undefined", "movement", "artefact", "artifact", "unrecognized", "")


class Wonambi(MarksReader):
    """XML as Wonambi keeps it, with any number of raters."""

    endings: ClassVar = (".xml",)

    def recognises(self, path: Path) -> bool:
        """Whether it holds raters' annotations."""
        return root_name(path) == "annotations"

    def read(self, path: Path, start: datetime | None, seconds: float) -> Marks:  # noqa: ARG002
        """Read events, bookmarks and stages of every rater."""
        root = parsed(path)
        if (version := root.get("version")) != VERSION:
            remedy = "open it in Wonambi, which brings it up to date"
            raise InputError(f"{path} is of version {version!r}, expected {VERSION}; {remedy}")
        rows: list[Row] = []
        notes: tuple[str, ...] = ()
        for place, known in _KNOWN.items():
            notes += unread(path, root.findall(place), known)
        raters = root.findall("rater")
        for name in (rater.get("name", "") for rater in raters):
            if not name.strip() or [other.get("name") for other in raters].count(name) > 1:
                raise InputError(f"{path}: {name!r} is no rater's name, or two raters have it")
        for rater in raters:
            rows += [*_events(path, rater), *_bookmarks(path, rater), *_epochs(path, rater)]
        return Marks(rows, (*notes, *_poor(path, root), *began(path, _start(root), start)))


def _events(path: Path, rater: Element) -> Iterator[Row]:
    for kind in rater.findall("events/event_type"):
        name = kind.get("type", "")
        for where, one in each(path, kind.findall("event")):
            which = f"{where} of {name!r} by {rater.get('name')}"
            yield _row(which, one, "event", {"kind": name, "expert": rater.get("name", "")})


def _bookmarks(path: Path, rater: Element) -> Iterator[Row]:
    for where, one in each(path, rater.findall("bookmarks/bookmark")):
        cells = {"kind": said(one, "bookmark_name"), "expert": rater.get("name", "")}
        yield _row(f"{where} by {rater.get('name')}", one, "bookmark", cells)


def _row(where: str, one: Element, form: str, cells: dict[str, str]) -> Row:
    names = [
        re.sub(r"\s+\([^()]*\)$", "", name.strip()) for name in said(one, f"{form}_chan").split(",")
    ]
    times = {"onset": said(one, f"{form}_start"), "end": said(one, f"{form}_end")}
    return Row(where, times | cells | {"channel": ",".join(filter(None, names))})


def _epochs(path: Path, rater: Element) -> list[Row]:
    """Rows of the stages that a rater gave; Wonambi makes epochs without one for everybody."""
    rows, given = [], False
    for where, one in each(path, rater.findall("stages/epoch")):
        stage = as_seen(said(one, "stage"))
        if stage not in _STAGES and stage not in _NONE:
            which = f"{where} by {rater.get('name')}: the stage is {stage[:40]!r}"
            raise InputError(f"{which}; expected Wake, NREM1, NREM2, NREM3, REM or Unknown")
        given |= stage in _STAGES
        cells = {"kind": f"Sleep stage {_STAGES.get(stage, '?')}", "expert": rater.get("name", "")}
        rows.append(_row(f"{where} by {rater.get('name')}", one, "epoch", cells))
    return rows if given else []


def _start(root: Element) -> datetime | None:
    try:
        return datetime.fromisoformat(said(root, "dataset/start_time")).replace(tzinfo=None)
    except ValueError:
        return None


def _poor(path: Path, root: Element) -> tuple[str, ...]:
    """Note marks and epochs whose signal a rater found poor: they count as the others."""
    marks = [*root.iter("event_qual"), *root.iter("quality")]
    poor = sum(as_seen(mark.text or "") == "poor" for mark in marks)
    return (f"events and epochs of {path.name} of poor quality, read as others: {poor}",) * (
        poor > 0
    )
