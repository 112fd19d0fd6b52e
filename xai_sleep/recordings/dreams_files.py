"""Which files of a DREAMS database are there, and which records they make usable."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from xai_sleep.errors import InputError

logger = logging.getLogger(__name__)

FOLDERS = {"spindle": "DatabaseSpindles", "rem": "DatabaseREMs"}

ROLES = {
    "": "signals",
    "Visual_scoring1": "expert1",
    "Visual_scoring2": "expert2",
    "Automatic_detection": "automatic",
    "Hypnogram": "hypnogram",
}
"""What a file holds, by the part of its name before the record."""

WHERE = "unpack Zenodo record 2650142 (https://zenodo.org/records/2650142) or use data=synthetic"

Files = Mapping[str, Path]
"""The files of one record by what they hold."""


def survey(folder: Path) -> dict[str, Files]:
    """Files of each record by role, records in natural order."""
    records: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.glob("*excerpt*")):
        prefix, _, record = path.stem.rpartition("_")
        suffixes = (".txt",) if prefix else (".edf", ".txt")
        number = record.removeprefix("excerpt")
        if prefix in ROLES and path.suffix in suffixes and number.isdecimal() and path.is_file():
            # Sorted, excerpt3.edf comes before excerpt3.txt and is taken.
            records.setdefault(record, {}).setdefault(ROLES[prefix], path)
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
        raise InputError(
            f"{folder} {'holds no excerpts' if folder.is_dir() else 'is not there'}; data.root "
            f"must be the folder that holds {' and '.join(FOLDERS.values())}: {WHERE}"
        )
    asked = list(there) if records is None else list(records)
    if not asked or not there.keys() >= set(asked):
        raise InputError(
            f"data.records asks for {', '.join(asked) or 'nothing'}, but {folder} holds "
            f"{', '.join(there)}"
        )
    chosen = {record: files for record, files in there.items() if record in asked}
    if not any("signals" in files for files in chosen.values()):
        raise InputError(
            f"{folder}: scorings of {len(chosen)} records were found but no signals "
            f"(excerptN.edf); {WHERE}"
        )
    usable = {record: files for record, files in chosen.items() if files.keys() >= set(needed)}
    lacking = _lacking(chosen, needed)
    if lacking and (records is not None or not usable):
        raise InputError(
            f"{folder}: {lacking}; add the files, or choose other records (data.records) or "
            "another data.expert"
        )
    if lacking:
        logger.warning("%s: records left out: %s", folder, lacking)
    return usable


def _lacking(chosen: Mapping[str, Files], needed: Sequence[str]) -> str:
    """Say which records lack what; empty if none does."""
    said = []
    for prefix, role in ROLES.items():
        records = [record for record, files in chosen.items() if role not in files]
        if role in needed and records:
            said.append(f"no {prefix or role} of {', '.join(records)}")
    return ", ".join(said)
