"""Arrays in files that jobs share: each is made once and then mapped, never held.

A file is named after all that its content depends on, appears by rename, and ends in a checksum of
it. The folder is bounded: the files longest unused go, but for those of jobs at work, each of which
lists what it uses under a lock that ends with the process.
"""

import logging
import os
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from mmap import mmap
from pathlib import Path
from tokenize import TokenError
from typing import Any, Generic, TypeVar, cast
from uuid import uuid4

import numpy as np
from filelock import FileLock, Timeout
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from xai_sleep.recordings.recording import Recording, Signals

log = logging.getLogger(__name__)
T = TypeVar("T", bound=np.generic)

GIB = 2**30
FAILED = (OSError, NotImplementedError)  # the latter where a file system has no locks
SUM = 4  # bytes of the checksum


class Cache:
    """A folder of arrays, at most ``size`` GiB of them unless jobs at work need more."""

    def __init__(self, folder: Path, size: float) -> None:
        self.folder, self.size = folder, size
        self.used: dict[str, int] = {}  # bytes of each file that this job uses
        self._jobs, self._job = folder / "jobs", uuid4().hex
        self._alive: FileLock | None = None
        self._told = False  # that the folder is too small

    def kept(self, key: str, make: Callable[[], NDArray[T]]) -> NDArray[T]:
        """Map the array of a key, made if it is not there or damaged; in memory if that fails."""
        path = self.folder / f"{key}.npy"
        with suppress(*FAILED):  # what cannot be written may be there, and is told below
            self._claim(path.name)
        try:
            return self._mapped(path)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (ValueError, OSError) as error:
            log.warning("cache: %s cannot be used (%s) and is made again", path, error)
        array = make()
        try:
            self._write(path, array)
            return self._mapped(path)
        except (ValueError, *FAILED) as error:
            said = getattr(error, "strerror", None) or error
            remedy = "it stays in memory, and is computed anew in every run (cache.folder)"
            log.warning("cache: cannot write %s (%s); %s", path, said, remedy)
            return array

    def __str__(self) -> str:
        """Say where it is, how much of it this job uses, and how large it may be."""
        mine, total = sum(self.used.values()) / GIB, sum(_sizes(self.folder).values()) / GIB
        held = f"{len(self.used)} files of this run, {mine:.1f} GiB"
        return f"{self.folder}: {held}; {total:.1f} GiB in all, of {self.size:g} (cache.size)"

    def _claim(self, name: str) -> None:
        """List a file as used, before it is looked for."""
        if name in self.used:
            return
        self._jobs.mkdir(parents=True, exist_ok=True)
        if self._alive is None:
            self._alive = FileLock(self._jobs / f"{self._job}.lock")
            self._alive.acquire()
        with self._locked(), (self._jobs / f"{self._job}.txt").open("a") as listed:
            listed.write(f"{name}\n")
        self.used[name] = 0

    def _locked(self) -> FileLock:
        return FileLock(self.folder / "cache.lock")

    def _mapped(self, path: Path) -> NDArray[Any]:
        """Map a file; what this job maps for the first time is checked."""
        array = mapped(path)
        if not self.used.get(path.name):
            with path.open("rb") as file:
                file.seek(-SUM, os.SEEK_END)
                if file.read() != _checksum(array):
                    raise ValueError("its content is not what was written")
            os.utime(path)
            self.used[path.name] = path.stat().st_size
        return array

    def _write(self, path: Path, array: NDArray[Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._make_room(array.nbytes)
        beside = path.with_name(f".{self._job}.{path.name}")
        try:
            with beside.open("wb") as file:
                np.save(file, array)
                file.write(_checksum(array))
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def _make_room(self, needed: int) -> None:
        """Remove what dead jobs left half written, then the files longest unused."""
        sizes, in_use = _sizes(self.folder), set(self.used)
        for job in self._jobs.glob("*.lock"):
            names = job.with_suffix(".txt")
            if job.stem != self._job and _dead(job):
                for left in (*self.folder.glob(f".{job.stem}.*"), names, job):
                    left.unlink(missing_ok=True)
            elif names.exists():
                in_use |= set(names.read_text().split())
        excess = sum(sizes.values()) + needed - self.size * GIB
        for path in sorted(sizes, key=lambda path: path.stat().st_mtime):
            if excess > 0 and path.name not in in_use:
                path.unlink()
                excess -= sizes[path]
        if excess > 0 and not self._told:
            self._told = True
            held = "holds more than %g GiB (cache.size): all of it is in use by jobs at work"
            log.warning(f"cache: %s {held}", self.folder, self.size)


def mapped(path: Path) -> NDArray[Any]:
    """Map the array that a file holds, or ValueError."""
    try:
        return open_memmap(path, mode="r")
    except (SyntaxError, TokenError) as error:  # NumPy reads the header as Python
        raise ValueError("its header is damaged") from error


def _checksum(array: NDArray[Any]) -> bytes:
    """Sum up the bytes in the order in which they are written, and what says how to read them."""
    plain = array.T if array.flags.f_contiguous else np.ascontiguousarray(array)
    start = zlib.crc32(f"{array.dtype} {array.shape} {array.flags.f_contiguous}".encode())
    return zlib.crc32(plain.reshape(-1).view(np.uint8).data, start).to_bytes(SUM, "little")


def _sizes(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in folder.glob("[!.]*.npy")}


def _dead(job: Path) -> bool:
    """Whether the process that held a lock has ended."""
    try:
        FileLock(job, timeout=0).acquire().lock.release()
    except Timeout:
        return False
    return True


class Handle(Generic[T]):
    """An array; one mapped from a file is mapped anew whenever it is asked for.

    So files do not stay open, nor in memory what was looked at.
    """

    def __init__(self, array: NDArray[T]) -> None:
        self._held: NDArray[T] | dict[str, Any] = array
        base: object = array.base
        if isinstance(array, np.memmap) and isinstance(base, mmap):  # all of a file
            order = "F" if array.flags.f_contiguous else "C"
            self._held = {"shape": array.shape, "dtype": array.dtype, "order": order}
            self._held |= {"filename": array.filename, "offset": array.offset, "mode": "r"}

    @property
    def array(self) -> NDArray[T]:
        """The array."""
        if isinstance(self._held, dict):
            return cast("NDArray[T]", np.memmap(**self._held))
        return self._held


class Lent(Generic[T]):
    """A field of a dataclass that keeps a :class:`Handle` of an array, and lends the array."""

    def __init__(self, default: NDArray[T]) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = f"_{name}"

    def __get__(self, one: object | None, owner: type) -> NDArray[T]:
        """Lend the array."""
        if one is None:  # a dataclass asks for the default, which may not be an array
            return cast("NDArray[T]", None)
        handle: Handle[T] = one.__dict__[self.key]
        return handle.array

    def __set__(self, one: object, array: NDArray[T] | None) -> None:
        one.__dict__[self.key] = Handle(self.default if array is None else array)


class Mapped(Recording):
    """A recording whose signals are mapped whenever they are asked for.

    ``replace`` makes another of the same kind.
    """

    signals: Lent[np.float32] = Lent(np.empty((0, 0), dtype=np.float32))


class SignalsOf(Sequence[Signals]):
    """Signals of recordings, each looked up when it is asked for."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = recordings

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, index: Any) -> Any:
        """Signals of one recording."""
        return self.recordings[index].signals
