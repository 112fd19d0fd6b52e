"""Tables that people write: CSV or TSV with a line of column names in any case, cells as text.

An empty cell and ``n/a`` (as BIDS has it) both say nothing. In tables of marks and stages, columns
are called as programs call them; one of text that nobody knows could say what was marked, so its
table is refused: no row becomes an event because its kind was not understood.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import as_seen

SEPARATORS = {".csv": ",", ".tsv": "\t"}
ALIASES = {
    "onset": (
        *("onset", "start", "begin", "start_sec", "begin_sec", "onset_time", "start_time"),
        *("begin_time", "recording_onset", "time"),
    ),
    "duration": ("duration", "dur", "duration_sec"),
    "end": ("end", "stop", "offset", "finish", "end_sec", "stop_sec", "end_time", "stop_time"),
    "expert": ("expert", "rater", "scorer", "annotator", "scored_by"),
    "channel": ("channel", "channels", "electrode", "derivation", "linked_channel"),
    "stage": ("stage", "sleep_stage", "stages"),
}
CELLS = ("onset", "duration", "end", "expert", "channel")  # of rows of marks, beside kind
PEAKS = {"peak", "negpeak"}  # columns of YASA's events, whose stage is the one that they lie in
KINDS = (
    *("trial_type", "description", "annotation", "annotations", "type", "event_type", "label"),
    *("event", "kind", "name", "class", "category", "code", "marker", "value", "stage"),
)
COMMENTS = ("comment", "comments", "note", "notes", "remark", "remarks")

_SECONDS = re.compile(r"[\s_]*[\[(](s|secs?|seconds|hh:mm:ss(\.\w+)?)[\])]$")
_NUMBER_OR_TIME = re.compile(r"[\d\s.,:/+-]*(e[+-]?\d+|t[\d:.]+z?)?|nan|inf", re.IGNORECASE)


def number_of(said: str) -> float:
    """Read a number as people write one; NaN if it is none, or not finite."""
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", said, re.ASCII | re.IGNORECASE):
        return value if math.isfinite(value := float(said)) else math.nan
    return math.nan


@dataclass(frozen=True)
class Row:
    """One row."""

    where: str  # file and line, for messages
    cells: Mapping[str, str]  # text by column in lower case; empty where nothing is said

    @property
    def kind(self) -> str | None:
        """What it is, in lower case; None where its table does not say."""
        return as_seen(self.cells["kind"]) if "kind" in self.cells else None

    def number(self, column: str) -> float:
        """Read a cell as a finite number; InputError if it is none."""
        said = self.cells[column]
        if math.isfinite(value := number_of(said)):
            return value
        raise InputError(f"{self.where}: {column} is {said[:40]!r}; expected a number")

    def span(self) -> tuple[float, float]:
        """Onset and duration in s, which may follow from the end; InputError if not numbers."""
        onset = self.number("onset")
        if self.cells.get("duration") or "end" not in self.cells:
            return onset, self.number("duration")
        return onset, self.number("end") - onset


def find_table(folder: Path, name: str, endings: Sequence[str] = tuple(SEPARATORS)) -> Path | None:
    """Find ``name.csv`` or ``name.tsv`` in any case; InputError if several could be meant."""
    alike = (path for path in sorted(folder.iterdir()) if as_seen(path.stem) == as_seen(name))
    there = [path for path in alike if path.suffix.casefold() in endings]
    if len(there) > 1:
        names = " and ".join(path.name for path in there)
        raise InputError(f"{folder} holds {names}; keep one of them")
    return there[0] if there else None


def _lower(names: Sequence[str]) -> list[str]:
    return [name.casefold() for name in names]


def read_table(
    path: Path, required: Sequence[str], call: Callable[[Sequence[str]], list[str]] = _lower
) -> list[Row]:
    """Read the rows of a table, its columns as ``call`` names them; blank lines are passed over.

    A column required as ``a|b`` may be either. Raises InputError if it is no table, lacks a
    required column, names one twice, or a row has too many cells.
    """
    names, *lines = read_cells(path) or [[]]
    names = call(names)
    lacking = [each for each in required if set(names).isdisjoint(each.split("|"))]
    if lacking or len(set(names)) < len(names):
        separated = "commas" if _separator(path) == "," else "tabs"
        columns = " and ".join(required).replace("|", " or ")
        found = ", ".join(map(repr, names))[:300] or "nothing"
        expected = f"expected the columns {columns}, each once and separated by {separated}"
        raise InputError(f"{path}, line 1: {expected}; found {found}")
    rows, number = [], 1
    for line in lines:
        number += 1 + "".join(line).count("\n")  # in quotes, a cell may have several lines
        said = {name: "" if cell == "n/a" else cell for name, cell in zip(names, line, strict=True)}
        if any(line):
            rows.append(Row(f"{path}, line {number}", said))
    return rows


def read_marks(path: Path) -> tuple[list[Row], tuple[str, ...]]:
    """Read rows with the cells onset, duration or end, and where told kind, expert and channel.

    Notes name the columns that were not used. Raises InputError as :func:`.read_table` does, if a
    column of text is not known, or two columns disagree on what was marked.
    """
    rows = read_table(path, ("onset", "duration|end"), canonical)
    columns = list(rows[0].cells) if rows else []
    text = {name: said for name in columns if (said := _text(rows, name))}
    unknown = [name for name in text if name not in (*CELLS, *KINDS, *COMMENTS)]
    if unknown:
        name, holds = unknown[0], text[unknown[0]]
        held = f"the column {name[:40]!r} is not known and holds text ({holds[:40]!r})"
        remedy = "call it trial_type if it says what was marked, comment if it does not matter"
        raise InputError(f"{path}: {held}; {remedy}")
    spoken = [name for name in KINDS if name != "stage" or PEAKS.isdisjoint(columns)]
    told = [name for name in columns if name in spoken and any(row.cells[name] for row in rows)]
    kinds = [name for name in told if name in text or _finer(rows, name, text)] or told
    used = {*CELLS, *kinds, *COMMENTS} - ({"end"} if "duration" in columns else set())
    unused = ", ".join(name or "without a name" for name in columns if name not in used)
    read = []
    for row in rows:
        cells = {name: row.cells[name] for name in CELLS if name in columns}
        read.append(Row(row.where, cells | ({"kind": _kind(row, kinds)} if kinds else {})))
    return read, (f"columns of {path.name} not used: {unused}",) if unused else ()


def canonical(names: Sequence[str]) -> list[str]:
    """Call columns by the keys of :data:`ALIASES`; of several that mean one, the first there."""
    plain = [re.sub(r"[\s_-]+", "_", _SECONDS.sub("", name.casefold())) for name in names]
    found = {next(filter(plain.__contains__, few), ""): name for name, few in ALIASES.items()}
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
        told = " and ".join(f"{name} is {kind[:40]!r}" for kind, name in said.items())
        raise InputError(f"{row.where}: {told}; keep what was marked, and call the other comment")
    return next((row.cells[name] for name in said.values()), "")


def read_cells(path: Path) -> list[list[str]]:
    """Read every cell as text, without the space around it."""
    # Late, so that --help and a mistyped setting need not wait for pandas.
    import pandas as pd

    options: dict[str, Any] = {"header": None, "dtype": str, "na_filter": False}
    try:
        frame = pd.read_csv(
            path, sep=_separator(path), encoding="utf-8-sig", skip_blank_lines=False, **options
        )
    except pd.errors.EmptyDataError:
        return []
    except (UnicodeDecodeError, pd.errors.ParserError) as error:
        remedy = "with no more cells in a row than line 1 has, and quotes in pairs"
        said = f"cannot be read as a table ({str(error).strip()}); save it as UTF-8, {remedy}"
        raise InputError(f"{path} {said}") from None
    return [[str(cell).strip() for cell in line] for line in frame.fillna("").to_numpy()]


def _separator(path: Path) -> str:
    told = SEPARATORS.get(path.suffix.casefold())
    return told or ("\t" if b"\t" in path.read_bytes() else ",")
