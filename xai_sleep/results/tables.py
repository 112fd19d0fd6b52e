"""Tables of a run as CSV: columns declared, stamped, written by rename and read back equal."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from xai_sleep.errors import InputError
from xai_sleep.results.files import damaged, write_text
from xai_sleep.results.stamp import Stamp


def write_table(
    path: Path, frame: pd.DataFrame, stamp: Stamp, formats: Mapping[str, str] | None = None
) -> None:
    """Write a table; undefined cells are empty, and a stamp is the last columns.

    Parameters
    ----------
    path : Path
        Of the CSV.
    frame : DataFrame
        Its columns are those of the file.
    stamp : Stamp
        What every row must say.
    formats : mapping of str to str
        How numbers of a column are written, as ``.9g``; by default so that they read back equal.
    """
    shown = frame.assign(**stamp.columns)
    for name, form in (formats or {}).items():
        shown[name] = [format(v, form) if pd.notna(v) else "" for v in frame[name]]
    write_text(path, shown.to_csv(index=False, lineterminator="\n"))


def read_table(path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read the declared columns of a table; empty cells of numbers are NaN, of text empty.

    Raises InputError if the file is not there, is no table, or lacks a column.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        numbers = {  # not by the reader of pandas, which in some versions rounds
            name: frame[name].replace("", "nan").to_numpy(object).astype(kind)
            for name, kind in columns.items()
            if kind != "str" and name in frame
        }
    except FileNotFoundError:
        raise InputError(f"{path} is missing; copy the whole run, or repeat it") from None
    except ValueError as error:
        raise damaged(path, error) from None
    lacking = [name for name in columns if name not in frame]
    if lacking:
        raise InputError(
            f"{path} lacks the column {lacking[0]}: it was written by another version or is "
            "damaged; repeat the run"
        )
    return frame.assign(**numbers)[list(columns)]
