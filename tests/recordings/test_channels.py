"""Choosing channels by name ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import pick_channels
from xai_sleep.recordings.recording import Signals


@dataclass(frozen=True)
class Held:
    """A source that only says what it holds."""

    channels: tuple[str, ...] = ()
    person: str | None = None

    def read(self, channels: Sequence[str]) -> tuple[Signals, float, tuple[str, ...]]:
        """Read nothing."""
        return np.zeros((len(channels), 1), dtype=np.float32), 1.0, ()


EOGS = [["EOG1", "EOG1-A1", "P8-A1"], ["EOG2", "EOG2-A2", "P18-A1"]]


def test_first_accepted_name_wins_whatever_the_order_and_case_in_the_file() -> None:
    sources = {
        "a": Held(("EOG2", "C3", "EOG1")),
        "b": Held(("p18-a1", "eog1-A1", "P8-A1")),
        "c": Held(("P8-A1", "EOG2-A2", "P18-A1")),
    }
    assert pick_channels(sources, EOGS) == {
        "a": ("EOG1", "EOG2"),
        "b": ("eog1-A1", "p18-a1"),
        "c": ("P8-A1", "EOG2-A2"),
    }


def test_missing_channel_names_records_what_they_hold_and_the_setting() -> None:
    sources = {"a": Held(("EOG1", "C3")), "b": Held(("EOG1", "EOG2")), "c": Held(("EOG1", "O1"))}
    message = (
        r"^task\.channels: there is no channel EOG2 or EOG2-A2 or P18-A1 in a, c "
        r"\(found there: C3, EOG1, O1\)"
    )
    with pytest.raises(InputError, match=message):
        pick_channels(sources, EOGS)


def test_the_exact_name_wins_and_else_one_alone_may_be_meant() -> None:
    held = ("c3-a2", "C3-A2", "O1-A2", "Fpz  Cz")
    for wanted, found in (("C3-A2", "C3-A2"), ("c3-a2", "c3-a2"), ("o1-a2", "O1-A2")):
        assert pick_channels({"a": Held(held)}, [[wanted]]) == {"a": (found,)}
    assert pick_channels({"a": Held(held)}, [["fpz cz"]]) == {"a": ("Fpz  Cz",)}
    with pytest.raises(InputError, match=r"C3-a2 could be c3-a2 or C3-A2 in a; name one"):
        pick_channels({"a": Held(held)}, [["C3-a2"]])
