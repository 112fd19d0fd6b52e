"""Tables that people write: CSV or TSV with a line of column names in any case, cells as text.

An empty cell and ``n/a`` (as BIDS has it) both say nothing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xai_sleep.errors import InputError
from xai_sleep.recordings.names import as_seen

SEPARATORS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Row:
    """One row."""

    where: str  # file and line, for messages
    cells: Mapping[str, str]  # text by column in lower case; empty where nothing is said

    def number(self, column: str) -> float:
        """Read a cell as a finite number; InputError if it is none."""
        said = self.cells[column]
        with suppress(ValueError):
            if math.isfinite(value := float(said)):
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
    there = [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.casefold() in endings and as_seen(path.stem) == as_seen(name)
    ]
    if len(there) > 1:
        names = " and ".join(path.name for path in there)
        raise InputError(f"{folder} holds {names}; keep one of them")
    return there[0] if there else None


def lower(names: Sequence[str]) -> list[str]:
    """Call columns as they are called, in lower case."""
    return [name.casefold() for name in names]


def read_table(
    path: Path, required: Sequence[str], call: Callable[[Sequence[str]], list[str]] = lower
) -> list[Row]:
    """Read the rows of a table, its columns as ``call`` names them; blank lines are passed over.

    A column required as ``a|b`` may be either.

    Raises InputError if it is no table, lacks a required column, names one twice, or a row has too
    many cells.
    """
    names, *lines = read_cells(path) or [[]]
    names = call(names)
    lacking = [each for each in required if set(names).isdisjoint(each.split("|"))]
    if lacking or len(set(names)) < len(names):
        separated = "commas" if _separator(path) == "," else "tabs"
        columns = " and ".join(required).replace("|", " or ")
        raise InputError(
            f"{path}, line 1: expected the columns {columns}, each once and "
            f"separated by {separated}; found {', '.join(map(repr, names)) or 'nothing'}"
        )
    rows, number = [], 1
    for line in lines:
        number += 1 + "".join(line).count("\n")  # in quotes, a cell may have several lines
        said = {name: "" if cell == "n/a" else cell for name, cell in zip(names, line, strict=True)}
        if any(line):
            rows.append(Row(f"{path}, line {number}", said))
    return rows


def read_cells(path: Path) -> list[list[str]]:
    """Read every cell as text, without the space around it."""
    # Late, so that --help and a mistyped setting need not wait for pandas.
    import pandas as pd

    options: dict[str, Any] = {
        "header": None,
        "dtype": str,
        "na_filter": False,
        "skip_blank_lines": False,
    }
    try:
        frame = pd.read_csv(path, sep=_separator(path), encoding="utf-8-sig", **options)
    except pd.errors.EmptyDataError:
        return []
    except (UnicodeDecodeError, pd.errors.ParserError) as error:
        raise InputError(
            f"{path} cannot be read as a table ({str(error).strip()}); save it as UTF-8, "
            "with no more cells in a row than line 1 has, and quotes in pairs"
        ) from None
    return [[str(cell).strip() for cell in line] for line in frame.fillna("").to_numpy()]


def _separator(path: Path) -> str:
    told = SEPARATORS.get(path.suffix.casefold())
    return told or ("\t" if b"\t" in path.read_bytes() else ",")
