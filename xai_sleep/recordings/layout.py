"""Which files belong to which record, by their names.

Names are compared as people see them. A file that is called after a record but of no use is told;
where two could be meant, both are named and refused.
"""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import as_seen, chosen, natural
from xai_sleep.recordings.formats import ending_of, endings, record_name, recordings
from xai_sleep.recordings.marks.reader import MarksReader

log = logging.getLogger(__name__)
# Arrays of a run are kept under the names of records and these.
RESERVED = re.compile(r"step|file|allow_pickle|.*_(relevance|evidence)")
NOTHING = r"(?!)"
SHOWN = 10  # names that a message lists


@dataclass(frozen=True)
class MarksFile:
    """A file of marks or stages, and what reads it."""

    path: Path
    reader: MarksReader | None  # None: a list of stages, see :func:`.read_stages`
    rater: str = ""  # whom the name of the file tells


@dataclass(frozen=True)
class RecordFiles:
    """The files of one record."""

    signals: Path
    expected: str  # what a file of marks could be called
    marks: tuple[MarksFile, ...] = ()
    stages: MarksFile | None = None
    channels: Path | None = None  # a table that says which channels are bad
    subject: str | None = None  # None: the layout does not tell whose it is
    unread: tuple[str, ...] = ()  # names of files called after it, of which no use is known


@dataclass(frozen=True)
class Layout:
    """How files are called: patterns of what follows the name of a record, in lower case.

    Where records lie in ``folders``, the first of them below the root is their subject's.
    """

    expected: str  # for messages: what a root should hold, and what else to do
    called: str  # for messages: what files are called
    example: str  # what follows the name of a record in that of a file of its marks
    marks: str  # with a group ``rater`` where a name tells who marked
    stages: str
    signals: str = ""  # before the ending
    channels: str = NOTHING
    known: str = NOTHING  # files that are not used, and need not be told
    folders: tuple[str, ...] = ()  # that hold them, as globs below the root; none: the root does
    others: str = "*/*"  # where recordings lie that are not read, but told

    def nights(
        self, root: Path, records: Sequence[str] | None, readers: Sequence[MarksReader]
    ) -> dict[str, RecordFiles]:
        """Find the records asked for (None: all), in natural order, and what lies beside them.

        Raises InputError if there are none, two have one name, or several files could be the marks
        or the stages of one.
        """
        folders = [folder for each in self.folders for folder in root.glob(each)] or [root]
        inside = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
        inside.sort(key=lambda path: natural(path.name))
        held = recordings(inside)
        there = self._recordings(root, held)
        asked = chosen(records, list(there), str(root))
        for name in filter(RESERVED.fullmatch, asked):
            raise InputError(f"{there[name]}: a record cannot be called {name}; rename its files")
        signals = {*there.values(), *(part for path in there.values() for part in held[path])}
        _warn_of_others(root, root.glob(self.others), signals)
        beside = _beside(there, [path for path in inside if path not in signals])
        nights = {name: self._night(name, there[name], beside[name], readers) for name in asked}
        return {name: self._whose(root, name, night) for name, night in nights.items()}

    def _recordings(self, root: Path, held: Iterable[Path]) -> dict[str, Path]:
        found: dict[str, Path] = {}
        taken: dict[str, Path] = {}
        for path in held:
            stem = record_name(path)
            name = stem[: len(stem) - len(self.signals)]
            if as_seen(stem) != as_seen(name) + self.signals:
                continue
            if (same := taken.setdefault(as_seen(name), path)) != path:
                rule = "a record is called by its file without the ending, rename or remove one"
                raise InputError(f"{same.parent} holds {same.name} and {path.name}: {rule} of them")
            found[name] = path
        if not found:
            tree = not self.folders and next(root.glob("sub-*/"), None)
            remedy = "it looks like a BIDS root: say data=bids" if tree else self.expected
            raise InputError(
                f"{root} holds no recordings ({', '.join(sorted(endings()))}); {remedy}"
            )
        return found

    def _night(
        self, record: str, signals: Path, beside: Mapping[Path, str], readers: Sequence[MarksReader]
    ) -> RecordFiles:
        marks, stages, unread = [], [], []
        for path, rest in beside.items():
            reader = next((each for each in readers if _reads(each, path)), None)
            listed = path.suffix.casefold() == ".txt"
            if re.fullmatch(self.stages, rest) and (reader or listed):
                stages.append(MarksFile(path, reader))
            elif (match := re.fullmatch(self.marks, rest)) and reader:
                marks.append(MarksFile(path, reader, _as_written(path.stem, match)))
            elif not re.fullmatch(f"{self.known}|{self.channels}", rest):
                unread.append(path.name)
        _require_one("stages", record, stages)
        _require_one("marks", record, marks)
        table = next(
            (path for path, rest in beside.items() if re.fullmatch(self.channels, rest)), None
        )
        return RecordFiles(
            signals,
            expected=f"{record}{self.example}",
            marks=tuple(marks),
            stages=stages[0] if stages else None,
            channels=table,
            unread=tuple(unread),
        )

    def _whose(self, root: Path, record: str, night: RecordFiles) -> RecordFiles:
        subject = night.signals.relative_to(root).parts[0]
        if self.folders and not record.startswith(f"{subject}_"):
            raise InputError(f"{night.signals} is not of {subject}; rename it, or move it")
        return replace(night, subject=subject) if self.folders else night


FOLDER = Layout(
    expected="name the folder they are in (data.root), or export them to EDF",
    called="marks are read from <record>.csv and other forms of conf/marks, or "
    "<record>_rater-<name>.csv; stages from <record>_stages.csv",
    example=".csv",
    # programs add words of their own to the name of what they export
    marks=r"([-_.](annotations?|events|marks|nsrr|profusion))?"
    r"([._](expert|rater|scorer|annotator)([-_ ]|(?=\d))(?P<rater>[^.]+))?\.\w+",
    stages=r"_stages\.\w+",
)


def _warn_of_others(root: Path, there: Iterable[Path], taken: set[Path]) -> None:
    others = [path for path in there if path not in taken and ending_of(path)]
    if left := [str(path.relative_to(root)) for path in recordings(others)]:
        log.warning("%s: recordings in other places are not read: %s", root, few(left))


def few(names: Sequence[str]) -> str:
    """List names in a message, where they are many not all."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(sorted(names, key=natural)[:SHOWN])}{more}"


def _reads(reader: MarksReader, path: Path) -> bool:
    return path.suffix.casefold() in reader.endings and reader.recognises(path)


def _beside(there: Mapping[str, Path], files: Iterable[Path]) -> dict[str, dict[Path, str]]:
    """Files called after each record, with what follows its name; of two records the longer."""
    names = {as_seen(name): name for name in there}
    found: dict[str, dict[Path, str]] = {name: {} for name in there}
    for path in files:
        called = as_seen(path.name)
        ends = [at.start() for at in re.finditer(r"[\W_]", called) if called[: at.start()] in names]
        if ends and not (path.name.startswith(".") or path.is_dir()):
            found[names[called[: ends[-1]]]][path] = called[ends[-1] :]
    return found


def _as_written(stem: str, match: re.Match[str]) -> str:
    """Take the rater at the end of a file's name, which was compared in lower case."""
    rater = match.groupdict().get("rater") or ""
    tail = stem[len(stem) - len(rater) :]
    return tail if as_seen(tail) == rater else rater


def _require_one(what: str, record: str, files: Sequence[MarksFile]) -> None:
    held: dict[str, Path] = {}
    for each in files:
        if (other := held.setdefault(as_seen(each.rater), each.path)) != each.path:
            both = f"{other.name} and {each.path.name}"
            remedy = "keep one"
            if what == "marks":
                remedy += f", or call them by who marked ({record}_rater-<name>{other.suffix})"
            raise InputError(f"{other.parent} holds {both}, both {what} of {record}; {remedy}")
