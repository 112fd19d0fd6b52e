"""What EDF+ adds to EDF: time-stamped lists of annotations, the first of which keeps the time.

Texts may hold line feeds. Times are s; those of a file count from a moment that need not be that of
its first sample.

References
----------
.. [1] Kemp, B. & Olivan, J. (2003). European data format 'plus' (EDF+), an EDF alike standard
   format for the exchange of physiological data. Clinical Neurophysiology, 114, 1755-1761.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xai_sleep.errors import InputError

DRIFT = 0.01
"""In s: how far the time that a file keeps may be from the time its samples take."""

_STAMP = re.compile(r"([+-]\d+\.?\d*)(?:\x15(\d+\.?\d*))?")


@dataclass(frozen=True)
class Stamped:
    """A list of texts with onset and duration in s, in a data record counted from 0."""

    record: int
    onset: float
    duration: float
    texts: tuple[str, ...]


def stamped(records: Iterable[bytes], name: str) -> list[Stamped]:
    """Read the lists in the data records of one channel; ``name`` is the file's, for messages.

    Raises
    ------
    InputError
        If they are not text, or one does not begin with a time.
    """
    lists = []
    for number, content in enumerate(records):
        try:
            parts = [part.split("\x14") for part in content.decode().split("\0") if part]
        except UnicodeDecodeError:
            raise InputError(
                f"{name}: its annotations are not UTF-8, as EDF+ demands; write them as a table "
                "beside it"
            ) from None
        for stamp, *texts in parts:
            times = _STAMP.fullmatch(stamp)
            if times is None:
                raise InputError(
                    f"{name}: in data record {number + 1} an annotation does not begin with a "
                    "time; write them as a table beside it"
                )
            lists.append(Stamped(number, float(times[1]), float(times[2] or 0), tuple(texts)))
    return lists


def first_time(lists: Sequence[Stamped], seconds: float, name: str) -> float:
    """Time that a file gives its first sample, if it agrees with what it says of all records.

    Parameters
    ----------
    lists : sequence of Stamped
        Of the channel that keeps the time: the first list of each data record says when it begins.
    seconds : float
        Length of a data record in s.
    name : str
        Of the file, for messages.

    Raises
    ------
    InputError
        If records do not follow one another, so that marks and samples would drift apart.
    """
    begins: dict[int, float] = {}
    for one in lists:
        begins.setdefault(one.record, one.onset - one.record * seconds)
    start = next(iter(begins.values()), 0.0)
    for record, begin in begins.items():
        if abs(begin - start) > DRIFT:
            raise InputError(
                f"{name} says that it is continuous, but its data record {record + 1} begins "
                f"{begin - start + record * seconds:g} s after the first and not "
                f"{record * seconds:g} s: there are gaps in time, or records do not last "
                f"{seconds:g} s; convert it to continuous EDF"
            )
    return start
