"""How all output of simulated recordings and of runs with leaks is marked, from its first byte."""

from collections.abc import Sized
from dataclasses import dataclass

from xai_sleep.windows.practice import Leak as Leak

LEAKY, SIMULATED, SYNTHETIC = "LEAKY", "SIMULATED", "synthetic"
SOME = "some of these runs make mistakes on purpose: they stand in a table of their own."


@dataclass(frozen=True)
class Stamp:
    """What output must say of itself."""

    source: str = ""  # of the recordings
    leaks: tuple[Leak, ...] = ()  # mistakes made on purpose; none in a clean run

    @property
    def columns(self) -> dict[str, str]:
        """Columns of a table, and arrays of a file, that say so; none if all is well."""
        data = {"data": SIMULATED} if self.source == SYNTHETIC else {}
        return data | ({"leaks": " ".join(self.tags)} if self.leaks else {})

    @property
    def tags(self) -> list[str]:
        """The mark and the names of the leaks; none for a clean run."""
        return [LEAKY, *(leak.name for leak in self.leaks)] if self.leaks else []

    @property
    def across(self) -> str:
        """Words written across figures; empty if all is well."""
        simulated = ["simulated data"] * (self.source == SYNTHETIC)
        return ", ".join([LEAKY] * bool(self.leaks) + simulated)

    @property
    def account(self) -> str:
        """Say in a sentence what is wrong with the scores; empty for a clean run."""
        wrong = "; ".join(f"{leak.name} ({leak.about})" for leak in self.leaks)
        said = f"scores that mean nothing but the size of mistakes made on purpose: {wrong}."
        return said if wrong else ""

    def marked(self, title: str) -> str:
        """Put the mark before a title; a clean one stays as it is."""
        return f"{LEAKY} {title}" if self.leaks else title


def leaky_prefix(leaks: Sized) -> str:
    """First part of the name of a run's directory, whatever stands under ``leak``."""
    return f"{LEAKY}-" if leaks else ""
