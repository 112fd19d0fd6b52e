"""The settings of an experiment, checked: composed, each by itself, and all of them together.

Every bad setting ends in this file, by name, in one line with what there is instead.
"""

import difflib
import json
import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, get_type_hints

from hydra.errors import OverrideParseException
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from xai_sleep.errors import InputError
from xai_sleep.recordings.filtering import reach
from xai_sleep.recordings.sources import name_list
from xai_sleep.schema import CacheConfig, Config, LoggerConfig

# ${longest:5,${task.window}} in YAML
OmegaConf.register_new_resolver("longest", lambda *seconds: max(seconds), replace=True)


def config_dir() -> Path:
    """Directory of the YAML files: inside an installed package, beside it in a checkout."""
    shipped, beside = (Path(__file__).resolve().parents[i] / "conf" for i in (0, 1))
    return shipped if shipped.is_dir() else beside


def validate(composed: DictConfig) -> Config:
    """Check what Hydra composed, or InputError: nothing is missing afterwards."""
    try:
        spelled = _with_channels(composed)
        config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), spelled))
    except OmegaConfBaseException as error:
        raise InputError(value_error(error, Config)) from error
    assert isinstance(config, Config)
    _check_each(config)
    _check_combinations(config)
    return config


def settled(config: Config) -> Config:
    """Select what results depend on: not where files are written, nor who watches."""
    return replace(config, output_dir="", logger=LoggerConfig(), cache=CacheConfig())


def _with_channels(composed: DictConfig) -> DictConfig:
    """Write channels as lists of accepted names, where settings name one, or one for each."""
    spelled = OmegaConf.to_container(composed, resolve=False)
    assert isinstance(spelled, dict)
    task = spelled.get("task") or {}
    if "channels" in task:
        task["channels"] = _channels("task.channels", task["channels"])
    for kind, channels in (task.get("image_channels") or {}).items():
        task["image_channels"][kind] = _channels(f"task.image_channels.{kind}", channels)
    return OmegaConf.create(spelled)


def _channels(setting: str, value: Any) -> Any:
    if value is None or value == MISSING or (isinstance(value, str) and "${" in value):
        return value  # not set, or another setting's
    channels = value if isinstance(value, list) else [value]
    listed = (each if isinstance(each, list) else [each] for each in channels)
    return [list(name_list(setting, names) or ()) for names in listed]


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
    listed = "list the accepted names of each channel, as in [[C3-A1,CZ-A1]]"
    _require(task.channels and all(task.channels), f"task.channels is empty; {listed}")
    _check_bands(config)
    near = config.explain.tolerance
    longest = f"must be shorter than {window}, or every peak would point at every event"
    _require(near < task.window, f"explain.tolerance ({near:g} s) {longest}")
    none = f"task.image_channels names no channels for task.image={task.image}"
    where = f"list the accepted names of each channel under task.image_channels.{task.image}"
    _require(task.image_channels.get(task.image) != [], f"{none}; {where}")
    least, step = task.min_overlap, config.detector.step
    _require(least < task.window, f"task.min_overlap ({least:g} s) must be shorter than {window}")
    samples, whole = step * task.sfreq, "choose a whole number of samples"
    held = f"{step:g} s, which is {samples:g} samples at task.sfreq={task.sfreq:g} Hz"
    _require(abs(samples - round(samples)) <= 1e-6, f"detector.step is {held}; {whole}")
    missed = f"must not be longer than {window}, or events between windows are missed"
    _require(step <= task.window, f"detector.step ({step:g} s) {missed}")


def _check_bands(config: Config) -> None:
    task, cv = config.task, config.cv
    band_is = "a band is two rising frequencies"
    held = f"task.image_band holds {task.image_band}; {band_is} above 0"
    _require(_is_band(task.image_band, math.inf), held)
    for key, band in [("band", task.band), *(("input_bands", b) for b in task.input_bands or [])]:
        within = f"between 0 and half of task.sfreq ({task.sfreq / 2:g} Hz), which can be raised"
        held = f"task.{key} holds {band}; {band_is} {within}"
        _require(_is_band(band, task.sfreq / 2), held)
        far = f"a filter from {band[0]:g} Hz reaches {reach(band[0]):.1f} s, past cv.guard"
        carries = f"({cv.guard:g} s), and would carry test samples into training windows"
        remedy = "raise cv.guard or the lower frequency"
        _require(reach(band[0]) <= cv.guard, f"task.{key}: {far} {carries}; {remedy}")


def _is_band(band: Any, nyquist: float) -> bool:
    numbers = isinstance(band, list) and all(isinstance(edge, int | float) for edge in band)
    return numbers and len(band) == 2 and 0 < band[0] < band[1] < nyquist


def composition_error(error: Exception, overrides: Sequence[str], schema: type) -> str:
    """Account of what stopped Hydra; ``schema`` is the dataclass of all settings."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    cause = error.__cause__ or error
    if isinstance(cause, ConfigAttributeError | ConfigKeyError) and cause.full_key:
        return _unknown_setting(cause, schema)
    if isinstance(error, OverrideParseException):
        said, quoted = f"cannot read {error.override!r};", _quoted(str(error.override))
        if '"' not in quoted:
            return f"{said} write group=choice or key=value"
        return f"{said} put the value in quotes of its own, inside those of the shell: {quoted}"
    if "Available options in" in str(error):
        at = next(i for i, line in enumerate(lines) if line.startswith("Available options in"))
        group = lines[at].split("'")[1]
        asked = next((o for o in overrides if o.startswith(f"{group}=")), group)
        names = takewhile(lambda line: not line.endswith(":"), lines[at + 1 :])
        return f"{asked}: no such choice; available for {group}: {', '.join(names)}"
    if lines[0].startswith("Config group override"):
        empty = ", ".join(o for o in overrides if o.endswith("=null"))
        return f"{empty}: a group needs one of its choices; --help lists them"
    if lines[0].startswith("Ambiguous value"):
        meant = next((o for o in overrides if f"'{o}'" in lines[0]), "key=a,b")
        sweep = "to sweep over several values put -m before the settings"
        one = f"one value with a comma is put in quotes of its own: {_quoted(meant)}"
        return f"{lines[0]}; {sweep}; {one}"
    missing = re.search(r"Could not load '([^']+)/([^/']+)'", lines[0])
    if missing:  # of several choices Hydra does not list those there are
        return f"{missing[1]}: there is no choice {missing[2]}; --help lists them"
    return "; ".join(lines[:2]).replace(":;", ":")


def _quoted(override: str) -> str:
    """Quote a value, or each word of a list, for Hydra and then all of it for the shell."""
    name, _, value = override.partition("=")
    words = r"[^][,]+" if value.startswith("[") else r"(?s).+"
    quoted = re.sub(words, lambda word: json.dumps(word[0].strip(), ensure_ascii=False), value)
    return shlex.quote(f"{name}={quoted}")


def value_error(error: OmegaConfBaseException, schema: type) -> str:
    """Account of a value that does not fit the schema."""
    what = (error.msg or str(error)).strip().splitlines()[0]
    if absent := re.search(r"andatory value: ([\w.]+)", what):
        # Another that takes its value from it may be the first to be met.
        key = str(error.full_key) if str(error.full_key).endswith(absent[1]) else absent[1]
        return f"{key} is not said; say it in its YAML, or as {key}=…"
    if "not in" in what and error.full_key:
        return _unknown_setting(error, schema)
    what = what.replace("AnyNode is not a ListConfig, list or tuple.", "expected a list: [a,b]")
    return f"{error.full_key or 'a setting'}: {what}"


def _unknown_setting(error: OmegaConfBaseException, schema: type) -> str:
    group, _, name = str(error.full_key).rpartition(".")
    names = _names(schema, group)
    if name in names:
        other = f"leave it out or choose another {group}"
        return f"{error.full_key} does not apply to the {group} chosen; {other}"
    if not names and isinstance(error.parent_node, DictConfig):
        names = [str(key) for key in error.parent_node if key != "_target_"]
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    there = f"{group or 'the top level'} has {', '.join(names)}" if names else "--help lists them"
    return f"there is no setting {error.full_key}{hint}; {there}"


def _names(schema: type, group: str) -> list[str]:
    kind: Any = schema
    for part in filter(None, group.split(".")):
        kind = get_type_hints(kind).get(part) if is_dataclass(kind) else None
    return [f.name for f in fields(kind)] if is_dataclass(kind) else []
