"""What Hydra and OmegaConf could not compose or make, said in one line with what to do instead."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import takewhile
from typing import Any, get_type_hints

from hydra.errors import InstantiationException, OverrideParseException
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from xai_sleep.errors import InputError

Component = Mapping[str, object]
"""``_target_``, the name of a class or function, and arguments for it."""


def target(where: str, component: Component) -> object:
    """Look up what a component names.

    Parameters
    ----------
    where : str
        The setting, for messages.
    component : mapping
        With a ``_target_``.

    Raises
    ------
    InputError
        If there is nothing of that name.
    """
    name = component.get("_target_")
    try:
        return get_object(str(name))
    except Exception as error:  # whatever a module of the user's raises on import
        raise InputError(
            f"{where}._target_={name} cannot be imported ({_reason(error)}); name a class as "
            "package.module.Class, and the folder that holds the package in PYTHONPATH"
        ) from error


def made(where: str, component: Component, **arguments: object) -> object:
    """Make a component with its own arguments and those given.

    Raises
    ------
    InputError
        If it cannot be imported, or refuses the arguments.
    """
    target(where, component)
    try:
        return instantiate(component, _convert_="all", **arguments)
    except InstantiationException as error:
        cause = error.__cause__ or error
        if isinstance(cause, InputError):
            raise InputError(f"{where}: {cause}") from error
        raise InputError(
            f"{where}: {_reason(cause)}; {component['_target_']} was given "
            f"{', '.join(sorted({*component, *arguments} - {'_target_'})) or 'nothing'}: set what "
            f"it takes under {where}"
        ) from error


def _reason(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    said = str(error).splitlines()
    return (said[0] if said else type(error).__name__).rstrip(":")


def composition_error(error: Exception, overrides: Sequence[str], schema: type) -> str:
    """Account of what stopped Hydra before a job started.

    Parameters
    ----------
    error : Exception
        As raised by Hydra or OmegaConf.
    overrides : sequence of str
        The command line, ``group=choice`` and ``key=value``.
    schema : type
        Dataclass of all settings.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    cause = error.__cause__ or error
    if isinstance(cause, ConfigAttributeError | ConfigKeyError) and cause.full_key:
        return _unknown_setting(cause, schema)
    if isinstance(error, OverrideParseException):
        return f"cannot read {error.override!r}; write group=choice or key=value"
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
        return f"{lines[0]}; to sweep over several values put -m before the settings"
    return "; ".join(lines[:2])


def value_error(error: OmegaConfBaseException, schema: type) -> str:
    """Account of a value that does not fit the schema."""
    what = (error.msg or str(error)).strip().splitlines()[0]
    if "not in" in what and error.full_key:
        return _unknown_setting(error, schema)
    what = what.replace("AnyNode is not a ListConfig, list or tuple.", "expected a list: [a,b]")
    return f"{error.full_key or 'a setting'}: {what}"


def _unknown_setting(error: OmegaConfBaseException, schema: type) -> str:
    group, _, name = str(error.full_key).rpartition(".")
    known = _names(schema, group)
    if name in known:
        return (
            f"{error.full_key} does not apply to the {group} chosen; leave it out or choose "
            f"another {group}"
        )
    names = known or _keys(error.parent_node)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    there = f"{group or 'the top level'} has {', '.join(names)}" if names else "--help lists them"
    return f"there is no setting {error.full_key}{hint}; {there}"


def _keys(node: Any) -> list[str]:
    keys: Iterable[Any] = node if isinstance(node, DictConfig) else ()
    return [str(key) for key in keys if key != "_target_"]


def _names(schema: type, group: str) -> list[str]:
    kind: Any = schema
    for part in filter(None, group.split(".")):
        kind = get_type_hints(kind).get(part) if is_dataclass(kind) else None
    return [f.name for f in fields(kind)] if is_dataclass(kind) else []
