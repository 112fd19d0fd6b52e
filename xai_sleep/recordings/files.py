"""Recordings of the user's own: EDF or BDF files in a folder, with tables of what was marked.

::

    my_recordings/
        night1.edf        signals, by channel name, units from the header
        night1.csv        onset, duration[, trial_type][, expert][, channel]: events, scored time
        night1_stages.csv onset, duration, stage: optional; or .txt, one stage a line
        night2.bdf
        night2.tsv
        subjects.csv      record, subject: optional

A record is called by its file without the ending; case matters in no name. Annotations inside a
file (EDF+) stand in where there is no table. A file named after a record but not read is warned of.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings import annotations
from xai_sleep.recordings.channels import as_seen, chosen, natural, pick_channels, read_channels
from xai_sleep.recordings.edf import open_edf
from xai_sleep.recordings.recording import EXPERTS, Recording, Scoring, combine
from xai_sleep.recordings.sources import DataSource, Wanted, choice, name_list
from xai_sleep.recordings.stages import ENDINGS as LISTS
from xai_sleep.recordings.stages import Stages, read_stages
from xai_sleep.recordings.subjects import subjects_of
from xai_sleep.recordings.tables import SEPARATORS

log = logging.getLogger(__name__)
ENDINGS = (".edf", ".bdf")
READ = {*ENDINGS, *SEPARATORS, *(f"_stages{ending}" for ending in LISTS)}  # after a record's name

# Arrays of a run are kept under the names of records and these.
RESERVED = re.compile(r"step|file|allow_pickle|.*_(relevance|evidence)")


class Files(DataSource):
    """A folder of the user's recordings, with what was marked in them.

    Raises InputError if a setting cannot be used. ``others`` are ignored, see :class:`DataSource`.

    Parameters
    ----------
    expert : whose marks count, see :func:`.combine`. Records that were scored otherwise are refused
    scored : whether rows called ``scored`` say where experts looked (``rows``), or all of every
        record was scored (``all``)
    event_names : kinds of row that are events, see :func:`.event_kinds`
    channels : marks on whose channels count, where rows name one: the task's (``task``) or ``all``
    """

    name = "files"

    def __init__(
        self,
        root: str,
        records: Sequence[str] | None = None,
        expert: str = "union",
        scored: str = "rows",
        event_names: Sequence[str] | None = None,
        channels: str = "task",
        **others: object,  # noqa: ARG002
    ) -> None:
        if not root:
            remedy = "name the folder of your recordings, as in data.root=my_recordings"
            raise InputError(f"data=files, but data.root is not set; {remedy}")
        self.root = Path(str(root)).expanduser()
        self.records = name_list("data.records", records)
        self.expert = choice("data.expert", expert, EXPERTS)
        self.everything = choice("data.scored", scored, ("rows", "all")) == "all"
        self.every_channel = choice("data.channels", channels, ("task", "all")) == "all"
        self.event_names = name_list("data.event_names", event_names)
        if self.event_names == ():
            remedy = "name the kinds of row that are events, as in [spindle]"
            other = "or leave it out where there is one kind"
            raise InputError(f"data.event_names is empty; {remedy}, {other}")

    def available(self, wanted: Wanted) -> bool:  # noqa: ARG002
        """Whether the folder is there."""
        return self.root.is_dir()

    def describe(self) -> str:
        """Name the folder."""
        return f"recordings in {self.root}"

    def load(self, wanted: Wanted) -> Iterator[Recording]:
        """Read the recordings in natural order; InputError if files or settings cannot be used.

        Headers and tables of all are read before the signals of the first.
        """
        paths = survey(self.root, self.records)
        self.expected = len(paths)
        sources = {record: open_edf(path) for record, path in paths.items()}
        picked = pick_channels(sources, wanted.channels, wanted.setting)
        subjects, unknown = subjects_of(self.root, sources)
        found = {name: annotations.rows_of(path, sources[name]) for name, path in paths.items()}
        rows = {record: marks for record, (marks, _) in found.items()}
        kinds = annotations.event_kinds(rows, self.event_names)
        seconds = {record: source.seconds for record, source in sources.items()}
        heard = {name: None if self.every_channel else picked[name] for name in rows}
        own = {name: annotations.on_channels(rows[name], kinds, heard[name]) for name in rows}
        read = partial(annotations.score, kinds=kinds, everything=self.everything)
        known = {name: read(paths[name], own[name][0], seconds=seconds[name]) for name in rows}
        left = {name: notes for name, (_, notes) in own.items() if notes}
        if left and not any(len(s.events) for each, _ in known.values() for s in each.values()):
            raise InputError(f"no event is on the task's channels; {next(iter(left.values()))[0]}")
        _require_expert({name: scorers for name, (scorers, _) in known.items()}, self.expert)
        staging = {name: annotations.stage_rows(marks, kinds) for name, marks in rows.items()}
        stages = {name: read_stages(self.root, name, seconds[name], staging[name]) for name in rows}
        unread = _passed_over(self.root, paths)
        for record, source in sources.items():
            signals, sfreq, odd, lost = read_channels(source, picked[record])
            told, repeated = known[record]
            scorers = {name: each.without(lost) for name, each in told.items()}
            truth, merged = combine(scorers, self.expert)
            staged = stages[record] or Stages(None, Recording.epoch)
            notes = (*unknown[record], *found[record][1], *own[record][1], *repeated, *odd)
            notes = (*notes, *merged, *staged.notes, *unread[record])
            notes = (*notes, annotations.understood(rows[record], kinds, scorers, stages[record]))
            said = (truth.events, truth.scored, staged.codes, staged.epoch, scorers)
            who = (record, subjects[record], signals, picked[record], sfreq)
            yield Recording(*who, *said, notes)


def survey(root: Path, records: Sequence[str] | None = None) -> dict[str, Path]:
    """Find recordings by name, in natural order; InputError if none, or two of one name."""
    if not root.is_dir():
        raise InputError(f"data.root: {root} is not a folder; name the folder of your recordings")
    found: dict[str, Path] = {}
    for path in sorted(root.iterdir(), key=lambda path: natural(path.name)):
        if path.suffix.casefold() not in ENDINGS or path.name.startswith(".") or path.is_dir():
            continue
        for same in (other for name, other in found.items() if as_seen(name) == as_seen(path.stem)):
            rule = "a record is called by its file without the ending, rename or remove one of them"
            raise InputError(f"{root} holds {same.name} and {path.name}: {rule}")
        found[path.stem] = path
    if not found:
        remedy = "name the folder they are in (data.root), or export them to EDF"
        raise InputError(f"{root} holds no recordings ({' or '.join(ENDINGS)}); {remedy}")
    asked = chosen(records, list(found), str(root))
    for name in filter(RESERVED.fullmatch, asked):
        raise InputError(f"{found[name]}: a record cannot be called {name}; rename its files")
    return {record: found[record] for record in asked}


def _require_expert(scorers: Mapping[str, Mapping[str, Scoring]], expert: str) -> None:
    least = {"union": 1, "intersection": 2}.get(expert)
    enough = {name: len(who) >= least if least else expert in who for name, who in scorers.items()}
    if lacking := [record for record in scorers if not enough[record]]:
        there = sorted({who for record in lacking for who in scorers[record]})
        alone = f"nobody scored {', '.join(lacking)} besides {' or '.join(there)} (column expert)"
        remedy = "leave such records out (data.records) or choose another data.expert"
        raise InputError(f"data.expert is {expert}, but {alone}; {remedy}")


def _passed_over(root: Path, records: Mapping[str, Path]) -> dict[str, tuple[str, ...]]:
    """Warn of files that are called after a record but not read, and note them."""
    files = sorted(filter(Path.is_file, root.iterdir()), key=lambda path: natural(path.name))
    names = {as_seen(path.stem): path.stem for path in files if path.suffix.casefold() in ENDINGS}
    unread: dict[str, list[str]] = {record: [] for record in records}
    for path in files:
        called = as_seen(path.name)
        after = [name for name in names if re.match(rf"{re.escape(name)}[\W_]", called)]
        name = max(after, key=len, default="")
        if called.removeprefix(name) not in READ and names.get(name) in unread:
            unread[names[name]].append(path.name)
    if every := [name for each in unread.values() for name in each]:
        log.warning(
            "%s: not read, although called after records: %s; marks are read from <record>.csv or "
            ".tsv, stages from <record>_stages.csv, .tsv or .txt",
            *(root, ", ".join(every)),
        )
    notes = {name: f"files not read: {', '.join(each)}" for name, each in unread.items() if each}
    return {name: (notes[name],) if name in notes else () for name in unread}
