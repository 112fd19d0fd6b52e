"""Tables of a run read back what was written, to the last bit, and are stamped."""

import csv
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.outcomes import outcome, recording
from xai_sleep.errors import InputError
from xai_sleep.results.events import Events
from xai_sleep.results.files import Leak, Stamp
from xai_sleep.results.scores import Score, Scores
from xai_sleep.results.test_windows import TestWindows

MARKS = {"data": "SIMULATED", "leaks": "LEAKY carried_weights"}
STAMP = Stamp("synthetic", (Leak("carried_weights", "…"),))

NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False)
WORD = st.text("aé_1 ,\"'.", min_size=1).map(str.strip)
SCORE = st.builds(
    Score, WORD, WORD, WORD, WORD, WORD, NUMBER, NUMBER, NUMBER, NUMBER,
    st.none() | st.integers(0, 99), WORD,
)  # fmt: skip


@given(rows=st.lists(SCORE, max_size=8, unique_by=lambda row: row.key))
def test_scores_read_back_equal(
    rows: list[Score], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "scores.csv"
    Scores(rows).write(path, STAMP)
    assert Scores.read(path) == Scores(rows)
    with path.open(encoding="utf-8", newline="") as file:
        assert all({name: row[name] for name in MARKS} == MARKS for row in csv.DictReader(file))


def same(one: TestWindows | Events, other: TestWindows | Events) -> None:
    for field in fields(one):
        first, second = getattr(one, field.name), getattr(other, field.name)
        assert first.dtype.kind == second.dtype.kind
        np.testing.assert_array_equal(first, second)


def test_test_windows_read_back_equal(tmp_path: Path) -> None:
    probability = np.random.default_rng(0).random(20).astype(np.float32).tolist()
    folds = [outcome(name, [0, 1] * 10, probability, i / 3) for i, name in enumerate("ab")]
    windows = TestWindows.of([recording("nan", subject="0012")], folds)
    windows.write(tmp_path / "x.csv", STAMP)
    same(TestWindows.read(tmp_path / "x.csv"), windows)


def test_events_read_back_equal(tmp_path: Path) -> None:
    name, some = np.array(["NA", "0", "b"]), np.array([0.25, 1.5, 3.0])
    scored = np.array([True, True, False])
    events = Events(name, name, name, some, some, some, scored, np.array([0.5, np.nan, np.nan]))
    events.write(tmp_path / "x.csv", Stamp())
    same(Events.read(tmp_path / "x.csv"), events)
    rows = (tmp_path / "x.csv").read_text().splitlines()
    assert [row.split(",")[6:8] for row in rows[1:]] == [["1", "1"], ["1", "0"], ["0", ""]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is damaged"),
        (b"version https://git-lfs.github.com/spec/v1\n", "lacks the column record"),
        (b'record,"a\n', "is damaged"),
        (b"\xff\xfe", "is damaged"),
        (b"record,subject,fold,onset\nx,x,x,soon\n", "is damaged"),
        (None, "is missing"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "events.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=f"^{file} {said}"):
        Events.read(file)
