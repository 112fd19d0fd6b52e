"""Opening and closing runs of Weights & Biases, whatever happens in between.

A run says nothing of the machine or the person: no host, user, path, code or state of a repository.
"""

import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import wandb

from xai_sleep.errors import InputError
from xai_sleep.results.files import Stamp, write_json
from xai_sleep.schema import Config, LoggerConfig

TRACKED = "tracking.json"  # says in a run's directory under which project and group it is tracked
PLACES = ("root", "cache", "output_dir", "logger")  # settings that name a place on this machine
LATER = "logger.mode=offline and `wandb sync` later"
LONGEST, FORBIDDEN = 128, frozenset("/\\#?%:")  # characters of the name of a project

PRIVATE: dict[str, Any] = {"host": "", "console": "off", "init_timeout": 30}
PRIVATE |= dict.fromkeys(("x_disable_machine_info", "x_disable_stats", "disable_git"), True)
PRIVATE |= dict.fromkeys(("disable_code", "disable_job_creation", "silent"), True)


def no_login() -> str | None:
    """Why Weights & Biases cannot be reached under a login that is stored; None if it can."""
    try:
        found = wandb.login(prompt=False, verify=False)
    except wandb.errors.Error as error:
        return str(error).rstrip(".")
    return None if found else "nobody is logged in to Weights & Biases here"


def require_loggable(settings: LoggerConfig) -> None:
    """Refuse names that no project can have, and online logging without a stored login."""
    if settings.mode == "disabled":
        return
    for setting, name in (("project", settings.project), ("entity", settings.entity)):
        if name is not None and not (0 < len(name) <= LONGEST and FORBIDDEN.isdisjoint(name)):
            said = f"it must have 1 to {LONGEST} characters, none of {' '.join(sorted(FORBIDDEN))}"
            owner = "logger.project names a project and logger.entity the user or team that owns it"
            raise InputError(f"logger.{setting} is {name!r}; {said}: {owner}")
    if trouble := no_login() if settings.mode == "online" else None:
        advice = f"run `wandb login` first, or use {LATER}"
        raise InputError(f"logger.mode=online, but {trouble}; {advice}")


def experiment_name(config: Config, stamp: Stamp) -> str:
    """Task, network and scheme, by which runs are compared, as ``rem-CNN1d-loso``."""
    model = config.model["_target_"].rpartition(".")[2]
    return stamp.marked(f"{config.task.name}-{model}-{config.cv.scheme}")


def group_name(config: Config, stamp: Stamp, directory: Path) -> str:
    """Name the group of a run directory: another directory of the same name is another group."""
    path = directory.resolve()
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:6]
    return f"{experiment_name(config, stamp)} ({stamp.source} data) {path.name[:60]} {digest}"


@contextmanager
def tracked_run(
    config: Config, stamp: Stamp, directory: Path, name: str | None = None
) -> Iterator[wandb.Run]:
    """Open the run of a fold or of the summary, and close it; InputError if none begins."""
    settings, group = config.logger, config.logger.group or group_name(config, stamp, directory)
    own = {"project": settings.project, "entity": settings.entity, "group": group}
    shown: Any = _placeless(asdict(config))
    shown["data"]["name"] = stamp.source
    write_json(directory / TRACKED, {**own, "data": stamp.source})
    with _kept_in(directory / "wandb"):
        try:
            run = wandb.init(
                **own,  # type: ignore[arg-type]
                name=name or "summary",
                job_type="fold" if name else "summary",
                config={"experiment": experiment_name(config, stamp), **shown},
                # so that figures are not taken for what they are not
                tags=[stamp.source, config.task.name, config.cv.scheme, *stamp.tags],
                dir=str(directory),
                mode=settings.mode,  # type: ignore[arg-type]
                reinit="finish_previous",
                # Versions of packages take longest to list, and are the same in every fold.
                settings=wandb.Settings(**PRIVATE, x_save_requirements=not name),
            )
        except wandb.errors.Error as why:
            said = str(why).splitlines()[0].rstrip(".")
            advice = LATER if settings.mode == "online" else "logger=none"
            raise InputError(f"Weights & Biases cannot begin a run ({said}); use {advice}") from why
        try:
            yield run
        except BaseException:
            run.finish(exit_code=1)
            raise
        run.finish(exit_code=0)


def sync_command(*directories: Path) -> str | None:
    """Command that uploads the offline runs of run directories; None if there are none."""
    files = [directory / "wandb" for directory in directories]
    found = [shlex.quote(str(each)) for each in files if any(each.glob("offline-run-*"))]
    return " ".join(["wandb sync", *(f"{each}/offline-run-*" for each in found)]) if found else None


@contextmanager
def _kept_in(directory: Path) -> Iterator[None]:
    """Let tables wait for their upload beside the run, not in the user's home."""
    before = os.environ.get("WANDB_DATA_DIR")
    os.environ["WANDB_DATA_DIR"] = before or str(directory.resolve())
    try:
        yield
    finally:
        if before is None:
            del os.environ["WANDB_DATA_DIR"]


def _placeless(setting: object) -> object:
    """Leave out of settings what names a place on this machine."""
    if isinstance(setting, dict):
        return {key: _placeless(value) for key, value in setting.items() if key not in PLACES}
    if isinstance(setting, list):
        return [_placeless(value) for value in setting]
    place = isinstance(setting, str) and (setting.startswith("~") or Path(setting).is_absolute())
    return None if place else setting


@dataclass(frozen=True)
class Groups:
    """Groups of runs in one project."""

    project: str
    entity: str | None  # user or team that owns it; None is whoever is logged in
    names: tuple[str, ...]  # each the folds and the summary of one experiment, or of several


def find_groups(asked: Sequence[str], project: str, entity: str | None = None) -> Groups:
    """Find groups by name or directory; InputError if runs lack, wait or are of two projects."""
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
        said = f"{directory} holds no run that was tracked (no {TRACKED} in it or below)"
        advice = "name a directory of a run or a sweep made with logger=wandb, or a group"
        raise InputError(f"{said}; {advice}")
    _require_uploaded([file.parent for file in files])
    each = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return [Groups(told["project"], told["entity"], (told["group"],)) for told in each]


def _require_uploaded(directories: Sequence[Path]) -> None:
    runs = [run for each in directories for run in (each / "wandb").glob("offline-run-*")]
    waiting = [run for run in runs if not any(run.glob("*.wandb.synced"))]
    if waiting:
        command = sync_command(*dict.fromkeys(run.parents[1] for run in waiting))
        said = f"{len(waiting)} of {len(runs)} offline runs are not uploaded yet"
        raise InputError(f"{said}; first run: {command}")
