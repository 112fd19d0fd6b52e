"""Whose recordings they are: a table ``subjects.csv``, or what the headers tell."""

import logging
from collections.abc import Mapping
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import Source, group_subjects
from xai_sleep.recordings.names import as_seen
from xai_sleep.recordings.tables import find_table, read_table

log = logging.getLogger(__name__)

NAME = "subjects"

UNKNOWN = "its header names nobody: taken for a subject of its own"
"""Note on a record whose person is not known."""


def subjects_of(
    root: Path, sources: Mapping[str, Source]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Name the subject of each record, and note where it is not known.

    A table ``subjects.csv`` or ``subjects.tsv`` (columns record and subject) has the last word.
    Without, records whose headers name one person share a subject, called by the first of them; a
    record whose header names nobody is a subject of its own, with a warning.

    Parameters
    ----------
    root : Path
        Folder of the recordings.
    sources : mapping of str to Source
        The source of each record.

    Raises
    ------
    InputError
        If the table leaves out a record, gives it two subjects, or a name no file can have.
    """
    table = find_table(root, NAME)
    if table:
        return _listed(table, sources), dict.fromkeys(sources, ())
    unknown = [record for record, source in sources.items() if source.person is None]
    if unknown:
        log.warning(
            "nobody is named in the headers of %s: each counts as a subject of its own; if some "
            "share a person, say so in %s (columns record and subject), or leaving one subject "
            "out only leaves one record out",
            *(", ".join(unknown), root / f"{NAME}.csv"),
        )
    notes = {record: (UNKNOWN,) * (record in unknown) for record in sources}
    return group_subjects(sources), notes


def _listed(table: Path, sources: Mapping[str, Source]) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in read_table(table, ("record", "subject")):
        record, subject = as_seen(row.cells["record"]), row.cells["subject"]
        if not subject or set(subject) & set("/\\") or subject.startswith("."):
            raise InputError(
                f"{row.where}: subject is {subject!r}; expected a name that a folder can have"
            )
        if found.setdefault(record, subject) != subject:
            raise InputError(
                f"{row.where}: {row.cells['record']} is given a second subject, {subject}"
            )
    missing = [record for record in sources if as_seen(record) not in found]
    if missing:
        raise InputError(
            f"{table} does not say whose {', '.join(missing)} {'is' if len(missing) < 2 else 'are'}"
            "; add a row for each (record: the name of the file without its ending)"
        )
    return {record: found[as_seen(record)] for record in sources}
