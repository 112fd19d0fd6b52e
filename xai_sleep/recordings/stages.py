"""Sleep stages of a recording of the user's own: a table ``<record>_stages.csv``.

Columns are onset and duration in s from the start of the recording, and stage: W, N1, N2, N3 or R.
Epochs may last as long as they like, 20 or 30 s; a row may span several. Where nothing is said
the stage is unknown.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import STAGES
from xai_sleep.recordings.tables import Row, find_table, read_table

CODES = {name.casefold(): code for code, name in STAGES.items() if code >= 0} | {"": -1}
"""Code of a stage by its name in lower case; nothing said is unknown."""


def read_stages(root: Path, record: str, seconds: float) -> tuple[NDArray[np.int8], float] | None:
    """Read the stages of a record of a folder, if there is a table.

    Returns the code of each epoch from the start (see :data:`.STAGES`), and the length of an epoch
    in s: that of the shortest row. ``seconds`` is the length of the record.

    Raises InputError if a row names no stage, does not fit the epochs, repeats one, or lies past
    the end.
    """
    table = find_table(root, f"{record}_stages")
    if table is None:
        return None
    rows = read_table(table, ("onset", "duration", "stage"))
    epoch = min((row.number("duration") for row in rows), default=0.0)
    if epoch < 1:
        raise InputError(f"{table}: expected at least one stage, and durations of at least 1 s")
    stages = np.full(int(seconds / epoch) + 1, -1, dtype=np.int8)
    said = np.zeros(len(stages), dtype=np.bool_)
    for row in rows:
        epochs = _epochs(row, epoch, len(stages))
        if said[epochs].any():
            at = epochs.start * epoch
            raise InputError(f"{row.where}: the stage from {at:g} s was said before")
        said[epochs], stages[epochs] = True, _code(row)
    return stages[: int(np.flatnonzero(said)[-1]) + 1], epoch


def _epochs(row: Row, epoch: float, there: int) -> slice:
    onset, end = row.number("onset"), row.number("onset") + row.number("duration")
    first, last = round(onset / epoch), round(end / epoch)
    where = f"{row.where}: from {onset:g} to {end:g} s"
    if not np.allclose((onset, end), (first * epoch, last * epoch), atol=0.01):
        raise InputError(
            f"{where}; stages are epochs of {epoch:g} s here, as the shortest row, and each starts "
            "at a multiple of that"
        )
    if onset < 0 or last > there:
        raise InputError(f"{where}, outside the recording; expected s from its start")
    return slice(first, last)


def _code(row: Row) -> int:
    name = row.cells["stage"]
    if name.casefold() not in CODES:
        known = ", ".join(STAGES[code] for code in CODES.values() if code >= 0)
        raise InputError(f"{row.where}: stage is {name!r}; expected one of {known}, or n/a")
    return CODES[name.casefold()]
