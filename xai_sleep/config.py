"""The settings of an experiment, checked: each by itself, and those that must fit together.

YAML under ``conf/`` holds the values, :mod:`xai_sleep.schema` their names and types. Every bad
setting ends in this file, by name, as an :class:`~xai_sleep.errors.InputError`.
"""

import math
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from xai_sleep.composition import value_error
from xai_sleep.errors import InputError
from xai_sleep.recordings.filtering import reach
from xai_sleep.schema import Config, LoggerConfig

PLACES = ("cache", "memory")
"""Settings of an input that change no result: where images are kept, and how many."""


def config_dir() -> Path:
    """Directory of the YAML files: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    shipped = package / "conf"
    return shipped if shipped.is_dir() else package.parent / "conf"


def validate(composed: DictConfig) -> Config:
    """Check what Hydra composed against the schema and itself: nothing is missing afterwards.

    Raises InputError naming the setting, what was found and what it may be.
    """
    try:
        config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), composed))
    except OmegaConfBaseException as error:
        raise InputError(value_error(error, Config)) from error
    assert isinstance(config, Config)
    _check_each(config)
    _check_combinations(config)
    return config


def settled(config: Config) -> Config:
    """Select what results depend on: not where files are written, nor who watches."""
    inputs = {
        kind: {k: v for k, v in each.items() if k not in PLACES}
        for kind, each in config.input.items()
    }
    return replace(config, input=inputs, output_dir="", logger=LoggerConfig())


def restored(config: Config) -> Config:
    """Take up the settings of a :class:`~xai_sleep.results.run.RunRecord`, as :func:`validate`."""
    return validate(OmegaConf.create(asdict(config)))


def _check_each(settings: object, prefix: str = "") -> None:
    """Check every setting against its own options and bounds."""
    for each in fields(settings):  # type: ignore[arg-type] # of a dataclass
        name, value = f"{prefix}{each.name}", getattr(settings, each.name)
        if is_dataclass(value):
            _check_each(value, f"{name}.")
        options = each.metadata.get("options")
        if options and value not in options:
            raise InputError(f"{name} is {value!r}; it must be one of {', '.join(options)}")
        refused = each.metadata["bound"].refuses(value) if "bound" in each.metadata else ""
        if refused:
            raise InputError(f"{name} is {value:.15g}; it must be {refused}")


def _require(right: object, message: str) -> None:
    if not right:
        raise InputError(message)


def _check_combinations(config: Config) -> None:
    task, window = config.task, f"task.window ({config.task.window:g} s)"
    _require("_target_" in config.model, "model has no _target_; name the network's class there")
    _require(
        task.channels and all(task.channels),
        "task.channels is empty; list the accepted names of each channel, as in [[C3-A1,CZ-A1]]",
    )
    _check_bands(config)
    _require(
        config.explain.tolerance < task.window,
        f"explain.tolerance ({config.explain.tolerance:g} s) must be shorter than {window}, or "
        "every peak would point at every event",
    )
    _require(
        task.image_channels.get(task.image),
        f"task.image_channels names no channels for task.image={task.image}; list the accepted "
        f"names of each channel under task.image_channels.{task.image}",
    )
    _require(
        task.min_overlap < task.window,
        f"task.min_overlap ({task.min_overlap:g} s) must be shorter than {window}",
    )
    step = config.detector.step
    _require(
        abs(step * task.sfreq - round(step * task.sfreq)) <= 1e-6,
        f"detector.step is {step:g} s, which is {step * task.sfreq:g} samples at "
        f"task.sfreq={task.sfreq:g} Hz; choose a whole number of samples",
    )
    _require(
        step <= task.window,
        f"detector.step ({step:g} s) must not be longer than {window}, or events between windows "
        "are missed",
    )


def _check_bands(config: Config) -> None:
    task, cv = config.task, config.cv
    _require(
        _is_band(task.image_band, math.inf),
        f"task.image_band holds {task.image_band}; a band is two rising frequencies above 0",
    )
    for key, band in [("band", task.band), *(("input_bands", b) for b in task.input_bands or [])]:
        _require(
            _is_band(band, task.sfreq / 2),
            f"task.{key} holds {band}; a band is two rising frequencies between 0 and half of "
            f"task.sfreq ({task.sfreq / 2:g} Hz)",
        )
        low = band[0]
        _require(
            reach(low) <= cv.guard,
            f"task.{key}: a filter from {low:g} Hz reaches {reach(low):.1f} s, past cv.guard "
            f"({cv.guard:g} s), and would carry test samples into training windows; raise "
            "cv.guard or the lower frequency",
        )


def _is_band(band: Any, nyquist: float) -> bool:
    return (
        isinstance(band, list)
        and len(band) == 2
        and all(isinstance(edge, int | float) for edge in band)
        and 0 < band[0] < band[1] < nyquist
    )
