"""Tables of marks and stages as programs write them: what their columns are called.

A column of text that nobody knows could say what was marked, so its table is refused: no row
becomes an event because its kind was not understood.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.names import as_seen
from xai_sleep.recordings.tables import Row, read_table

ALIASES = {
    "onset": ("onset", "start", "begin", "time", "onset_time", "start_time"),
    "duration": ("duration",),
    "end": ("end", "stop", "end_time", "stop_time"),
    "expert": ("expert", "rater", "scorer", "annotator"),
    "channel": ("channel", "channels"),
}
KINDS = (
    *("trial_type", "description", "annotation", "annotations", "type", "event_type", "label"),
    *("event", "kind", "name", "class", "category", "code", "marker", "value", "stage"),
)
COMMENTS = ("comment", "comments", "note", "notes", "remark", "remarks")

_SECONDS = re.compile(r"[\s_]*[\[(](s|sec|seconds)[\])]$")
_NUMBER_OR_TIME = re.compile(r"[\d\s.,:/+-]*(e[+-]?\d+|t[\d:.]+z?)?|nan|inf", re.IGNORECASE)


def read_marks(path: Path) -> tuple[list[Row], tuple[str, ...]]:
    """Read rows with the cells onset, duration or end, and where told kind, expert and channel.

    Notes name the columns that were not used. Raises InputError as :func:`.read_table` does, if a
    column of text is not known, or two columns disagree on what was marked.
    """
    rows = read_table(path, ("onset", "duration|end"), _canonical)
    columns = list(rows[0].cells) if rows else []
    text = {name: said for name in columns if (said := _text(rows, name))}
    unknown = [name for name in text if name not in (*ALIASES, *KINDS, *COMMENTS)]
    if unknown:
        raise InputError(
            f"{path}: the column {unknown[0]!r} is not known and holds text "
            f"({text[unknown[0]][:40]!r}); call it trial_type if it says what was marked, comment "
            "if it does not matter"
        )
    told = [name for name in columns if name in KINDS and any(row.cells[name] for row in rows)]
    kinds = [name for name in told if name in text or _finer(rows, name, text)] or told
    used = {*ALIASES, *kinds, *COMMENTS} - ({"end"} if "duration" in columns else set())
    unused = ", ".join(name or "without a name" for name in columns if name not in used)
    read = []
    for row in rows:
        cells = {name: row.cells[name] for name in ALIASES if name in columns}
        read.append(Row(row.where, cells | ({"kind": _kind(row, kinds)} if kinds else {})))
    return read, (f"columns of {path.name} not used: {unused}",) if unused else ()


def _canonical(names: Sequence[str]) -> list[str]:
    """Call columns by the keys of :data:`ALIASES`; of several that mean one, the first there."""
    plain = [re.sub(r"[\s_-]+", "_", _SECONDS.sub("", name.casefold())) for name in names]
    found = {
        next((alias for alias in aliases if alias in plain), ""): name
        for name, aliases in ALIASES.items()
    }
    return [found.get(name, name) if name else name for name in plain]


def _text(rows: Sequence[Row], column: str) -> str:
    """First cell of a column that is neither a number nor a time; empty if there is none."""
    cells = (row.cells[column] for row in rows)
    return next((cell for cell in cells if not _NUMBER_OR_TIME.fullmatch(cell)), "")


def _finer(rows: Sequence[Row], column: str, text: Iterable[str]) -> bool:
    """Whether numbers tell rows apart that no text does: kinds, neither one's code nor a count."""
    if column == "stage":
        return False
    numbers = [row.cells[column] for row in rows]
    words = [tuple(as_seen(row.cells[name]) for name in text if name in KINDS) for row in rows]
    pairs = set(zip(words, numbers, strict=True))
    return len(set(words)) < len(pairs) and len(set(numbers)) < len(numbers)


def _kind(row: Row, columns: Sequence[str]) -> str:
    """Say what a row is; a stage beside that is the stage it lies in."""
    said = {as_seen(row.cells[name]): name for name in columns if row.cells[name]}
    if len(said) > 1:
        said = {kind: name for kind, name in said.items() if name != "stage"}
    if len(said) > 1:
        told = " and ".join(f"{name} is {kind!r}" for kind, name in said.items())
        raise InputError(f"{row.where}: {told}; keep what was marked, and call the other comment")
    return next((row.cells[name] for name in said.values()), "")
