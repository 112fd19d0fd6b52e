"""XML of Wonambi."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.marks import EVENTS, NIGHT, START, read, same, told, wonambi, written
from xai_sleep.errors import InputError
from xai_sleep.recordings.marks.wonambi import Wonambi

STAGED = [mark._replace(expert="AB") for mark in NIGHT]


def test_raters_channels_and_the_stages_that_were_given(tmp_path: Path) -> None:
    rows, notes = read(Wonambi(), written(tmp_path / "a.xml", wonambi(EVENTS)))
    assert same(rows, [*EVENTS, *STAGED])
    assert notes == ()
    assert rows[0].where == f"{tmp_path / 'a.xml'}, event 1 of 'spindle' by AB"


def test_bookmarks_are_marks_too(tmp_path: Path) -> None:
    mark = (
        "<bookmarks><bookmark><bookmark_name>spindle</bookmark_name><bookmark_start>5</bookmark_start>"
        "<bookmark_end>6</bookmark_end><bookmark_chan>E1(L), E2 (EOG)</bookmark_chan></bookmark>"
    )
    content = wonambi([]).replace("</annotations>", '<rater name="X"/></annotations>')
    content = content.replace('<rater name="X"/>', f'<rater name="X">{mark}</bookmarks></rater>')
    rows, _ = read(Wonambi(), written(tmp_path / "a.xml", content))
    assert told(rows) == [(5.0, 1.0, "spindle", "X", "E1(L),E2")]


def test_what_is_not_used_is_noted(tmp_path: Path) -> None:
    content = wonambi(EVENTS).replace("<cycles/>", "<cycles><cyc_start>30</cyc_start></cycles>", 1)
    content = content.replace("Good", "Poor", 2).replace(
        "<bookmarks/>", "<bookmarks><b/></bookmarks>"
    )
    path = written(tmp_path / "a.xml", content)
    _, notes = Wonambi().read(path, START + timedelta(hours=1), 600.0)
    assert [note.split("; ")[0] for note in notes] == [
        "elements of a.xml not used: b (2)",
        "elements of a.xml not used: cyc_start (1)",
        "events and epochs of a.xml of poor quality, read as others: 2",
        "a.xml says that the recording began 2024-03-01 23:58:00, its signals 2024-03-02 00:58:00",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('version="5"', 'version="4"', "is of version '4', expected 5"),
        ('name="CD"', 'name="AB"', "'AB' is no rater's name, or two raters have it"),
        (">NREM1<", ">Dozing<", "epoch 2 by AB: the stage is 'dozing'"),
        ("</rater>", "", "cannot be read as XML"),
    ],
)
def test_what_is_damaged_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = written(tmp_path / "a.xml", wonambi(EVENTS).replace(old, new, 1))
    with pytest.raises(InputError, match=said):
        Wonambi().read(path, START, 600.0)


@pytest.mark.parametrize("time", ["12,5", "", "12.5</event_start><event_start>99"])
def test_a_time_that_is_none_is_named_where_it_is_used(tmp_path: Path, time: str) -> None:
    content = wonambi(EVENTS).replace("<event_start>12.5<", f"<event_start>{time}<")
    (row, *_), _ = read(Wonambi(), written(tmp_path / "a.xml", content))
    said = time.replace("</event_start><event_start>", " ")
    with pytest.raises(InputError, match=rf"event 1 of 'spindle' by AB: onset is '{said}'"):
        row.span()
