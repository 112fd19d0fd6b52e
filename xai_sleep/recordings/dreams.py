"""The DREAMS databases: spindles, rapid eye movements (REMs) and K-complexes in 30-min excerpts.

Scored time is where the experts looked, not where the files end: expert 1 scored spindles up to
1000 s, expert 2 scored 1800 s of some excerpts. Elsewhere an absent mark means nothing.

Source: S. Devuyst (2005), https://doi.org/10.5281/zenodo.2650142; spindles: Devuyst et al. (2011),
EMBC, 1713-1716; K-complexes: Devuyst et al. (2010), EMBC, 4658-4661.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import pick_channels
from xai_sleep.recordings.dreams_files import DATABASES, Files, folder_of, survey, usable_records
from xai_sleep.recordings.dreams_text import open_excerpt, read_hypnogram, read_marks
from xai_sleep.recordings.edf import open_edf
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.raters import EXPERTS, combine
from xai_sleep.recordings.recording import Recording, Scoring
from xai_sleep.recordings.sources import DataSource, Wanted, choice, name_list
from xai_sleep.recordings.subjects import group_subjects

EPOCH = 5.0  # s of a hypnogram's epoch

Notes = tuple[str, ...]


class Dreams(DataSource):
    """The records of the database in which an event was scored.

    Raises InputError if a setting cannot be used. ``others`` are ignored, see :class:`DataSource`.

    Parameters
    ----------
    root : folder that holds the databases
    records : names of the records to read (``excerpt3``), which must be usable; by default all that
        are, with a warning of the others
    expert : whose marks count, see :func:`.combine`. Records that lack one who is needed are left
        out; ``union`` does with expert 1 alone. REMs have one expert.
    """

    name = "dreams"

    def __init__(
        self,
        root: str,
        records: Sequence[str] | None = None,
        expert: str = "union",
        **others: object,  # noqa: ARG002
    ) -> None:
        self.root = Path(str(root)).expanduser()
        self.records = name_list("data.records", records)
        self.expert = choice("data.expert", expert, EXPERTS)

    def available(self, wanted: Wanted) -> bool:
        """Whether any record has both signals and an expert's marks of the event."""
        return bool(found(self.root, wanted.event))

    def describe(self) -> str:
        """Name the folder, and what sets it."""
        return f"DREAMS records in {self.root} (data.root or XAI_SLEEP_DREAMS)"

    def load(self, wanted: Wanted) -> list[Recording]:
        """Read the records in natural order (``excerpt2`` before ``excerpt10``).

        Raises InputError if files or settings cannot be used: which, why and what to do.
        """
        needed = ("signals", *_experts(wanted.event, self.expert))
        folder = folder_of(self.root, DATABASES[wanted.event])
        usable = usable_records(folder, needed, self.records)
        opened = {name: files["signals"] for name, files in usable.items()}
        sources = {
            name: open_edf(path) if path.suffix.casefold() == ".edf" else open_excerpt(path)
            for name, path in opened.items()
        }
        picked = pick_channels(sources, wanted.channels, wanted.setting)
        subjects = group_subjects(sources)
        recordings = []
        for record, source in sources.items():
            signals, sfreq, unread = source.read(picked[record])
            duration = signals.shape[1] / sfreq
            scorers, odd = _scorers(usable[record], wanted.event, duration)
            truth, merged = combine(scorers, self.expert)
            stages, uncovered = _stages(usable[record], duration)
            notes = (*unread, *odd, *merged, *uncovered)
            known = (truth.events, truth.scored, stages, EPOCH, scorers, notes)
            recordings.append(
                Recording(record, subjects[record], signals, picked[record], sfreq, *known)
            )
        return recordings


def found(root: Path, event: str) -> list[str]:
    """Name the records that have both signals and an expert's marks, without opening a file."""
    if event not in DATABASES:
        return []
    database = DATABASES[event]
    return [
        record
        for record, files in survey(folder_of(root, database)).items()
        if "signals" in files and database.scored_until.keys() & files.keys()
    ]


def _experts(event: str, expert: str) -> tuple[str, ...]:
    """Experts without whom a record cannot be used."""
    if event not in DATABASES:
        raise InputError(
            f"task.event is {event!r}, but DREAMS holds {', '.join(DATABASES)}; choose data=files "
            "for recordings of your own"
        )
    experts = tuple(DATABASES[event].scored_until)
    choices = {"union": experts[:1], **{name: (name,) for name in experts}}
    if len(experts) > 1:
        choices["intersection"] = experts
    if expert not in choices:
        raise InputError(
            f"data.expert is {expert!r}, but the DREAMS {event} database was scored by "
            f"{' and '.join(experts)}; choose {' or '.join(choices)}"
        )
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
