"""Tables that people write: CSV or TSV with a line of column names, cells as text in their place.

Lower and upper case of column names do not matter. An empty cell and ``n/a`` (as BIDS has it) both
say nothing.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xai_sleep.errors import InputError

SEPARATORS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Row:
    """One row.

    Parameters
    ----------
    where : str
        File and line, for messages.
    cells : mapping of str to str
        Text by column in lower case; empty where nothing is said.
    """

    where: str
    cells: Mapping[str, str]

    def number(self, column: str) -> float:
        """Read a cell as a finite number.

        Raises
        ------
        InputError
            If it is none.
        """
        try:
            value = float(self.cells[column])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(
                f"{self.where}: {column} is {self.cells[column][:40]!r}; expected a number"
            )
        return value


def find_table(folder: Path, name: str) -> Path | None:
    """Find ``name.csv`` or ``name.tsv``; None if there is neither.

    Raises
    ------
    InputError
        If there are both.
    """
    both = [folder / f"{name}{suffix}" for suffix in SEPARATORS]
    there = [path for path in both if path.is_file()]
    if len(there) > 1:
        raise InputError(f"{folder} holds {name}.csv and {name}.tsv; keep one of them")
    return there[0] if there else None


def read_table(path: Path, required: Sequence[str]) -> list[Row]:
    """Read the rows of a table; blank lines are passed over.

    Raises
    ------
    InputError
        If it is no table, lacks a required column, names one twice, or a row has too many cells.
    """
    separator = SEPARATORS[path.suffix]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, delimiter=separator, strict=True)
            names = [name.strip().casefold() for name in next(lines, [])]
            numbered = [(lines.line_num, [cell.strip() for cell in line]) for line in lines]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a table ({error}); save it as UTF-8") from None
    if not set(names) >= set(required) or len(set(names)) < len(names):
        raise InputError(
            f"{path}, line 1: expected the columns {' and '.join(required)}, each once and "
            f"separated by {'commas' if separator == ',' else 'tabs'}; "
            f"found {', '.join(map(repr, names)) or 'nothing'}"
        )
    return [_row(f"{path}, line {at}", names, line) for at, line in numbered if any(line)]


def _row(where: str, names: Sequence[str], line: Sequence[str]) -> Row:
    if len(line) > len(names):
        raise InputError(f"{where}: {len(line)} cells, but line 1 names {len(names)} columns")
    cells = [*line, *[""] * (len(names) - len(line))]
    said = {name: "" if cell == "n/a" else cell for name, cell in zip(names, cells, strict=True)}
    return Row(where, said)
