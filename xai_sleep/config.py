"""The settings of an experiment, checked: each by itself, and those that must fit together.

YAML under ``conf/`` holds the values, :mod:`xai_sleep.schema` their names and types. Every bad
setting ends in this file, by name, as an :class:`~xai_sleep.errors.InputError`.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from xai_sleep.composition import value_error
from xai_sleep.errors import InputError
from xai_sleep.leaks.names import chosen_leaks
from xai_sleep.recordings.filtering import reach
from xai_sleep.recordings.sources import data_source
from xai_sleep.schema import Config


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
        raise InputError(value_error(error, Config)) from error
    assert isinstance(config, Config)
    _check_choices(config)
    _check_ranges(config)
    _check_combinations(config)
    config.leak.names = chosen_leaks(
        config.leak.names, config.cv.scheme, synthetic=bool(config.balance.sampler)
    )
    return config


def restored(settings: Mapping[str, Any]) -> Config:
    """Take up the settings in a ``results.json``, which does not say where files are.

    Raises
    ------
    InputError
        As :func:`validate`.
    """
    return validate(OmegaConf.create({**settings, "data": {}, "output_dir": ""}))


CHOICES = {
    "task.scale": ("record", "train"),
    "task.image": ("coherence", "scalogram"),
    "task.image_semantics": ("pycwt", "grinsted"),
    "cv.scheme": ("loso", "kfold"),
    "detector.map": ("gradcam", "hirescam"),
    "detector.activation": ("probability", "relevance", "product", "evidence", "auto"),
    "trainer.keep": ("best", "last"),
    "trainer.accelerator": ("cpu", "gpu", "auto"),
    "logger.mode": ("offline", "online", "disabled"),
}

BASELINES = ("automatic", "experts", "threshold", "yasa", "trivial")
METHODS = (
    *("gradcam", "hirescam", "guided_gradcam", "integrated_gradients", "saliency", "occlusion"),
    *("random", "uniform"),
)

# Smallest allowed value; the second entry says whether the value itself is allowed.
RANGES: dict[str, tuple[float, bool]] = {
    "task.sfreq": (0, False),
    "task.window": (0, False),
    "task.step": (0, False),
    "task.min_overlap": (0, True),
    "cv.val_blocks": (2, True),
    "cv.folds": (3, True),
    "cv.guard": (0, True),
    "task.image_size": (2, True),
    "balance.noise": (0, True),
    "explain.figures": (0, True),
    "detector.step": (0, False),
    "detector.iou": (0, False),
    "detector.min_events": (0, True),
    "explain.tolerance": (0, True),
    "trainer.max_epochs": (1, True),
    "trainer.patience": (1, True),
    "trainer.batch_size": (2, True),
    "trainer.learning_rate": (0, False),
    "trainer.weight_decay": (0, True),
    "trainer.marks": (0, True),
    "seed": (0, True),
    "threads": (1, True),
}

# Largest allowed value: what NumPy takes as a seed, and more threads than any machine has.
LARGEST = {"seed": 2**32 - 1, "threads": 1024, "trainer.marks": 1}


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
    for name in config.baselines.names:
        if name not in BASELINES:
            raise InputError(
                f"baselines.names holds {name!r}; each must be one of {', '.join(BASELINES)}"
            )


def _check_ranges(config: Config) -> None:
    for key, (low, inclusive) in RANGES.items():
        value = _value(config, key)
        if not (value > low or (inclusive and value == low)):
            bound = "at least" if inclusive else "greater than"
            raise InputError(f"{key} is {value:g}; it must be {bound} {low:g}")
        if not math.isfinite(value):
            raise InputError(f"{key} is {value:g}; it must be a finite number")
        if value > LARGEST.get(key, math.inf):
            raise InputError(f"{key} is {value}; it must be at most {LARGEST[key]}")


def _check_combinations(config: Config) -> None:
    task = config.task
    if "_target_" not in config.model:
        raise InputError("model has no _target_; name the network's class there")
    if not task.channels or not all(task.channels):
        raise InputError(
            "task.channels is empty; list the accepted names of each channel, as in [[C3-A1,CZ-A1]]"
        )
    _check_bands(config)
    _check_explain(config)
    if not task.image_channels.get(task.image):
        raise InputError(
            f"task.image_channels names no channels for task.image={task.image}; list the accepted "
            f"names of each channel under task.image_channels.{task.image}"
        )
    if task.min_overlap >= task.window:
        raise InputError(
            f"task.min_overlap ({task.min_overlap:g} s) must be shorter than task.window "
            f"({task.window:g} s)"
        )
    _check_detector(config)
    if config.data:
        data_source(config.data)


def _check_detector(config: Config) -> None:
    task = config.task
    if config.detector.iou > 1:
        raise InputError(f"detector.iou is {config.detector.iou:g}; it must be at most 1")
    samples = config.detector.step * task.sfreq
    if abs(samples - round(samples)) > 1e-6:
        raise InputError(
            f"detector.step is {config.detector.step:g} s, which is {samples:g} samples at "
            f"task.sfreq={task.sfreq:g} Hz; choose a whole number of samples"
        )
    if config.detector.step > task.window:
        raise InputError(
            f"detector.step ({config.detector.step:g} s) must not be longer than task.window "
            f"({task.window:g} s), or events between windows are missed"
        )


def _check_bands(config: Config) -> None:
    task, cv = config.task, config.cv
    if not _is_band(task.image_band, math.inf):
        raise InputError(
            f"task.image_band holds {task.image_band}; a band is two rising frequencies above 0"
        )
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


def _check_explain(config: Config) -> None:
    methods = config.explain.methods
    for method in methods:
        if method not in METHODS:
            raise InputError(
                f"explain.methods holds {method!r}; each must be one of {', '.join(METHODS)}"
            )
    if len(set(methods)) < len(methods):
        raise InputError(f"explain.methods holds {methods}; name each method once")
    if config.explain.tolerance >= config.task.window:
        raise InputError(
            f"explain.tolerance ({config.explain.tolerance:g} s) must be shorter than task.window "
            f"({config.task.window:g} s), or every peak would point at every event"
        )


def _is_band(band: Any, nyquist: float) -> bool:
    if not (isinstance(band, list) and len(band) == 2):
        return False
    if not all(isinstance(edge, int | float) for edge in band):
        return False
    return bool(0 < band[0] < band[1] < nyquist)
