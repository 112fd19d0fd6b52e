"""A sweep: many jobs in one directory, each of which may fail alone.

A job that fails leaves ``error.txt``: its error in one line and, of a defect, the traceback below.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from filelock import FileLock
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, open_dict, read_write

from xai_sleep.errors import InputError, account, leave, say
from xai_sleep.results.files import lock, write_text

if TYPE_CHECKING:  # or a mistyped setting would wait for torch
    from xai_sleep.results.run import RunRecord

log = logging.getLogger(__name__)

ERROR, LOCK = "error.txt", "sweep.lock"
NAMING = ("task", "model", "cv")  # every job's directory is named after these


class Sweep(Callback):
    """Hydra's callback at the start of a sweep: claims its directory, gives each job its own."""

    held: ClassVar[FileLock | None] = None  # by the class: instances are sent to other processes

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:  # noqa: ARG002
        """Refuse by SystemExit (Hydra only warns of others), or drop an earlier sweep's notes."""
        try:
            _require_maximum(config.hydra.sweeper.get("direction"))
            directory = Path(config.hydra.sweep.dir)
            directory.mkdir(parents=True, exist_ok=True)
            words = "wait for it or choose another directory (hydra.sweep.dir)"
            taken = f"another sweep is at work in {directory}; {words}"
            Sweep.held = lock(directory / LOCK, taken)
        except (InputError, OSError) as error:
            leave(account(error))
        for note in directory.rglob(ERROR):
            note.unlink()
        fixed = ",".join(f"'{key}'" for key in sorted(_fixed(config)))
        excluded = f"hydra.job.config.override_dirname.exclude_keys=[{fixed}]"
        with read_write(config.hydra), open_dict(config.hydra):
            # Hydra hands these overrides to every job, wherever it runs.
            config.hydra.overrides.hydra.append(excluded)


@contextmanager
def accounted() -> Iterator[None]:
    """Name every job that failed when a sweep is over, and exit: 2 for mistakes, 1 for defects."""
    try:
        yield
        _leave_if_any_failed()
    except ValueError:
        # Optuna's own, when no trial came to a score: the trials say why.
        _leave_if_any_failed()
        raise
    finally:
        if Sweep.held:
            Sweep.held.release()
        Sweep.held = None


def alone(work: Callable[[DictConfig], float | None], composed: DictConfig) -> float | None:
    """Do the work of a job; None if it fails: that is noted, and the other jobs go on."""
    note = Path(HydraConfig.get().runtime.output_dir) / ERROR
    note.unlink(missing_ok=True)
    try:
        score = work(composed)
        if score is None and HydraConfig.get().sweeper.get("direction"):
            lacking = "in no fold do validation windows hold both classes"
            remedy = "so there is no score to tune by; use more or longer recordings"
            raise InputError(f"{lacking}, {remedy}")
        return score
    except (InputError, OSError) as error:
        said, trace = account(error), ""
    except Exception as error:  # noqa: BLE001 one job's defect is not another's
        first = next(iter(str(error).splitlines()), "")
        said = f"{type(error).__name__}: {first} (a defect; {note} holds the traceback)"
        trace = traceback.format_exc()
    write_text(note, f"{said}\n{trace}")
    log.error("this job failed: %s", said)
    return None


def validation_score(record: "RunRecord") -> float | None:
    """Mean average precision on validation windows over the folds that define it; no test score."""
    scores = [fold.val_average_precision for fold in record.folds]
    defined = [score for score in scores if score is not None]
    return sum(defined) / len(defined) if defined else None


def _require_maximum(direction: Any) -> None:
    """Refuse a tuner that would look for the worst score, as Optuna does by default."""
    wanted = getattr(direction, "name", direction)
    if wanted not in (None, "maximize"):
        score = "a job's score is its average precision on validation windows"
        remedy = "use hydra.sweeper.direction=maximize, as +experiment=tuning does"
        raise InputError(f"hydra.sweeper.direction is {wanted}, but {score}; {remedy}")


def _fixed(config: DictConfig) -> set[str]:
    """Name settings that need not appear in a job's directory name."""
    overrides = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
    swept = {override.key_or_group for override in overrides if override.is_sweep_override()}
    swept |= {str(key).lstrip("+") for key in config.hydra.sweeper.get("params") or ()}
    return {override.key_or_group for override in overrides} - swept | set(NAMING)


def _leave_if_any_failed() -> None:
    directory = Path(Sweep.held.lock_file).parent if Sweep.held else None
    notes = sorted(directory.rglob(ERROR)) if directory else []
    if not directory or not notes:
        return
    from xai_sleep.results.run import FILE  # late, as it needs pandas

    said = [note.read_text(encoding="utf-8").splitlines() for note in notes]
    lines = [f"{n.parent.relative_to(directory)}: {s[0]}" for n, s in zip(notes, said, strict=True)]
    finished = {path.parent for path in directory.rglob(FILE)}
    others = finished - {note.parent for note in notes}
    every = f"all {len(notes)} jobs failed" if len(notes) > 1 else "the only job failed"
    counted = f"{len(notes)} of the jobs failed, the others are finished" if others else every
    say(f"{counted}; to run what is left repeat the command with hydra.sweep.dir={directory}")
    for line in lines[:-1]:
        say(line)
    leave(lines[-1], 1 if any(len(each) > 1 for each in said) else 2)
