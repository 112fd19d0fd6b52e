"""The one error a user meets for a mistake in files or settings, and how a command ends with it.

Every message says what was found, where, what was expected and what to do.
"""

import sys
from typing import NoReturn


class InputError(ValueError):
    """A file, a recording or a setting that cannot be used as it is."""


def account(error: InputError | OSError) -> str:
    """Say in one line what went wrong and what to do."""
    said = str(error)
    if isinstance(error, OSError):
        where = "(hydra.run.dir=… or hydra.sweep.dir=… says where results go)"
        remedy = f"check the path, its permissions and the disk {where}"
        said = f"{error.filename or 'a file'}: {error.strerror or error}; {remedy}"
    return " ".join(said.split())


def say(message: str) -> None:
    """Write a line to stderr under the program's name."""
    sys.stderr.write(f"xai_sleep: {' '.join(message.split())}\n")


def leave(message: str, code: int = 2) -> NoReturn:
    """Write a line to stderr and end the program."""
    say(message)
    sys.exit(code)
