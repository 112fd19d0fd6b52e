"""Which records are usable, and what is said of those that are not."""

from pathlib import Path

import pytest

from xai_sleep.errors import InputError
from xai_sleep.recordings.dreams import survey, usable_records

NEEDED = ("signals", "expert1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Database of empty files: 1 and 2 whole, 10 without signals, 11 without marks."""
    names = ("excerpt1.edf", "excerpt1.txt", "excerpt2.txt", "excerpt11.edf", "excerpt.txt")
    scorings = ("Visual_scoring1_excerpt10.txt", "Visual_scoring1_excerpt2.txt")
    others = ("Hypnogram_excerpt1.txt", "Visual_scoring1_excerpt1.txt", "._excerpt5.edf")
    for name in (*names, *scorings, *others, "Visual_scoring1_excerpt7.edf", "my_excerpt8.txt"):
        (tmp_path / name).touch()
    (tmp_path / "excerpt9.edf").mkdir()
    return tmp_path


def test_survey_knows_files_by_their_names_in_natural_order(folder: Path) -> None:
    assert [(record, set(files)) for record, files in survey(folder).items()] == [
        ("excerpt1", {"signals", "expert1", "hypnogram"}),
        ("excerpt2", {"signals", "expert1"}),
        ("excerpt10", {"expert1"}),
        ("excerpt11", {"signals"}),
    ]


def test_edf_is_taken_before_text(folder: Path) -> None:
    files = survey(folder)
    assert files["excerpt1"]["signals"].name == "excerpt1.edf"
    assert files["excerpt2"]["signals"].name == "excerpt2.txt"


def test_unusable_records_are_left_out_with_a_warning(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(usable_records(folder, NEEDED)) == ["excerpt1", "excerpt2"]
    assert caplog.messages == [
        f"{folder}: records left out: no signals of excerpt10, no Visual_scoring1 of excerpt11"
    ]


def test_nothing_is_said_when_nothing_is_left_out(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(usable_records(folder, NEEDED, ["excerpt2"])) == ["excerpt2"]
    assert caplog.messages == []


@pytest.mark.parametrize("records", [["excerpt1", "excerpt5"], ["3"], []])
def test_unknown_record_lists_those_there_are(folder: Path, records: list[str]) -> None:
    message = r"data\.records asks for .* holds excerpt1, excerpt2, excerpt10, excerpt11$"
    with pytest.raises(InputError, match=message):
        usable_records(folder, NEEDED, records)


def test_record_asked_for_by_name_must_be_usable(folder: Path) -> None:
    with pytest.raises(InputError, match="no signals of excerpt10; add the files, or choose"):
        usable_records(folder, NEEDED, ["excerpt1", "excerpt10"])


def test_marks_that_no_record_has_are_named(folder: Path) -> None:
    with pytest.raises(InputError, match="no Visual_scoring2 of excerpt1, excerpt2, excerpt10, ex"):
        usable_records(folder, ("signals", "expert2"))


def test_scorings_without_any_signals_say_where_to_get_them(folder: Path) -> None:
    for path in folder.glob("excerpt*.*"):
        if path.is_file():
            path.unlink()
    message = (
        r"scorings of 3 records were found but no signals \(excerptN\.edf\); "
        r"fetch them by python -m xai_sleep\.fetch dreams, or use data=synthetic"
    )
    with pytest.raises(InputError, match=message):
        usable_records(folder, NEEDED)
