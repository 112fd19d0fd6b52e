"""The settings of an experiment: a typed schema, and the checks that need more than one value.

YAML under ``conf/`` holds the values, the dataclasses here their names and types. Every bad
setting ends in this file, by name, as an :class:`~xai_sleep.errors.InputError`.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, get_type_hints

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from xai_sleep.data.filtering import reach
from xai_sleep.errors import InputError


@dataclass
class TaskConfig:
    """What is looked for, in which channels, and how windows are cut."""

    name: str = MISSING
    event: str = MISSING
    channels: list[list[str]] = MISSING
    sfreq: float = MISSING
    band: list[float] = MISSING
    # Each of [low, high]; not list[list[float]], for which OmegaConf refuses whole numbers.
    input_bands: list[Any] | None = None
    window: float = MISSING
    step: float = MISSING
    min_overlap: float = 0.0
    scale: str = "record"


@dataclass
class CvConfig:
    """How subjects and time are divided into folds."""

    scheme: str = MISSING
    val_blocks: int = 5
    folds: int = 10
    guard: float = 5.0


@dataclass
class DataConfig:
    """Where recordings come from."""

    name: str = MISSING
    root: str = MISSING
    records: list[str] | None = None
    expert: str = "union"
    subjects: int = 8
    minutes: float = 10.0


@dataclass
class BalanceConfig:
    """How the classes of the training windows are evened out."""

    sampler: dict[str, Any] | None = None
    noise: float = 0.0


@dataclass
class ExplainConfig:
    """How test windows are explained."""

    method: str = MISSING
    figures: int = 3


@dataclass
class TrainerConfig:
    """How a network is trained."""

    max_epochs: int = MISSING
    patience: int = MISSING
    batch_size: int = MISSING
    learning_rate: float = MISSING
    weight_decay: float = 0.0
    accelerator: str = "cpu"


@dataclass
class LoggerConfig:
    """Where a run is shown; ``mode`` is offline, online or disabled."""

    mode: str = "offline"
    project: str = "xai_sleep"
    entity: str | None = None
    group: str | None = None


@dataclass
class Config:
    """One experiment."""

    task: TaskConfig = field(default_factory=TaskConfig)
    model: dict[str, Any] = MISSING
    cv: CvConfig = field(default_factory=CvConfig)
    data: DataConfig = field(default_factory=DataConfig)
    balance: BalanceConfig = field(default_factory=BalanceConfig)
    explain: ExplainConfig = field(default_factory=ExplainConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    logger: LoggerConfig = field(default_factory=LoggerConfig)
    seed: int = 0
    threads: int = 1
    output_dir: str = MISSING


def config_dir() -> Path:
    """Directory of the YAML files: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    shipped = package / "conf"
    return shipped if shipped.is_dir() else package.parent / "conf"


def validate(composed: DictConfig) -> Config:
    """Check a composed configuration against the schema and itself.

    Parameters
    ----------
    composed : DictConfig
        As composed by Hydra.

    Returns
    -------
    Config
        Typed settings, with nothing missing or left to resolve.

    Raises
    ------
    InputError
        Naming the setting, what was found and what it may be.
    """
    try:
        typed = OmegaConf.merge(OmegaConf.structured(Config), composed)
        config = OmegaConf.to_object(typed)
    except OmegaConfBaseException as error:
        raise InputError(_explain(error)) from error
    assert isinstance(config, Config)
    _check_choices(config)
    _check_ranges(config)
    _check_combinations(config)
    return config


def composition_error(error: Exception, overrides: Sequence[str]) -> str:
    """Say in one line what Hydra could not compose, and list what is available instead.

    Parameters
    ----------
    error : Exception
        As raised by Hydra or OmegaConf before a job started.
    overrides : sequence of str
        The command line, ``group=choice`` and ``key=value``.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    unknown = re.search(r"Key '([^']+)' is not in struct|Could not override '([^']+)'", str(error))
    if unknown:
        named = re.search(r"full_key: (\S+)|Could not override '([^']+)'", str(error))
        key = next(filter(None, named.groups())) if named else unknown[1]
        return _unknown_setting(key)
    if "Available options in" in str(error):
        at = next(i for i, line in enumerate(lines) if line.startswith("Available options in"))
        group = lines[at].split("'")[1]
        asked = next((o for o in overrides if o.startswith(f"{group}=")), group)
        names = takewhile(lambda line: not line.endswith(":"), lines[at + 1 :])
        return f"{asked}: no such choice; available for {group}: {', '.join(names)}"
    return "; ".join(lines[:2])


def _unknown_setting(key: str) -> str:
    group = key.rpartition(".")[0]
    names = _schema_names(group)
    if not names:
        return f"there is no setting {key}; --help lists the groups, --cfg job all settings"
    if key.rpartition(".")[2] in names:
        return f"{key} does not apply to the {group} chosen; leave it out or choose another {group}"
    close = difflib.get_close_matches(key.rpartition(".")[2], names, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"there is no setting {key}{hint}; {group or 'the top level'} has {', '.join(names)}"


CHOICES = {
    "task.event": ("spindle", "rem"),
    "task.scale": ("record", "train"),
    "cv.scheme": ("loso", "kfold"),
    "data.name": ("auto", "dreams", "synthetic"),
    "data.expert": ("union", "intersection", "expert1", "expert2"),
    "explain.method": ("gradcam", "none"),
    "trainer.accelerator": ("cpu", "gpu", "auto"),
    "logger.mode": ("offline", "online", "disabled"),
}

# Smallest allowed value; the second entry says whether the value itself is allowed.
RANGES: dict[str, tuple[float, bool]] = {
    "task.sfreq": (0, False),
    "task.window": (0, False),
    "task.step": (0, False),
    "task.min_overlap": (0, True),
    "cv.val_blocks": (2, True),
    "cv.folds": (3, True),
    "cv.guard": (0, True),
    "data.subjects": (1, True),
    "data.minutes": (0, False),
    "balance.noise": (0, True),
    "explain.figures": (0, True),
    "trainer.max_epochs": (1, True),
    "trainer.patience": (1, True),
    "trainer.batch_size": (2, True),
    "trainer.learning_rate": (0, False),
    "trainer.weight_decay": (0, True),
    "seed": (0, True),
    "threads": (1, True),
}


def _value(config: Config, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _check_choices(config: Config) -> None:
    for key, choices in CHOICES.items():
        if _value(config, key) not in choices:
            raise InputError(
                f"{key} is {_value(config, key)!r}; it must be one of {', '.join(choices)}"
            )


def _check_ranges(config: Config) -> None:
    for key, (low, inclusive) in RANGES.items():
        value = _value(config, key)
        if not (value > low or (inclusive and value == low)):
            bound = "at least" if inclusive else "greater than"
            raise InputError(f"{key} is {value:g}; it must be {bound} {low:g}")


def _check_combinations(config: Config) -> None:
    task = config.task
    if "_target_" not in config.model:
        raise InputError("model has no _target_; name the network's class there")
    if not task.channels or not all(task.channels):
        raise InputError(
            "task.channels is empty; list the accepted names of each channel, as in [[C3-A1,CZ-A1]]"
        )
    _check_bands(config)
    if task.min_overlap >= task.window:
        raise InputError(
            f"task.min_overlap ({task.min_overlap:g} s) must be shorter than task.window "
            f"({task.window:g} s)"
        )


def _check_bands(config: Config) -> None:
    task, cv = config.task, config.cv
    for key, band in [("band", task.band), *(("input_bands", b) for b in task.input_bands or [])]:
        if not _is_band(band, task.sfreq / 2):
            raise InputError(
                f"task.{key} holds {band}; a band is two rising frequencies between 0 and half "
                f"of task.sfreq ({task.sfreq / 2:g} Hz)"
            )
        low = band[0]
        if reach(low) > cv.guard:
            raise InputError(
                f"task.{key}: a filter from {low:g} Hz reaches {reach(low):.1f} s, past cv.guard "
                f"({cv.guard:g} s), and would carry test samples into training windows; raise "
                "cv.guard or the lower frequency"
            )


def _is_band(band: Any, nyquist: float) -> bool:
    if not (isinstance(band, list) and len(band) == 2):
        return False
    if not all(isinstance(edge, int | float) for edge in band):
        return False
    return bool(0 < band[0] < band[1] < nyquist)


def _explain(error: OmegaConfBaseException) -> str:
    what = (error.msg or str(error)).strip().splitlines()[0]
    if "not in" in what and error.full_key:
        return _unknown_setting(error.full_key)
    what = what.replace("AnyNode is not a ListConfig, list or tuple.", "expected a list: [a,b]")
    return f"{error.full_key or 'a setting'}: {what}"


def _schema_names(group: str) -> list[str]:
    kind: Any = Config
    for part in filter(None, group.split(".")):
        kind = get_type_hints(kind).get(part) if is_dataclass(kind) else None
    return [f.name for f in fields(kind)] if is_dataclass(kind) else []
