"""Tables of marks: times in every way, BIDS, YASA."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.support.marks import EVENTS, NIGHT, START, clock, dated, read, same, table, told, written
from xai_sleep.errors import InputError
from xai_sleep.recordings.marks.table import Table

MARKS = (*EVENTS, *NIGHT)
YASA = (
    "Start,Peak,End,Duration,Amplitude,RMS,AbsPower,RelPower,Frequency,Oscillations,Symmetry,"
    "Stage,Channel,IdxChannel"
)


def half_day(at: float) -> str:
    """Time with AM or PM."""
    hours, rest = clock(at).split(":", 1)
    return f"{int(hours) % 12 or 12}:{rest} {'PM' if int(hours) > 11 else 'am'}"


@pytest.mark.parametrize("time", [str, clock, dated, half_day])
@pytest.mark.parametrize(("ending", "separator"), [(".csv", ","), (".tsv", "\t"), (".txt", "\t")])
def test_times_are_read_as_they_are_written(
    tmp_path: Path, ending: str, separator: str, time: object
) -> None:
    path = written(tmp_path / f"a{ending}", table(MARKS, separator, time))  # type: ignore[arg-type]
    rows, notes = read(Table(), path)
    assert same(rows, MARKS)
    taken = f"times of a{ending} taken for the clock's; the recording began 23:58:00"
    assert notes == (() if time is str else (taken,))
    assert rows[0].where == f"{path}, line 2"


def test_a_table_as_bids_has_it(tmp_path: Path) -> None:
    lines = ["onset\tduration\ttrial_type\tsample\tvalue", "1.5\tn/a\tlights off\t150\t9"]
    content = "\ufeff" + "\n".join([*lines, "2\t.5\ts\t200\t1"])
    path = written(tmp_path / "sub-1_task-sleep_events.tsv", content)
    (off, event), notes = read(Table(), path)
    assert told([event])[0] == (2.0, 0.5, "s", "", "")
    assert off.cells["kind"] == "lights off"
    assert notes == ("columns of sub-1_task-sleep_events.tsv not used: sample, value",)


@pytest.mark.parametrize("stage", ["2", "N2"])
def test_a_stage_beside_the_peak_is_the_one_an_event_lies_in(tmp_path: Path, stage: str) -> None:
    row = f"3.32,3.57,3.9,0.58,81.3,19.6,2.7,0.5,12.9,7,0.5,{stage},C3,0"
    (event,), (note,) = read(Table(), written(tmp_path / "a.csv", f"{YASA}\n{row}\n"))
    assert told([event])[0] == (3.32, 0.58, "", "", "C3")
    assert "kind" not in event.cells
    assert note.startswith("columns of a.csv not used: peak, end, amplitude")
    assert "stage" in note


def test_a_table_of_stages_keeps_its_numbers(tmp_path: Path) -> None:
    rows, _ = read(Table(), written(tmp_path / "a.csv", "start,duration,sleep_stage\n0,30,2\n"))
    assert rows[0].cells["kind"] == "2"


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("Start (s),Duration (s),Label", "5,2,spindle"),
        ("begin_sec,end_sec,type", "5,7,spindle"),
        ("Recording onset,Duration,Annotation,Linked channel,Date,Time", "5,2,spindle,,1-3-24,9"),
        ("Onset (hh:mm:ss),Duration,name", "23:58:05,00:00:02,spindle"),
    ],
)
def test_headings_of_other_programs(tmp_path: Path, heading: str, cells: str) -> None:
    rows, _ = read(Table(), written(tmp_path / "a.csv", f"{heading}\n{cells}\n"))
    assert [mark[:3] for mark in told(rows)] == [(5.0, 2.0, "spindle")]


HEAD = "onset,duration,trial_type\n"


@pytest.mark.parametrize(
    ("rows", "start", "onsets"),
    [
        (["23:58:01", "00:07:59"], START, [1, 599]),
        (["00:00:01", "00:09:59"], START.replace(hour=3), [1, 599]),  # elapsed, for 03:58
        (["00:00:01"], START.replace(hour=23, minute=59, second=59, microsecond=500_000), None),
        (["23:57:59.995"], START, [0]),
        (["26:00:01"], START, [93601]),
    ],
)
def test_what_a_time_is_follows_from_what_fits(
    tmp_path: Path, rows: list[str], start: datetime, onsets: list[float] | None
) -> None:
    path = written(tmp_path / "a.csv", HEAD + "".join(f"{row},0.5,spindle\n" for row in rows))
    if onsets is None:
        with pytest.raises(InputError, match=r"could be of the clock, or elapsed"):
            Table().read(path, start, 600.0)
        at = [row.number("onset") for row in Table("clock").read(path, start, 600.0).rows]
        assert at == [1.5]
        at = [row.number("onset") for row in Table("elapsed").read(path, start, 600.0).rows]
        assert at == [1.0]
        return
    found, (note,) = Table().read(path, start, 600.0)
    assert [row.number("onset") for row in found] == onsets
    assert ("elapsed" in note) == (rows[0] in ("00:00:01", "26:00:01"))


@pytest.mark.parametrize("start", [None, datetime(1985, 1, 1)])
def test_midnight_sharp_is_no_start(tmp_path: Path, start: datetime | None) -> None:
    path = written(tmp_path / "a.csv", f"{HEAD}00:01:00,1,spindle\n")
    with pytest.raises(InputError, match=r"line 2: onset is '00:01:00'.*does not say when it beg"):
        Table().read(path, start, 600.0)
    (row,), _ = Table("elapsed").read(path, start, 600.0)
    assert row.number("onset") == 60


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("23:50:00,1,a", r"line 2: onset: '23:50:00' lies outside the recording, which began 2024"),
        ("2024-03-02T23:58:05,1,a", "lies outside the recording"),
        ("23:58:05,1,a\n7.5,1,a", r"line 3: onset is '7.5', where .*line 2 has '23:58:05'; write"),
        (
            "23:58:05,1,a\n2024-03-01 23:58:05,1,a",
            r"line 3: onset is '2024.*write all times in one",
        ),
        ("23:58:05,1,a\nsoon,1,a", r"line 3: onset is 'soon', where"),
        ("11:58:05 PM,1,a\n26:00:00,1,a", "some times are of the clock, others elapsed"),
    ],
)
def test_times_that_cannot_be_placed_are_refused(tmp_path: Path, rows: str, said: str) -> None:
    path = written(tmp_path / "a.csv", f"{HEAD}{rows}\n")
    with pytest.raises(InputError, match=said):
        Table().read(path, START, 600.0)


def test_a_time_of_day_needs_a_date_after_a_day(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", f"{HEAD}11:59:00 PM,1,a\n")
    with pytest.raises(InputError, match=r"'11:59:00 PM' comes twice in a recording of 27.8 h"):
        Table().read(path, START, 1e5)
    path.write_text(f"{HEAD}2024-03-02 23:59:00,1,a\n")
    assert Table().read(path, START, 1e5).rows[0].number("onset") == 86460


def test_times_of_day_need_a_start(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", f"{HEAD}23:59:00,1,a\n")
    with pytest.raises(InputError, match=r"does not say when it began; write seconds"):
        Table().read(path, None, 600.0)


def test_a_duration_that_contradicts_the_end_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "onset,end,duration\n1,1.5,500\n")
    with pytest.raises(
        InputError, match=r"line 2: onset 1 and duration 500 do not lead to the end"
    ):
        Table().read(path, None, 600.0)


def test_a_word_of_a_setting_is_checked() -> None:
    with pytest.raises(InputError, match=r"marks\.table\.times is 'wall'; it must be one of"):
        Table("wall")
