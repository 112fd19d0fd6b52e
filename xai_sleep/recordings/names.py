"""Names compared as people see them: of channels, records, files, and kinds of mark."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from xai_sleep.errors import InputError


def as_seen(name: str) -> str:
    """Take away what nobody looks at: case, how an accent is stored, how wide a space is."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def meant(name: str, there: Iterable[str]) -> list[str]:
    """Which of the names that are there can be meant: the exact one, else all that look like it."""
    alike = [other for other in there if as_seen(other) == as_seen(name)]
    return [name] if name in alike else alike


def natural(name: str) -> list[tuple[bool, int, str]]:
    """Key that sorts numbers in names by their value."""
    parts = re.findall(r"\d+|\D+", name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def chosen(records: Sequence[str] | None, held: Sequence[str], where: str) -> list[str]:
    """Which records held are asked for (``data.records``), as held; InputError if one is not."""
    if records is None:
        return list(held)
    asked = [meant(name, held) for name in records]
    if not asked or not all(asked):
        raise InputError(
            f"data.records asks for {', '.join(records) or 'nothing'}, but {where} holds "
            f"{', '.join(held)}"
        )
    return [record for record in held if any(record in alike for alike in asked)]
