"""Files of a run: written whole or not at all, read or named where they are damaged, locked."""

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.results.stamp import Stamp


def write_json(path: Path, content: object) -> None:
    """Write JSON by rename, so that a reader never meets half a file; NaN is refused."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def write_text(path: Path, content: str) -> None:
    """Write a text file by rename."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(content, encoding="utf-8")
    beside.replace(path)


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], stamp: Stamp | None = None
) -> None:
    """Write a compressed ``.npz`` by rename, with what a stamp says as arrays of words."""
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    marks = {} if stamp is None else stamp.columns
    np.savez_compressed(beside, **marks, **arrays)  # type: ignore[arg-type]
    beside.replace(path)


def read_json(path: Path) -> dict[str, object]:
    """Read an object that :func:`write_json` wrote; InputError if the file is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise damaged(path, error) from None
    if not isinstance(found, dict):
        raise damaged(path, "no JSON object")
    return found


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read what :func:`write_arrays` wrote; InputError if the file is damaged."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return dict(stored)
    except (ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error):
        raise damaged(path, "no whole archive of arrays") from None


def damaged(path: Path, reason: object) -> InputError:
    """Say of a file that it is not what was written."""
    return InputError(
        f"{path} is damaged ({str(reason).splitlines()[0]}); copy the run again, or repeat it in "
        "another directory"
    )


def lock(path: Path, refusal: str) -> FileLock:
    """Lock out other processes until this one ends; InputError with the refusal if one is first."""
    taken = FileLock(path, timeout=0)
    try:
        taken.acquire()
    except Timeout:
        raise InputError(refusal) from None
    return taken
