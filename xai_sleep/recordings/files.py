"""Recordings of the user's own: files of signals in a folder, with what was marked beside them.

::

    my_recordings/
        night1.edf              signals, by channel name, units from the header; or .vhdr, .set …
        night1.csv              what was marked, in any form of conf/marks: a table has the columns
                                onset, duration (or end)[, trial_type][, expert][, channel]
        night1_rater-Anna.csv   or a file for each rater, who is named by that
        night1_stages.csv       optional, in any of these forms; or .txt, one stage a line
        night2.bdf
        night2.tsv
        subjects.csv            record, subject: optional

A record is called by its file without the ending; case matters in no name. Annotations inside a
file (EDF+) stand in where nothing is beside it. A file named after a record but not read is warned
of.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.annotations import Rules, understand
from xai_sleep.recordings.channels import (
    Source,
    as_channel,
    as_seen,
    pick_channels,
    read_channels,
)
from xai_sleep.recordings.formats import open_signals
from xai_sleep.recordings.layout import FOLDER, Layout, RecordFiles, few
from xai_sleep.recordings.marks.reader import MarksReader
from xai_sleep.recordings.marks.table import Table
from xai_sleep.recordings.raters import combine, rater_meant
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.sources import DataSource, Wanted, choice, name_list
from xai_sleep.recordings.stages import Stages, code_of
from xai_sleep.recordings.subjects import subjects_of
from xai_sleep.recordings.tables import read_table
from xai_sleep.recordings.units import UNITS

log = logging.getLogger(__name__)
TABLES: Mapping[str, MarksReader] = {"table": Table()}


class Files(DataSource):
    """A folder of the user's recordings, with what was marked in them.

    Raises InputError if a setting cannot be used. ``others`` are ignored, see :class:`DataSource`.

    Parameters
    ----------
    expert : whose marks count: one rater's by name, or a rule, see :mod:`.raters`. Records that
        were scored otherwise are refused
    scored : whether rows called ``scored`` say where raters looked (``rows``), all of every record
        was scored (``all``), or all that was in some stages (``[N2, N3]``)
    event_names : kinds of row that are events, see :func:`.event_kinds`
    channels : marks on whose channels count, where rows name one: the task's (``task``) or ``all``
    unit : unit of the signals (``uV``, ``mV``, ``V``), whatever their files say
    marks : readers of marks by name; of two that recognise a file the first reads it
    """

    name = "files"
    layout: Layout = FOLDER

    def __init__(
        self,
        root: str,
        records: Sequence[str] | None = None,
        expert: str = "union",
        scored: str | Sequence[str] = "rows",
        event_names: Sequence[str] | None = None,
        channels: str = "task",
        unit: str | None = None,
        marks: Mapping[str, MarksReader] = TABLES,
        **others: object,  # noqa: ARG002
    ) -> None:
        if not root:
            remedy = "name the folder of your recordings, as in data.root=my_recordings"
            raise InputError(f"data={self.name}, but data.root is not set; {remedy}")
        self.root = Path(str(root)).expanduser()
        self.records = name_list("data.records", records)
        self.expert = str(expert)
        self.unit = None if unit is None else choice("data.unit", unit, list(UNITS))
        every_channel = choice("data.channels", channels, ("task", "all")) == "all"
        names = name_list("data.event_names", event_names)
        if names == ():
            remedy = "name the kinds of row that are events, as in [spindle]"
            other = "or leave it out where there is one kind"
            raise InputError(f"data.event_names is empty; {remedy}, {other}")
        stages = frozenset[int]() if scored in ("rows", "all") else _stages(scored)
        self.rules = Rules(names, every_channel, scored == "all", stages)
        self.readers = [_reader(name, each) for name, each in marks.items()]

    def available(self, wanted: Wanted) -> bool:  # noqa: ARG002
        """Whether the folder is there."""
        return self.root.is_dir()

    def describe(self) -> str:
        """Name the folder."""
        return f"recordings in {self.root}"

    def load(self, wanted: Wanted) -> Iterator[Recording]:
        """Read the recordings in natural order; InputError if files or settings cannot be used.

        Headers and marks of all are read before the signals of the first.
        """
        if not self.root.is_dir():
            remedy = "name the folder of your recordings"
            raise InputError(f"data.root: {self.root} is not a folder; {remedy}")
        nights = self.layout.nights(self.root, self.records, self.readers)
        self.expected = len(nights)
        sources = {name: open_signals(each.signals, self.unit) for name, each in nights.items()}
        picked = pick_channels(sources, wanted.channels, wanted.setting)
        for name, night in nights.items():
            _require_good(name, night.channels, picked[name], sources[name])
        subjects, unknown = self._subjects(nights, sources)
        said = understand(nights, sources, picked, self.rules, wanted.event)
        expert = rater_meant(self.expert, {name: told.scorers for name, told in said.items()})
        self._warn_of_unread(nights)
        for record, source in sources.items():
            told = said[record]
            signals, sfreq, odd, lost = read_channels(source, picked[record])
            scorers = {name: each.without(lost) for name, each in told.scorers.items()}
            truth, merged = combine(scorers, expert)
            staged = told.stages or Stages(None, Recording.epoch)
            notes = (*unknown[record], *told.found, *told.odd, *odd, *merged, *staged.notes)
            if unread := nights[record].unread:
                notes = (*notes, f"files not read: {', '.join(unread)}")
            who = (record, subjects[record], signals, picked[record], sfreq)
            known = (truth.events, truth.scored, staged.codes, staged.epoch, scorers)
            file = (source.offered, source.start)
            yield Recording(*who, *known, notes, told.kinds, *file)

    def _subjects(
        self, nights: Mapping[str, RecordFiles], sources: Mapping[str, Source]
    ) -> tuple[Mapping[str, str], Mapping[str, tuple[str, ...]]]:
        """Name the subject of each record: by where it lies, else as :func:`.subjects_of`."""
        known = {name: night.subject for name, night in nights.items() if night.subject}
        if len(known) == len(nights):
            return known, dict.fromkeys(known, ())
        return subjects_of(self.root, sources)

    def _warn_of_unread(self, nights: Mapping[str, RecordFiles]) -> None:
        if unread := [name for night in nights.values() for name in night.unread]:
            called = f"called after records: {few(unread)}; {self.layout.called}"
            log.warning("%s: not read, although %s", self.root, called)


def _require_good(record: str, table: Path | None, picked: Sequence[str], source: Source) -> None:
    """Refuse channels that a table beside the signals calls bad, also where others derive."""
    rows = read_table(table, ("name",)) if table else []
    bad = {row.cells["name"] for row in rows if as_seen(row.cells.get("status", "")) == "bad"}
    for channel in picked:
        whole = channel in source.channels
        parts = [channel] if whole else re.findall(r"[^-+()]+", as_channel(channel))
        if found := [name for name in bad if (name if whole else as_channel(name)) in parts]:
            remedy = "choose another (task.channels), or leave the record out (data.records)"
            raise InputError(f"{table}: {found[0]} of {record} has the status bad; {remedy}")


def _stages(setting: str | Sequence[str]) -> frozenset[int]:
    """Read stages of ``data.scored``, by their codes."""
    names = [setting] if isinstance(setting, str) else setting
    codes = [code_of(str(name), among_marks=True) for name in names]
    if not codes or not {*codes} <= {*range(5)}:
        expected = "expected rows, all, or stages of W, N1, N2, N3 and R as in [N2,N3]"
        raise InputError(f"data.scored is {setting!r}; {expected}")
    return frozenset(code for code in codes if code is not None)


def _reader(name: str, reader: object) -> MarksReader:
    if not isinstance(reader, MarksReader):
        shown = "docs/components.md shows the smallest one"
        raise InputError(f"marks.{name} is no MarksReader, but {reader!r}; {shown}")
    return reader
