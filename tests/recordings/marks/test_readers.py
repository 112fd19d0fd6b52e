"""Every reader of marks there is: known by its YAML, and to itself alone."""

from pathlib import Path

import pytest

from tests.support.marks import SAMPLES, profusion, readers, written
from xai_sleep.errors import InputError

READERS = readers()
OTHERS: dict[str, tuple[str, str | bytes]] = {
    "night.tsv": ("table", "onset\tduration\n1\t2\n"),
    "heading.txt": ("table", "Start (s),Duration,Label\n1,2,spindle\n"),
    "edfbrowser.csv": ("edfbrowser_text", "Onset;Duration;Annotation\n+1.0;2;spindle\n"),
    "profusion.xml": ("nsrr", profusion([])),
    "wide.xml": ("nsrr", ("<!-- a > b -->" + profusion([])).encode("utf-16")),
}


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, str]:
    """Write samples of every form, and say what form each is of."""
    made = {
        written(tmp_path / f"{name}{ending}", content): name
        for name, (ending, content) in SAMPLES.items()
    }
    return made | {written(tmp_path / name, said): form for name, (form, said) in OTHERS.items()}


def test_each_form_has_a_sample() -> None:
    assert READERS.keys() == SAMPLES.keys()


def test_a_file_is_recognised_by_its_own_reader_and_no_other(files: dict[Path, str]) -> None:
    for path, name in files.items():
        known = [
            other
            for other, reader in READERS.items()
            if path.suffix in reader.endings and reader.recognises(path)
        ]
        assert known == [name]
        assert READERS[name].read(path, None, 600.0).rows


# what each form's sample can be given that nobody knows, in the place of what
MORE = {
    "table": ("trial_type,expert,", "trial_type,surely,"),
    "edfbrowser_text": ("spindle@@C3\n", "spindle,surely@@C3\n"),
    "edfbrowser_xml": ("<onset>", "<surely>AB</surely><onset>"),
    "luna": ("\tAB\n", "\tsurely=1\n"),
    "nsrr": ("<Start>12.5", '<Start surely="1">12.5'),
    "wonambi": ("<event_qual>", "<surely>AB</surely><event_qual>"),
    "dreams_text": ("0.8000\n", "0.8000 surely\n"),
}


@pytest.mark.parametrize("name", READERS)
def test_what_a_reader_does_not_know_is_named(tmp_path: Path, name: str) -> None:
    ending, content = SAMPLES[name]
    known, more = MORE[name]
    assert known in content
    path = written(tmp_path / f"a{ending}", content.replace(known, more, 1))
    try:
        rows, notes = READERS[name].read(path, None, 600.0)
        said = " ".join([*notes, *(row.cells["kind"] for row in rows)])
    except InputError as error:
        said = str(error)
    assert "surely" in said


@pytest.mark.parametrize("name", READERS)
def test_kinds_and_channels_are_told_as_written(tmp_path: Path, name: str) -> None:
    ending, content = SAMPLES[name]
    content = content.replace("spindle", "Gr\u00f6\u00dfe").replace("Spindles", "Gr\u00f6\u00dfe")
    path = written(tmp_path / f"a{ending}", content.replace("C3", "E\u00b52"))
    rows = READERS[name].read(path, None, 600.0).rows
    assert "Gr\u00f6\u00dfe" in {row.cells["kind"] for row in rows}
    assert any(row.cells["channel"].startswith("E\u00b52") for row in rows)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\0" * 50, b"\x89PNG", b"<", b"[a]\n1\n2"])
def test_what_is_of_no_form_is_nobody_s(tmp_path: Path, content: bytes) -> None:
    for ending in (".xml", ".txt"):
        path = written(tmp_path / f"a{ending}", content)
        for reader in READERS.values():
            assert not (ending in reader.endings and reader.recognises(path))


@pytest.mark.parametrize("name", READERS)
def test_an_empty_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / f"night{SAMPLES[name][0]}", b"")
    if name == "luna":
        assert READERS[name].read(path, None, 600.0) == ([], ())
        return
    with pytest.raises(InputError, match=r"night\."):
        READERS[name].read(path, None, 600.0)
