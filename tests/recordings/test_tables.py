"""Tables as people write them, and all that can be wrong with one."""

from pathlib import Path

import pytest

from xai_sleep.errors import InputError
from xai_sleep.recordings.tables import find_table, read_table

REQUIRED = ("onset", "duration")


def written(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_cells_are_text_by_column_with_their_line(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '\ufeffOnset, Duration,What,trial_type\r\n1.5,0.5,"a, ""b""",n/a\r\n\r\n  7 , 2\r\n'
        '8,1,"in two\nlines"\r\n9,1\r\n',
    )
    first, second, _, last = read_table(path, REQUIRED)
    assert first.where == f"{path}, line 2"
    assert first.cells == {"onset": "1.5", "duration": "0.5", "what": 'a, "b"', "trial_type": ""}
    assert (first.number("onset"), second.number("onset")) == (1.5, 7.0)
    assert second.where == f"{path}, line 4"
    assert last.where == f"{path}, line 7"
    assert second.cells["what"] == second.cells["trial_type"] == ""


def test_the_ending_says_what_separates(tmp_path: Path) -> None:
    (row,) = read_table(written(tmp_path, "onset\tduration\n1\t2,5\n", "a.tsv"), REQUIRED)
    assert row.cells == {"onset": "1", "duration": "2,5"}
    with pytest.raises(InputError, match=r"a\.tsv, line 2: duration is '2,5'; expected a number"):
        row.number("duration")


@pytest.mark.parametrize(
    "word", ["", "n/a", "soon", "nan", "inf", "1 2", "1_0", "1e999", "٣", "0x1"]
)
def test_what_is_no_number_is_refused(tmp_path: Path, word: str) -> None:
    (row,) = read_table(written(tmp_path, f"onset,duration\n{word},1\n"), REQUIRED)
    with pytest.raises(InputError, match=r"a\.csv, line 2: onset is '.*'; expected a number"):
        row.number("onset")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", r"line 1: expected the columns onset and duration.*; found nothing"),
        ("1.5,0.5\n", "found '1.5', '0.5'"),
        ("onset;duration\n1;2\n", "separated by commas; found 'onset;duration'"),
        ("onset,start\n1,2\n", "found 'onset', 'start'"),
        ("onset,duration,Onset\n1,2,3\n", "each once .* found 'onset', 'duration', 'onset'"),
        ("onset,duration\n1,2\n1,5,2\n", "Expected 2 fields in line 3, saw 3.*line 1"),
        (b"onset,duration,what\n1,2,gro\xdfe\n", "cannot be read as a table .*; save it as UTF-8"),
        ("onset,duration\n1,2\n".encode("utf-16"), "save it as UTF-8"),
        ('onset,duration\n1,"2\n', "cannot be read as a table"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_table(written(tmp_path, content), REQUIRED)


def test_a_table_is_found_by_its_name(tmp_path: Path) -> None:
    assert find_table(tmp_path, "night.1") is None
    path = written(tmp_path, "", "night.1.tsv")
    assert find_table(tmp_path, "night.1") == path
    written(tmp_path, "", "night.1.csv")
    with pytest.raises(InputError, match=r"holds night\.1\.csv and night\.1\.tsv; keep one"):
        find_table(tmp_path, "night.1")


@pytest.mark.parametrize("name", ["night.CSV", "NIGHT.csv", "Night.Tsv"])
def test_a_table_is_found_in_any_case(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, "", name)
    assert find_table(tmp_path, "night") == path
    written(tmp_path, "", "night.csv")
    with pytest.raises(InputError, match=rf"holds {name} and night\.csv; keep one"):
        find_table(tmp_path, "night")
    with pytest.raises(InputError, match=r"expected the columns onset and duration"):
        read_table(path, REQUIRED)


def test_accents_may_be_stored_either_way(tmp_path: Path) -> None:
    """As file systems differ in it."""
    path = written(tmp_path, "", "gro\u0308\u00dfe.csv")
    assert find_table(tmp_path, "gr\u00f6\u00dfe") == path
