"""What the DREAMS databases hold, which files are there, and what makes a record usable."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.names import as_seen, chosen

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Database:
    """One database: its folder, and where each expert stopped, in s from the start of a record."""

    folder: str
    scored_until: Mapping[str, float]


DATABASES = {
    "spindle": Database("DatabaseSpindles", {"expert1": 1000.0, "expert2": 1800.0}),
    "rem": Database("DatabaseREMs", {"expert1": 1800.0}),
    "kcomplex": Database("DatabaseKcomplexes", {"expert1": 1800.0, "expert2": 1800.0}),
}
"""By the event that was scored."""

ROLES = {
    "": "signals",
    "Visual_scoring1": "expert1",
    "Visual_scoring2": "expert2",
    "Automatic_detection": "automatic",
    "Hypnogram": "hypnogram",
}
"""What a file holds, by the part of its name before the record."""

WHERE = "unpack Zenodo record 2650142 (https://zenodo.org/records/2650142) or use data=synthetic"

_BY_PREFIX = {as_seen(prefix): role for prefix, role in ROLES.items()}

Files = Mapping[str, Path]
"""The files of one record by what they hold."""


def folder_of(root: Path, database: Database) -> Path:
    """Folder of a database, whatever the case of its name."""
    there = sorted(root.iterdir()) if root.is_dir() else []
    alike = [path for path in there if as_seen(path.name) == as_seen(database.folder)]
    return alike[0] if alike else root / database.folder


def survey(folder: Path) -> dict[str, Files]:
    """Files of each record by role, records in natural order.

    Raises InputError if two files have one name but for case.
    """
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
    """Choose the records that have all that is needed, or say what is missing and where.

    Parameters
    ----------
    folder : Path
        Folder of the database.
    needed : sequence of str
        What each record must have, as in :data:`ROLES`.
    records : sequence of str, optional
        Names of the records asked for. Each must then be usable; otherwise those that are not are
        left out with a warning.

    Raises
    ------
    InputError
        If there are no records, no signals, or records asked for cannot be used.
    """
    there = survey(folder)
    if not there:
        folders = ", ".join(database.folder for database in DATABASES.values())
        raise InputError(
            f"{folder} {'holds no excerpts' if folder.is_dir() else 'is not there'}; data.root "
            f"must be the folder that holds {folders}: {WHERE}"
        )
    asked = {record: there[record] for record in chosen(records, list(there), str(folder))}
    if not any("signals" in files for files in asked.values()):
        raise InputError(
            f"{folder}: scorings of {len(asked)} records were found but no signals "
            f"(excerptN.edf); {WHERE}"
        )
    usable = {record: files for record, files in asked.items() if files.keys() >= set(needed)}
    lacking = _lacking(asked, needed)
    if lacking and (records is not None or not usable):
        raise InputError(
            f"{folder}: {lacking}; add the files, or choose other records (data.records) or "
            "another data.expert"
        )
    if lacking:
        logger.warning("%s: records left out: %s", folder, lacking)
    return usable


def _lacking(asked: Mapping[str, Files], needed: Sequence[str]) -> str:
    """Say which records lack what; empty if none does."""
    said = []
    for prefix, role in ROLES.items():
        records = [record for record, files in asked.items() if role not in files]
        if role in needed and records:
            said.append(f"no {prefix or role} of {', '.join(records)}")
    return ", ".join(said)
