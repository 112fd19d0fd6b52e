"""What Hydra and OmegaConf could not compose, said in one line with what there is instead."""

import difflib
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from itertools import takewhile
from typing import Any, get_type_hints

from hydra.errors import OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException


def composition_error(error: Exception, overrides: Sequence[str], schema: type) -> str:
    """Account of what stopped Hydra before a job started.

    ``overrides`` are the command line, ``schema`` is the dataclass of all settings.
    """
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
        return (
            f"{lines[0]}; to sweep over several values put -m before the settings; one value with "
            f"a comma is put in quotes of its own: {_quoted(meant)}"
        )
    # Of several choices Hydra does not list those there are.
    missing = re.search(r"Could not load '([^']+)/([^/']+)'", lines[0])
    if missing:
        return f"{missing[1]}: there is no choice {missing[2]}; --help lists them"
    return "; ".join(lines[:2])


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
    names = _names(schema, group)
    if name in names:
        return (
            f"{error.full_key} does not apply to the {group} chosen; leave it out or choose "
            f"another {group}"
        )
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
