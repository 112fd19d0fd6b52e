"""Sleep stages from a table, and all that can be wrong with it."""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.support.edf import Channel, write_edf
from tests.support.own import write_table
from xai_sleep.errors import InputError
from xai_sleep.recordings.edf import open_edf
from xai_sleep.recordings.files import TABLES
from xai_sleep.recordings.layout import FOLDER
from xai_sleep.recordings.stages import NUMBERS, Stages, code_of, read_stages, time_in

HEAD = "onset,duration,stage"


def stages(folder: Path, *rows: tuple[object, ...], seconds: float = 300.0) -> list[int]:
    write_table(folder / "night_stages.csv", HEAD, *rows)
    return known(folder, seconds)


def beside(folder: Path, seconds: float = 300.0) -> Stages | None:
    """Read the stages beside a recording of two samples a second."""
    digital = np.zeros(round(2 * seconds), np.int16)
    source = open_edf(write_edf(folder / "night.edf", [Channel("C3", digital, 1)], seconds=0.5))
    return read_stages(
        FOLDER.nights(folder, None, [*TABLES.values()])["night"].stages, "night", source, []
    )


def known(folder: Path, seconds: float = 300.0) -> list[int]:
    read = beside(folder, seconds)
    assert read is not None
    assert read.codes is not None
    assert read.epoch == 30.0
    return [int(code) for code in read.codes]


def test_rows_become_epochs_in_any_order_and_gaps_are_unknown(tmp_path: Path) -> None:
    assert beside(tmp_path) is None
    rows = [(90, 30, "R"), (0, 60, "W"), (150, 30, "n2"), (180, 30, "n/a"), (210, 90, "N3")]
    assert stages(tmp_path, *rows) == [0, 0, -1, 4, -1, 2, -1, 3, 3, 3]


def test_the_last_epoch_may_reach_past_the_end(tmp_path: Path) -> None:
    assert stages(tmp_path, (0, 30, "N1"), (30, 30, "N1"), seconds=45.0) == [1, 1]
    with pytest.raises(InputError, match=r"line 3: from 60 to 90 s, outside the recording"):
        stages(tmp_path, (0, 30, "N1"), (60, 30, "N1"), seconds=45.0)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((30, 30, "N5"), "line 3: stage is 'N5'; expected one of W, N1, N2, N3, R ("),
        ((30, 30, "lights"), "line 3: stage is 'lights'; expected one of W, N1, N2, N3, R"),
        ((30, 30, "4"), "stage 4 without a 5 could be N3 (Rechtschaffen and Kales) or R (AASM"),
        ((30, "", "N2"), "line 3: duration is ''; expected a number"),
        ((40.01, 30, "N2"), "expected at least one stage, and times that are multiples of 0.1"),
        ((0, 60, "N2"), "line 3: the stage from 0 s was said before"),
        ((-30, 30, "N2"), "line 3: from -30 to 0 s, outside the recording"),
        ((30, 0, "N2"), "expected at least one stage, and times that are multiples"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(
    tmp_path: Path, row: tuple[object, ...], said: str
) -> None:
    with pytest.raises(InputError, match=rf"night_stages\.csv(, |: ){re.escape(said)}"):
        stages(tmp_path, (0, 30, "W"), row)


@pytest.mark.parametrize(
    ("rows", "epoch", "codes"),
    [
        ([(0, 90, "W"), (90, 150, "N2"), (240, 60, "N3")], 30, [0] * 3 + [2] * 5 + [3] * 2),
        ([(12, 30, "N2"), (42, 30, "N3")], 6, [-1] * 2 + [2] * 5 + [3] * 5),
        ([(0, 270, "N2"), (270, 29.5, "N3")], 270, [2, 3]),
        ([(0, 30, "N1"), (30, 12.5, "N2"), (42.5, 2.5, "N3")], 2.5, [1] * 12 + [2] * 5 + [3]),
    ],
)
def test_epochs_are_as_long_as_all_times_allow(
    tmp_path: Path, rows: list[tuple[object, ...]], epoch: float, codes: list[int]
) -> None:
    """Stretches of one stage, a start later than the signal's, a last epoch that is cut short."""
    write_table(tmp_path / "night_stages.csv", HEAD, *rows)
    read = beside(tmp_path, 299.5)
    assert read is not None
    assert read.codes is not None
    assert (read.epoch, read.codes.tolist()) == (epoch, codes)


def test_time_in_some_stages_ends_with_the_recording(tmp_path: Path) -> None:
    write_table(
        tmp_path / "night_stages.csv", HEAD, *[(0, 60, "N2"), (60, 30, "R"), (90, 30, "N3")]
    )
    read = beside(tmp_path, 110.0)
    assert read is not None
    assert time_in({2, 3}, read, 110.0).tolist() == [[0, 60], [90, 110]]
    assert time_in({0}, read, 110.0).tolist() == []


def test_an_empty_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"night_stages\.csv: expected at least one stage"):
        stages(tmp_path)


FORMS = {
    0: ["W", "WAKE", "Wake", "0", "Sleep stage W", "stage w"],
    1: ["N1", "S1", "1", "NREM1", "nrem 1", "Sleep stage N1", "Sleep stage 1"],
    2: ["N2", "s2", "2", "NREM2", "Sleep stage N2", "SLEEP_STAGE_2"],
    3: ["N3", "S3", "S4", "3", "NREM3", "NREM4", "Sleep stage 4", "Stage 3"],
    4: ["R", "REM", "rem", "5", "Sleep stage R"],
    -1: ["", "n/a", "?", "unknown", "Movement", "Sleep stage ?", "-1", "9"],
}


@pytest.mark.parametrize(
    ("code", "form"), [(code, f) for code, each in FORMS.items() for f in each]
)
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt"])
def test_every_usual_form_is_understood(tmp_path: Path, code: int, form: str, ending: str) -> None:
    rows = [("30", "W"), ("60", form), ("90", "R")]
    lines = [["Start", "Stage", "End"]]
    lines += [[str(int(end) - 30), name, end] for end, name in rows]
    text = "".join(("\t" if ending != ".csv" else ",").join(line) + "\n" for line in lines)
    (tmp_path / f"night_stages{ending}").write_text(text)
    assert known(tmp_path) == [0, code, 4]
    assert code_of(form) == code


@pytest.mark.parametrize("head", ["", "Stage\n"])
@pytest.mark.parametrize("ending", [".csv", ".txt"])
def test_a_list_is_epochs_of_30_s_that_cover_the_recording(
    tmp_path: Path, head: str, ending: str
) -> None:
    path = tmp_path / f"night_stages{ending}"
    path.write_text(head + "0\n1\n2\n?\n5\n4\n\n")
    assert known(tmp_path, 185.0) == [0, 1, 2, -1, 4, 3]
    read = beside(tmp_path, 185.0)
    assert read is not None
    assert read.notes == (f"stages of {path.name}, one a line, taken for epochs of 30 s", NUMBERS)
    assert str(read) == "unknown 1, W 1, N1 1, N2 1, N3 1, R 1"
    with pytest.raises(InputError, match=r"6 stages, one a line, are 180 s, but .* lasts 120 s"):
        known(tmp_path, 120.0)
    with pytest.raises(InputError, match="write the columns onset, duration and stage"):
        known(tmp_path, 360.0)


def test_what_could_be_an_event_is_no_stage_among_marks() -> None:
    for name in ("2", "movement", "unknown", "", "stage shift", "spindle"):
        assert code_of(name, among_marks=True) is None
    for name, code in (("Sleep stage 2", 2), ("Sleep stage ?", -1), ("REM", 4), ("S2", 2)):
        assert code_of(name, among_marks=True) == code
