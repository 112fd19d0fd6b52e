"""What a prediction writes: a table of events and beside it the activation; nothing foreign goes.

The activation of ``night.csv`` is ``night_activation.npz``. A file that is there is replaced only
if an earlier prediction of the same recording wrote it.
"""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from xai_sleep.detect.detector import RATE, Activation, Detections
from xai_sleep.errors import InputError
from xai_sleep.results.files import Stamp, write_arrays, write_table

COLUMNS = ("record", "onset", "duration", "confidence")


def beside(out: Path) -> Path:
    """Where the activation of a table goes."""
    return out.with_name(f"{out.stem}_activation.npz")


def require_free(out: Path, record: str) -> None:
    """Refuse to replace what no prediction of this recording wrote; InputError naming the file."""
    for path, ours in ((out, _is_our_table), (beside(out), _is_our_activation)):
        if not path.is_symlink() and not path.exists():
            continue
        if not path.is_file():
            raise InputError(f"{path} is no file that could be written; choose another --out")
        if not ours(path, record):
            raise InputError(
                f"{path} is there already and holds no prediction of {record}; choose another "
                "--out, or move it away"
            )


def write(
    out: Path, record: str, activation: Activation, detections: Detections, stamp: Stamp
) -> None:
    """Write both files, stamped; InputError if they cannot be written."""
    onset, end = detections.events.T
    columns = ([record] * len(onset), onset, end - onset, detections.confidence)
    table = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    arrays = {"step": np.array(1 / RATE), **activation.named(record)}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_table(out, table, stamp)
        write_arrays(beside(out), arrays, stamp)
    except OSError as error:
        raise InputError(
            f"cannot write {out} ({error.strerror}); choose another place with --out"
        ) from error


def _is_our_table(path: Path, record: str) -> bool:
    head = ",".join(COLUMNS).encode()
    try:
        with path.open("rb") as file:  # of a long recording no more than this is read
            if file.readline(2 * len(head)).rstrip() not in (head, head + b",data"):
                return False
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, OSError):
        return False
    return set(table["record"]) <= {record}


def _is_our_activation(path: Path, record: str) -> bool:
    try:
        with np.load(path) as stored:
            return {"step", record} <= set(stored)
    except (ValueError, OSError, EOFError, BadZipFile):
        return False
