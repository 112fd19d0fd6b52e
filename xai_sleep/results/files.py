"""Files of a run: written whole or not at all, stamped, read or named where damaged, locked."""

import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any, NamedTuple, Self, get_args, get_type_hints

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.windows.practice import Leak as Leak

LEAKY, SIMULATED, SYNTHETIC = "LEAKY", "SIMULATED", "synthetic"
SOME = "some of these runs make mistakes on purpose: they stand in a table of their own."


@dataclass(frozen=True)
class Stamp:
    """What output must say of itself."""

    source: str = ""  # of the recordings
    leaks: tuple[Leak, ...] = ()  # mistakes made on purpose; none in a clean run

    @property
    def columns(self) -> dict[str, str]:
        """Columns of a table, and arrays of a file, that say so; none if all is well."""
        data = {"data": SIMULATED} if self.source == SYNTHETIC else {}
        return data | ({"leaks": " ".join(self.tags)} if self.leaks else {})

    @property
    def tags(self) -> list[str]:
        """The mark and the names of the leaks; none for a clean run."""
        return [LEAKY, *(leak.name for leak in self.leaks)] if self.leaks else []

    @property
    def across(self) -> str:
        """Words written across figures; empty if all is well."""
        simulated = ["simulated data"] * (self.source == SYNTHETIC)
        return ", ".join([LEAKY] * bool(self.leaks) + simulated)

    @property
    def account(self) -> str:
        """Say in a sentence what is wrong with the scores; empty for a clean run."""
        wrong = "; ".join(f"{leak.name} ({leak.about})" for leak in self.leaks)
        said = f"scores that mean nothing but the size of mistakes made on purpose: {wrong}."
        return said if wrong else ""

    def marked(self, title: str) -> str:
        """Put the mark before a title; a clean one stays as it is."""
        return f"{LEAKY} {title}" if self.leaks else title


def leaky_prefix(leaks: Sized) -> str:
    """First part of the name of a run's directory, whatever stands under ``leak``."""
    return f"{LEAKY}-" if leaks else ""


def write_json(path: Path, content: object) -> None:
    """Write JSON by rename, so that a reader never meets half a file; NaN is refused."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def write_text(path: Path, content: str) -> None:
    """Write a text file by rename."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(content, encoding="utf-8")
    beside.replace(path)


class Streamed(NamedTuple):
    """An array to be written that is made block by block, along its first axis."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    blocks: Iterable[NDArray[Any]]


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any] | Streamed], stamp: Stamp | None = None
) -> None:
    """Write a compressed ``.npz`` by rename, with what a stamp says as arrays of words."""
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    marks = {} if stamp is None else stamp.columns
    whole = {name: each for name, each in arrays.items() if not isinstance(each, Streamed)}
    np.savez_compressed(beside, **marks, **whole)  # type: ignore[arg-type]
    with zipfile.ZipFile(beside, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, each in arrays.items():
            if isinstance(each, Streamed):
                member = zipfile.ZipInfo(f"{name}.npy")  # of no time, as NumPy's
                member.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(member, "w", force_zip64=True) as file:
                    _stream(file, each)
    beside.replace(path)


def _stream(file: IO[bytes], array: Streamed) -> None:
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
    write_array_header_1_0(file, header)
    for block in array.blocks:
        file.write(block.tobytes())


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
    advice = "copy the run again, or repeat it in another directory"
    return InputError(f"{path} is damaged ({str(reason).splitlines()[0]}); {advice}")


def lock(path: Path, refusal: str) -> FileLock:
    """Lock out other processes until this one ends; InputError with the refusal if one is first."""
    taken = FileLock(path, timeout=0)
    try:
        taken.acquire()
    except Timeout:
        raise InputError(refusal) from None
    return taken


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
        why = "it was written by another version or is damaged; repeat the run"
        raise InputError(f"{path} lacks the column {lacking[0]}: {why}")
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
