"""Whose recordings they are: a table ``subjects.csv``, or what the headers tell.

The patient field of EDF+ is a code, a sex, a birth date and a name, each X where it is not told;
in plain EDF it is free text. A code or a name identifies a person; sex, date and age do not, nor
do the words that programs write in their place.
"""

import hashlib
import logging
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import as_seen
from xai_sleep.recordings.tables import find_table, read_table

log = logging.getLogger(__name__)
UNKNOWN = "its header names nobody: taken for a subject of its own"

_SALT = secrets.token_bytes(16)
_DATE = re.compile(r"\b(\d{1,2}[-/.](\d{1,2}|[a-z]{3})[-/.](\d{4}|\d{2})|\d{4}-\d{2}-\d{2})\b")
_NOT_TOLD = re.compile(r"\bn[/.]a\b")
_NOBODY = re.compile(
    r"x+|0+|m|f|male|female|man|woman|sex|age|\d{0,3}(y|yr|yrs|year|years|yo)|na|nn|nil|none|null|"
    r"no|name|not|given|mne|unknown|undisclosed|unnamed|nobody|anon\w*|de|identified|deidentified|"
    r"pseudonym\w*|removed|redacted|hidden|private|patient|subject|person"
)


class Identified(Protocol):
    """What may tell whose it is."""

    @property
    def person(self) -> str | None:
        """Key of the person, see :func:`person_key`."""


def person_key(field: str) -> str | None:
    """Key of a patient field, equal for one person in one process; None if it names nobody."""
    said = _NOT_TOLD.sub(" ", field.casefold())
    parts = said.split()
    if len(parts) > 3 and parts[1] in ("m", "f", "x"):  # EDF+; what follows the name is anything
        said = f"{parts[0]} {parts[3]}"
    else:
        said = _DATE.sub(" ", said)
    words = [word for word in re.findall(r"[^\W_]+", said) if not _NOBODY.fullmatch(word)]
    if not words:
        return None
    return hashlib.blake2b(" ".join(words).encode(), key=_SALT, digest_size=8).hexdigest()


def group_subjects(sources: Mapping[str, Identified]) -> dict[str, str]:
    """Name each record's subject after the first record of the person; unknown ones are alone."""
    first: dict[str, str] = {}
    return {
        record: record if source.person is None else first.setdefault(source.person, record)
        for record, source in sources.items()
    }


def subjects_of(
    root: Path, sources: Mapping[str, Identified]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Name the subject of each record, and note where it is not known.

    A table (columns record and subject) in the folder ``root`` has the last word: InputError if it
    leaves out a record, gives it two subjects, or a name no file can have. Without, headers are
    believed; whom they do not name is warned of.
    """
    table = find_table(root, "subjects")
    if table:
        return _listed(table, sources), dict.fromkeys(sources, ())
    unknown = [record for record, source in sources.items() if source.person is None]
    if unknown:
        log.warning(
            "nobody is named in the headers of %s: each counts as a subject of its own; if some "
            "share a person, say so in %s (columns record and subject), or leaving one subject "
            "out only leaves one record out",
            *(", ".join(unknown), root / "subjects.csv"),
        )
    notes = {record: (UNKNOWN,) * (record in unknown) for record in sources}
    return group_subjects(sources), notes


def _listed(table: Path, sources: Mapping[str, Identified]) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in read_table(table, ("record", "subject")):
        record, subject = row.cells["record"], row.cells["subject"]
        if not subject or set(subject) & set("/\\") or subject.startswith("."):
            said = f"subject is {subject!r}; expected a name that a folder can have"
            raise InputError(f"{row.where}: {said}")
        if found.setdefault(as_seen(record), subject) != subject:
            raise InputError(f"{row.where}: {record} is given a second subject, {subject}")
    missing = [record for record in sources if as_seen(record) not in found]
    if missing:
        whose = f"{', '.join(missing)} {'is' if len(missing) < 2 else 'are'}"
        remedy = "add a row for each (record: the name of the file without its ending)"
        raise InputError(f"{table} does not say whose {whose}; {remedy}")
    return {record: found[as_seen(record)] for record in sources}
