"""Tables of a run as CSV: columns declared, stamped, written by rename and read back equal."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self, get_args, get_type_hints

import numpy as np
import pandas as pd

from xai_sleep.errors import InputError
from xai_sleep.results.files import damaged, write_text
from xai_sleep.results.stamp import Stamp

FORMATS = {
    **dict.fromkeys(("start", "end", "onset", "duration"), ".10g"),
    **dict.fromkeys(("probability", "confidence"), ".9g"),
    "matched": ".0f",
    "iou": ".6g",
}
"""How numbers are written, by column; those of others so that they read back equal."""


def write_table(path: Path, frame: pd.DataFrame, stamp: Stamp) -> None:
    """Write a table; undefined cells are empty, and what a stamp says is the last columns."""
    shown = frame.assign(**stamp.columns)
    for name in FORMATS.keys() & set(frame):
        shown[name] = [format(v, FORMATS[name]) if pd.notna(v) else "" for v in frame[name]]
    write_text(path, shown.to_csv(index=False, lineterminator="\n"))


def read_table(path: Path, columns: Mapping[str, type]) -> pd.DataFrame:
    """Read the declared columns of a table, empty numbers as NaN; InputError if it lacks any."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        numbers = {  # not by the reader of pandas, which in some versions rounds
            name: frame[name].replace("", "nan").to_numpy(object).astype(kind)
            for name, kind in columns.items()
            if not issubclass(kind, str) and name in frame
        }
    except FileNotFoundError:
        raise InputError(f"{path} is missing; copy the whole run, or repeat it") from None
    except ValueError as error:
        raise damaged(path, error) from None
    if lacking := [name for name in columns if name not in frame]:
        raise InputError(
            f"{path} lacks the column {lacking[0]}: it was written by another version or is "
            "damaged; repeat the run"
        )
    return frame.assign(**numbers)[list(columns)]


@dataclass(frozen=True, eq=False)
class Columns:
    """A table as arrays of shape (n,): each field is the column of its name."""

    @property
    def frame(self) -> pd.DataFrame:
        """The same as a data frame."""
        return pd.DataFrame({each.name: getattr(self, each.name) for each in fields(self)})

    def write(self, path: Path, stamp: Stamp) -> None:
        """Write the table, truths as 0 and 1."""
        frame = self.frame
        write_table(path, frame.astype(dict.fromkeys(frame.select_dtypes(bool), np.int64)), stamp)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what :meth:`write` wrote; InputError if the file is no such table."""
        hints = get_type_hints(cls)  # NDArray[kind] is ndarray[shape, dtype[kind]]
        kinds = {e.name: get_args(get_args(hints[e.name])[1])[0] for e in fields(cls)}
        read = {name: np.int64 if kind is np.bool_ else kind for name, kind in kinds.items()}
        frame = read_table(path, read)
        return cls(**{name: frame[name].to_numpy(np.dtype(kind)) for name, kind in kinds.items()})
