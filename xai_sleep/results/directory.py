"""The directory of a run: claimed by one process, bound to one truth, resumable.

A fold is finished when its record exists, which is written last and by rename: a run killed at any
moment leaves only whole folds, and the next goes on with the same settings and recordings only.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.cache import mapped
from xai_sleep.results import files
from xai_sleep.results.outcome import MAPS, FoldOutcome
from xai_sleep.results.run import FoldRecord

ARRAYS = "test.npz"
ELSEWHERE = "choose another directory (hydra.run.dir, in a sweep hydra.sweep.subdir)"

Tree = dict[str, object]


class RunDirectory:
    """Where a run reads and writes; its path is made, or InputError says that it cannot be."""

    def __init__(self, path: Path, stamp: files.Stamp | None = None) -> None:
        self.path, self.stamp = path, stamp or files.Stamp()
        try:
            (path / "folds").mkdir(parents=True, exist_ok=True)
            (path / "figures").mkdir(exist_ok=True)
            (path / "run.lock").touch()
        except OSError as error:
            said = f"cannot write to the output directory {path} ({error.strerror})"
            advice = "choose another with hydra.run.dir=… or output_dir=…"
            raise InputError(f"{said}; {advice}") from error

    @contextmanager
    def claimed(self, settings: Mapping[str, object]) -> Iterator[None]:
        """Hold the directory for one process and one set of settings, JSON values; or refuse."""
        refusal = f"another run is at work in {self.path}; wait for it or {ELSEWHERE}"
        held = files.lock(self.path / "run.lock", refusal)
        try:
            before, now = (_flat(each) for each in self._first("settings.json", settings))
            changed = sorted(k for k in before.keys() | now.keys() if before.get(k) != now.get(k))
            if changed:
                said = f"{self.path} holds a run with other settings ({', '.join(changed)})"
                raise InputError(f"{said}; to resume it repeat them as they were, or {ELSEWHERE}")
            yield
        finally:
            held.release()

    def require_same(self, prints: Mapping[str, Mapping[str, str]]) -> None:
        """Refuse to go on with recordings that changed since the run was begun; name what did.

        ``prints`` are their fingerprints, by record.
        """
        said = self._first("recordings.json", {"records": prints, **self.stamp.columns})
        changed = list(_changes(*(_tree(each.get("records")) for each in said)))
        if changed:
            told = f"the recordings are not those that the run in {self.path} was begun with"
            advice = f"to resume it restore them as they were, or {ELSEWHERE}"
            raise InputError(f"{told} ({'; '.join(changed)}); {advice}")

    def _first(self, name: str, content: Mapping[str, object]) -> tuple[Tree, Tree]:
        """Keep what a run was begun with; that and what is said now, both as JSON has it."""
        file = self.path / name
        if not file.exists():
            files.write_json(file, content)
        return files.read_json(file), json.loads(json.dumps(content))

    def fold(self, name: str) -> Path:
        """Directory of a fold."""
        (path := self.path / "folds" / name).mkdir(exist_ok=True)
        return path

    def fresh_fold(self, name: str) -> Path:
        """Empty directory of a fold to be trained: what an interrupted attempt left goes."""
        shutil.rmtree(self.path / "folds" / name, ignore_errors=True)
        return self.fold(name)

    def finished(self, name: str) -> bool:
        """Whether a fold was finished, by this run or an earlier one."""
        return (self.path / "folds" / name / FoldRecord.file).exists()

    def write_fold(self, outcome: FoldOutcome) -> None:
        """Store a network's fold, its record last: from then on it is finished."""
        assert outcome.record is not None, "only a network's folds are stored"
        files.write_arrays(self.fold(outcome.name) / ARRAYS, outcome.arrays(), self.stamp)
        outcome.record.save(self.fold(outcome.name))

    def read_fold(self, name: str) -> FoldOutcome:
        """Take up a finished fold; InputError naming the file, if one is damaged."""
        record, file = FoldRecord.load(self.fold(name)), self.fold(name) / ARRAYS
        arrays, maps = files.read_arrays(file), self.fold(name) / MAPS
        try:
            if "maps" not in arrays:
                arrays["maps"] = mapped(maps)
            return FoldOutcome.stored(name, arrays, record)
        except (OSError, ValueError) as error:
            raise files.damaged(maps, error) from None
        except KeyError as error:
            raise files.damaged(file, f"it lacks {error}") from None


def _tree(kept: object) -> Tree:
    return kept if isinstance(kept, dict) else {}


def _changes(before: Tree, now: Tree) -> Iterator[str]:
    for record in sorted(before.keys() | now.keys()):
        old, new = _tree(before.get(record)), _tree(now.get(record))
        parts = [part for part in new if new[part] != old.get(part)]
        if old and parts:
            yield f"{record}: other {', '.join(parts)}"
        elif not (old and new):
            yield f"{record} is {'new' if new else 'gone'}"


def _flat(tree: object, prefix: str = "") -> Tree:
    if not isinstance(tree, dict):
        return {prefix.rstrip("."): tree}
    return {k: v for key, sub in tree.items() for k, v in _flat(sub, f"{prefix}{key}.").items()}
