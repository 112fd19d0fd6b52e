"""Scorings as DREAMS has them."""

from pathlib import Path

import pytest

from tests.support.marks import EVENTS, START, Mark, dreams_text, read, same, written
from xai_sleep.errors import InputError
from xai_sleep.recordings import dreams
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.marks.dreams_text import DreamsText

SPINDLES = [mark for mark in EVENTS if mark.kind == "spindle"]


@pytest.mark.parametrize(
    ("title", "cells"),
    [
        ("[vis2_Spindles/C3-A1]", ("spindles", "2", "C3-A1")),
        ("[Spindles/CZ-A1]", ("spindles", "", "CZ-A1")),
        ("[vis1_REMs]", ("rems", "1", "")),
    ],
)
def test_the_title_tells_rater_kind_and_channel(
    tmp_path: Path, title: str, cells: tuple[str, str, str]
) -> None:
    path = written(tmp_path / "a.txt", dreams_text(SPINDLES, title).replace("\n", "\r\n"))
    assert same(read(DreamsText(), path).rows, [Mark(*mark[:2], *cells) for mark in SPINDLES])


def test_marks_of_no_length_are_dropped_and_noted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "[vis1_REMs]\n1 0\n\n2 0.5\n3 -.5\n")
    rows, notes = read(DreamsText(), path)
    assert len(rows) == 1
    assert notes == (
        "a.txt, line 2: mark of 0 s dropped",
        "a.txt, line 5: mark of -0.5 s dropped",
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("1 2\n", r"line 1: expected a title such as .*, found '1 2'"),
        ("[vis1_REMs]\n1 2\n3\n", r"line 3: expected onset and duration in s, found '3'"),
        ("[vis1_REMs]\n1 nan\n", r"line 2: .*found '1 nan'"),
        ("[vis1_REMs]\n1,5 2\n", r"line 2: .*found '1,5 2'"),
    ],
)
def test_what_is_damaged_is_named(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        DreamsText().read(written(tmp_path / "a.txt", content), START, 600.0)


@pytest.mark.data
def test_real_scorings_are_read_as_by_their_own_source(dreams_root: Path) -> None:
    paths = sorted(dreams_root.glob("*/Visual_scoring*.txt"))
    assert paths
    for path in paths:
        rows, _ = read(DreamsText(), path, None)
        spans = [row.span() for row in rows]
        found = intervals(sorted({(at, min(at + lasts, 1800.0)) for at, lasts in spans}))
        assert found.tolist() == dreams.read_marks(path, 1800.0)[0].tolist()
