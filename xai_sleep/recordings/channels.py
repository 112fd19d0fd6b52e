"""Which channels to take of each record: all are opened first, so that what lacks is said once."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from xai_sleep.errors import InputError
from xai_sleep.recordings.names import meant
from xai_sleep.recordings.recording import Recording, Signals


class Source(Protocol):
    """A file opened, its signals not yet read."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, in their order."""

    @property
    def person(self) -> str | None:
        """Key of the person, equal for files of one person; None if unknown."""

    def read(self, channels: Sequence[str]) -> tuple[Signals, float, tuple[str, ...]]:
        """Read channels by name: signals in µV, sampling frequency in Hz, notes."""


def pick_channels(
    sources: Mapping[str, Source] | Mapping[str, Recording],
    wanted: Sequence[Sequence[str]],
    setting: str = "task.channels",
) -> dict[str, tuple[str, ...]]:
    """Choose channels of each record by name, never by position, as its file spells them.

    ``wanted`` (set in ``setting``) holds for each channel its accepted names, the preferred one
    first; case matters only where two channels differ in nothing else.

    Raises InputError if records lack a channel (all of them are named, with the channels they
    hold), or a name could mean several.
    """
    found = {
        record: [_found(record, source, names, setting) for names in wanted]
        for record, source in sources.items()
    }
    for at, names in enumerate(wanted):
        lacking = [record for record, picked in found.items() if picked[at] is None]
        if lacking:
            held = sorted({channel for record in lacking for channel in sources[record].channels})
            raise InputError(
                f"{setting}: there is no channel {' or '.join(names)} in {', '.join(lacking)} "
                f"(found there: {', '.join(held)}); name a channel that they hold, or leave these "
                "records out (data.records)"
            )
    return {record: tuple(filter(None, picked)) for record, picked in found.items()}


def _found(
    record: str, source: Source | Recording, names: Sequence[str], setting: str
) -> str | None:
    alike = next(filter(None, (meant(name, source.channels) for name in names)), [])
    if len(set(alike)) > 1:
        raise InputError(
            f"{setting}: {' or '.join(names)} could be {' or '.join(alike)} in {record}; name one "
            "of them as it is written there"
        )
    return alike[0] if alike else None
