"""Whose recordings they are: what a table says, what headers say, and what nobody says."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.own import write_table
from xai_sleep.errors import InputError
from xai_sleep.recordings.subjects import UNKNOWN, group_subjects, subjects_of


@dataclass(frozen=True)
class Of:
    """A source that only says whose it is."""

    person: str | None = None


SOURCES = {"n1": Of("p"), "n2": Of(), "n3": Of("p"), "n4": Of()}


def test_headers_are_believed_and_silence_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    subjects, notes = subjects_of(tmp_path, SOURCES)
    assert subjects == {"n1": "n1", "n2": "n2", "n3": "n1", "n4": "n4"}
    assert notes == {"n1": (), "n2": (UNKNOWN,), "n3": (), "n4": (UNKNOWN,)}
    (said,) = caplog.messages
    assert said.startswith("nobody is named in the headers of n2, n4: each counts as a subject")
    assert str(tmp_path / "subjects.csv") in said


@pytest.mark.parametrize("name", ["subjects.csv", "Subjects.CSV", "subjects.tsv"])
def test_a_table_has_the_last_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    rows = [("n4", "B"), ("n2", "A"), ("N1", "A"), ("n3", "B"), ("n9", "C")]
    write_table(tmp_path / name, "record,subject", *rows)
    subjects, notes = subjects_of(tmp_path, SOURCES)
    assert list(subjects.items()) == [("n1", "A"), ("n2", "A"), ("n3", "B"), ("n4", "B")]
    assert set(notes.values()) == {()}
    assert not caplog.messages


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("n1", "A"), ("n2", "A")], r"subjects\.csv does not say whose n3, n4 are; add a row"),
        ([("n1", "A"), ("n1", "B")], r"subjects\.csv, line 3: n1 is given a second subject, B"),
        ([("n1", "a/b")], r"subjects\.csv, line 2: subject is 'a/b'; expected a name that a fol"),
        ([("n1", "..")], r"line 2: subject is '\.\.'"),
        ([("n1", "n/a")], "line 2: subject is ''"),
    ],
)
def test_a_table_that_cannot_be_used(
    tmp_path: Path, rows: list[tuple[str, str]], said: str
) -> None:
    write_table(tmp_path / "subjects.csv", "record,subject", *rows)
    with pytest.raises(InputError, match=said):
        subjects_of(tmp_path, SOURCES)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from([None, "p", "q", "r"]), max_size=8))
def test_records_share_a_subject_when_they_share_a_person(persons: list[str | None]) -> None:
    sources = {f"excerpt{i}": Of(person) for i, person in enumerate(persons)}
    subjects = list(group_subjects(sources).values())
    for i, person in enumerate(persons):
        same = [i] if person is None else [j for j, p in enumerate(persons) if p == person]
        assert subjects[i] == f"excerpt{same[0]}"
