"""The directory of a run: claimed by one process, bound to one set of settings, resumable.

A fold is finished when its ``metrics.json`` exists. It is written last and by rename, so a run
killed at any moment leaves only whole folds, and the next run in the same directory goes on from
there.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError


class RunDirectory:
    """Where a run reads and writes; see the module for its promises.

    Parameters
    ----------
    path : Path
        Created if missing.

    Raises
    ------
    InputError
        If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            (path / "folds").mkdir(parents=True, exist_ok=True)
            (path / "figures").mkdir(exist_ok=True)
            (path / "run.lock").touch()
        except OSError as error:
            raise InputError(
                f"cannot write to the output directory {path} ({error.strerror}); choose another "
                "with hydra.run.dir=… or output_dir=…"
            ) from error

    @contextmanager
    def claimed(self, settings: dict[str, Any]) -> Iterator[None]:
        """Hold the directory for one process and one set of settings.

        Parameters
        ----------
        settings : dict
            What the results depend on, as JSON values.

        Raises
        ------
        InputError
            If another process is at work here, or a run with other settings was.
        """
        with (self.path / "run.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(
                    f"another run is at work in {self.path}; wait for it or choose another "
                    "directory (hydra.run.dir, in a sweep hydra.sweep.subdir)"
                ) from error
            self._bind(settings)
            yield

    def _bind(self, settings: dict[str, Any]) -> None:
        file = self.path / "settings.json"
        settings = json.loads(json.dumps(settings))
        if not file.exists():
            write_json(file, settings)
            return
        before = json.loads(file.read_text())
        changed = sorted(
            key
            for key in _flat(before).keys() | _flat(settings).keys()
            if _flat(before).get(key) != _flat(settings).get(key)
        )
        if changed:
            raise InputError(
                f"{self.path} holds a run with other settings ({', '.join(changed)}); to resume "
                "it repeat them as they were, or choose another directory (hydra.run.dir, in a "
                "sweep hydra.sweep.subdir)"
            )

    def fold(self, name: str) -> Path:
        """Directory of a fold."""
        path = self.path / "folds" / name
        path.mkdir(exist_ok=True)
        return path

    def fresh_fold(self, name: str) -> Path:
        """Empty directory of a fold to be trained: what an interrupted attempt left goes."""
        shutil.rmtree(self.path / "folds" / name, ignore_errors=True)
        return self.fold(name)

    def finished(self, name: str) -> bool:
        """Whether a fold was finished, by this run or an earlier one."""
        return (self.path / "folds" / name / "metrics.json").exists()

    def write_fold(
        self, name: str, arrays: dict[str, NDArray[Any]], metrics: dict[str, Any]
    ) -> None:
        """Store a fold's arrays, then its metrics: from then on it is finished."""
        write_arrays(self.fold(name) / "test.npz", arrays)
        write_json(self.fold(name) / "metrics.json", metrics)

    def read_fold(self, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and metrics of a finished fold."""
        with np.load(self.fold(name) / "test.npz") as stored:
            arrays = dict(stored)
        return arrays, json.loads((self.fold(name) / "metrics.json").read_text())


def write_json(path: Path, content: Any) -> None:
    """Write JSON by rename, so that a reader never meets half a file; NaN is refused."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def write_text(path: Path, content: str) -> None:
    """Write a text file by rename."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(content, encoding="utf-8")
    beside.replace(path)


def write_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write a compressed ``.npz`` by rename."""
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    np.savez_compressed(beside, **arrays)  # type: ignore[arg-type]
    beside.replace(path)


def _flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(tree, dict):
        return {prefix.rstrip("."): tree}
    return {k: v for key, sub in tree.items() for k, v in _flat(sub, f"{prefix}{key}.").items()}
