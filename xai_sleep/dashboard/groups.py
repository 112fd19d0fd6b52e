"""Which runs a dashboard shows: groups of Weights & Biases, by name or by their run directories."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.tracking.runs import TRACKED, sync_command


@dataclass(frozen=True)
class Groups:
    """Groups of runs in one project."""

    project: str  # their project
    entity: str | None  # user or team that owns it; None is whoever is logged in
    names: tuple[str, ...]  # each the folds and the summary of one experiment, or of several


def find_groups(asked: Sequence[str], project: str, entity: str | None = None) -> Groups:
    """Find groups by name, in the project given, or by directories of runs or sweeps.

    Raises InputError if a directory holds no tracked run or some that are not uploaded, or if the
    groups belong to different projects.
    """
    found: list[Groups] = []
    for each in asked:
        path = Path(each)
        found += _tracked_in(path) if path.is_dir() else [Groups(project, entity, (each,))]
    places = {(groups.entity or entity, groups.project) for groups in found}
    if len(places) > 1:
        listed = ", ".join(sorted("/".join(filter(None, place)) for place in places))
        raise InputError(f"the runs belong to several projects ({listed}); name those of one")
    ((owner, shared),) = places
    names = dict.fromkeys(name for groups in found for name in groups.names)
    return Groups(shared, owner, tuple(names))


def _tracked_in(directory: Path) -> list[Groups]:
    files = sorted(directory.rglob(TRACKED))
    if not files:
        raise InputError(
            f"{directory} holds no run that was tracked (no {TRACKED} in it or below); name a "
            "directory of a run or a sweep made with logger=wandb, or a group"
        )
    _require_uploaded([file.parent for file in files])
    each = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return [Groups(told["project"], told["entity"], (told["group"],)) for told in each]


def _require_uploaded(directories: Sequence[Path]) -> None:
    runs = [run for each in directories for run in (each / "wandb").glob("offline-run-*")]
    waiting = [run for run in runs if not any(run.glob("*.wandb.synced"))]
    if waiting:
        command = sync_command(*dict.fromkeys(run.parents[1] for run in waiting))
        raise InputError(
            f"{len(waiting)} of {len(runs)} offline runs are not uploaded yet; first run: {command}"
        )
