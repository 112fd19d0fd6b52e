"""Components by ``_target_``, of the package or a user's own: made from settings, or refused."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from hydra.errors import InstantiationException
from hydra.utils import get_object, instantiate
from typing_extensions import get_protocol_members, is_protocol

from xai_sleep.errors import InputError

Component = Mapping[str, object]
"""``_target_``, the name of a class or function, and arguments for it."""

T = TypeVar("T")


def target(where: str, component: Component) -> object:
    """Look up what a component names, or InputError; ``where`` is the setting, for messages."""
    name = component.get("_target_")
    if not name:
        raise InputError(f"{where} has no _target_; name its class or function there")
    try:
        return get_object(str(name))
    except Exception as error:  # whatever a module of the user's raises on import
        failed = f"{where}._target_={name} cannot be imported ({_reason(error)})"
        remedy = "package.module.Class, and the folder that holds the package in PYTHONPATH"
        raise InputError(f"{failed}; name a class as {remedy}") from error


def made(where: str, component: Component, **arguments: object) -> object:
    """Make a component with its own arguments and those given, or raise InputError."""
    target(where, component)
    try:
        return instantiate(component, _convert_="all", **arguments)
    except Exception as error:
        if _interrupted(error):
            raise KeyboardInterrupt from error
        if not isinstance(error, InstantiationException):
            raise
        cause = error.__cause__ or error
        if isinstance(cause, InputError):
            raise cause from None
        if inner := re.search(r"full_key: (\S+)", str(error)):
            raise InputError(f"{where}.{inner[1]}: {_reason(cause)}") from error
        given = ", ".join(sorted({*component, *arguments} - {"_target_"})) or "nothing"
        was = f"{component['_target_']} was given {given}: set what it takes under {where}"
        raise InputError(f"{where}: {_reason(cause)}; {was}") from error


def build(kind: type[T], where: str, component: Component, **arguments: object) -> T:
    """Make a component of a kind, a class or a runtime-checkable Protocol, or raise InputError."""
    one = made(where, component, **arguments)
    if not isinstance(one, kind):
        abstract: Iterable[str] = getattr(kind, "__abstractmethods__", ())
        offered = get_protocol_members(kind) if is_protocol(kind) else abstract
        absent = ", ".join(name for name in sorted(offered) if not hasattr(one, name))
        lacking = f"is no {kind.__name__}, it lacks {absent or 'the class to derive from'}"
        shown = "docs/components.md shows the smallest one"
        raise InputError(f"{where}: {component['_target_']} {lacking}; {shown}")
    return one


def _interrupted(error: BaseException | None) -> bool:
    """Whether OmegaConf, half-way through a container, made another error of Ctrl-C."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _reason(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    said = str(error).splitlines()
    return (said[0] if said else type(error).__name__).rstrip(":")
