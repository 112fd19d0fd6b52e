"""Choosing channels by name ."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import (
    Held,
    find_channel,
    pick_channels,
    read_channels,
    same_place,
)


@dataclass(frozen=True)
class Holds:
    """A source that only says what it holds."""

    channels: tuple[str, ...] = ()


EOGS = [["EOG1", "EOG1-A1", "P8-A1"], ["EOG2", "EOG2-A2", "P18-A1"]]


def test_first_accepted_name_wins_whatever_the_order_and_case_in_the_file() -> None:
    sources = {
        "a": Holds(("EOG2", "C3", "EOG1")),
        "b": Holds(("p18-a1", "eog1-A1", "P8-A1")),
        "c": Holds(("P8-A1", "EOG2-A2", "P18-A1")),
    }
    assert pick_channels(sources, EOGS) == {
        "a": ("EOG1", "EOG2"),
        "b": ("eog1-A1", "p18-a1"),
        "c": ("P8-A1", "EOG2-A2"),
    }


def test_missing_channel_names_records_what_they_hold_and_the_setting() -> None:
    sources = {"a": Holds(("EOG1", "C3")), "b": Holds(("EOG1", "EOG2")), "c": Holds(("EOG1", "O1"))}
    message = (
        r"^task\.channels: there is no channel EOG2 or EOG2-A2 or P18-A1 in a, c "
        r"\(found there: C3, EOG1, O1\)"
    )
    with pytest.raises(InputError, match=message):
        pick_channels(sources, EOGS)


def test_the_exact_name_wins_and_else_one_alone_may_be_meant() -> None:
    held = ("c3-a2", "C3-A2", "O1-A2", "Fpz  Cz")
    for wanted, found in (("C3-A2", "C3-A2"), ("c3-a2", "c3-a2"), ("o1-a2", "O1-A2")):
        assert pick_channels({"a": Holds(held)}, [[wanted]]) == {"a": (found,)}
    assert pick_channels({"a": Holds(held)}, [["fpz cz"]]) == {"a": ("Fpz  Cz",)}
    with pytest.raises(InputError, match=r"C3-a2 could be c3-a2 or C3-A2 in a; name one"):
        pick_channels({"a": Holds(held)}, [["C3-a2"]])


@pytest.mark.parametrize(
    ("names", "held", "found"),
    [
        (["C3-A2"], ("C3-M2", "C3", "M2"), ["C3-M2"]),  # what is there is not derived
        (["C3-M2"], ("EEG C3:A2",), ["EEG C3:A2"]),
        (["C3-A2", "C3"], ("C3", "A1", "M2"), ["C3-M2"]),
        (["C3-A2", "C3"], ("C3", "A1"), ["C3"]),
        (["C3-M2"], ("C3", "A2", "M2"), ["C3-M2"]),
        (["C3-A2"], ("C3", "C4-A2"), []),
        (["C3"], ("M2", "C3-A2"), []),
        (["EOG1"], ("EOG 1", "EEG1"), ["EOG 1"]),
        (["C3:A2"], ("c3", "m2"), ["c3-m2"]),
        (["C3M2"], ("C3", "M2"), ["C3-M2"]),
        (["C3M2"], ("EEG C3-A2",), ["EEG C3-A2"]),
        (["C3-A2"], ("C3M2", "M2"), ["C3M2"]),
        (["EEG C3-A2"], ("POL C3", "POL M2"), ["C3-M2"]),
        (["C3-A2"], ("EEG C3-Ref", "EEG A2-Ref", "EEG C4-Ref"), ["C3-A2"]),
        (["C3-A2"], ("EEG C3-LE", "EEG A2-REF"), []),  # two references do not fall out
        (["C3-A2"], ("EEG C3-LE", "A2"), []),
        (["C3"], ("EEG C3-LE",), ["EEG C3-LE"]),
        (["E1-M2"], ("EOG E1:M2",), ["EOG E1:M2"]),
        (["E1-M2"], ("EOG E1", "EEG M2"), ["E1-M2"]),
        (["CzPz"], ("Cz", "Pz"), ["Cz-Pz"]),
        (["FP1", "PO7", "E12", "SpO2"], ("F", "P1", "P", "O7", "E1", "2", "Sp", "O2"), []),
        (["C3-(M1+M2)/2"], ("A1", "C3", "A2"), ["C3-(A1+A2)/2"]),
        (["c3 - ( a1 + a2 ) / 2"], ("EEG M1", "EEG C3", "EEG M2"), ["C3-(M1+M2)/2"]),
        (["C3-(M1+M2)/2"], ("C3", "M1"), []),
        (["C3-(M1+A1)/2", "C3-C3"], ("C3", "M1"), []),
        (["C3-M2"], ("C3", "EEG C3", "M2"), ["C3-M2"]),  # the exact one
        (["EEG C3-M2"], ("C3", "EEG C3", "M2"), ["EEG C3-M2"]),
        (["c3-M2"], ("C3", "EEG C3", "M2"), ["C3-M2"]),
        (["C3-M2"], ("POL C3", "EEG C3", "M2"), ["POL C3-M2", "EEG C3-M2"]),
    ],
)
def test_spellings_and_derivations(
    names: list[str], held: tuple[str, ...], found: list[str]
) -> None:
    assert find_channel(names, held) == found


@dataclass(frozen=True)
class Constant(Holds):
    """A source whose channels hold their number."""

    path: Path = Path("night.edf")
    person: str | None = None
    start: datetime | None = None
    seconds: float = 1.0
    offered: tuple[str, ...] = ()

    def annotations(self) -> list[tuple[float, float, str]]:
        """Nothing is written inside."""
        return []

    def read(self, channels: Sequence[str]) -> Held:
        """Read each once, as files do."""
        assert len(set(channels)) == len(channels)
        values = [[self.channels.index(name)] for name in channels]
        return Held(np.array(values, dtype=np.float32), 1.0, ("odd",))


def test_derived_channels_stand_beside_others() -> None:
    source = Constant(("M2", "X", "C3", "C4", "M1"))
    signals, _, notes, _ = read_channels(source, ["C3-M2", "X", "C4-M1", "C3"])
    assert signals.tolist() == [[2], [1], [-1], [2]]
    derived = ("channel C3-M2 derived: C3 minus M2", "channel C4-M1 derived: C4 minus M1")
    assert notes == ("odd", *derived)
    signals, _, notes, _ = read_channels(source, ["C3-(M2+M1)/2", "C4"])
    assert signals.tolist() == [[0], [3]]
    assert notes[1] == "channel C3-(M2+M1)/2 derived: C3 minus the mean of M2 and M1"
    assert read_channels(source, ["X"])[2] == ("odd",)
    apart = Constant(("C3", "M2", "EEG C3"))
    (picked,) = pick_channels({"a": apart}, [["EEG C3-M2"]])["a"]
    assert read_channels(apart, [picked]).signals.tolist() == [[1]]


def test_a_derivation_that_could_be_several_names_them() -> None:
    source = Constant(("POL C3", "EEG C3", "M2"))
    said = r"C3-A2 could be POL C3-M2 or EEG C3-M2 in a; name one of them as it is written there"
    with pytest.raises(InputError, match=said):
        pick_channels({"a": source}, [["C3-A2"]])
    picked = pick_channels({"a": source}, [["EEG C3-M2"]])["a"]
    assert read_channels(source, picked).signals.tolist() == [[-1]]


def test_a_mark_may_leave_the_reference_unsaid() -> None:
    assert same_place("eeg C3", "C3-M2")
    assert same_place("C3-A2", "C3")
    assert same_place("C3-A2", "c3 - m2")
    assert same_place("C3", "EEG C3-(M1+M2)/2")
    assert same_place("C3M2", "C3:A2")
    assert same_place("C3-Ref", "C3")
    for mark, channel in (("C3-A1", "C3-A2"), ("C3", "C3-P3"), ("C3", "C4-A1"), ("A2", "C3-A2")):
        assert not same_place(mark, channel)
