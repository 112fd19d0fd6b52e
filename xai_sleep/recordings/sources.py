"""Where recordings come from: what a source of data must do, and one that chooses among others.

A source is a component, with a YAML under ``conf/data``; yours derives from :class:`DataSource`.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, cast

from xai_sleep.components import Component, build, made
from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Recording, require_usable

log = logging.getLogger(__name__)


class Simulator(Protocol):
    """Makes one recording per subject, with known truth."""

    def __call__(
        self, *, subjects: int, minutes: float, sfreq: float, seed: int
    ) -> list[Recording]:
        """Simulate at ``sfreq`` Hz; the same arguments give the same recordings."""


@dataclass(frozen=True)
class Wanted:
    """What an experiment asks of a source."""

    event: str  # what must have been marked
    channels: Sequence[Sequence[str]]  # accepted names of each, see :func:`.pick_channels`
    setting: str = "task.channels"  # where the channels were set, for messages
    sfreq: float = 100.0  # Hz that the experiment works at; files keep their own
    seed: int = 0
    simulator: Simulator | None = None


class DataSource(ABC):
    """A source of recordings. Sweeps give settings of all sources to each: ignore others'."""

    name: ClassVar[str]  # what results call their data
    expected: int | None = None  # records that :meth:`load` will give, once that is known

    @abstractmethod
    def available(self, wanted: Wanted) -> bool:
        """Whether there is anything of what is wanted; no file is opened to tell."""

    @abstractmethod
    def load(self, wanted: Wanted) -> Iterable[Recording]:
        """Load what is wanted, or raise an InputError that says what is missing.

        Many nights fit no memory at once: check all of them first, then read one at a time.
        """

    @abstractmethod
    def describe(self) -> str:
        """Say in a few words what the source is."""

    def chosen(self, wanted: Wanted) -> "DataSource":  # noqa: ARG002
        """Return the source that will be read: this one, unless it chooses among others."""
        return self

    def read(self, wanted: Wanted) -> Iterator[Recording]:
        """Load recordings one at a time, usable or InputError; log what was odd."""
        for recording in self.load(wanted):
            require_usable([recording], wanted.setting)
            for note in recording.notes:
                log.info("record %s: %s", recording.record, note)
            yield recording


class Auto(DataSource):
    """The first of several sources that has what is wanted; the last where none has."""

    name = "auto"

    def __init__(self, sources: Sequence[DataSource], **shared: object) -> None:  # noqa: ARG002
        self.sources = sources

    def available(self, wanted: Wanted) -> bool:
        """Whether any of the sources has it."""
        return any(source.available(wanted) for source in self.sources)

    def load(self, wanted: Wanted) -> Iterable[Recording]:
        """Load from the source chosen."""
        return self.chosen(wanted).load(wanted)

    def describe(self) -> str:
        """List the sources."""
        return f"the first there is of: {'; '.join(each.describe() for each in self.sources)}"

    def chosen(self, wanted: Wanted) -> DataSource:
        """Choose the source to read."""
        first = next((each for each in self.sources if each.available(wanted)), self.sources[-1])
        return first.chosen(wanted)


def simulator_of(settings: Component | None) -> Simulator | None:
    """Make the simulator that ``task.simulator`` configures; InputError if there is no such."""
    return None if settings is None else cast("Simulator", made("task.simulator", settings))


def source_name(data: Mapping[str, object], task: Mapping[str, object]) -> str:
    """Name of the source that a configuration leads to; what cannot be used is told later."""
    try:
        simulator = simulator_of(cast("Component | None", task.get("simulator")))
        wanted = Wanted(str(task["event"]), (), simulator=simulator)
        return build(DataSource, "data", data).chosen(wanted).name
    except InputError:
        return "unknown"


def name_list(setting: str, value: Sequence[object] | None) -> tuple[str, ...] | None:
    """Read a setting that lists names; InputError if OmegaConf took one for a number."""
    if value is None:
        return None
    if isinstance(value, str):
        raise InputError(f"{setting} is {value}; expected a list: [{value}]")
    for name in value:
        if isinstance(name, bool) or not isinstance(name, str | int):  # a bool is an int
            quoted = "put one that reads like a number in quotes"
            raise InputError(f"{setting} holds {name!r}, which is no name; {quoted}")
    return tuple(map(str, value))


def choice(setting: str, value: str, choices: Sequence[str]) -> str:
    """Read a setting that is one of several words; InputError naming them."""
    if value not in choices:
        raise InputError(f"{setting} is {value!r}; it must be one of {', '.join(choices)}")
    return value
