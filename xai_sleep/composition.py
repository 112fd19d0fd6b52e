"""What Hydra and OmegaConf could not compose, said in one line with what there is instead."""

import difflib
import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from itertools import takewhile
from typing import Any, get_type_hints

from hydra.errors import OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException


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
        return _unreadable(str(error.override))
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
        return (
            f"{lines[0]}; to sweep over several values put -m before the settings; one value with "
            f"a comma is put in quotes of its own: {_quoted(meant)}"
        )
    return _no_such(lines[0]) or "; ".join(lines[:2])


def _no_such(said: str) -> str:
    """Name the one of several choices that is not there; Hydra does not list the others."""
    missing = re.search(r"Could not load '([^']+)/([^/']+)'", said)
    if not missing:
        return ""
    group, name = missing.groups()
    return f"{group}: there is no choice {name}; --help lists them"


def _unreadable(override: str) -> str:
    """Say how a setting is written whose value Hydra's grammar does not take bare."""
    if override.partition("=")[1]:
        return (
            f"cannot read {override!r}; put the value in quotes of its own, inside those of the "
            f"shell: {_quoted(override)}"
        )
    return f"cannot read {override!r}; write group=choice or key=value"


def _quoted(override: str) -> str:
    """Quote a value, or each word of a list, for Hydra and then all of it for the shell.

    Examples
    --------
    >>> print(_quoted("data.root=a=b"), _quoted("task.channels=[[C3 (left)]]"))
    'data.root="a=b"' 'task.channels=[["C3 (left)"]]'
    """
    name, _, value = override.partition("=")
    words = r"[^][,]+" if value.startswith("[") else r"(?s).+"
    quoted = re.sub(words, lambda word: json.dumps(word[0].strip(), ensure_ascii=False), value)
    return shlex.quote(f"{name}={quoted}")


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
