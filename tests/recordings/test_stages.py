"""Sleep stages from a table, and all that can be wrong with it."""

from pathlib import Path

import pytest

from tests.support.own import write_table
from xai_sleep.errors import InputError
from xai_sleep.recordings.annotations import read_stages

HEAD = "onset,duration,stage"


def stages(folder: Path, *rows: tuple[object, ...], seconds: float = 300.0) -> list[int]:
    write_table(folder / "night_stages.csv", HEAD, *rows)
    read = read_stages(folder, "night", seconds)
    assert read is not None
    codes, epoch = read
    assert epoch == 30.0
    return [int(code) for code in codes]


def test_rows_become_epochs_in_any_order_and_gaps_are_unknown(tmp_path: Path) -> None:
    assert read_stages(tmp_path, "night", 300.0) is None
    rows = [(90, 30, "R"), (0, 60, "W"), (150, 30, "n2"), (180, 30, "n/a"), (210, 90, "N3")]
    assert stages(tmp_path, *rows) == [0, 0, -1, 4, -1, 2, -1, 3, 3, 3]


def test_the_last_epoch_may_reach_past_the_end(tmp_path: Path) -> None:
    assert stages(tmp_path, (0, 30, "N1"), (30, 30, "N1"), seconds=45.0) == [1, 1]
    with pytest.raises(InputError, match=r"line 3: from 60 to 90 s, outside the recording"):
        stages(tmp_path, (0, 30, "N1"), (60, 30, "N1"), seconds=45.0)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((30, 30, "2"), "line 3: stage is '2'; expected one of W, N1, N2, N3, R, or n/a"),
        ((30, "", "N2"), "line 3: duration is ''; expected a number"),
        ((40, 30, "N2"), "line 3: from 40 to 70 s; stages are epochs of 30 s here"),
        ((30, 45, "N2"), "line 3: from 30 to 75 s; stages are epochs of 30 s here"),
        ((0, 60, "N2"), "line 3: the stage from 0 s was said before"),
        ((-30, 30, "N2"), "line 3: from -30 to 0 s, outside the recording"),
        ((30, 0, "N2"), "expected at least one stage, and durations of at least 1 s"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(
    tmp_path: Path, row: tuple[object, ...], said: str
) -> None:
    with pytest.raises(InputError, match=rf"night_stages\.csv(, |: ){said.replace('.', '[.]')}"):
        stages(tmp_path, (0, 30, "W"), row)


def test_an_empty_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"night_stages\.csv: expected at least one stage"):
        stages(tmp_path)
