"""The one error a user meets for a mistake in files or settings.

Every message says what was found, where, what was expected and what to do. The command line
prints it as one line and exits with code 2; from a notebook it is an ordinary exception.
"""


class InputError(ValueError):
    """A file, a recording or a setting that cannot be used as it is."""
