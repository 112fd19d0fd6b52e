"""Weights & Biases: one run per fold and one for the summary, in a group; offline by default."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import wandb

from xai_sleep.config import LoggerConfig
from xai_sleep.errors import InputError


def require_login(settings: LoggerConfig) -> None:
    """Refuse online logging that could only end in a prompt.

    Raises
    ------
    InputError
        If ``logger.mode`` is online and no login is stored, or one that cannot be right.
    """
    if settings.mode != "online":
        return
    try:
        found = wandb.login(prompt=False, verify=False)
        trouble = "nobody is logged in to Weights & Biases here"
    except wandb.errors.Error as error:
        found, trouble = False, str(error).rstrip(".")
    if not found:
        raise InputError(
            f"logger.mode=online, but {trouble}; run `wandb login` first, or use "
            "logger.mode=offline and `wandb sync` later"
        )


@contextmanager
def wandb_run(
    settings: LoggerConfig,
    directory: Path,
    *,
    group: str,
    name: str,
    config: Mapping[str, Any],
    tags: Sequence[str],
) -> Iterator[wandb.Run]:
    """Open a W&B run and close it whatever happens, or the next one would log into it.

    Parameters
    ----------
    settings : LoggerConfig
        Mode, project and entity.
    directory : Path
        The run's files go to ``wandb/`` in it.
    group, name : str
        Names of the experiment and of the fold.
    config : mapping
        Shown as the run's configuration.
    tags : sequence of str
        Among them the data source, so that simulated figures are not taken for real ones.

    Raises
    ------
    InputError
        If the server cannot be reached.
    """
    try:
        run = wandb.init(
            project=settings.project,
            entity=settings.entity,
            group=settings.group or group,
            name=name,
            config=dict(config),
            tags=list(tags),
            dir=str(directory),
            mode=settings.mode,  # type: ignore[arg-type]
            reinit="finish_previous",
            settings=wandb.Settings(
                silent=True, console="off", init_timeout=30, x_disable_stats=True
            ),
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
