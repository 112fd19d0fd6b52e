"""What EDFbrowser exports, as text and XML."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.support.marks import (
    EVENTS,
    NIGHT,
    START,
    anonymous,
    clock,
    dated,
    edfbrowser_text,
    edfbrowser_xml,
    read,
    same,
    told,
    written,
)
from xai_sleep.errors import InputError
from xai_sleep.recordings.marks.edfbrowser_text import EdfBrowserText
from xai_sleep.recordings.marks.edfbrowser_xml import EdfBrowserXml

MARKS = anonymous((*EVENTS, *NIGHT))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("time", ["{:+.7f}".format, clock, dated])
def test_text_in_every_setting(tmp_path: Path, time: object, separator: str) -> None:
    content = edfbrowser_text(MARKS, separator, time)  # type: ignore[arg-type]
    rows, _ = read(EdfBrowserText(), written(tmp_path / "a.txt", content))
    assert same(rows, MARKS)
    assert rows[0].where == f"{tmp_path / 'a.txt'}, line 2"


def test_time_to_the_second_is_said(tmp_path: Path) -> None:
    content = "Onset,Duration,Annotation\n00:00:01,,Lights off\r\n00:00:02,0.5,spindle\n"
    rows, notes = read(EdfBrowserText("clock"), written(tmp_path / "a.csv", content))
    assert [mark[:2] for mark in told(rows)] == [(121.0, 0.0), (122.0, 0.5)]
    assert notes == (
        "times of a.csv taken for the clock's, to the whole second; the recording began 23:58:00",
    )


@pytest.mark.parametrize("quoted", ['"a, b; c Größe"', "a, b; c Größe\x85"])
def test_separators_may_be_in_an_annotation_of_latin_1(tmp_path: Path, quoted: str) -> None:
    content = f"Onset,Duration,Annotation\n+1.0,2,{quoted}".encode("latin-1")
    rows, _ = read(EdfBrowserText(), written(tmp_path / "a.txt", content))
    assert rows[0].cells["kind"] == "a, b; c Größe"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Onset,Annotation\n1,a\n", r"line 1: .*found 'Onset,Annotation'; export .*duration'"),
        ("Onset,Duration,Annotation\n1,a\n", r"line 2: expected an onset, a duration .*'1,a'"),
        ("Onset,Duration,Annotation\n23:50:00,1,a\n", r"line 2: onset: '23:50:00' lies outside"),
    ],
)
def test_text_that_is_damaged_is_named(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        EdfBrowserText().read(written(tmp_path / "a.txt", content), START, 600.0)


@pytest.mark.parametrize("start", [START, None])
def test_xml(tmp_path: Path, start: datetime | None) -> None:
    path = written(tmp_path / "a.xml", edfbrowser_xml(MARKS))
    assert same((found := read(EdfBrowserXml(), path, start)).rows, MARKS)
    assert found.notes == ()


def test_xml_counts_from_its_own_start(tmp_path: Path) -> None:
    """As the header may have been anonymised since."""
    path = written(tmp_path / "a.xml", edfbrowser_xml(MARKS))
    rows, (note,) = read(EdfBrowserXml(), path, datetime(1985, 1, 1, 23, 58))
    assert same(rows, MARKS)
    assert "says that the recording began 2024-03-01 23:58:00, its signals 1985-01-01" in note


def test_xml_that_holds_more_is_noted(tmp_path: Path) -> None:
    content = edfbrowser_xml(EVENTS[:1]).replace("<onset>", '<sure/><onset unit="ms">', 1)
    _, notes = read(EdfBrowserXml(), written(tmp_path / "a.xml", content))
    assert notes == ("elements of a.xml not used: sure (1), onset@unit (1)",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<onset>2024", "<onset>24", "annotation 1: onset is '24-03-"),
        ("T23:58:00</rec", "</rec", "recording_start_time is '2024-03-01'"),
        ("</annotationlist>", "", "cannot be read as XML"),
    ],
)
def test_xml_that_is_damaged_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = written(tmp_path / "a.xml", edfbrowser_xml(EVENTS).replace(old, new, 1))
    with pytest.raises(InputError, match=said):
        EdfBrowserXml().read(path, START, 600.0)
