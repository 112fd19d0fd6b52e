"""What the DREAMS databases hold, which files are there, and what makes a record usable.

Files lie in ``DatabaseSpindles``, ``DatabaseREMs`` and ``DatabaseKcomplexes`` as unpacked from
Zenodo record 2650142: ``excerptN.edf`` (or ``excerptN.txt`` with one channel),
``Visual_scoringK_excerptN.txt``, ``Automatic_detection_excerptN.txt`` and
``Hypnogram_excerptN.txt``.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.names import as_seen, chosen

logger = logging.getLogger(__name__)

Files = Mapping[str, Path]
"""The files of one record by what they hold."""


@dataclass(frozen=True)
class Database:
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

WHERE = "unpack Zenodo record 2650142 (https://zenodo.org/records/2650142) or use data=synthetic"


def folder_of(root: Path, database: Database) -> Path:
    """Folder of a database, whatever the case of its name."""
    there = sorted(root.iterdir()) if root.is_dir() else []
    alike = (path for path in there if as_seen(path.name) == as_seen(database.folder))
    return next(alike, root / database.folder)


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
    """Choose the records of a database that have all that is needed (as in :data:`ROLES`).

    Each of ``records`` must be usable; where none is named, those that are not are left out with a
    warning. Raises InputError that says what is missing and where.
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
    lacks = {
        prefix or role: [record for record, files in asked.items() if role not in files]
        for prefix, role in ROLES.items()
        if role in needed
    }
    lacking = ", ".join(
        f"no {what} of {', '.join(names)}" for what, names in lacks.items() if names
    )
    if lacking and (records is not None or not usable):
        raise InputError(
            f"{folder}: {lacking}; add the files, or choose other records (data.records) or "
            "another data.expert"
        )
    if lacking:
        logger.warning("%s: records left out: %s", folder, lacking)
    return usable
