"""Components by ``_target_``: made from their settings, or refused in one line.

A component is a class or a function of the package or of a user's own file. What it lacks is said
before any work is done with it.
"""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf.errors import OmegaConfBaseException
from typing_extensions import get_protocol_members, is_protocol

from xai_sleep.errors import InputError
from xai_sleep.schema import Component

T = TypeVar("T")


def build(kind: type[T], component: Component, setting: str, **more: object) -> T:
    """Make a component.

    Parameters
    ----------
    kind : type
        Class or runtime-checkable Protocol that it must be an instance of.
    component : mapping
        ``_target_`` and the arguments that the user set.
    setting : str
        Where it was set, for messages.
    **more
        Further arguments.

    Returns
    -------
    kind

    Raises
    ------
    InputError
        If its target cannot be imported or called so, or what it makes is no such component.
    """
    target = called(component, setting)
    try:
        inspect.signature(target).bind(**more)
    except (TypeError, ValueError) as error:
        reason = error.__cause__ or error
        raise InputError(
            f"{setting}: {component['_target_']} cannot be made with its settings ({reason}); "
            "settings beside _target_ are arguments of its constructor"
        ) from None
    made = target(**more)
    if not isinstance(made, kind):
        lacking = [name for name in _offered(kind) if not hasattr(made, name)]
        raise InputError(
            f"{setting}: {component['_target_']} is no {kind.__name__}, it lacks "
            f"{', '.join(lacking) or 'its type'}; docs/components.md shows the smallest one"
        )
    return made


def called(component: Component, setting: str) -> Callable[..., object]:
    """Find what a component calls, with the arguments that the user set.

    Raises
    ------
    InputError
        If there is no target, or it cannot be imported.
    """
    if not component.get("_target_"):
        raise InputError(f"{setting} has no _target_; name its class or function there")
    try:
        target: Callable[..., object] = instantiate(
            {**component, "_partial_": True}, _convert_="all"
        )
    except (InstantiationException, OmegaConfBaseException) as error:
        cause = error.__cause__ or error
        if isinstance(cause, InputError):
            raise cause from None
        reason = next(iter(str(cause).splitlines()), type(cause).__name__)
        raise InputError(
            f"{setting}: {component['_target_']} cannot be had ({reason}); a file of your own must "
            "be importable: name its folder in PYTHONPATH"
        ) from error
    return target


def _offered(kind: Any) -> list[str]:
    """Names that an instance of a Protocol or an abstract class must have."""
    return sorted(get_protocol_members(kind) if is_protocol(kind) else kind.__abstractmethods__)
