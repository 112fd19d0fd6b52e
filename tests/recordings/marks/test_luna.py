"""Luna's .annot files: every way to say a time, and all that can be wrong."""

from pathlib import Path

import pytest

from tests.support.marks import (
    EVENTS,
    NIGHT,
    START,
    clock,
    luna,
    read,
    same,
    told,
    written,
)
from xai_sleep.errors import InputError
from xai_sleep.recordings.marks.luna import Luna

MARKS = (*EVENTS, *NIGHT)


def luna_date(at: float) -> str:
    """Date and time as Luna has it."""
    return f"{'02' if at >= 120 else '1'}-Mar-24-{clock(at)}"


@pytest.mark.parametrize("time", [str, clock, luna_date])
def test_six_columns_with_raters_in_the_meta_data(tmp_path: Path, time: object) -> None:
    path = written(tmp_path / "a.annot", luna(MARKS, time))  # type: ignore[arg-type]
    assert same((found := read(Luna(), path)).rows, MARKS)
    assert found.notes == ()


def test_three_and_four_columns_by_blanks(tmp_path: Path) -> None:
    for instance in (" ", " . "):
        lines = [f"{m.kind}{instance}{m.onset} {m.end}" for m in EVENTS]
        path = written(tmp_path / "a.annot", "\r\n".join(lines))
        bare = [mark._replace(expert="", channel="") for mark in EVENTS]
        assert same(read(Luna(), path).rows, bare)


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        *(("e:5", "."), ("e:5", "e:5"), ("120", "150"), ("120", "+30"), ("0+00:02:00", "+30")),
        *(("00:00:00", "00:00:30"), ("12:00:00am", "12:00:30 AM"), ("00:00:00", "+30")),
        *(("0+00:02:00", "0+00:02:30"), ("02-03-24-00:00:00", "2/3/2024 00:00:30")),
        *(("00.00.00", "00.00.30"), ("e:3:60:60", "+30"), ("e:9:30:15", "."), ("120", "...")),
    ],
)
def test_all_ways_to_say_two_minutes(tmp_path: Path, start: str, stop: str) -> None:
    path = written(tmp_path / "a.annot", f"N2\t.\t{start}\t{stop}\nN2\t.\t150\t...\n")
    first, last = told(read(Luna(), path).rows)
    assert first[:3] == (120.0, 30.0, "n2")
    assert last[:2] == (150.0, 450.0)


def test_instances_and_meta_data_are_noted(tmp_path: Path) -> None:
    lines = ["# a | says | frq[num] scorer[txt]", "a\tfast\tC3,C4\t1\t2\t13.2|X"]
    lines += ["a\t1\t.\t3\t4\tscorer=Y|amp=7", "edf_annot\tSleep stage N2\t.\t0\t30\t."]
    (first, second, inside), (note,) = read(Luna(), written(tmp_path / "a.annot", "\n".join(lines)))
    assert (first.cells["expert"], first.cells["channel"]) == ("X", "C3,C4")
    assert second.cells["expert"] == "Y"
    assert inside.cells["kind"] == "Sleep stage N2"
    assert (
        note == "meta-data and instances of a.annot not used: frq (1), instance fast (1), amp (1)"
    )


def test_meta_data_may_have_columns_and_cells_quotes(tmp_path: Path) -> None:
    head = "class instance channel start stop meta rater amp"
    lines = [head, '"sleep spindle" . C3 d1-23:58:10 d2-00:00:00 . AB 7', "a . . 1 2 . . ."]
    (one, other), (note,) = read(Luna(), written(tmp_path / "a.annot", "\n".join(lines)))
    assert told([one, other]) == [
        (10.0, 110.0, "sleep spindle", "AB", "C3"),
        (1.0, 1.0, "a", "", ""),
    ]
    assert note.endswith("not used: amp (1)")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a 1", r"line 2 has 2 cells; expected 3 or 4 or 6"),
        ("a . . 1 2", "line 2 has 5 cells"),
        ("a one 2", "line 2: 'one' is no time"),
        ("a nan 2", "line 2: 'nan' is no time"),
        ("a 1 +x", "'x' is no time"),
        ("a . 2", "line 2: '' is no time"),
        ("a e:0 .", "'e:0' is no epoch"),
        ("a e:x .", "'e:x' is no epoch"),
        ("a 23:50:00 +1", "'23:50:00' lies outside the recording"),
        ("a 25:00:00 +1", "'25:00:00' is no time of day"),
        ("a 31-02-24-00:00:10 +1", "'31-02-24-00:00:10' is no date"),
        ("a 01-Foo-24-00:00:10 +1", "is no date"),
        ("a 01-03-24-soon +1", "is no time"),
    ],
)
def test_what_is_no_mark_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path / "a.annot", f"b 1 2\n{line}\n")
    with pytest.raises(InputError, match=said):
        Luna().read(path, START, 600.0)


def test_times_of_day_are_never_elapsed_here(tmp_path: Path) -> None:
    path = written(tmp_path / "a.annot", "a 00:01:00 +1\n")
    assert Luna().read(path, START, 600.0).rows[0].number("onset") == 180
    with pytest.raises(InputError, match="does not say when it began"):
        Luna().read(path, None, 600.0)


def test_bytes_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.annot is no text in UTF-8"):
        Luna().read(written(tmp_path / "a.annot", b"a\xff 1 2"), START, 600.0)
