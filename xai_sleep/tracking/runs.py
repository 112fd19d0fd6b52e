"""Opening and closing runs of Weights & Biases, whatever happens in between.

A run says nothing of the machine or the person: no host, user, path, code or state of a repository.
"""

import hashlib
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import wandb

from xai_sleep.errors import InputError
from xai_sleep.results.directory import write_json
from xai_sleep.results.leaky import marked, tags
from xai_sleep.schema import Config, LoggerConfig

TRACKED = "tracking.json"
"""File in a run's directory that says under which project and group it is tracked."""

PRIVATE: dict[str, Any] = {
    "host": "",
    "x_disable_machine_info": True,
    "x_disable_stats": True,
    "disable_git": True,
    "disable_code": True,
    "disable_job_creation": True,
}


def no_login() -> str | None:
    """Why Weights & Biases cannot be reached under a login that is stored; None if it can."""
    try:
        found = wandb.login(prompt=False, verify=False)
    except wandb.errors.Error as error:
        return str(error).rstrip(".")
    return None if found else "nobody is logged in to Weights & Biases here"


def require_login(settings: LoggerConfig) -> None:
    """Refuse online logging that could only end in a prompt.

    Raises
    ------
    InputError
        If ``logger.mode`` is online and no login is stored, or one that cannot be right.
    """
    trouble = no_login() if settings.mode == "online" else None
    if trouble:
        raise InputError(
            f"logger.mode=online, but {trouble}; run `wandb login` first, or use "
            "logger.mode=offline and `wandb sync` later"
        )


def experiment_name(config: Config) -> str:
    """Task, network and scheme, by which runs are compared; one with leaks is marked.

    Examples
    --------
    >>> from xai_sleep.schema import CvConfig, TaskConfig
    >>> config = Config(TaskConfig("rem"), {"_target_": "a.CNN1d"}, CvConfig("loso"))
    >>> experiment_name(config)
    'rem-CNN1d-loso'
    """
    model = config.model["_target_"].rpartition(".")[2]
    return marked(f"{config.task.name}-{model}-{config.cv.scheme}", config.leak.names)


def group_name(config: Config, source: str, directory: Path) -> str:
    """Name the group of a run directory: another directory of the same name is another group."""
    path = directory.resolve()
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:6]
    return f"{experiment_name(config)} ({source} data) {path.name[:60]} {digest}"


@contextmanager
def tracked_run(
    config: Config, source: str, directory: Path, name: str | None = None
) -> Iterator[wandb.Run]:
    """Open the W&B run of a fold, or of the summary, and close it whatever happens.

    Parameters
    ----------
    config : Config
        Settings; those that do not name a place on this machine are the run's configuration.
    source : str
        Of the data: a tag, so that simulated figures are not taken for real ones.
    directory : Path
        Of the run; files go to ``wandb/`` in it.
    name : str, optional
        Of the fold; without, the run is that of the summary.

    Raises
    ------
    InputError
        If the server cannot be reached.
    """
    settings, group = config.logger, config.logger.group or group_name(config, source, directory)
    if settings.mode != "disabled":
        own = {"project": settings.project, "entity": settings.entity, "group": group}
        write_json(directory / TRACKED, {**own, "data": source})
    with wandb_run(
        settings,
        directory,
        group=group,
        name=name or "summary",
        job_type="fold" if name else "summary",
        config=_shown(config, source),
        tags=[source, config.task.name, config.cv.scheme, *tags(config.leak.names)],
    ) as run:
        yield run


@contextmanager
def wandb_run(settings: LoggerConfig, directory: Path, **told: Any) -> Iterator[wandb.Run]:
    """Open a W&B run and close it whatever happens, or the next one would log into it.

    Parameters
    ----------
    settings : LoggerConfig
        Mode, project and entity.
    directory : Path
        The run's files go to ``wandb/`` in it, all of them.
    **told
        What ``wandb.init`` is told of the run: its name, group, configuration, tags.

    Raises
    ------
    InputError
        If the server cannot be reached.
    """
    with _kept_in(directory / "wandb"):
        try:
            run = wandb.init(
                project=settings.project,
                entity=settings.entity,
                dir=str(directory),
                mode=settings.mode,  # type: ignore[arg-type]
                reinit="finish_previous",
                settings=wandb.Settings(
                    silent=True,
                    console="off",
                    init_timeout=30,
                    # Versions of packages take longest to list, and are the same in every fold.
                    x_save_requirements=told.get("job_type") != "fold",
                    **PRIVATE,
                ),
                **told,
            )
        except wandb.errors.Error as error:
            raise InputError(
                f"Weights & Biases does not answer ({str(error).splitlines()[0]}); use "
                "logger.mode=offline and `wandb sync` later"
            ) from error
        failed = True
        try:
            yield run
            failed = False
        finally:
            run.finish(exit_code=int(failed))


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


def _shown(config: Config, source: str) -> dict[str, Any]:
    settings = asdict(config)
    settings["data"]["name"] = source
    for place in ("root", "sources"):
        settings["data"].pop(place, None)
    del settings["output_dir"], settings["logger"]
    return {"experiment": experiment_name(config), **settings}
