"""The DREAMS databases: spindles, rapid eye movements (REMs) and K-complexes in 30-min excerpts.

Files lie in the folders of :data:`DATABASES` as unpacked from Zenodo: ``excerptN.edf`` (or, with
one channel, ``excerptN.txt``), ``Visual_scoringK_excerptN.txt`` and others. A text file has a title
in brackets and then one row a line: a sample in µV, an event's onset and duration in s, or the
stage of 5 s of sleep. Scored time is where the experts looked, not where the files end: elsewhere
an absent mark means nothing.

S. Devuyst (2005), https://doi.org/10.5281/zenodo.2650142; spindles: Devuyst et al. (2011), EMBC,
1713-1716; K-complexes: Devuyst et al. (2010), EMBC, 4658-4661.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import Held, as_seen, chosen, pick_channels, read_channels
from xai_sleep.recordings.edf import EdfFile, open_edf
from xai_sleep.recordings.held import Stored, hold
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.raters import RULES, combine
from xai_sleep.recordings.recording import Recording, Scoring
from xai_sleep.recordings.sources import DataSource, Wanted, name_list
from xai_sleep.recordings.subjects import group_subjects

logger = logging.getLogger(__name__)
EPOCH = 5.0  # s of a hypnogram's epoch
LENGTH = 1800  # s of an excerpt
RATES = (50, 100, 200)  # Hz of the excerpts; a text file does not say which is its own

# Code of a stage by the hypnogram's own: 5 is wake, 4 REM, 3 to 0 are S1 to S4, negative numbers
# movement or unknown.
STAGE_CODES = {5: 0, 4: 4, 3: 1, 2: 2, 1: 3, 0: 3, -1: -1, -2: -1, -3: -1}

Notes = tuple[str, ...]
Files = Mapping[str, Path]  # of one record, by what they hold


class Database(NamedTuple):
    """One database, of one kind of event."""

    folder: str
    scored_until: Mapping[str, float]  # where each expert stopped, in s from the start of a record


DATABASES = {
    "spindle": Database("DatabaseSpindles", {"expert1": 1000.0, "expert2": 1800.0}),
    "rem": Database("DatabaseREMs", {"expert1": 1800.0}),
    "kcomplex": Database("DatabaseKcomplexes", {"expert1": 1800.0, "expert2": 1800.0}),
}

# what a file holds, by the part of its name before the record
ROLES = {
    "": "signals",
    "Visual_scoring1": "expert1",
    "Visual_scoring2": "expert2",
    "Automatic_detection": "automatic",
    "Hypnogram": "hypnogram",
}
_BY_PREFIX = {as_seen(prefix): role for prefix, role in ROLES.items()}

WHERE = "fetch them by python -m xai_sleep.fetch dreams, or use data=synthetic"


class Dreams(DataSource):
    """The records of the database in which an event was scored.

    ``root`` is the folder that holds the databases; ``records`` names those to read (``excerpt3``),
    which must be usable, by default all that are, with a warning of the others; ``expert`` says
    whose marks count, see :func:`.combine`. Records that lack one who is needed are left out;
    ``union`` does with expert 1 alone. REMs have one expert.
    """

    name = "dreams"

    def __init__(
        self, root: str, records: Sequence[str] | None = None, expert: str = "union", **_: object
    ) -> None:
        self.root = Path(str(root)).expanduser()
        self.records = name_list("data.records", records)
        self.expert = str(expert)

    def available(self, wanted: Wanted) -> bool:
        """Whether any record has both signals and an expert's marks of the event."""
        return bool(found(self.root, wanted.event))

    def describe(self) -> str:
        """Name the folder, and what sets it."""
        return f"DREAMS records in {self.root} (data.root or XAI_SLEEP_DREAMS)"

    def load(self, wanted: Wanted) -> Iterator[Recording]:
        """Read records one by one, in natural order; InputError if files or settings are no use."""
        needed = ("signals", *_experts(wanted.event, self.expert))
        folder = folder_of(self.root, DATABASES[wanted.event])
        usable = usable_records(folder, needed, self.records)
        self.expected = len(usable)
        sources: dict[str, EdfFile | TextExcerpt] = {}
        for name, files in usable.items():
            is_text = files["signals"].suffix.casefold() == ".txt"
            sources[name] = (open_excerpt if is_text else open_edf)(files["signals"])
        picked = pick_channels(sources, wanted.channels, wanted.setting)
        subjects = group_subjects(sources)
        for record, source in sources.items():
            signals, sfreq, unread, lost = read_channels(source, picked[record])
            duration = signals.shape[1] / sfreq
            told, odd = _scorers(usable[record], wanted.event, duration)
            scorers = {name: each.without(lost) for name, each in told.items()}
            truth, merged = combine(scorers, self.expert)
            stages, uncovered = _stages(usable[record], duration)
            who = (record, subjects[record], signals, picked[record], sfreq)
            known = (truth.events, truth.scored, stages, EPOCH, scorers)
            notes, file = (*unread, *odd, *merged, *uncovered), (source.offered, source.start)
            yield Recording(*who, *known, notes, {}, *file)


def folder_of(root: Path, database: Database) -> Path:
    """Folder of a database, whatever the case of its name."""
    there = sorted(root.iterdir()) if root.is_dir() else []
    alike = (path for path in there if as_seen(path.name) == as_seen(database.folder))
    return next(alike, root / database.folder)


def survey(folder: Path) -> dict[str, Files]:
    """Files of each record by role; InputError if two files have one name but for case."""
    records: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir() if folder.is_dir() else [], key=lambda p: as_seen(p.name)):
        name = re.fullmatch(r"(?:(.+)_)?(excerpt\d+)\.(edf|txt)", path.name, re.IGNORECASE)
        role = _BY_PREFIX.get(as_seen(name[1] or "")) if name else None
        if not name or role is None or not path.is_file() or (name[1] and name[3].lower() == "edf"):
            continue
        # Sorted, excerpt3.edf comes before excerpt3.txt and is taken.
        taken = records.setdefault(as_seen(name[2]), {}).setdefault(role, path)
        if taken != path and as_seen(taken.name) == as_seen(path.name):
            raise InputError(f"{folder} holds {taken.name} and {path.name}; keep one of them")
    return dict(sorted(records.items(), key=lambda item: int(item[0].removeprefix("excerpt"))))


def usable_records(
    folder: Path, needed: Sequence[str], records: Sequence[str] | None = None
) -> dict[str, Files]:
    """Choose the records that have all that is needed; of named ones all must, or InputError."""
    there = survey(folder)
    if not there:
        said = f"{folder} {'holds no excerpts' if folder.is_dir() else 'is not there'}"
        folders = ", ".join(database.folder for database in DATABASES.values())
        raise InputError(f"{said}; data.root must be the folder that holds {folders}: {WHERE}")
    asked = {record: there[record] for record in chosen(records, list(there), str(folder))}
    if not any("signals" in files for files in asked.values()):
        only = f"scorings of {len(asked)} records were found but no signals (excerptN.edf)"
        raise InputError(f"{folder}: {only}; {WHERE}")
    usable = {record: files for record, files in asked.items() if files.keys() >= set(needed)}
    without = {role: [r for r in asked if role not in asked[r]] for role in needed}
    names = ((prefix or role, without.get(role)) for prefix, role in ROLES.items())
    lacking = ", ".join(f"no {name} of {', '.join(records)}" for name, records in names if records)
    if lacking and (records is not None or not usable):
        remedy = "add the files, or choose other records (data.records) or another data.expert"
        raise InputError(f"{folder}: {lacking}; {remedy}")
    if lacking:
        logger.warning("%s: records left out: %s", folder, lacking)
    return usable


def found(root: Path, event: str) -> list[str]:
    """Name the records that have both signals and an expert's marks, without opening a file."""
    if event not in DATABASES:
        return []
    there, experts = survey(folder_of(root, DATABASES[event])), DATABASES[event].scored_until.keys()
    return [name for name, files in there.items() if "signals" in files and experts & files.keys()]


def _experts(event: str, expert: str) -> tuple[str, ...]:
    """Experts without whom a record cannot be used."""
    if event not in DATABASES:
        held = f"DREAMS holds {', '.join(DATABASES)}; choose data=files for recordings of your own"
        raise InputError(f"task.event is {event!r}, but {held}")
    experts = tuple(DATABASES[event].scored_until)
    choices = {"union": experts[:1], **{name: (name,) for name in experts}}
    if len(experts) > 1:
        choices |= {rule: experts for rule in RULES if rule not in choices}
    if expert not in choices:
        scored = f"the DREAMS {event} database was scored by {' and '.join(experts)}"
        choose = f"choose {' or '.join(choices)}"
        raise InputError(f"data.expert is {expert!r}, but {scored}; {choose}")
    return choices[expert]


def _scorers(files: Files, event: str, duration: float) -> tuple[dict[str, Scoring], Notes]:
    """Read every scorer there is; nobody scored beyond the end of the recording."""
    scorers: dict[str, Scoring] = {}
    notes: Notes = ()
    for name, until in {**DATABASES[event].scored_until, "automatic": duration}.items():
        if name in files:
            events, odd = read_marks(files[name], duration)
            scorers[name] = Scoring(events, intervals([(0, min(until, duration))]))
            notes += odd
    return scorers, notes


def _stages(files: Files, duration: float) -> tuple[NDArray[np.int8] | None, Notes]:
    if "hypnogram" not in files:
        return None, ()
    stages = read_hypnogram(files["hypnogram"])
    covered = EPOCH * len(stages)
    note = f"{files['hypnogram'].name}: stages cover {covered:g} s of {duration:g} s"
    return stages, (note,) if abs(covered - duration) >= EPOCH else ()


class TextExcerpt(NamedTuple):
    """An excerpt as text: one channel, named by the title, of a person who is not named."""

    path: Path
    channels: tuple[str, ...]
    person: None = None
    start: None = None
    seconds: float = LENGTH

    @property
    def offered(self) -> tuple[str, ...]:
        """The one channel."""
        return tuple(f"{name} (text, in µV)" for name in self.channels)

    def annotations(self) -> list[tuple[float, float, str]]:
        """Nothing is written inside."""
        return []

    def read(self, channels: Sequence[str]) -> Held:
        """Read the samples; ``channels`` can only repeat the one there is.

        Their number in 1800 s tells the sampling frequency; up to a second more is cut. Raises
        InputError if a line is not a number, or the number of samples fits no sampling frequency.
        """
        _, lines = _content(self.path)
        with np.errstate(over="ignore"):
            samples = np.array([_float(line) for line in lines], dtype=np.float32)
        if len(bad := np.flatnonzero(~np.isfinite(samples))):
            found = repr(lines[bad[0]].strip()[:40])
            raise InputError(f"{self.path}, line {bad[0] + 2}: expected a number, found {found}")
        sfreq = next((rate for rate in RATES if 0 <= len(lines) - rate * LENGTH < rate), None)
        if sfreq is None:
            expected = f"{' or '.join(str(rate * LENGTH) for rate in RATES)} were expected"
            made_of = f"({LENGTH} s at {' or '.join(map(str, RATES))} Hz)"
            odd = f"{len(lines)} samples fit no sampling frequency; {expected} {made_of}"
            raise InputError(f"{self.path}: {odd}, copy or download it again")
        surplus = len(lines) - sfreq * LENGTH
        notes = (f"{self.path.name}: {surplus} samples after {LENGTH} s cut",) if surplus else ()
        whole = samples[: sfreq * LENGTH]
        stored = [Stored(name, whole.copy(), float(sfreq), "uV") for name in channels]
        return hold(self.path, stored, notes=notes)


def open_excerpt(path: Path) -> TextExcerpt:
    """Read which channel a text excerpt holds; InputError if it does not begin with a title."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return TextExcerpt(path, (_title(path, file.readline()),))


def read_marks(path: Path, duration: float) -> tuple[Intervals, tuple[str, ...]]:
    """Read a scorer's marks in a recording of ``duration`` s, and note what was dropped or cut.

    Raises InputError if a line is not two numbers, or an event lies not in the recording.
    """
    rows: list[tuple[float, float]] = []
    notes = []
    for number, line in enumerate(_content(path)[1], start=2):
        where, noted = f"{path}, line {number}", f"{path.name}, line {number}"
        values = [_float(word) for word in line.split()]
        if len(values) != 2 or not np.isfinite(values).all():
            said = line.strip()[:40]
            raise InputError(f"{where}: expected onset and duration in s, found {said!r}")
        start, length = values
        end = start + length
        if end <= start:
            notes.append(f"{noted}: mark of {length:g} s dropped")
            continue
        _require_inside(where, start, length, duration)
        if end > duration + 1e-6:
            notes.append(f"{noted}: event cut from {end:g} to {duration:g} s")
        if (start, min(end, duration)) in rows:
            notes.append(f"{noted}: the same mark again, counted once")
            continue
        rows.append((start, min(end, duration)))
    return intervals(rows), tuple(notes)


def read_hypnogram(path: Path) -> NDArray[np.int8]:
    """Read the stage of each 5 s, coded as in :data:`.STAGES`; InputError if a line is none."""
    stages = []
    for number, line in enumerate(_content(path)[1], start=2):
        try:
            stages.append(STAGE_CODES[int(line)])
        except (ValueError, KeyError):
            problem = f"expected a stage from -3 to 5, found {line.strip()!r}"
            raise InputError(f"{path}, line {number}: {problem}") from None
    return np.array(stages, dtype=np.int8)


def _content(path: Path) -> tuple[str, list[str]]:
    """Split a file into its title and the lines below; blank lines at the end are dropped."""
    title, *lines = path.read_text("utf-8-sig", "replace").rstrip().split("\n")
    return _title(path, title), lines


def _title(path: Path, line: str) -> str:
    title = line.strip()
    if not (title.startswith("[") and title.endswith("]")):
        expected = "expected a title in brackets such as [C3-A1]"
        raise InputError(f"{path}, line 1: {expected}, found {title[:40]!r}")
    return title[1:-1].strip()


def _require_inside(where: str, start: float, length: float, duration: float) -> None:
    if not 0 <= start < duration:
        lasts = f"the recording lasts from 0 to {duration:g} s; is the scoring of another record?"
        raise InputError(f"{where}: an event starts at {start:g} s, but {lasts}")
    if length > duration + 1e-6:
        said = f"an event lasts {length:g} s, longer than the recording ({duration:g} s)"
        raise InputError(f"{where}: {said}; expected onset and duration in s: are these samples?")


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
