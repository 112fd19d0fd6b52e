"""XML of NSRR and Profusion."""

from pathlib import Path

import pytest

from tests.support.marks import (
    EVENTS,
    NIGHT,
    START,
    anonymous,
    nsrr,
    profusion,
    read,
    same,
    written,
)
from xai_sleep.errors import InputError
from xai_sleep.recordings.marks.nsrr import Nsrr
from xai_sleep.recordings.stages import code_of

MARKS = anonymous((*EVENTS, *NIGHT))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("write", [nsrr, profusion])
def test_events_channels_and_stages(tmp_path: Path, write: object, encoding: str) -> None:
    content = write(EVENTS).replace("UTF-8", encoding.removesuffix("-sig"))  # type: ignore[operator]
    rows, notes = read(Nsrr(), written(tmp_path / "a.xml", content.encode(encoding)))
    assert same(rows, MARKS)
    assert notes == ()
    stages = [row for row in rows if "stage" in row.cells["kind"]]
    assert all(code_of(row.cells["kind"], among_marks=True) is not None for row in stages)


def test_what_the_program_called_otherwise_is_noted(tmp_path: Path) -> None:
    content = nsrr(EVENTS).replace("arousal|own", "spindle|slow")
    _, (note,) = read(Nsrr(), written(tmp_path / "a.xml", content))
    assert note == "kinds of a.xml under one name: spindle is own, slow"


@pytest.mark.parametrize(("time", "noted"), [("01.03.24 23.58.00", 0), ("22:58:00", 1)])
def test_another_start_is_noted(tmp_path: Path, time: str, noted: int) -> None:
    clock = f"<Start>0.0</Start><ClockTime>{time}</ClockTime>"
    content = nsrr(EVENTS).replace("<Start>0.0</Start>", clock, 1)
    _, notes = read(Nsrr(), written(tmp_path / "a.xml", content))
    assert len(notes) == noted
    assert not noted or "ScoredEvent 1 says that the recording began at 22:58:00" in notes[0]


def test_what_is_not_known_is_noted_by_name(tmp_path: Path) -> None:
    content = nsrr([]).replace("<Start>30", "<Odd/><Start>30")
    content = content.replace("</PSGAnnotation>", "<Marks><Mark/></Marks></PSGAnnotation>")
    _, notes = read(Nsrr(), written(tmp_path / "a.xml", content))
    assert notes == (
        "elements of a.xml not used: Marks (1)",
        "elements of a.xml not used: Odd (2)",
    )


def test_stages_that_do_not_cover_the_night_are_noted(tmp_path: Path) -> None:
    rows, notes = read(Nsrr(), written(tmp_path / "a.xml", profusion([], "0123")))
    assert [row.cells["kind"][-2:].strip() for row in rows] == ["W", "N1", "N2", "N3"]
    assert notes == ("stages of a.xml cover 120 s of 600 s",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Stage 1 sleep|1", "Stage 1 sleep|2", r"ScoredEvent 3: the stage is 'Stage 1 sleep\|2'"),
        ("Stage 1 sleep|1", "Drowsy|D", r"the stage is 'Drowsy\|D'; expected one such as"),
        ("arousal|own", "", r"ScoredEvent 24: no EventConcept or Name"),
        ("<Start>0.0<", "<Start>84913<", r"ScoredEvent 1: the recording starts at '84913'"),
        ("</PSGAnnotation>", "", r"a\.xml cannot be read as XML"),
        ("<PSGAnn", '<!DOCTYPE a [<!ENTITY b "c">]><PSGAnn', "defines entities"),
    ],
)
def test_what_is_damaged_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = written(tmp_path / "a.xml", nsrr(EVENTS).replace(old, new, 1))
    with pytest.raises(InputError, match=said):
        Nsrr().read(path, START, 600.0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<SleepStage>5", "<SleepStage>8", r"SleepStage 9 is '8'; expected a number"),
        ("<EpochLength>30</EpochLength>", "", "EpochLength is ''"),
        (">30<", ">nan<", "EpochLength is 'nan'"),
    ],
)
def test_a_list_of_stages_needs_codes_and_a_length(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = written(tmp_path / "a.xml", profusion(EVENTS).replace(old, new, 1))
    with pytest.raises(InputError, match=said):
        Nsrr().read(path, START, 600.0)
