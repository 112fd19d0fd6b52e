"""What EDF+ adds to EDF: time-stamped lists of annotations, the first of which keeps the time.

Texts may hold line feeds. Times are s; those of a file count from a moment that need not be that of
its first sample. Functions take the bytes of one channel of annotations by data record.

References
----------
.. [1] Kemp, B. & Olivan, J. (2003). European data format 'plus' (EDF+), an EDF alike standard
   format for the exchange of physiological data. Clinical Neurophysiology, 114, 1755-1761.
"""

import re
from collections.abc import Iterable

from xai_sleep.errors import InputError

DRIFT = 0.01
"""In s: how far the time that a file keeps may be from the time its samples take."""

_STAMP = re.compile(rb"([+-]\d+\.?\d*)(?:\x15(\d+\.?\d*))?\x14")


def read_lists(records: Iterable[bytes], name: str) -> list[tuple[float, float, str]]:
    """Read onset, duration and text of each annotation; ``name`` is the file's, for messages.

    Raises InputError if one is not text, or does not begin with a time.
    """
    found = []
    for number, content in enumerate(records, start=1):
        for stamped in filter(None, content.split(b"\0")):
            stamp = _STAMP.match(stamped)
            try:
                texts = stamped[stamp.end() :].decode().split("\x14") if stamp else []
            except UnicodeDecodeError:
                raise InputError(
                    f"{name}: its annotations are not UTF-8, as EDF+ demands; write them as a "
                    "table beside it"
                ) from None
            if stamp is None:
                raise InputError(
                    f"{name}: in data record {number} an annotation does not begin with a time; "
                    "write them as a table beside it"
                )
            times = float(stamp[1]), float(stamp[2] or 0)
            found += [(*times, text) for text in texts if text]
    return found


def first_time(records: Iterable[bytes], seconds: float, name: str) -> float:
    """Time that a file gives its first sample, if it agrees with what it says of all records.

    Parameters
    ----------
    records : iterable of bytes
        Of the channel that keeps the time: each begins with the time of its first sample.
    seconds : float
        Length of a data record in s.
    name : str
        Of the file, for messages.

    Raises
    ------
    InputError
        If records do not follow one another, so that marks and samples would drift apart.
    """
    stamps = ((number, _STAMP.match(content)) for number, content in enumerate(records))
    begins = [(number, float(stamp[1])) for number, stamp in stamps if stamp]
    start = begins[0][1] - begins[0][0] * seconds if begins else 0.0
    for number, begin in begins:
        if abs(begin - start - number * seconds) > DRIFT:
            raise InputError(
                f"{name} says that it is continuous, but its data record {number + 1} begins "
                f"{begin - start:g} s after the first and not {number * seconds:g} s: there are "
                f"gaps in time, or records do not last {seconds:g} s; convert it to continuous EDF"
            )
    return start
